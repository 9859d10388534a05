"""One line of a summary across reports: a headline, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass

NOT_APPLICABLE = "not applicable"
NO_PREDICTION = "no prediction is the yardstick"


@dataclass(frozen=True)
class Headline:
    """The figure that a report leads with, and what it rests on. Shares and differences are -1 to 1.

    name           : distinct: the evaluation, and the group where there are several lines of it
    evaluation, title, report : name, title and file of its own report
    same_people    : the same in evaluations that follow the same people by different designs; may be empty
    within         : name of the line whose people hold those of this one; empty: none
    who, against   : whom it is about, and what they are compared with (empty: nothing)
    outcome, outcome_label, unit : id, name and unit of the declared measure
    design, strength : as the specification declares them
    people, met    : people in the rate, and those of them with the outcome
    scope          : all of whom the outcome might be known, where the rate is of those known; else missing
    others, others_met : the same of the other side where its rate is a plain one; else 0; others_scope as scope
    rate, rate_low, rate_high : share with the outcome; its limits only where nothing is compared
    comparison     : the other side's share: people's, a prediction, a benchmark; missing where there is none
    difference, low, high : rate less comparison with its 95 % interval; p_value where the report has one; method
    verdict, verdict_reason : of the check of the prediction: passed, failed, undetermined or not applicable
    basis          : which comparison is therefore the headline
    caution        : why the line is no finding; empty where it is one
    not_analysed, left_out_of : people who are not in the rate, and of whom
    """

    name: str
    evaluation: str
    title: str
    report: str
    who: str
    outcome: str
    outcome_label: str
    unit: str
    design: str
    strength: int
    people: int
    met: int
    rate: float
    method: str
    basis: str
    not_analysed: int
    left_out_of: str
    against: str = ""
    same_people: str = ""
    within: str = ""
    scope: float = float("nan")
    others: int = 0
    others_met: int = 0
    others_scope: float = float("nan")
    rate_low: float = float("nan")
    rate_high: float = float("nan")
    comparison: float = float("nan")
    difference: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    p_value: float = float("nan")
    verdict: str = NOT_APPLICABLE
    verdict_reason: str = NO_PREDICTION
    caution: str = ""
