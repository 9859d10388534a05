"""Whom, from when, what happened: cohorts, reconvictions, stages of the service, groups beside their prediction."""

from evalkit.cohort.build import Cohort, build_cohort
from evalkit.cohort.caveats import caveats, refuse_rejected
from evalkit.cohort.columns import frame_dictionary
from evalkit.cohort.compare import Comparison, compare, compare_rates, group_comparisons, unscored
from evalkit.cohort.designs import hazard_ratios
from evalkit.cohort.matched import MatchedComparison, matched_comparison
from evalkit.cohort.measures import court_delay, early_events_left_out, outcome_measures
from evalkit.cohort.monitored import Monitored, MonitoredUnits, monitored, monitored_units
from evalkit.cohort.published import reconcile
from evalkit.cohort.service import counts, courses, sectors, stages
from evalkit.cohort.side_by_side import side_by_side
from evalkit.cohort.trials import trial_flow
from evalkit.cohort.trust import check_prediction

__all__ = [
    "Cohort",
    "Comparison",
    "MatchedComparison",
    "Monitored",
    "MonitoredUnits",
    "build_cohort",
    "caveats",
    "check_prediction",
    "compare",
    "compare_rates",
    "counts",
    "courses",
    "court_delay",
    "early_events_left_out",
    "frame_dictionary",
    "group_comparisons",
    "hazard_ratios",
    "matched_comparison",
    "monitored",
    "monitored_units",
    "outcome_measures",
    "reconcile",
    "refuse_rejected",
    "sectors",
    "side_by_side",
    "stages",
    "trial_flow",
    "unscored",
]
