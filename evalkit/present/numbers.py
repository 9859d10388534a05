"""How each kind of number is written; each is rounded here, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evalkit.dates import long_date
from evalkit.present.disclosure import is_shown
from evalkit.present.labels import readable

MINUS = "−"


def count(value: float) -> str:
    """A whole number with thousands separators: 12,525."""
    return f"{round(value):,}".replace("-", MINUS)


def percent(share: float) -> str:
    """A share (0-1) as a percentage with one decimal, without its sign: 27.1."""
    return f"{round(100 * share, 1) + 0.0:.1f}".replace("-", MINUS)


def points(difference: float) -> str:
    """A difference of shares in percentage points with its sign: −8.5; a second decimal where one would show zero."""
    text = f"{100 * difference:+.1f}"
    if text in {"+0.0", "-0.0"}:
        text = f"{100 * difference:+.2f}"
    return text.replace("-", MINUS) if text not in {"+0.00", "-0.00"} else "0.0"


def ratio(value: float) -> str:
    """A ratio with two decimals: 0.76."""
    return f"{round(value, 2) + 0.0:.2f}".replace("-", MINUS)


def signed(value: float, decimals: int = 1) -> str:
    """A number with its sign: +4.2; no sign where it is written as zero."""
    text = f"{value:+.{decimals}f}"
    return text.replace("-", MINUS) if float(text) else text[1:]


def p_value(value: float, log10_p: float | None = None) -> str:
    """A p-value: three decimals, below 0.001 in powers of ten, below 1e-300 as such."""
    if value >= 0.001:
        return f"{value:.3f}"
    if value < 1e-300 and (log10_p is None or log10_p < -300):
        return "< 1e-300"
    return f"{value:.1e}"


def yes_no(value: Any) -> str:
    """True as yes, False as no."""
    return "yes" if value else "no"


def plain(value: Any) -> str:
    """A text, or a number as it is."""
    return str(value)


FORMATS: dict[str, Callable[[Any], str]] = {
    "text": plain,
    "name": plain,
    "count": count,
    "percent": percent,
    "points": points,
    "ratio": ratio,
    "signed": signed,
    "p": p_value,
    "date": long_date,
    "yes/no": yes_no,
}
"""The kinds of column a table can have; a name is a text that `readable` puts into a reader's words."""


def written(value: Any, kind: str, *, missing: str = "[x]") -> str:
    """One cell as text; hidden cells keep their symbol, empty ones get that of a missing value."""
    if isinstance(value, str):
        return readable(value) if kind == "name" else value
    return FORMATS[kind](value) if is_shown(value) else missing
