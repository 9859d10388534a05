"""The columns of the tables that recur: which, in what order, under which heading with its unit, written how.

A kind that ends in 'interval' writes a value with its limits in one cell. The limits are the columns `<name>_low` and
`<name>_high` or, where there are none of these, `low` and `high`.
"""

from __future__ import annotations

Layout = dict[str, tuple[str, str]]

_RATES: Layout = {
    "label": ("Group", "text"),
    "people": ("People", "count"),
    "actual": ("With outcome", "count"),
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
