"""How many people and rows of each kind the demonstration extract holds: the published figures as quotas.

The figures are those printed in the 2021 evaluation. People are chosen so that the rows add up to them; nothing here
reaches the analysis. Where the evaluation printed a share, the count that prints as that share is used.
"""

from __future__ import annotations

ANALYSED = {
    ("took up", True): 2843,
    ("took up", False): 6926,
    ("found work", True): 248,
    ("found work", False): 799,
    ("sustained", True): 303,
    ("sustained", False): 1406,
}
"""Participants analysed by furthest stage and reconviction within a year: 12,525, of whom 3,394 were reconvicted."""

IMMATURE = {"took up": 502, "found work": 8, "sustained": 16}
"""Participants whose year of follow-up was not over (526): few had the time to find work."""

UNSCORED = {"took up": 275, "found work": 30, "sustained": 54}
"""Participants without a valid OGRS3 score (359)."""

WITHOUT_INDEX = {"took up": 114, "found work": 130, "sustained": 269}
"""Participants without a supervision that started in the period (513); the rest of those who found work are here."""

EARLIER = {"took up": 5444, "found work": 640, "sustained": 1016}
"""People who took the service up in the two years before the three-year database; 1,656 of them found work."""

NON_PARTICIPANTS = 46_400
"""People with a supervision that started in the period who did not take up the service."""

UNDER_18 = 577
FINES_ONLY = 2_000

EXPECTED = {"took up": 4459.0 - 837.8, "found work": 837.8 - 488.9, "sustained": 488.9}
"""Sum of the predicted probabilities of those analysed: 35.6 % of all, 30.4 % of found work, 28.6 % of sustained."""

COURSES = {
    "CSCS": 1039,
    "Vocational training": 969,
    "National Vocational Qualifications": 443,
    "Fork Lift Truck qualification": 402,
    "Health and Safety": 279,
    "Personal Track Safety": 277,
    "First aid": 271,
    "Food hygiene": 268,
    "Functional English": 262,
    "Functional Maths": 255,
    "Digital skills": 241,
    "Employability award": 233,
    "Manual handling": 214,
    "Security Industry Authority licence": 196,
    "Traffic marshal": 168,
    "Customer service": 147,
    "Large goods vehicle theory": 131,
    "Asbestos awareness": 117,
    "Plant operation": 94,
    "Barbering": 76,
    "Self-employment": 68,
}
"""Completed courses by subject; those below Personal Track Safety are not published and plausible only."""

SECTORS = {
    "Warehousing": 1253,
    "Construction": 1013,
    "Retail": 298,
    "Production": 290,
    "Driving": 266,
    "Hospitality": 181,
    "Manufacturing": 178,
    "Cleaning": 175,
    "Catering": 172,
    "Recycling": 158,
    "Landscaping": 146,
    "Engineering": 137,
    "Care": 124,
    "Customer service": 116,
    "Vehicle repair": 104,
    "Security": 92,
    "Administration": 81,
    "Rail": 74,
    "Self-employed trades": 61,
}
"""People who found work by the sector of their first job; those below Cleaning are not published."""

MENTORS_TRAINED, MENTORS_EMPLOYED = 150, 92
ADVISORS = 29


def participants(*stages: str) -> int:
    """People who took up the service in the three years, or those of them whose furthest stage is one of `stages`."""
    by_stage = [(stage, count) for (stage, _), count in ANALYSED.items()]
    by_stage += [pair for group in (IMMATURE, UNSCORED, WITHOUT_INDEX) for pair in group.items()]
    return sum(count for stage, count in by_stage if not stages or stage in stages)


def people_in_all() -> int:
    """People in the extract at the size at which the published figures come out exactly (70,000)."""
    return participants() + sum(EARLIER.values()) + NON_PARTICIPANTS + UNDER_18 + FINES_ONLY
