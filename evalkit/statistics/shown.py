"""How a result shows itself: a line per field in a terminal, a table in a notebook."""

from __future__ import annotations

from dataclasses import fields
from html import escape
from typing import Any

import pandas as pd


class Shown:
    """For frozen results declared with `repr=False`: every field with its value, numbers to six digits."""

    def __repr__(self) -> str:
        width = max(len(field.name) for field in fields(self))  # type: ignore[arg-type]
        lines = [f"  {name.ljust(width)}  {value}" for name, value in self._written()]
        return "\n".join([type(self).__name__, *lines])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in self._written()
        )
        return f"<table><caption>{type(self).__name__}</caption><tbody>{rows}</tbody></table>"

    def _written(self) -> list[tuple[str, str]]:
        return [(field.name, _written(getattr(self, field.name))) for field in fields(self)]  # type: ignore[arg-type]


class ShownWithoutFrames(Shown):
    """The same, leaving out fields that are frames."""

    def _written(self) -> list[tuple[str, str]]:
        return [shown for shown in super()._written() if not isinstance(getattr(self, shown[0]), pd.DataFrame)]


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
