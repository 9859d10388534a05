"""Statistics of evalkit: arrays and frames in, frozen results or frames out; no spec, no file, no plot."""

from evalkit.statistics.expected import ActualVsPredicted, actual_vs_predicted
from evalkit.statistics.groups import TwoGroups, actual_vs_predicted_by, two_groups
from evalkit.statistics.rates import RateDifference, newcombe, wilson
from evalkit.statistics.reference import (
    ReferenceModel,
    estimated_actual_vs_predicted,
    odds_ratios,
    reference_model,
)

__all__ = [
    "ActualVsPredicted",
    "RateDifference",
    "ReferenceModel",
    "TwoGroups",
    "actual_vs_predicted",
    "actual_vs_predicted_by",
    "estimated_actual_vs_predicted",
    "newcombe",
    "odds_ratios",
    "reference_model",
    "two_groups",
    "wilson",
]
