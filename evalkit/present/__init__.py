"""Results for the reader: made safe, put into words, tables and charts."""

from evalkit.present.blocks import (
    cards,
    comparison_card,
    how_made,
    masthead,
    rate_card,
    show_caveats,
    show_flow,
    stage_card,
    warning,
)
from evalkit.present.charts import show_bars, show_calibration, show_dumbbell
from evalkit.present.disclosure import SafeTable, make_flow_safe, make_safe
from evalkit.present.tables import show_table
from evalkit.present.words import (
    answer,
    beware,
    can_and_cannot_say,
    chart_finding,
    most_frequent,
    rates_answer,
    reconciliation,
    trust_answer,
)

__all__ = [
    "SafeTable",
    "answer",
    "beware",
    "can_and_cannot_say",
    "cards",
    "chart_finding",
    "comparison_card",
    "how_made",
    "make_flow_safe",
    "make_safe",
    "masthead",
    "most_frequent",
    "rate_card",
    "rates_answer",
    "reconciliation",
    "show_bars",
    "show_calibration",
    "show_caveats",
    "show_dumbbell",
    "show_flow",
    "show_table",
    "stage_card",
    "trust_answer",
    "warning",
]
