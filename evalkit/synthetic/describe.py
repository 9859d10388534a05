"""What is planted in the demonstration extract, in words: a section of the data dictionary."""

from __future__ import annotations

from math import exp

from evalkit.cohort import frame_dictionary
from evalkit.intake import data_dictionary
from evalkit.synthetic import quotas, truth

SECTION = """\
## The demonstration extract

`python -m evalkit demo FOLDER` writes an extract about {people:,} people who never lived. Every identifier begins with
`SYN-`, and every report made from it says that it is synthetic. The same seed gives the same bytes.

### What is planted

Held as constants that only the generator and its tests can see:

| planted | value |
|---|---|
| the score without the service | OGRS3 over-predicts: actual over predicted is about {ratio} (log-odds {shift}) |
| differences between teams | standard deviation {team} in log-odds, the planted teams' among them |
| planted units, below | people whose supervision started on or after {since} |
| a team that became worse | {worse}: odds of reconviction {worse_odds:.2f} times those without it |
| a team that became better | {better}: odds of reconviction {better_odds:.2f} times those without it |
| a cohort whose needs ceased to be met | offence group {cohort}: odds of reconviction {cohort_odds:.2f} times |
| time to reconviction | hazard falls: cumulative hazard grows as (days / 365) to the power {shape} |
| time from supervision start to take-up | {first} to {last} days, about 90 on average |
| effect of taking up the service | log-odds {effect} of reconviction within 365 days after take-up |
| effect of a job | none ({job:.0f}) |
| who takes up, finds work, keeps it | mild selection on risk, age, sex, sentence, area: known at the start |
| immortal time of take-up | people reconvicted before the day are {kappa} times as likely to take up as the others |
| immortal time of work | the same at the first day of work: {kappa_job} times |
| immortal time of 13 weeks | the same at the end of the 13 weeks: {kappa_kept} times |
| a team with a data-quality fault | {faulty}: {faulty_unscored:.0%} unscored, throughout; its people are as others |
| unscored elsewhere | {unscored:.1%} lack an input of OGRS3 or have an offence it does not weight, at random |
| who is seen in prison before release | {reach_long:.0%} with 12 months or more, {reach_short:.0%} with less |
| first appointment within a business day | {prompt_long:.0%} and {prompt_short:.0%}; whether seen before: no effect |
| accommodation at three months | that of the first night with {kept:.0%}, otherwise drawn afresh |
| a prison with careless records | {unrecorded}: first night unknown in {unrecorded_share:.0%}, others {unknown:.0%} |
| domestic abuse programme completed | {completed_new:.0%} of the new programme, {completed_old:.0%} of the one before |
| its questionnaire, true change | {moved:+.0f} points on {moving}, none on {still} |
| what its second scale shows | a rise, all by regression to the mean: people start low; reliability {reliable} |
| needs met in personal wellbeing | achieved {met:.0%}; in {weak} {met_weak:.0%}, and its score does not change |
| supported housing | {moved_on:.0%} of stays end with a move on; {settled:.0%} of those known settled 3 months on |
| agreement of the coders of interviews | kappa {agreed} |
| interviews that name somebody | {naming} excerpts; no report may quote them |

The effects and the falling hazard were fixed before generation. The score's over-prediction was fixed at about {ratio},
and its log-odds, the selection and the immortal-time values were tuned once, so that what the model leads one to expect
lies near the published figures. The planted units were chosen among the larger ones, and their odds made large enough
for monitoring to find each of them, at the default size, with at least 18 of the seeds 1 to 20.

So a comparison that follows people from supervision start, by what they did later, must show too large a difference
for participants and a difference that is not there for people in work; a comparison from the day of take-up, with
people still at risk, must come close to {effect}, and a landmark comparison of people in work close to none.

Monitoring must raise an alert in the right direction for each planted team and for the planted cohort once people who
started after that day have been followed for a year, and none before; and it must hold the team with the fault instead
of judging it. Now and then another unit is an alert by chance, as in life: nothing is planted there.

### What it reconstructs

At the default size the rows add up to the published evaluation of 2021: {took_up:,} people took up the service,
{found:,} found work, {sustained:,} kept it 13 weeks; {analysed:,} are analysed, with predicted and actual rates that
print as published; so do the {courses:,} courses and the {jobs:,} first jobs of the five-year register, the advisors,
the peer mentors, and the people of an employability event and a skills programme. The people are chosen, from a surplus
drawn from the model above, so that this comes out. What was not published (further subjects and sectors, protected
characteristics, teams, prisons, releases, needs, progress, and everyone who did not take part) is
plausible and no more. At other sizes everything is in proportion.

### What it is not

It is no evidence about the service, about any real person, team or prison, or about OGRS3: it can only show whether a
method finds what was planted. Its names of places are real so that tables look like tables; nothing else about them
is: which team became worse, better or careless with its records was decided by size alone, the prison by lot. Deaths,
deportations, transfers between areas and the pandemic's delays in the courts are not modelled.
"""


def describe_truth() -> str:
    """Markdown section on the demonstration extract: planted truths, what it reconstructs, what it is not."""
    first, last = truth.LAG_DAYS
    return SECTION.format(
        people=quotas.people_in_all(),
        ratio=truth.UNTREATED_RATIO,
        shift=truth.SCORE_SHIFT,
        team=truth.TEAM_SPREAD,
        shape=truth.HAZARD_SHAPE,
        first=first,
        last=last,
        effect=truth.PARTICIPANT_LOG_ODDS,
        job=truth.JOB_LOG_ODDS,
        kappa=truth.TAKE_UP_IF_RECONVICTED,
        kappa_job=truth.FOUND_WORK_IF_RECONVICTED,
        kappa_kept=truth.SUSTAINED_IF_RECONVICTED,
        unscored=truth.UNSCORED_SHARE,
        took_up=quotas.participants(),
        found=quotas.participants("found work", "sustained"),
        sustained=quotas.participants("sustained"),
        analysed=sum(quotas.ANALYSED.values()),
        courses=sum(quotas.COURSES.values()),
        jobs=sum(quotas.SECTORS.values()),
        **_planted_units(),
        **_planted_releases(),
        **_planted_interventions(),
    )


def _planted_units() -> dict[str, object]:
    (worse, worse_effect), (better, better_effect) = truth.PLANTED_TEAMS.items()
    ((cohort, cohort_effect),) = truth.PLANTED_COHORT.items()
    ((faulty, faulty_unscored),) = truth.UNSCORED_IN_TEAM.items()
    return {
        "since": truth.PLANTED_FROM,
        "worse": worse,
        "worse_odds": exp(worse_effect),
        "better": better,
        "better_odds": exp(better_effect),
        "cohort": cohort,
        "cohort_odds": exp(cohort_effect),
        "faulty": faulty,
        "faulty_unscored": faulty_unscored,
    }


def _planted_releases() -> dict[str, object]:
    ((prison, unknown_there),) = truth.UNKNOWN_HOUSING_IN_PRISON.items()
    return {
        "reach_long": truth.IN_REACH_IF_LONG[0],
        "reach_short": truth.IN_REACH_IF_LONG[1],
        "prompt_long": truth.PROMPT_IF_LONG[0],
        "prompt_short": truth.PROMPT_IF_LONG[1],
        "kept": truth.HOUSING_KEPT,
        "unknown": truth.UNKNOWN_HOUSING,
        "unrecorded": prison,
        "unrecorded_share": unknown_there,
    }


def _planted_interventions() -> dict[str, object]:
    (moving, moved), (still, _) = truth.TRUE_CHANGE.items()
    ((weak, weak_outcomes),) = truth.WELLBEING_OUTCOMES.items()
    return {
        "completed_new": truth.COMPLETED["new"],
        "completed_old": truth.COMPLETED["old"],
        "moving": moving,
        "moved": moved,
        "still": still,
        "reliable": truth.SCORE_RELIABILITY,
        "met": truth.WELLBEING_OUTCOMES_ELSEWHERE["achieved"] / 100,
        "weak": weak,
        "met_weak": weak_outcomes["achieved"] / 100,
        "moved_on": truth.MOVED_ON,
        "settled": truth.SETTLED_AFTER_STAY,
        "agreed": truth.THEMES_AGREED,
        "naming": truth.WITH_IDENTIFIER,
    }


def data_readme() -> str:
    """data/README.md: the data dictionary, and what the demonstration extract is."""
    head = "# Data dictionary\n\nGenerated from the declarations in the code by `make dictionary`."
    return "\n\n".join(part.strip() for part in (head, data_dictionary(), frame_dictionary(), describe_truth())) + "\n"
