"""The columns of the tables of an employment, training and education report beyond those that recur elsewhere."""

from __future__ import annotations

Layout = dict[str, tuple[str, str]]

ETE_LAYOUTS: dict[str, Layout] = {
    "reach": {
        "value": ("Of people referred", "text"),
        "kind": ("By", "text"),
        "referred": ("Referred", "count"),
        "took_up": ("Took up", "count"),
        "share": ("Took up (%), 95% interval", "percent interval"),
    },
    "months": {
        "month": ("Month", "text"),
        "referred": ("Referred", "count"),
        "took_up": ("Took up", "count"),
    },
    "equality": {
        "label": ("Characteristic", "text"),
        "caseload": ("Caseload", "count"),
        "caseload_share": ("Of the caseload (%)", "percent"),
        "participants": ("Took up", "count"),
        "participant_share": ("Of them (%)", "percent"),
        "share": ("Share who took up (%), 95% interval", "percent interval"),
    },
    "completion": {
        "year": ("Started in", "text"),
        "started": ("Started", "count"),
        "completed": ("Completed", "count"),
        "share": ("Completed (%), 95% interval", "percent interval"),
    },
    "kept by sector": {
        "sector": ("Sector of the first job", "text"),
        "found_work": ("Found work", "count"),
        "kept": ("Kept it 13 weeks", "count"),
        "share": ("Kept (%), 95% interval", "percent interval"),
    },
    "kept by way in": {
        "through": ("Way in", "text"),
        "found_work": ("Found work", "count"),
        "kept": ("Kept it 13 weeks", "count"),
        "share": ("Kept (%), 95% interval", "percent interval"),
    },
    "confirmed": {
        "derived": ("By the dates of the jobs", "text"),
        "confirmed": ("By confirmation", "text"),
        "people": ("People", "count"),
    },
    "progression": {
        "label": ("Stage", "text"),
        "people": ("People", "count"),
        "share": ("Of the stage before (%), 95% interval", "percent interval"),
    },
    "time to job": {
        "group": ("Group", "text"),
        "time": ("Day", "count"),
        "reconvicted": ("In work by then (%), 95% interval", "percent interval"),
        "at_risk": ("Not yet in work (rounded to 5)", "count"),
    },
    "in-reach": {
        "label": ("Comparison", "text"),
        "seen": ("Seen in prison", "count"),
        "seen_share": ("Engaged (%)", "percent"),
        "not_seen": ("Not seen", "count"),
        "not_seen_share": ("Comparable (%)", "percent"),
        "estimate": ("Difference (pp), 95% interval", "points interval"),
    },
    "subgroups": {
        "name": ("Subgroup", "text"),
        "kind": ("By", "text"),
        "people": ("People", "count"),
        "reconvicted": ("Reconvicted", "count"),
        "others": ("Comparison people", "count"),
        "estimate": ("Difference (pp), 95% interval", "points interval"),
        "p_value": ("p", "p"),
        "q_value": ("q", "p"),
    },
}
"""Layout name -> column -> (heading, kind)."""
