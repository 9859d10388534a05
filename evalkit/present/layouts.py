"""The columns of the tables that recur: which, in what order, under which heading with its unit, written how.

A kind that ends in 'interval' writes a value with its limits in one cell. The limits are the columns `<name>_low` and
`<name>_high` or, where there are none of these, `low` and `high`.
"""

from __future__ import annotations

from evalkit.present.study_layouts import STUDIES

Layout = dict[str, tuple[str, str]]

_RATES: Layout = {
    "label": ("Group", "text"),
    "people": ("People", "count"),
    "actual": ("With outcome", "count"),
}
_JUDGED: Layout = {
    "finding": ("Reconvicted", "text"),
    "people": ("People", "count"),
    "actual": ("With outcome", "count"),
    "predicted": ("Expected", "count"),
    "ratio": ("Actual / expected, 95% interval", "ratio interval"),
    "q_value": ("q", "p"),
}
_SHARE: Layout = {"share": ("Share (%), 95% interval", "percent interval"), "of": ("Of", "count")}

LAYOUTS: dict[str, Layout] = {
    "comparison": {
        **_RATES,
        "predicted": ("Predicted number", "count"),
        "actual_rate": ("Actual (%)", "percent"),
        "predicted_rate": ("Predicted (%)", "percent"),
        "difference": ("Difference (pp), 95% interval", "points interval"),
    },
    "comparison sizes": {
        "label": ("Group", "text"),
        "ratio": ("Actual / predicted, 95% interval", "ratio interval"),
        "fewer_people": ("Fewer people than predicted, 95% interval", "count interval"),
        "p_value": ("p", "p"),
    },
    "comparison chart": {
        **_RATES,
        "actual_rate": ("Actual (%), 95% interval", "percent interval"),
        "predicted_rate": ("Predicted (%)", "percent"),
        "difference": ("Difference (pp), 95% interval", "points interval"),
    },
    "stages": {
        "label": ("Stage", "text"),
        "people": ("People", "count"),
        **_SHARE,
        "of_label": ("Of whom", "text"),
    },
    "courses": {"subject": ("Subject", "text"), "courses": ("Courses", "count"), **_SHARE},
    "sectors": {"sector": ("Sector", "text"), "people": ("People", "count"), **_SHARE},
    "unscored": {
        "label": ("Group", "text"),
        "unscored": ("Without a score", "count"),
        "share": ("Share (%)", "percent"),
        "actual_rate": ("Actual rate (%), 95% interval", "percent interval"),
        "bound_from": ("Difference with them (pp): from", "points"),
        "bound_to": ("to", "points"),
    },
    "measures": {
        "label": ("Group", "text"),
        "reconvictions": ("Reconvictions", "count"),
        "per_person": ("Per person, 95% interval", "ratio interval"),
        "per_reoffender": ("Per reoffender, 95% interval", "ratio interval"),
        "days_to_first": ("Mean days to first, 95% interval", "count interval"),
        "custodial": ("Given custody", "count"),
    },
    "early events": {
        "days": ("Events left out", "text"),
        "people": ("People", "count"),
        "reconvicted": ("Reconvicted", "count"),
        "rate": ("Rate (%), 95% interval", "percent interval"),
    },
    "court delay": {
        "year": ("Year of sentence", "text"),
        "sentences": ("Sentences", "count"),
        "dated": ("With an offence date", "count"),
        "median_days": ("Median days from offence", "count"),
    },
    "published": {
        "quantity": ("Figure", "text"),
        "unit": ("Unit", "text"),
        "published": ("Published", "count"),
        "recomputed": ("Recomputed", "count"),
        "from_print": ("Range from print", "text"),
        "verdict": ("Verdict", "text"),
        "note": ("Note", "text"),
    },
    "calibration": {"measure": ("Measure", "text"), "value": ("Value, 95% interval", "ratio interval")},
    "deciles": {
        "group": ("Tenth of predicted risk", "text"),
        "people": ("People", "count"),
        "actual": ("With outcome", "count"),
        "predicted_rate": ("Predicted (%)", "percent"),
        "actual_rate": ("Actual (%), 95% interval", "percent interval"),
    },
    "tipping": {
        "point": ("What tips", "text"),
        "capture": ("Share of true reconvictions captured (%)", "percent"),
        "ratio": ("Actual / predicted then", "ratio"),
        "p_value": ("p then", "p"),
        "score_factor": ("Same, if predictions were to be multiplied by", "ratio"),
    },
    "balance": {
        "covariate": ("Covariate", "text"),
        "treated_mean": ("Treated", "ratio"),
        "comparison_mean_before": ("Comparison before", "ratio"),
        "comparison_mean_after": ("Comparison after", "ratio"),
        "smd_before": ("Difference before (% of SD)", "signed"),
        "smd_after": ("Difference after (% of SD)", "signed"),
        "rating": ("Rating", "text"),
    },
    "overlap": {
        "low": ("Score from", "ratio"),
        "high": ("to", "ratio"),
        "treated": ("Treated", "count"),
        "comparison": ("Comparison", "count"),
    },
    "matched measures": {
        "label": ("Measure", "text"),
        "unit": ("Unit", "text"),
        "treated_value": ("Treated", "ratio"),
        "comparison_value": ("Comparison", "ratio"),
        "estimate": ("Difference, 95% interval", "ratio interval"),
        "p_value": ("p", "p"),
        "n_treated": ("Treated people", "count"),
        "n_comparison": ("Comparison people", "count"),
    },
    "sides": {
        "side": ("Side", "text"),
        "people": ("People", "count"),
        "with_outcome": ("With the outcome", "count"),
        "value": ("Value", "text"),
    },
    "pace": {
        "label": ("Measure", "text"),
        "ratio": ("Ratio, 95% interval", "ratio interval"),
        "p_value": ("p", "p"),
        "method": ("Method", "text"),
    },
    "strength": {"label": ("What", "text"), "value": ("Value", "text"), "meaning": ("Meaning", "text")},
    "profile": {
        "characteristic": ("Characteristic", "text"),
        "category": ("Category", "text"),
        "people": ("People", "count"),
        "share": ("Share (%)", "percent"),
    },
    "support": {
        "side": ("Side", "text"),
        "people": ("People", "count"),
        "below": ("Below the other side", "count"),
        "above": ("Above it", "count"),
        "outside": ("Either", "count"),
    },
    "methods": {
        "label": ("Estimate", "text"),
        "estimate": ("Difference (pp), 95% interval", "points interval"),
        "p_value": ("p", "p"),
        "n_treated": ("Treated", "count"),
        "n_comparison": ("Comparison", "count"),
        "method": ("Method", "text"),
    },
    "designs": {
        "label": ("Design", "text"),
        "people": ("People", "count"),
        "estimate": ("Difference (pp), 95% interval", "points interval"),
        "p_value": ("p", "p"),
        "method": ("How people are compared", "text"),
    },
    "side by side": {
        "label": ("Group", "text"),
        "design_label": ("Design", "text"),
        "people": ("People", "count"),
        "actual_rate": ("Actual (%)", "percent"),
        "predicted_rate": ("Comparable (%)", "percent"),
        "estimate": ("Difference (pp), 95% interval", "points interval"),
        "odds_ratio": ("Odds ratio, 95% interval", "ratio interval"),
        "p_value": ("p of the difference", "p"),
        "comparison_people": ("Comparison people", "count"),
    },
    "hazard ratios": {
        "label": ("Group", "text"),
        "people": ("People", "count"),
        "actual": ("Reconvicted", "count"),
        "people_inside": ("Of them inside", "count"),
        "actual_inside": ("Reconvicted inside", "count"),
        "hazard_ratio": ("Hazard ratio, 95% interval", "ratio interval"),
        "p_value": ("p", "p"),
    },
    "survival": {
        "group": ("Group", "text"),
        "time": ("Day", "count"),
        "reconvicted": ("Reconvicted by then (%), 95% interval", "percent interval"),
        "at_risk": ("Still at risk (rounded to 5)", "count"),
    },
    "funnel": {
        "predicted": ("Predicted number", "count"),
        "ratio": ("Actual / predicted", "ratio"),
        "state": ("State", "text"),
        "direction": ("Direction", "text"),
    },
    "cusum": {
        "matures": ("Up to", "date"),
        "cusum_worse": ("More than predicted", "ratio"),
        "threshold_worse": ("Alarm at", "ratio"),
        "cusum_better": ("Fewer than predicted", "ratio"),
        "threshold_better": ("Alarm at (fewer)", "ratio"),
    },
    "alerts": {"unit": ("Unit", "text"), **_JUDGED},
    "cohort alerts": {"cohort": ("Cohort", "text"), **_JUDGED},
    "alert details": {
        "unit": ("Unit", "text"),
        "raw_ratio": ("Actual / score", "ratio"),
        "shrunken": ("Shrunken, 95% interval", "ratio interval"),
        "adjusted": ("By the ratio of the year", "text"),
        "cusum_alarm": ("Running sum's alarm", "text"),
        "reason": ("State found by", "text"),
    },
    "interim": {
        "unit": ("Unit", "text"),
        "label": ("Standing", "text"),
        "people_90": ("People", "count"),
        "actual_90": ("With outcome", "count"),
        "predicted_90": ("Expected", "count"),
        "ratio_90": ("Actual / expected, 95% interval", "ratio interval"),
    },
    "monitoring quality": {
        "unit": ("Unit", "text"),
        "unscored": ("Without a score", "count"),
        "missing_share": ("Share (%)", "percent"),
        "duplicates": ("Counted twice", "count"),
        "held": ("On hold", "yes/no"),
    },
    **STUDIES,
    "counts": {"label": ("Count", "text"), "count": ("Number", "count"), "unit": ("Unit", "text")},
    "rates": {**_RATES, "actual_rate": ("Rate (%), 95% interval", "percent interval")},
    "rate difference": {
        "label": ("Group", "text"),
        "complement_label": ("Less", "text"),
        "difference": ("Difference (pp), 95% interval", "points interval"),
        "p_value": ("Fisher's p", "p"),
    },
    "coefficients": {
        "term": ("Term", "text"),
        "odds_ratio": ("Odds ratio, 95% interval", "ratio interval"),
    },
    "notes": {"what": ("What", "text"), "count": ("Number", "count")},
    "files": {
        "table": ("Table", "text"),
        "file": ("File", "text"),
        "read": ("Rows read", "count"),
        "used": ("Used", "count"),
        "rejected": ("Rejected", "count"),
    },
}
"""Layout name -> column -> (heading, kind)."""
