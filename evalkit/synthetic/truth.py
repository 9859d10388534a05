"""What is planted in the demonstration extract, fixed before a single row is drawn.

Only this wing and its tests may import these constants: whatever a report says about the demonstration extract, it
has found out from the rows. Effects are on the log-odds or hazard scale; days are counted from supervision start.
"""

from __future__ import annotations

import datetime

SCORE_SHIFT = -0.325
"""Log-odds added to the score of everyone: the untreated are reconvicted at about 0.85 of the rate OGRS3 predicts."""

UNTREATED_RATIO = 0.85
"""Actual over predicted without the service that results from SCORE_SHIFT, to within 0.01: 0.84 if nobody took it up,
0.86 among those who did not (TAKE_UP_IF_RECONVICTED leaves them the reconvicted)."""

TEAM_SPREAD = 0.05
"""Standard deviation, in log-odds, of the differences between teams, the planted ones among them."""

PLANTED_FROM = datetime.date(2019, 7, 1)
"""First index day of the people whom the planted teams and the planted cohort concern; before it they are as others."""

PLANTED_TEAMS = {"Hall Green": 0.69, "Nottingham West": -0.69}
"""One team that became worse and one that became better: log-odds added to the untreated risk of their people."""

PLANTED_COHORT = {"Drug possession/supply": 0.45}
"""OGRS3 offence group whose needs ceased to be met: log-odds added to the untreated risk of its people."""

HAZARD_SHAPE = 0.8
"""The cumulative hazard grows as (days / 365) to this power: the risk falls from the first day on."""

PARTICIPANT_LOG_ODDS = -0.15
"""Effect of taking up the service on the odds of reconviction within the 365 days after take-up."""

JOB_LOG_ODDS = 0.0
"""Effect of a job: none at all; the model of reconviction has no term for work."""

LAG_DAYS = (1, 182)
"""Shortest and longest time from supervision start to take-up; a symmetrical hump with a mean of about 90 days."""

LAG_HUMP = 1.6
"""Both shapes of the beta distribution of the lag within LAG_DAYS."""

TAKE_UP = {
    "intercept": -1.025,
    "logit_predicted": -0.05,
    "decade_of_age": -0.06,
    "female": -0.25,
    "custody": 0.10,
    "suspended sentence order": -0.05,
}
"""Log-odds of wanting the service: a mild selection on what is known at the index date, never on the outcome."""

TAKE_UP_AREA_SPREAD = 0.25
"""Range, in log-odds, over which the areas differ in take-up, in equal steps in alphabetical order."""

TAKE_UP_IF_RECONVICTED = 0.84
"""Immortal time of take-up: chance of a wanted take-up if reconvicted by that day, relative to the others."""

JOB_LAG_DAYS = 80
"""Mean time from take-up to the first job (gamma distribution)."""

JOB_LAG_SHAPE = 1.6
"""Shape of the gamma distribution of the time to the first job."""

FOUND_WORK = {"intercept": -1.38, "logit_predicted": -0.285, "decade_of_age": -0.02, "female": -0.10}
"""Log-odds of finding work after take-up: better odds for people of lower predicted risk."""

FOUND_WORK_IF_RECONVICTED = 0.71
"""Immortal time of work: chance of the job if reconvicted by its first day, relative to the others."""

SUSTAINED = {"intercept": 0.33, "logit_predicted": -0.19, "decade_of_age": 0.05, "female": 0.0}
"""Log-odds of keeping the work for 13 weeks."""

SUSTAINED_IF_RECONVICTED = 0.90
"""Immortal time of 13 weeks: chance of keeping the work if reconvicted by then, relative to the others."""

UNSCORED_SHARE = 0.022
"""Share of people whose score lacks an input or whose offence has no weighting, at random, outside the team below."""

UNSCORED_IN_TEAM = {"Stoke South": 0.18}
"""The same in the team with the data-quality fault, over the whole period; its people are as others."""

LONG_CUSTODY_DAYS = 183
"""Days from reception to release from which a sentence counts as one of 12 months or more."""

IN_REACH_IF_LONG = (0.80, 0.48)
"""Chance of being seen in prison before release: with such a sentence, and with a shorter one."""

PROMPT_IF_LONG = (0.70, 0.45)
"""Chance of a first appointment within one business day, likewise. Contact before release changes it by nothing: that
people who had it keep the appointment more often is selection on the length of the sentence alone."""

UNKNOWN_HOUSING = 0.04
"""Chance that accommodation is not known, on the first night and three months later."""

UNKNOWN_HOUSING_IN_PRISON = {"Ranby": 0.24}
"""The same on the first night for releases from the prison with careless records; its people are as others."""

HOUSING_KEPT = 0.60
"""Chance of being in the first night's accommodation three months later; otherwise it is drawn afresh."""

COMPLETED = {"new": 0.70, "old": 0.56}
"""Share of the people who started the domestic abuse programme who completed it: the new one, and the one before it."""

TRUE_CHANGE = {"accountability": 4.0, "managing conflict": 0.0}
"""Points by which a programme moves the true score of its people, on both scales of the questionnaire."""

SCORE_RELIABILITY = 0.75
"""Share of the variance of a start score that is true; people are sent with a start score of at most the mean, so both
scales rise by regression to the mean alone."""

WELLBEING_OUTCOMES = {"social inclusion": {"achieved": 30, "partly": 30, "not": 40}}
"""How far needs of that pathway are met, in per cent of those known."""

WELLBEING_OUTCOMES_ELSEWHERE = {"achieved": 50, "partly": 30, "not": 20}
"""The same of every other pathway of personal wellbeing."""

WELLBEING_CHANGE = {"social inclusion": 0.0}
"""Points by which the score of that pathway changes; of every other pathway by the following."""

WELLBEING_CHANGE_ELSEWHERE = 1.0

MOVED_ON = 0.62
"""Share of stays in supported housing that end with a move to other housing, settled or not."""

SETTLED_AFTER_STAY = 0.58
"""Share settled three months after a stay, of those known."""

UNKNOWN_AFTER_STAY = 0.16
"""Share of stays after which nobody knows, three months later, where the person lives."""

THEMES_AGREED = 0.80
"""Chance that the second coder of an excerpt chose its theme as the first did, and not by chance."""

WITH_IDENTIFIER = 12
"""Excerpts of the interviews that name somebody or hold a number, an address or a date of birth."""
