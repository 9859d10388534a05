"""Text that people write, set into a report: escaped, and without words that claim what no design here can show."""

from __future__ import annotations

from pathlib import Path

from evalkit.errors import SpecError
from evalkit.present.causal_words import causal_words
from evalkit.present.html import Piece, escaped


def show_narrative(path: Path | None) -> Piece:
    """The paragraphs of a plain text file, set off as somebody's own words.

    path : the file, UTF-8, paragraphs apart by an empty line; None: a line says that there is no text

    Raises SpecError where the file cannot be read, is empty, or claims that one thing brought another about.
    """
    if path is None:
        return Piece('<p class="note">No description was supplied.</p>', "No description was supplied.")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"narrative {path.name}: cannot be read ({error})") from error
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
    if not paragraphs:
        raise SpecError(f"narrative {path.name}: the file is empty")
    for number, paragraph in enumerate(paragraphs, start=1):
        if claims := causal_words(paragraph):
            raise SpecError(
                f"narrative {path.name}, paragraph {number}: {', '.join(map(repr, claims))} claims a cause; no "
                "comparison here can show one. Say what was done and what was seen"
            )
    markup = "".join(f"<p>{escaped(paragraph)}</p>" for paragraph in paragraphs)
    return Piece(f'<blockquote class="own-words">{markup}</blockquote>', "\n\n".join(paragraphs))
