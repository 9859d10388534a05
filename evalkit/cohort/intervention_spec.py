"""The section [intervention] of a specification: the programme, what it is compared with, and what is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from evalkit.errors import SpecError
from evalkit.spec import Period, Spec, build_section


@dataclass(frozen=True)
class Programme:
    """Referrals that belong to a programme, and when people must have started."""

    label: str
    where: dict[str, str]
    """Column of the table referrals -> the value it must have."""
    period: Period


@dataclass(frozen=True)
class Scores:
    """A questionnaire filled in at the start and at the end."""

    instrument: str
    domains: tuple[str, ...]
    better: Literal["higher", "lower"] = "higher"
    least_change: float = 0.0
    """A change of no more than this many points is no change."""
    reliability: float | None = None
    """Share of the variance of a start score that is true (test-retest), where it is known."""
    reference_mean: float | None = None
    """Mean score of the people whom the reliability is about."""


@dataclass(frozen=True)
class FollowUp:
    """Where a yes (1) or no (0) of three months after a stay is kept in the table measures."""

    instrument: str
    domain: str


@dataclass(frozen=True)
class Benchmark:
    """A figure from elsewhere, with what it means, to be put beside a declared measure of the programme."""

    label: str
    beside: str
    """Id of the measure."""
    share: float
    source: str
    population: str
    definition: str
    window: str
    acknowledged: str = ""
    """Why it is shown although it means something else."""


@dataclass(frozen=True)
class Intervention:
    """The section [intervention] of a specification."""

    who: str
    """The people, as sentences call them."""
    population: str
    """The people, so that a benchmark about the same people can say so in the same words."""
    programme: Programme
    measures: tuple[str, ...]
    """Ids of declared measures of people; the first is the primary one."""
    compared: Programme | None = None
    scores: Scores | None = None
    pathways: tuple[str, ...] = ()
    stays: bool = False
    settled: FollowUp | None = None
    benchmarks: tuple[Benchmark, ...] = ()
    words: tuple[str, ...] = ()
    """Capitalised words that quotes may hold: no names of people."""

    @property
    def labels(self) -> tuple[str, ...]:
        """What the programme is called and, if there is one, the programme that it is compared with."""
        return (self.programme.label, *([self.compared.label] if self.compared else []))


def declared_intervention(spec: Spec) -> Intervention:
    """The section [intervention], read strictly. Raises SpecError where it is missing or something in it is wrong."""
    if not spec.intervention:
        raise SpecError(
            f"{spec.path.name}: the section [intervention] is missing; it says which programme is evaluated"
        )
    declared = cast(
        Intervention, build_section(Intervention, dict(spec.intervention), f"{spec.path.name}, intervention")
    )
    if not declared.measures:
        raise SpecError(f"{spec.path.name}, intervention: 'measures' is empty; name the primary measure first")
    if declared.compared and declared.compared.label == declared.programme.label:
        raise SpecError(f"{spec.path.name}, intervention: both programmes are called '{declared.programme.label}'")
    return declared
