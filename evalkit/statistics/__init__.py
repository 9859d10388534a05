"""Statistics of evalkit: arrays and frames in, frozen results or frames out; no spec, no file, no plot."""

from evalkit.statistics.calibration import Calibration, calibration
from evalkit.statistics.expected import ActualVsPredicted, actual_vs_predicted
from evalkit.statistics.gate import Gate, gate
from evalkit.statistics.groups import TwoGroups, actual_vs_predicted_by, two_groups
from evalkit.statistics.rates import RateDifference, newcombe, wilson
from evalkit.statistics.recalibration import Recalibration, recalibrate, recalibrated_actual_vs_predicted
from evalkit.statistics.reference import (
    ReferenceModel,
    estimated_actual_vs_predicted,
    odds_ratios,
    reference_model,
)
from evalkit.statistics.tipping import tipping_points

__all__ = [
    "ActualVsPredicted",
    "Calibration",
    "Gate",
    "RateDifference",
    "Recalibration",
    "ReferenceModel",
    "TwoGroups",
    "actual_vs_predicted",
    "actual_vs_predicted_by",
    "calibration",
    "estimated_actual_vs_predicted",
    "gate",
    "newcombe",
    "odds_ratios",
    "recalibrate",
    "recalibrated_actual_vs_predicted",
    "reference_model",
    "tipping_points",
    "two_groups",
    "wilson",
]
