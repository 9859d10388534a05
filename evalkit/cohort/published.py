"""Published figures beside the same figures recomputed from rows."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from evalkit.errors import SpecError
from evalkit.spec import Published, Spec

AGREES, DIFFERS, HIDDEN, NOT_RECOMPUTED = "agrees", "does not reconcile", "not shown", "not from rows"


_COLUMNS = (
    *("id", "section", "quantity", "unit", "published", "from_print", "recomputed", "verdict", "flagged", "note"),
)


def reconcile(spec: Spec, results: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Put every published figure beside its recomputed value, at the precision printed.

    spec    : names the file of published figures (id, section, quantity, value, unit, note, ...), where each is
              recomputed, as 'table/row/column', and which follow from others in print
    results : the safe result tables by name; a row is found by its first column

    Returns one row per published figure, none where the specification declares none: id, section, quantity, unit,
    published (as printed), from_print (the range that a count can have, given the rounded figures printed beside it),
    recomputed (same decimals as printed), verdict, flagged (does not reconcile) and note.
    Raises SpecError where a place does not exist or an id is not in the file.
    """
    if spec.published is None:
        return pd.DataFrame(columns=[*_COLUMNS])
    figures = _read_figures(spec, spec.published)
    places = figures["id"].map(spec.published.recomputed)
    printed = figures.set_index("id")["value"]
    table = figures[["id", "section", "quantity", "unit"]].assign(
        published=[f"{float(value):,.{_decimals(value)}f}" for value in figures["value"]],
        from_print=[_from_print(spec.published.products.get(name, ()), printed) for name in figures["id"]],
        recomputed=[
            _recomputed(place, unit, value, results) if isinstance(place, str) else ""
            for place, unit, value in zip(places, figures["unit"], figures["value"], strict=True)
        ],
    )
    table["verdict"] = [_verdict(*texts) for texts in zip(table["published"], table["recomputed"], strict=True)]
    return table.assign(flagged=table["verdict"] == DIFFERS, note=figures["note"])


def _read_figures(spec: Spec, published: Published) -> pd.DataFrame:
    path = spec.path.parent / published.file
    if not path.exists():
        raise SpecError(f"{spec.path.name}: no file of published figures at {published.file}")
    figures = pd.read_csv(path, dtype=str, keep_default_na=False)
    named = {
        *published.recomputed,
        *published.products,
        *(name for pair in published.products.values() for name in pair),
    }
    unknown = named - set(figures["id"])
    if unknown:
        raise SpecError(f"{spec.path.name}, published: no figure is called {', '.join(sorted(unknown))}")
    return figures


def _from_print(factors: tuple[str, ...], printed: pd.Series) -> str:
    """The range of a count that was printed beside a rounded percentage and the people it refers to."""
    if not factors:
        return ""
    rate, people = (printed[name] for name in factors)
    half_step = 0.5 * 10.0 ** -_decimals(rate)
    low, high = ((float(rate) + sign * half_step) / 100 * float(people) for sign in (-1, 1))
    return f"{low:,.0f} to {high:,.0f}"


def _recomputed(place: str, unit: str, printed: str, results: Mapping[str, pd.DataFrame]) -> str:
    value = value_at(place, results)
    if value is None or isinstance(value, str):
        return value or ""
    if unit not in {"percent", "points"}:
        return f"{value:,.{_decimals(printed)}f}"
    exact, decimals = 100 * value, _decimals(printed)
    text = f"{exact:.{decimals}f}"
    return text if text == printed else f"{exact:.{max(1, decimals)}f}"


def value_at(place: str, results: Mapping[str, pd.DataFrame]) -> float | str | None:
    """The number at 'table/row/column', the symbol of a hidden one, or None where these data have no such row.

    A minus sign in front of the place turns the number's sign: what was printed as "8.5 points lower" is -difference.

    Raises SpecError where there is no such table or column.
    """
    table_name, _, rest = place.removeprefix("-").partition("/")
    row_name, _, column = rest.rpartition("/")
    table = results.get(table_name)
    if table is None:
        raise SpecError(f"'{place}': no result is called '{table_name}' (known: {', '.join(results)})")
    if column not in table:
        raise SpecError(f"'{place}': the result '{table_name}' has no column '{column}'")
    names = [str(name) for name in table.iloc[:, 0]]
    value = table[column].iloc[names.index(row_name)] if row_name in names else None
    if value is None or isinstance(value, str):
        return value
    return -float(value) if place.startswith("-") else float(value)


def _decimals(printed: str) -> int:
    return len(printed.partition(".")[2])


def _verdict(published: str, recomputed: str) -> str:
    if not recomputed:
        return NOT_RECOMPUTED
    if recomputed.startswith("["):
        return HIDDEN
    return AGREES if published == recomputed else DIFFERS
