"""Statistics of evalkit: arrays and frames in, frozen results or frames out; no spec, no file, no plot."""

from evalkit.statistics.balance import balance
from evalkit.statistics.calibration import Calibration, calibration
from evalkit.statistics.centre import Centre, centred
from evalkit.statistics.cox import cox, proportional_hazards, status_rows
from evalkit.statistics.cusum import cusum, cusum_weights, vlad
from evalkit.statistics.event_counts import rate_ratio
from evalkit.statistics.expected import ActualVsPredicted, actual_vs_predicted
from evalkit.statistics.funnel import funnel, funnel_curves
from evalkit.statistics.gate import Gate, gate
from evalkit.statistics.groups import TwoGroups, actual_vs_predicted_by, two_groups
from evalkit.statistics.interim import interim
from evalkit.statistics.matching import Match, match
from evalkit.statistics.measures import Measure, seven_measures, testable
from evalkit.statistics.monitoring import monitor, monitor_cohorts
from evalkit.statistics.outcomes import McNemar, matched_outcomes, mcnemar
from evalkit.statistics.propensity import Overlap, Propensity, overlap, propensity
from evalkit.statistics.rates import RateDifference, newcombe, wilson
from evalkit.statistics.rebasing import BaselineHazard, baseline_hazard, rebased, risk_between
from evalkit.statistics.recalibration import Recalibration, recalibrate, recalibrated_actual_vs_predicted
from evalkit.statistics.reference import ReferenceModel, estimated_actual_vs_predicted, odds_ratios, reference_model
from evalkit.statistics.sensitivity import e_value, minimum_detectable, people_needed, rosenbaum_bound
from evalkit.statistics.survival import logrank, number_at_risk, survival_curve
from evalkit.statistics.thresholds import cusum_threshold
from evalkit.statistics.tipping import tipping_points
from evalkit.statistics.unit_cusums import cusum_paths, unit_thresholds
from evalkit.statistics.weighting import att_weights, effective_sample_size, entropy_weights, weighted_outcomes

__all__ = [
    "ActualVsPredicted",
    "BaselineHazard",
    "Calibration",
    "Centre",
    "Gate",
    "Match",
    "McNemar",
    "Measure",
    "Overlap",
    "Propensity",
    "RateDifference",
    "Recalibration",
    "ReferenceModel",
    "TwoGroups",
    "actual_vs_predicted",
    "actual_vs_predicted_by",
    "att_weights",
    "balance",
    "baseline_hazard",
    "calibration",
    "centred",
    "cox",
    "cusum",
    "cusum_paths",
    "cusum_threshold",
    "cusum_weights",
    "e_value",
    "effective_sample_size",
    "entropy_weights",
    "estimated_actual_vs_predicted",
    "funnel",
    "funnel_curves",
    "gate",
    "interim",
    "logrank",
    "match",
    "matched_outcomes",
    "mcnemar",
    "minimum_detectable",
    "monitor",
    "monitor_cohorts",
    "newcombe",
    "number_at_risk",
    "odds_ratios",
    "overlap",
    "people_needed",
    "propensity",
    "proportional_hazards",
    "rate_ratio",
    "rebased",
    "recalibrate",
    "recalibrated_actual_vs_predicted",
    "reference_model",
    "risk_between",
    "rosenbaum_bound",
    "seven_measures",
    "status_rows",
    "survival_curve",
    "testable",
    "tipping_points",
    "two_groups",
    "unit_thresholds",
    "vlad",
    "weighted_outcomes",
    "wilson",
]
