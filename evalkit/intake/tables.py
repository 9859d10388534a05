"""The input tables of an extract, declared once: the checks and the data dictionary both read these declarations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from evalkit.intake.declare import Column, Reference, Table

SENTENCE_TYPES = (
    "community order",
    "suspended sentence order",
    "custody",
    "fine",
    "discharge",
    "breach of order",
    "resentencing",
    "other",
)
SETTINGS = ("community office", "prison in-reach", "approved premises", "unpaid work")
STAGES = (
    "finding your feet",
    "taking steps",
    "setting actions",
    "ready and searching",
    "ready for interview",
    "adapting to work",
)
HOUSING = (
    "settled",
    "other housed",
    "bail or probation",
    "homeless not rough sleeping",
    "rough sleeping",
    "unknown",
)

_PERSON = Column("person_id", "code", "the person, as in people", required=True)
_OF_PERSON = Reference("person_id", "people")
_REFERRAL = Column("referral_id", "code", "the referral it belongs to, as in referrals")
_OF_REFERRAL = Reference("referral_id", "referrals")
AREA = Column("area", "code", "probation area")
TEAM = Column("team", "code", "probation team")

_PEOPLE = Table(
    "people",
    "person",
    required=True,
    key="person_id",
    columns=(
        Column("person_id", "code", "identifier of the person, the same in every table", required=True),
        Column("date_of_birth", "date", "date of birth", required=True),
        Column("sex", "code", "sex, as recorded for sentencing", required=True, allowed=("male", "female")),
        Column("ethnicity", "code", "ethnic group, in the source's own words"),
        Column("disability", "code", "disability, in the source's own words"),
        Column("religion", "code", "religion or belief, in the source's own words"),
        Column("sexual_orientation", "code", "sexual orientation, in the source's own words"),
        Column("nationality", "code", "nationality, in the source's own words"),
    ),
)

_SENTENCES = Table(
    "sentences",
    "sentence",
    required=True,
    key="sentence_id",
    references=(_OF_PERSON,),
    ordered_dates=(("offence_date", "sentence_date"),),
    columns=(
        Column("sentence_id", "code", "identifier of the sentence", required=True),
        _PERSON,
        Column("sentence_date", "date", "date of conviction and sentence", required=True),
        Column("sentence_type", "code", "kind of sentence", required=True, allowed=SENTENCE_TYPES),
        Column(
            "offence_code",
            "code",
            "Home Office offence code: category and subcode, with leading zeros (00801)",
            required=True,
            pattern="[0-9]{5}",
            pattern_meaning="five digits (a spreadsheet may have dropped leading zeros)",
        ),
        Column("offence_date", "date", "date of the offence"),
        Column("supervision_start", "date", "start of the community sentence, or release from custody"),
        AREA,
        TEAM,
        Column("prison", "code", "prison of release"),
        Column("total_sanctions", "whole", "sanctions to date, this one included", unit="sanctions", low=1, high=999),
        Column("age_at_first_sanction", "whole", "age at first sanction", unit="completed years", low=10, high=109),
        Column("total_violent_sanctions", "whole", "violent sanctions to date", unit="sanctions", low=0, high=999),
        Column("ogrs3_one_year", "probability", "one-year OGRS3 score supplied by the source", unit="share, 0 to 1"),
    ),
)

_REFERRALS = Table(
    "referrals",
    "referral to a service",
    key="referral_id",
    references=(_OF_PERSON,),
    ordered_dates=(("referral_date", "start_date", "end_date"),),
    columns=(
        Column("referral_id", "code", "identifier of the referral", required=True),
        _PERSON,
        Column("service", "code", "service: ETE, through the gate, accommodation, ...", required=True),
        Column("pathway", "code", "pathway within the service"),
        Column("referral_date", "date", "date of referral", required=True),
        Column("start_date", "date", "date on which the person took up the service"),
        Column("end_date", "date", "date on which the service ended"),
        Column("end_reason", "code", "why it ended, in the source's own words"),
        Column("setting", "code", "where the service was given", allowed=SETTINGS),
        AREA,
        TEAM,
        Column("advisor_id", "code", "identifier of the advisor"),
        Column("partner", "code", "organisation that gave the service"),
        Column("complexity", "code", "complexity of need, in the source's own words"),
    ),
)

_COURSES = Table(
    "courses",
    "course taken",
    references=(_OF_PERSON, _OF_REFERRAL),
    ordered_dates=(("start_date", "completion_date"),),
    columns=(
        _PERSON,
        _REFERRAL,
        Column("subject", "code", "subject of the course", required=True),
        Column("qualification", "code", "qualification aimed at"),
        Column("provider", "code", "organisation that gave the course"),
        Column("start_date", "date", "first day"),
        Column("completion_date", "date", "date of completion; empty if not completed"),
    ),
)

_JOBS = Table(
    "jobs",
    "job",
    references=(_OF_PERSON, _OF_REFERRAL),
    ordered_dates=(("start_date", "end_date"),),
    columns=(
        _PERSON,
        _REFERRAL,
        Column("sector", "code", "sector of the employer", required=True),
        Column("start_date", "date", "first day at work", required=True),
        Column("end_date", "date", "last day at work; empty if still in work on the extract date"),
        Column("confirmed_13_weeks", "yes/no", "whether 13 weeks in work were confirmed"),
    ),
)

_PROGRESS = Table(
    "progress",
    "stage reached on the way to work",
    references=(_OF_PERSON, _OF_REFERRAL),
    columns=(
        _PERSON,
        _REFERRAL,
        Column("stage", "code", "stage reached", required=True, allowed=STAGES),
        Column("date", "date", "date on which it was reached", required=True),
    ),
)

_RELEASES = Table(
    "releases",
    "release from custody",
    key="release_id",
    references=(_OF_PERSON,),
    ordered_dates=(
        ("reception_date", "screening_date", "plan_date", "plan_reviewed_date"),
        ("reception_date", "release_date", "first_appointment_date"),
        ("release_date", "recall_date"),
    ),
    columns=(
        Column("release_id", "code", "identifier of the release", required=True),
        _PERSON,
        Column("prison", "code", "prison of release"),
        Column("reception_date", "date", "date of reception into custody"),
        Column("screening_date", "date", "date of the resettlement screening"),
        Column("plan_date", "date", "date of the resettlement plan"),
        Column("plan_reviewed_date", "date", "date on which the plan was reviewed before release"),
        Column("release_date", "date", "date of release", required=True),
        Column("complexity", "code", "tier of support", allowed=("standard", "enhanced", "intensive")),
        Column("in_reach", "yes/no", "whether the person was seen in prison by the community service"),
        Column("met_at_gate", "yes/no", "whether the person was met at the gate"),
        Column("first_appointment_date", "date", "date of the first appointment after release"),
        Column("accommodation_first_night", "code", "accommodation on the first night", allowed=HOUSING),
        Column("accommodation_3_months", "code", "accommodation three months after release", allowed=HOUSING),
        Column("employed_6_weeks", "yes/no", "whether in work six weeks after release"),
        Column("employed_6_months", "yes/no", "whether in work six months after release"),
        Column("bank_account", "yes/no", "whether the person had a bank account at release"),
        Column("benefit_claim_date", "date", "date of the benefit claim; may precede release"),
        Column("recall_date", "date", "date of recall to custody"),
    ),
)

_NEEDS = Table(
    "needs",
    "need identified",
    references=(_OF_PERSON, _OF_REFERRAL, Reference("release_id", "releases")),
    ordered_dates=(("identified_date", "addressed_date"),),
    columns=(
        _PERSON,
        _REFERRAL,
        Column("release_id", "code", "the release it belongs to, as in releases"),
        Column("pathway", "code", "pathway of the need", required=True),
        Column("identified_date", "date", "date on which the need was identified"),
        Column("addressed_date", "date", "date on which it was addressed"),
        Column("outcome", "code", "how far it was met", allowed=("achieved", "partly", "not")),
    ),
)

_MEASURES = Table(
    "measures",
    "questionnaire score",
    references=(_OF_PERSON, _OF_REFERRAL),
    columns=(
        _PERSON,
        _REFERRAL,
        Column("instrument", "code", "questionnaire", required=True),
        Column("domain", "code", "domain or scale within it", required=True),
        Column("stage", "code", "when it was filled in", required=True, allowed=("start", "end")),
        Column("date", "date", "date on which it was filled in"),
        Column("score", "number", "score", required=True, unit="points of the instrument"),
    ),
)

_VOLUNTEERS = Table(
    "volunteers",
    "peer mentor",
    key="volunteer_id",
    columns=(
        Column("volunteer_id", "code", "identifier of the volunteer", required=True),
        Column("trained_date", "date", "date on which training was completed"),
        Column("employed_date", "date", "date on which paid work was found"),
        Column("role", "code", "role"),
    ),
)

_INTERVIEWS = Table(
    "interviews",
    "coded interview excerpt",
    columns=(
        Column("interview_id", "code", "identifier of the interview; several excerpts may share it", required=True),
        Column("role", "code", "role of the person interviewed"),
        Column("theme", "code", "theme given to the excerpt", required=True),
        Column("coder", "code", "who coded it"),
        Column("excerpt", "text", "words of the interview"),
    ),
)

TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (
            _PEOPLE,
            _SENTENCES,
            _REFERRALS,
            _COURSES,
            _JOBS,
            _PROGRESS,
            _RELEASES,
            _NEEDS,
            _MEASURES,
            _VOLUNTEERS,
            _INTERVIEWS,
        )
    }
)
"""Every table of an extract, parents before the tables that refer to them."""
