"""The data dictionary, written from the declarations so that it cannot say anything else."""

from __future__ import annotations

from collections.abc import Iterable

from evalkit.intake.declare import KINDS, Column, Table
from evalkit.intake.prepared import prepared_cohort
from evalkit.intake.settings import CHOICES
from evalkit.intake.tables import TABLES

_SETTINGS = f"""\
## extract.toml

What the data cannot say of themselves is declared beside them. `source` and `extract_date` are required; an unknown
name is refused.

```toml
source = "case management system of ..."   # required
extract_date = 2021-12-31                  # required: the last day the extract knows of
kind = "extract"                           # {" or ".join(CHOICES["kind"])}
date_format = "YYYY-MM-DD"                 # {" or ".join(CHOICES["date_format"])} (day numbers or date cells)
encoding = "utf-8"                         # {" or ".join(CHOICES["encoding"])}; CSV files only
separator = ","                            # {" or ".join(CHOICES["separator"])}; CSV files only
outcome = "reconviction"                   # {" or ".join(CHOICES["outcome"])}
settling_days = 30                         # days after which late records have arrived
synthetic = false                          # true marks every report as a demonstration

[predicted]                                # if scores are supplied
scale = "share"                            # {" or ".join(CHOICES["scale"])}; never guessed
predictor = "OGRS3"                        # what made them, with its version
horizon_days = 365                         # days over which they predict

[columns.people]                           # our name = the name in your file
date_of_birth = "DOB"

[codes.people.sex]                         # the code in your file = ours; "" means missing
M = "male"

[prepared]                                 # with kind = "prepared cohort" only
groups = ["took_up"]                       # yes/no columns
covariates = ["age"]                       # numbers if every value is one, else labels
```
"""

_READING = """\
## How files are read

- One file per table, named after it: `people.csv`, `people.parquet` or `people.xlsx`; or one Excel workbook with one
  sheet per table, and `extract.toml` beside it.
- The first row holds the column names; it is row 1 in every message. A quoted cell with line breaks counts as one row,
  as in a spreadsheet. Blank rows are passed over and counted.
- White space around a value is ignored. Allowed codes are accepted in any case (`Male` is `male`); codes of your own,
  under `[codes]`, must match exactly.
- A row with any fault is rejected, with every fault it has; a row that refers to a rejected person is rejected too.
  Of rows that repeat each other exactly the first is used; of rows that share a key and differ none is.
- Columns that are not listed here are not read, and named in a note.
"""


def data_dictionary() -> str:
    """The data dictionary as Markdown: extract.toml, how files are read, kinds of value, and every table and column."""
    kinds = _markdown_table(("kind", "what is accepted"), KINDS.items())
    cohort = prepared_cohort((), {})
    return "\n".join(
        [
            _SETTINGS,
            _READING,
            "## Kinds of value\n",
            kinds,
            "## Tables\n",
            *(_section(table) for table in TABLES.values()),
            "## Prepared cohort\n",
            "One table, `cohort`, in place of all others, with the groups and covariates that extract.toml names.\n",
            _section(cohort),
        ]
    )


def _section(table: Table) -> str:
    required = " Required." if table.required else ""
    key = f" Key: `{table.key}`." if table.key else ""
    heading = f"### {table.name}\n\nOne row per {table.one_row_per}.{required}{key}\n"
    rows = (
        (f"`{column.name}`", "yes" if column.required else "", column.kind, column.meaning, _values(column))
        for column in table.columns
    )
    columns = _markdown_table(("column", "required", "kind", "meaning", "values"), rows)
    rules = [*_order_rules(table), *(f"- `{rule.column}` is rejected if it {rule.rule}." for rule in table.agreements)]
    return "\n".join([heading, columns, *rules, ""] if rules else [heading, columns])


def _values(column: Column) -> str:
    limits = [str(limit) for limit in (column.low, column.high) if limit is not None]
    between = " to ".join(limits) if len(limits) == 2 else f"{limits[0]} or more" if limits else ""
    return "; ".join(part for part in (", ".join(column.allowed), column.pattern_meaning, between, column.unit) if part)


def _order_rules(table: Table) -> list[str]:
    orders = [f"- In order: {' ≤ '.join(f'`{name}`' for name in chain)}." for chain in table.ordered_dates]
    references = [f"- `{reference.column}`, where filled, is in `{reference.table}`." for reference in table.references]
    born = ["- Every date is after the person's `date_of_birth`."] if table.refers_to("people") else []
    return [*references, *orders, *born]


def _markdown_table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (header, ("---",) * len(header), *rows)]
    return "\n".join([*lines, ""])
