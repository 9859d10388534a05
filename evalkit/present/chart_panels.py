"""Small panels on one scale, three beside each other or, on a phone, two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill, wrap
from typing import TYPE_CHECKING, Any

from evalkit.present.chart_forms import INK, is_narrow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE, TITLE_LINE = 16, 0.16
"""Letters of a line of a panel's title in the narrow form, and its height in inches."""

KEY_LINE = 0.21
"""Inches of a line of the key above the panels."""


@dataclass(frozen=True)
class Panels:
    """Where small panels stand, row by row from the top left.

    names        : of the panels, in their order
    tall         : a panel's height; above, below: free space for its title and its ticks; inches
    key          : lines of the key above them all
    narrow       : two beside each other, for a phone
    """

    names: Sequence[str]
    tall: float
    above: float
    below: float
    key: int = 0
    narrow: bool = False

    @property
    def across(self) -> int:
        """Panels beside each other."""
        return 2 if self.narrow else 3

    @property
    def height(self) -> float:
        """Of the whole drawing, in inches."""
        return self._key + math.ceil(len(self.names) / self.across) * self._row

    @property
    def _row(self) -> float:
        return self._above + self.tall + self.below

    @property
    def _above(self) -> float:
        lines = max((len(wrap(name, TITLE)) for name in self.names), default=1) if self.narrow else 1
        return self.above + TITLE_LINE * (lines - 1)

    @property
    def _key(self) -> float:
        return KEY_LINE * self.key + 0.14 if self.key else 0.0

    def add_to(self, figure: Figure) -> list[Axes]:
        """The empty panels."""
        return [self._add(figure, place) for place in range(len(self.names))]

    def _add(self, figure: Figure, place: int) -> Axes:
        down, across = divmod(place, self.across)
        bottom = self.height - self._key - self._above - down * self._row - self.tall
        left, step, wide = (0.1, 0.5, 0.36) if self.narrow else (0.05, 0.325, 0.275)
        return figure.add_axes((left + across * step, bottom / self.height, wide, self.tall / self.height))

    def write_key(self, figure: Figure, lines: Sequence[Any], names: Sequence[str]) -> None:
        """What lines and markers mean, above the panels: side by side, or one below the other."""
        figure.legend(
            lines, names, ncols=1 if self.narrow else len(lines), loc="upper left", bbox_to_anchor=(0.035, 1.0),
            frameon=False, borderaxespad=0.1, fontsize=9.5, handletextpad=0.5, columnspacing=1.4, labelspacing=0.3,
        )  # fmt: skip


def name_panel(ax: Axes, name: str) -> None:
    """A panel's title; in the narrow form on two lines where it is long."""
    title = fill(name, TITLE) if is_narrow(ax) else name
    ax.set_title(title, loc="left", fontsize=10, color=INK, weight="bold", pad=5, linespacing=1.05)
