"""The columns of the tables that a validation shows: simulated studies and known truths."""

from __future__ import annotations

Layout = dict[str, tuple[str, str]]

_SIZE: Layout = {"size": ("Rejected at 5% (%)", "percent"), "passed": ("Passed", "yes/no")}

STUDIES: dict[str, Layout] = {
    "estimators": {
        "design": ("Design", "name"),
        "estimator": ("Estimator", "text"),
        "simulations": ("Studies", "count"),
        "truth": ("Truth (pp)", "points"),
        "naive_bias": ("Bias of the plain difference (pp)", "points"),
        "bias": ("Bias (pp)", "points"),
        "coverage": ("Intervals that hold the truth (%)", "percent"),
        "error_ratio": ("Reported / seen standard error", "ratio"),
        "passed": ("Passed", "yes/no"),
    },
    "exact sizes": {"people": ("People", "count"), **_SIZE},
    "test sizes": {"method": ("Test", "text"), **_SIZE},
    "bootstrap": {
        "reference": ("Reference people", "count"),
        "treated": ("People compared", "count"),
        "delta": ("Delta method (pp)", "points"),
        "bootstrap": ("Bootstrap (pp)", "points"),
        "passed": ("Passed", "yes/no"),
    },
    "immortal time": {
        "name": ("Group", "name"),
        "frailty": ("Variance of the frailty", "ratio"),
        "design": ("Design", "name"),
        "cohorts": ("Cohorts", "count"),
        "mean": ("Mean difference (pp)", "points"),
        "found": ("A difference is found (%)", "percent"),
        "passed": ("Passed", "yes/no"),
    },
    "re-based risks": {
        "design": ("Design", "name"),
        "frailty": ("Variance of the frailty", "ratio"),
        "predicted": ("Re-based risk (%)", "percent"),
        "truth": ("True risk (%)", "percent"),
        "passed": ("Passed", "yes/no"),
    },
    "alert verdicts": {
        "what": ("Share of simulated runs", "text"),
        "scenario": ("What is true", "text"),
        "runs": ("Runs", "count"),
        "found": ("Found (%), 95% interval", "percent interval"),
        "target": ("Asked", "text"),
        "passed": ("Passed", "yes/no"),
    },
    "alert limits": {
        "scenario": ("What is true", "text"),
        "within": ("Quarters", "count"),
        "target": ("Asked (%)", "percent"),
        "best": ("Any rule, at best (%)", "percent"),
        "best_of_change": ("Any rule that knows the year before (%)", "percent"),
        "found": ("Found (%)", "percent"),
        "passed": ("Passed", "yes/no"),
    },
    "repeated": {
        "scenario": ("What is true", "text"),
        "runs": ("Runs repeated", "count"),
        "same": ("The same as on record", "count"),
        "passed": ("Passed", "yes/no"),
    },
    "trade-off": {
        "false_alarm_percent": ("False alarms of an office in a year (%)", "ratio"),
        "any_alert": ("Quarters with any false alert (%)", "percent"),
        "within_4": ("Found within four quarters (%)", "percent"),
        "within_8": ("Within eight (%)", "percent"),
        "mean_quarters": ("Quarters to the alert, mean", "ratio"),
    },
    "alert rates": {
        "label": ("What is true", "text"),
        "any_alert": ("Quarters with any false alert (%)", "percent"),
        "alert_within_4": ("Team in alert within four quarters (%)", "percent"),
        "alert_within_8": ("Within eight (%)", "percent"),
        "flag_within_8": ("Alert or watch within eight (%)", "percent"),
        "mean_quarters": ("Quarters to the alert, mean", "ratio"),
    },
    "by method": {
        "method": ("Method", "text"),
        "estimate": ("Estimate", "ratio"),
        "p_value": ("p", "p"),
        "reference": ("Reference", "ratio"),
        "passed": ("Passed", "yes/no"),
    },
    "planted": {
        "what": ("Measure", "name"),
        "planted": ("Planted", "ratio"),
        "found": ("Found, 95% interval", "ratio interval"),
        "passed": ("Passed", "yes/no"),
    },
}
