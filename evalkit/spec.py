"""One evaluation, declared: a frozen dataclass read from a .toml file; unknown and missing names are refused."""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import tomllib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from evalkit.dates import FOLLOWUP_DAYS
from evalkit.errors import SpecError

Period = tuple[datetime.date, datetime.date]
Outcome = Literal["reconviction", "proven_reoffence"]


@dataclass(frozen=True)
class CohortRules:
    """Whom the evaluation follows, from when, and what counts as the outcome."""

    period: Period
    """First and last index date that qualify, both included."""
    index: Literal["supervision_start"] = "supervision_start"
    sentence_types: tuple[str, ...] = ("community order", "suspended sentence order", "custody")
    """Sentence types that start a supervision."""
    minimum_age: int = 18
    followup_days: int = FOLLOWUP_DAYS
    outcome: Outcome | None = None
    """The primary outcome, named before the data are seen; not given: the one that the extract declares."""
    counted_sentence_types: tuple[str, ...] = (
        "community order",
        "suspended sentence order",
        "custody",
        "fine",
        "discharge",
        "other",
    )
    """Sentence types that count as the outcome; breach of an order and resentencing do not."""
    not_counted_offence_codes: tuple[str, ...] = ()
    """Offence codes whose sentences never count (non-recordable offences)."""


@dataclass(frozen=True)
class Predictor:
    """Where the predicted probability of reconviction comes from."""

    source: Literal["ogrs3", "supplied", "reference model"] = "ogrs3"
    coefficients: Literal["published", "moj_api"] = "published"
    cap_previous_sanctions: int | None = None
    covariates: tuple[str, ...] = ()
    """Covariates of the reference model, all known at the index date."""
    reference_group: str = ""
    """The group on whose complement (the untreated) a reference model is fitted."""


@dataclass(frozen=True)
class Group:
    """People who reached something, the people they are part of, and how both are called."""

    name: str
    label: str
    complement: str
    within: str = ""
    """The wider group; empty: everyone in the cohort."""
    known_at_index: bool = False
    """True only where membership was settled on or before the index date (an allocation, say)."""


@dataclass(frozen=True)
class Service:
    """The service that is evaluated and the windows its numbers refer to."""

    name: str
    took_up: Period
    register: Period | None = None
    """The window of the course and job registers; not given: `took_up`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "register", self.register or self.took_up)


@dataclass(frozen=True)
class Count:
    """A count of the service, declared: what is distinct in the rows of one table that meet every condition."""

    name: str
    label: str
    table: str
    unit: str
    distinct: str
    """Column whose distinct values are counted: people, advisers, volunteers."""
    where: dict[str, str] = field(default_factory=dict)
    """Column -> the value it must have."""
    of_referral: dict[str, str] = field(default_factory=dict)
    """The same for the referral that a row belongs to."""
    dated: str = ""
    """Date column that must be filled and, if a period is given, lie in it."""
    period: Period | None = None


@dataclass(frozen=True)
class Matching:
    """The matched comparison of one group with people who could have been in it."""

    group: str
    covariates: tuple[str, ...] = ()
    """What people are made alike in; not given: everything that an extract of tables says about them then."""
    caliper: float = 0.2
    """Largest distance, in standard deviations of the logit of the propensity."""
    ratio: int = 1
    """Comparison people for each person of the group."""
    replace: bool = False
    exact: tuple[str, ...] = ()
    """Further covariates that must be equal; the month since the index date always is, where there are months."""
    order: Literal["largest", "smallest", "data"] = "largest"
    missing: Literal["drop", "indicator"] = "indicator"
    who: str = "people in the group"
    """The people of the group, as sentences call them."""
    service: str = "the programme"
    programme: Path | None = None
    """A text file with the programme in its organisation's own words; relative to the specification."""


@dataclass(frozen=True)
class Monitoring:
    """The look at units (widest first) and cohorts; no quarter_end: the last quarter whose outcomes are all known."""

    units: tuple[str, ...] = ("area", "team")
    quarter_end: datetime.date | None = None
    quarters: int = 12
    cohorts: tuple[str, ...] = ("sex", "age_band", "ethnicity", "offence_group", "sentence_type", "risk_band")
    crossings: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Published:
    """Figures printed elsewhere, to be put beside the recomputed ones."""

    file: str
    title: str
    recomputed: dict[str, str] = field(default_factory=dict)
    """Id of a published figure -> where it is recomputed, as 'table/row/column' ('-table/...' turns the sign)."""
    products: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Id of a published count -> ids of the published rate or difference (in per cent) and the people it came from."""


@dataclass(frozen=True)
class Spec:
    """Everything that changes from one evaluation to another."""

    path: Path
    name: str
    """File stem of the report."""
    title: str
    notebook: Path
    series: str = ""
    lede: str = ""
    data: Path | None = None
    """Where the extract lies if the user names no other place."""
    tables: tuple[str, ...] | None = None
    """The tables of the extract that the evaluation uses; not given: all there are."""
    design: str = "actual against predicted"
    strength: int = 2
    """Maryland scale: actual against predicted 2, matched 3, randomised 5; 0 where it does not apply."""
    outcome_word: str = "reconvicted"
    """What happened to people who had the outcome, as sentences say it."""
    most_rejected: float = 0.02
    """Share of rejected rows of a table above which no report is made."""
    threshold: int = 10
    """Counts from 1 to one below this are not shown."""
    cohort: CohortRules | None = None
    predictor: Predictor = Predictor()
    service: Service | None = None
    groups: tuple[Group, ...] = ()
    counts: tuple[Count, ...] = ()
    published: Published | None = None
    matching: Matching | None = None
    monitoring: Monitoring | None = None
    intervention: dict[str, object] = field(default_factory=dict)
    """The section that `cohort.programmes` reads: the programme, its measures, scores, pathways, benchmarks."""
    narrative: dict[str, str] = field(default_factory=dict)
    """Chapter -> Markdown file with its text; relative to the specification."""
    breaks: dict[str, str] = field(default_factory=dict)
    """First month after a break in the series ('2020-04') -> what broke it."""
    evaluations: tuple[str, ...] = ()
    """File names of the specifications, beside this one, that a report across a series sums up, in order."""

    @property
    def horizon(self) -> str:
        """How long people are followed, as sentences say it: 'a year'."""
        days = self.cohort.followup_days if self.cohort else FOLLOWUP_DAYS
        return {FOLLOWUP_DAYS: "a year", 2 * FOLLOWUP_DAYS: "two years"}.get(days, f"{days} days")

    def group(self, name: str) -> Group:
        """The declared group of that name. Raises SpecError where there is none."""
        for group in self.groups:
            if group.name == name:
                return group
        raise SpecError(f"{self.path.name}: no group is called '{name}'{_nearest(name, [g.name for g in self.groups])}")


def read_spec(path: str | Path) -> Spec:
    """Read and check the declaration of one evaluation.

    path : a .toml file; relative paths in it are taken from its folder

    Raises SpecError where the file is missing or is not TOML, where a name is unknown or missing, or where a value
    is of the wrong kind.
    """
    path = Path(path).resolve()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecError(f"no specification at {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path.name} is not valid TOML: {error}") from None
    for name in ("notebook", "data"):
        if isinstance(values.get(name), str):
            values[name] = (path.parent / values[name]).resolve()
    values.setdefault("name", path.stem)
    if isinstance(programme := values.get("matching", {}).get("programme"), str):
        values["matching"]["programme"] = (path.parent / programme).resolve()
    spec = build_section(Spec, {**values, "path": path}, path.name)
    _check_groups(spec)
    return spec


def _check_groups(spec: Spec) -> None:
    earlier, where = {""}, spec.path.name
    for group in spec.groups:
        if group.name in earlier:
            raise SpecError(f"{where}: group '{group.name}' is declared twice")
        if group.within not in earlier:
            raise SpecError(f"{where}: group '{group.name}' is within '{group.within}', not declared before it")
        earlier.add(group.name)
    if spec.matching:
        spec.group(spec.matching.group)
    if spec.predictor.source == "reference model":
        spec.group(spec.predictor.reference_group)


def build_section(cls: type, values: dict[str, Any], where: str) -> Any:
    """A section as the frozen dataclass that declares it. Raises SpecError for unknown, missing and wrong values."""
    hints = typing.get_type_hints(cls)
    fields = {item.name: item for item in dataclasses.fields(cls)}
    for name in values:
        if name not in fields:
            raise SpecError(f"{where}: unknown name '{name}'{_nearest(name, fields)}")
    for name, item in fields.items():
        no_default = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        if no_default and name not in values:
            raise SpecError(f"{where}: '{name}' is missing")
    return cls(**{name: _convert(value, hints[name], f"{where}, {name}") for name, value in values.items()})


def _convert(value: Any, hint: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _convert(value, next(kind for kind in arguments if kind is not type(None)), where)
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return build_section(typing.cast(type, hint), value, where)
    if origin is Literal:
        if value not in arguments:
            raise SpecError(f"{where}: {value!r} is not one of {', '.join(map(repr, arguments))}")
        return value
    if origin is tuple and isinstance(value, list):
        return _convert_list(value, arguments, where)
    if origin is dict and isinstance(value, dict):
        return {name: _convert(item, arguments[1], f"{where}, {name}") for name, item in value.items()}
    plain = origin or hint
    if not isinstance(value, plain) or (type(value), plain) in _LOOKALIKES:
        raise SpecError(f"{where}: {value!r} is not {_KINDS.get(plain, plain.__name__)}")
    return value


def _convert_list(value: list[Any], arguments: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    if arguments[-1] is Ellipsis:
        return tuple(_convert(item, arguments[0], f"{where}, item {i + 1}") for i, item in enumerate(value))
    if len(value) != len(arguments):
        raise SpecError(f"{where}: {len(arguments)} values are needed (first and last day), {len(value)} are given")
    first, last = (_convert(item, datetime.date, where) for item in value)
    if first > last:
        raise SpecError(f"{where}: the first day {first} is after the last day {last}")
    return first, last


_KINDS = {str: "a text", int: "a whole number", bool: "true or false", tuple: "a list", dict: "a table"}
_KINDS |= {float: "a number", datetime.date: "a date", Path: "a path"}
_LOOKALIKES = {(bool, int), (datetime.datetime, datetime.date)}


def _nearest(name: str, known: typing.Collection[str]) -> str:
    if close := difflib.get_close_matches(name, known, n=1):
        return f"; did you mean '{close[0]}'?"
    return f" (known: {', '.join(known)})" if known else ""
