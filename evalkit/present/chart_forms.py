"""The two forms of a chart: wide, and narrow for a phone, where the words of a row stand above its marks.

A drawing made 7.6 inches wide and scaled down to a phone has letters of six pixels. So each chart is drawn once more at
the width of a phone, with letters as large as in the wide one; the style sheet shows one of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAVY, ORANGE, TEAL, PURPLE = "#12436d", "#b8470e", "#1b7f77", "#801650"
INK, SOFT, LINE, GAP, PAPER = "#0b1c2c", "#4a5a68", "#d5dde4", "#c3ced8", "#ffffff"
WIDTH, NARROW_WIDTH = 7.6, 3.6
"""Of the two forms, in inches."""

NARROW_LEFT = 0.04
"""Where the axes of rows begin in the narrow form, as a share of its width."""

LINE_WIDTH, SMALLEST = 430, 7.5
"""Of a line in the narrow form: letters times their size in points; and the size that a long label may shrink to."""

WORDS, SMALL_WORDS, UNDER_WORDS, BETWEEN_ROWS = 0.16, 0.14, 0.03, 0.12
"""Inches: a line of a label, one of what stands below it, and what is left free under the words and between rows."""


SMALL = 8.5
"""Size in points of what stands below a label."""


@dataclass(frozen=True)
class Sketch:
    """One form of a chart: draws into the figure it is given, of this height in inches."""

    paint: Callable[[Figure], object]
    height: float


def is_narrow(ax: Axes) -> bool:
    """Whether a drawing is the narrow form of its chart."""
    figure = ax.get_figure(root=True)
    return figure is not None and float(figure.get_figwidth()) < (WIDTH + NARROW_WIDTH) / 2


def edges(ax: Axes) -> tuple[float, float]:
    """The left and right edge of the drawing, in units of the axes' width."""
    place = ax.get_position()
    return -place.x0 / place.width, 1 + (1 - place.x1) / place.width


@dataclass(frozen=True)
class Rows:
    """Rows of the narrow form, one unit apart: their words, and below them their marks; in inches."""

    lines: int
    small_lines: int
    marks: float

    @property
    def pitch(self) -> float:
        """From one row to the next."""
        words = WORDS * self.lines + SMALL_WORDS * self.small_lines
        return words + UNDER_WORDS + self.marks + BETWEEN_ROWS

    @property
    def limits(self) -> tuple[float, float]:
        """How far the first row reaches above its marks' middle, and the last one below, in rows."""
        below = (self.marks / 2 + BETWEEN_ROWS) / self.pitch
        return 1 - below, below

    def write(
        self,
        ax: Axes,
        position: float,
        label: str,
        *,
        below: str = "",
        size: float = 10,
        indent: float = 0,
        **look: Any,
    ) -> None:
        """The words of a row above its marks: the label, and under it in small what is said of it."""
        left = edges(ax)[0] + indent
        bottom = position - (self.marks / 2 + UNDER_WORDS) / self.pitch
        ground = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.6}
        style: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "bottom", "linespacing": 1.05}
        style |= {"bbox": ground, "zorder": 1}
        small = "\n".join(_lines(below, SMALL))
        if small:
            ax.text(left, bottom, small, color=SOFT, fontsize=SMALL, **style)
            bottom -= SMALL_WORDS * (1 + small.count("\n")) / self.pitch
        fitting = max(SMALLEST, min(size, LINE_WIDTH / max(len(label), 1)))
        ax.text(left, bottom, "\n".join(_lines(label, fitting)), color=INK, fontsize=fitting, **style, **look)

    def frame(self, ax: Axes, number: int) -> None:
        """Limits of the axes for this many rows, the first one on top."""
        above, below = self.limits
        ax.set_ylim(number - 1 + below, -above)


def key_above(ax: Axes, lines: Sequence[tuple[Any, str]]) -> None:
    """What each line of the narrow form is called, above the drawing: there is no room at its end."""
    ax.legend(
        [handle for handle, _ in lines],
        [text for _, text in lines],
        loc="lower left",
        bbox_to_anchor=(edges(ax)[0], 1.0),
        frameon=False,
        borderaxespad=0.1,
        handletextpad=0.5,
        labelspacing=0.25,
        fontsize=9.5,
    )


def key_height(lines: int) -> float:
    """Inches that a key of this many lines takes above a drawing."""
    return 0.19 * lines + 0.12


def rows_for(labels: Iterable[str], belows: Iterable[str] = (), *, marks: float = 0.2) -> Rows:
    """Rows with room for the longest of these words, and for marks of this height."""
    lines = max((len(_lines(label, SMALLEST)) for label in labels), default=1)
    small = max((len(_lines(below, SMALL)) for below in belows), default=0)
    return Rows(max(lines, 1), small, marks)


def _lines(text: str, size: float) -> list[str]:
    return wrap(text, int(LINE_WIDTH / size))
