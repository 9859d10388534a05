"""A drawing as a figure of a report: SVG in its two forms, a text alternative with the numbers, the data behind it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.present.chart_draughtsman import ordered
from evalkit.present.chart_forms import (
    GAP,
    INK,
    LINE,
    NARROW_WIDTH,
    NAVY,
    ORANGE,
    PAPER,
    PURPLE,
    SOFT,
    TEAL,
    WIDTH,
    Sketch,
)
from evalkit.present.disclosure import SafeTable
from evalkit.present.html import Piece, escaped
from evalkit.present.tables import cell_texts, data_behind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TALL = 13.0
"""Inches: a higher drawing is not fitted to one page of paper."""

STYLE = Path(__file__).with_name("evalkit.mplstyle")

_THEMED = {
    NAVY: "--series-1",
    ORANGE: "--predicted",
    TEAL: "--good",
    PURPLE: "--series-3",
    INK: "--ink",
    SOFT: "--soft",
    LINE: "--line",
    GAP: "--line-strong",
    PAPER: "--paper",
}
"""Colours of the drawing that follow the page into its dark version."""

_OWN_COLOUR = re.compile(rf"(fill|stroke): ({'|'.join(_THEMED)})")


def one_panel(
    draw: Callable[[Axes], Axes], sides: tuple[float, float], *, above: float = 0.05, below: float = 0.45
) -> Callable[[Figure], object]:
    """Lay a drawing out as the only one of its figure.

    sides        : where it begins and ends, as shares of the figure's width
    above, below : what is left free there, in inches
    """

    def paint(figure: Figure) -> object:
        height = float(figure.get_figheight())
        place = (sides[0], below / height, sides[1] - sides[0], 1 - (above + below) / height)
        return draw(figure.add_axes(place))

    return paint


def chart_piece(
    table: SafeTable,
    paint: Callable[[Figure], object],
    *,
    height: float,
    columns: Mapping[str, tuple[str, str]],
    texts: Sequence[str],
    summary: str = "",
    data_open: bool = False,
    narrow: Sketch | None = None,
) -> Piece:
    """A figure as a piece of a report: finding, measure, drawing, the data behind it, source.

    table   : what the drawing shows, already safe
    paint   : draws into the figure it is given
    height  : of the drawing, in inches
    columns : layout of the table below the chart
    texts   : finding, measure and source, and what the finding says in more words, if there is more to say
    summary : the numbers in words, for the text alternative; without it, every row of the table
    data_open : show the data behind the chart from the start
    narrow  : the form for a phone; without it the wide one is scrolled sideways there
    """
    finding, measure, source, *details = texts
    more = "".join(f'<span class="detail">{escaped(detail)}</span>' for detail in details)
    cells = cell_texts(table, columns)
    rows = (", ".join(f"{heading} {cell}" for heading, cell in row.items()) for row in cells.to_dict("records"))
    # Each form has it, since a browser leaves out of paper's tags what stands around a drawing; one form is shown.
    alternative = f"{finding}. {summary or '; '.join(rows)}"
    image = f'role="img" aria-label="{escaped(alternative)}"'
    both = f'<svg class="wide" {image} {_drawing(Sketch(paint, height), WIDTH, finding)}'
    if narrow:
        both += f'<svg class="narrow" {image} {_drawing(narrow, NARROW_WIDTH, f"{finding} (narrow)")}'
    markup = (
        f'<figure class="chart"><figcaption><span class="finding">{escaped(finding)}</span>{more}'
        f'<span class="measure">{escaped(measure)}</span></figcaption>'
        f'<div class="drawing{"" if narrow else " scrolls"}{" tall" if height > TALL else ""}">{both}</div>'
        f"{data_behind(table, columns, finding=finding, measure=measure, is_open=data_open)}"
        f'<p class="source">{escaped(source)}</p></figure>'
    )
    said = "\n".join([finding, *details, measure])
    return Piece(markup, f"{said}\n{cells.to_string(index=False)}\n{source}")


def _drawing(sketch: Sketch, width: float, salt: str) -> str:
    """One form of a chart as an SVG element without its opening '<svg'; a mark for it where it is drawn elsewhere."""
    draw = partial(_drawn, sketch, width, salt)
    return ordered(draw) or draw()


def _drawn(sketch: Sketch, width: float, salt: str) -> str:
    from matplotlib import style
    from matplotlib.figure import Figure

    with style.context(STYLE):
        figure = Figure(figsize=(width, sketch.height))
        sketch.paint(figure)
        return _svg(figure, salt)


def _svg(figure: Figure, salt: str) -> str:
    """The drawing as an SVG element without its opening '<svg': same input, same bytes; ids unique to the chart."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<\?xml.*?\?>|<!DOCTYPE.*?>", "", svg, flags=re.S)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(
        r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1), count=1
    )
    svg = re.sub("'DejaVu Sans', *sans-serif|'DejaVu Sans'|DejaVu Sans", "inherit", svg)
    svg = _OWN_COLOUR.sub(_follow_theme, svg)
    return re.sub(r"\n\s*", "\n", svg).strip().removeprefix("<svg ")


def _follow_theme(found: re.Match[str]) -> str:
    return f"{found[1]}: var({_THEMED[found[2]]}, {found[2]})"
