"""Interviews for the reader: themes by role, themes together, agreement of coders, quotes."""

from __future__ import annotations

import pandas as pd

from evalkit.present.disclosure import SafeTable, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.intervention_tables import left_out
from evalkit.present.tables import show_table

TOGETHER = {
    "pair": ("Themes", "text"),
    "interviews": ("Interviews with both", "count"),
    "share": ("Share of all interviews (%)", "percent"),
}
AGREEMENT = {
    "excerpts": ("Excerpts read twice", "count"),
    "share": ("Same theme (%)", "percent"),
    "kappa": ("Cohen's kappa, 95% interval", "ratio interval"),
}


def show_themes(themes: SafeTable, together: SafeTable, *, caption: str) -> Piece:
    """Themes by role, and themes that occur in the same interview."""
    if require_safe(themes).empty:
        return left_out("The extract has no interviews.")
    roles = [str(name) for name in themes.columns if name not in ("theme", "all")]
    columns = {"theme": ("Theme", "text")} | {role: (role.capitalize(), "count") for role in roles}
    by_role = show_table(
        themes,
        caption=f"{caption}: themes by role. Unit: excerpt",
        columns={**columns, "all": ("All", "count")},
        notes=["As the first coder coded them. One person can say a thing several times: these are no people."],
    )
    both = show_table(together, caption=f"{caption}: themes together. Unit: interview", columns=TOGETHER)
    return Piece(by_role.html + both.html, f"{by_role.text}\n\n{both.text}")


def show_agreement(table: SafeTable) -> Piece:
    """How far two coders agree."""
    if require_safe(table).empty:
        return left_out("No excerpt was read by two coders, so nothing is known about their agreement.")
    return show_table(
        table,
        caption="Agreement of two coders on the theme. Unit: excerpt",
        columns=AGREEMENT,
        notes=[
            "Kappa: agreement beyond chance, 1 at most. Interval of Fleiss, Cohen and Everitt, as if no two excerpts "
            "were of the same interview: it is rather too narrow."
        ],
        missing="[z]",
    )


def show_quotes(table: SafeTable) -> Piece:
    """Quotes under their theme, and how many excerpts may not be quoted."""
    if require_safe(table).empty:
        return left_out("There are no excerpts to quote.")
    rows = pd.DataFrame(table).to_dict("records")
    blocks = "".join(
        f'<blockquote class="own-words"><p>{escaped(row["excerpt"])}</p>'
        f"<p><small>{escaped(row['role'])}, on {escaped(row['theme'])}</small></p></blockquote>"
        for row in rows
        if row["excerpt"]
    )
    by_theme = {row["theme"]: (row["withheld"], row["excerpts"]) for row in rows}
    withheld, all_of_them = (sum(int(pair[place]) for pair in by_theme.values()) for place in (0, 1))
    note = (
        f"{withheld} of {all_of_them} excerpts are not quoted: they hold an identifier, a number, an address, or a "
        "word that may be a name. A name that is also an everyday word cannot be told by machine: read every quote "
        "before the report leaves the house."
    )
    lines = [f"“{row['excerpt']}” ({row['role']}, on {row['theme']})" for row in rows if row["excerpt"]]
    return Piece(f'{blocks}<p class="note">{escaped(note)}</p>', "\n".join([*lines, note]))
