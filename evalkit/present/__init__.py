"""Results for the reader: made safe, put into words, tables and charts."""

from evalkit.present.alert_words import (
    monitoring_answer,
    monitoring_can_and_cannot,
    show_alerts,
)
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
    what_is_hidden,
)
from evalkit.present.briefing_words import (
    briefing_answer,
    briefing_boxes,
    briefing_chance,
    briefing_checks,
    briefing_contact,
    briefing_early,
    briefing_figures,
)
from evalkit.present.causal_words import causal_words
from evalkit.present.chart_cusum import show_cusum
from evalkit.present.chart_effects import show_effects
from evalkit.present.chart_funnel import show_funnel
from evalkit.present.chart_matching import show_love, show_overlap
from evalkit.present.chart_measures import show_measure_tables
from evalkit.present.chart_survival import show_survival
from evalkit.present.charts import show_bars, show_calibration, show_dumbbell
from evalkit.present.curves_safe import make_curves_safe, make_paths_safe
from evalkit.present.design_words import (
    designs_finding,
    fair_answer,
    fair_can_and_cannot_say,
    fair_card,
    make_designs_safe,
    naive_beside,
)
from evalkit.present.disclosure import SafeTable, make_flow_safe, make_safe
from evalkit.present.findings import (
    balance_finding,
    cusum_finding,
    effects_finding,
    funnel_finding,
    overlap_finding,
    survival_finding,
)
from evalkit.present.made_safe import make_balance_safe, make_bins_safe, merge_path, merge_steps
from evalkit.present.matched_tables import show_measures
from evalkit.present.matched_words import could_show, matched_answer, matched_can_and_cannot
from evalkit.present.monitored_safe import (
    make_caseload_safe,
    make_cohorts_safe,
    make_early_safe,
    make_quality_safe,
    make_units_safe,
)
from evalkit.present.narrative import show_narrative
from evalkit.present.running import end_publication, start_publication
from evalkit.present.tables import show_table
from evalkit.present.words import (
    answer,
    beware,
    can_and_cannot_say,
    chart_finding,
    most_frequent,
    rates_answer,
    reconciliation,
)

__all__ = [
    "SafeTable",
    "answer",
    "balance_finding",
    "beware",
    "briefing_answer",
    "briefing_boxes",
    "briefing_chance",
    "briefing_checks",
    "briefing_contact",
    "briefing_early",
    "briefing_figures",
    "can_and_cannot_say",
    "cards",
    "causal_words",
    "chart_finding",
    "comparison_card",
    "could_show",
    "cusum_finding",
    "designs_finding",
    "effects_finding",
    "end_publication",
    "fair_answer",
    "fair_can_and_cannot_say",
    "fair_card",
    "funnel_finding",
    "how_made",
    "make_balance_safe",
    "make_bins_safe",
    "make_caseload_safe",
    "make_cohorts_safe",
    "make_curves_safe",
    "make_designs_safe",
    "make_early_safe",
    "make_flow_safe",
    "make_paths_safe",
    "make_quality_safe",
    "make_safe",
    "make_units_safe",
    "masthead",
    "matched_answer",
    "matched_can_and_cannot",
    "merge_path",
    "merge_steps",
    "monitoring_answer",
    "monitoring_can_and_cannot",
    "most_frequent",
    "naive_beside",
    "overlap_finding",
    "rate_card",
    "rates_answer",
    "reconciliation",
    "show_alerts",
    "show_bars",
    "show_calibration",
    "show_caveats",
    "show_cusum",
    "show_dumbbell",
    "show_effects",
    "show_flow",
    "show_funnel",
    "show_love",
    "show_measure_tables",
    "show_measures",
    "show_narrative",
    "show_overlap",
    "show_survival",
    "show_table",
    "stage_card",
    "start_publication",
    "survival_finding",
    "warning",
    "what_is_hidden",
]
