"""evalkit: evaluations of probation and rehabilitation services, from extract to report.

Names are loaded when they are first used, so that `import evalkit` itself takes no time.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_ROOMS = {
    "evalkit.dates": ("period_text",),
    "evalkit.spec": ("Spec", "read_spec"),
    "evalkit.errors": ("DataError", "EvalkitError", "ReportError", "SpecError"),
    "evalkit.intake": ("Extract", "describe", "load", "write_rejected"),
    "evalkit.ogrs": ("arp", "ogrs3", "vrp"),
    "evalkit.statistics": (
        "ActualVsPredicted",
        "actual_vs_predicted",
        "actual_vs_predicted_by",
        "newcombe",
        "odds_ratios",
        "two_groups",
        "wilson",
    ),
    "evalkit.cohort": (
        "Cohort",
        "Comparison",
        "build_cohort",
        "caveats",
        "check_prediction",
        "compare",
        "compare_rates",
        "counts",
        "court_delay",
        "courses",
        "early_events_left_out",
        "group_comparisons",
        "outcome_measures",
        "reconcile",
        "refuse_rejected",
        "sectors",
        "stages",
        "unscored",
    ),
    "evalkit.present": (
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
    ),
    "evalkit.reports": ("run_report",),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'evalkit' has no attribute '{name}'")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
