"""Whom, from when, what happened: cohorts, reconvictions, stages of the service, groups beside their prediction."""

from evalkit.cohort.build import Cohort, build_cohort
from evalkit.cohort.columns import frame_dictionary
from evalkit.cohort.compare import Comparison, compare, compare_rates, group_comparisons, unscored
from evalkit.cohort.published import reconcile
from evalkit.cohort.service import counts, courses, sectors, stages

__all__ = [
    "Cohort",
    "Comparison",
    "build_cohort",
    "compare",
    "compare_rates",
    "counts",
    "courses",
    "frame_dictionary",
    "group_comparisons",
    "reconcile",
    "sectors",
    "stages",
    "unscored",
]
