"""Small extracts written as a user would supply them, for the tests."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from evalkit.intake import load
from evalkit.intake.pseudonyms import KEY_FILE, Pseudonyms, write_key

KEY = "5" * 64

SETTINGS = 'source = "test"\nextract_date = 2021-12-31\n'

PEOPLE = """\
person_id,date_of_birth,sex
P1,1990-01-01,male
P2,1985-06-30,female
P3,1970-12-31,male
"""

SENTENCES = """\
sentence_id,person_id,sentence_date,sentence_type,offence_code
S1,P1,2019-01-01,community order,00801
S2,P2,2019-02-01,custody,04910
S3,P3,2019-03-01,fine,04910
"""


def write_extract(
    folder: Path, *, settings: str = SETTINGS, people: str = PEOPLE, sentences: str = SENTENCES, **others
):
    """Write extract.toml, one CSV file per table and the key KEY; return the folder."""
    folder.mkdir(exist_ok=True)
    write_key(folder / KEY_FILE, KEY)
    (folder / "extract.toml").write_text(settings, encoding="utf-8")
    for name, text in {"people": people, "sentences": sentences, **others}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def pseudonyms(*people: str, key: str = KEY) -> list[str]:
    """What the people of an extract are called under a key."""
    return Pseudonyms(bytes.fromhex(key)).of("person_id", pa.chunked_array([people], pa.string())).to_pylist()


def with_rows(table: str, *rows: str) -> str:
    """A table's text with rows added below."""
    return table + "".join(f"{row}\n" for row in rows)


def loaded(folder: Path, *, settings: str = SETTINGS, **tables: str):
    """Write an extract and load it; every row must be accepted."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    texts = {name: text.strip() + "\n" for name, text in tables.items()}
    extract = load(write_extract(folder, settings=settings, **texts))
    assert extract.rejected.empty, extract.rejected.to_string()
    return extract
