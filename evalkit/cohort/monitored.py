"""The quarterly look at a cohort: every unit, every cohort of people, and those whose year is not over yet."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace

import pandas as pd

from evalkit.cohort.build import Cohort
from evalkit.cohort.monitored_everyone import everyone_of
from evalkit.cohort.monitored_interim import NOT_RECORDED, early_curves, early_months
from evalkit.cohort.monitored_quality import quality_of
from evalkit.cohort.monitored_windows import UnitWindows, cohort_windows, everyone_windows, unit_windows
from evalkit.cohort.monitoring_round import Round, monitoring_round
from evalkit.cohort.trust import MEASURES
from evalkit.dates import period_text
from evalkit.errors import SpecError
from evalkit.intake import Extract
from evalkit.spec import Spec
from evalkit.statistics.calibration import calibration
from evalkit.statistics.centre import Centre
from evalkit.statistics.gate import gate
from evalkit.statistics.monitored import monitored_people, monitoring_period
from evalkit.statistics.monitoring import monitor, monitor_cohorts
from evalkit.statistics.unit_cusums import cusum_paths, unit_thresholds


@dataclass(frozen=True, repr=False, eq=False)
class MonitoredUnits:
    """The units of one column (teams, say), as a report shows them; each frame has one row per unit, sorted by name.

    column   : what the units are units of
    chosen   : the one that a briefing is about; empty: all alike
    spec     : the declaration, its title with the name of the one chosen
    period   : first and last day on which the follow-up years of the people judged ended
    as_of    : last day on which outcomes are known
    table    : columns of `monitor`, the unit as `unit`, within (the next wider unit; empty in the widest), short_share
    quality  : columns of `quality_of`, with unit and within: of the people of the period, and late records of any
    caseload : unit, within, people and risk (mean prediction) of the period, people_before, risk_before and
               actual_before (reconvicted) of the year before; people with a score only
    interim  : columns of `evalkit.interim`, with unit and within: people whose year ends after the period
    curves   : columns of `interim_curves`, with unit: the same people of the unit chosen, month by month
    windows  : the days that the counts of people and reconvictions are about, for the ledger of releases
    """

    column: str
    chosen: str
    spec: Spec
    period: tuple[datetime.date, datetime.date]
    as_of: datetime.date
    table: pd.DataFrame
    quality: pd.DataFrame
    caseload: pd.DataFrame
    interim: pd.DataFrame
    curves: pd.DataFrame
    windows: UnitWindows

    @property
    def plural(self) -> str:
        """What the units are called."""
        return f"{self.column}s"

    def __repr__(self) -> str:
        return f"MonitoredUnits by {self.column}\n{self.table.to_string(index=False)}"

    def _repr_html_(self) -> str:
        return str(self.table.to_html(index=False))


@dataclass(frozen=True, repr=False, eq=False)
class Monitored:
    """Everything that the report on all teams, areas and cohorts shows.

    period, as_of : as in `MonitoredUnits`
    areas, teams  : the widest and the narrowest units declared
    cohorts       : columns of `monitor_cohorts`, with characteristics as a reader knows them
    cohort_windows: the days that their counts are about, as in `MonitoredUnits`
    everyone      : everybody together, columns of `everyone_of`; everyone_windows: the days that these are about
    curves        : columns of `interim_curves`, with unit: everyone, and the widest units
    paths         : columns of `cusum_paths`, with unit, for the narrowest units that are an alert or on watch
    flow          : step, excluded, remaining, reason: from the extract to the people judged
    common        : one row: people, actual, predicted, ratio with its limits, of everybody before centring
    centre        : how the predictions were moved
    verdict, reason, measures, deciles, smooth : the check of the prediction as it came, on everybody judged
    """

    period: tuple[datetime.date, datetime.date]
    as_of: datetime.date
    areas: MonitoredUnits
    teams: MonitoredUnits
    cohorts: pd.DataFrame
    cohort_windows: UnitWindows
    everyone: pd.DataFrame
    everyone_windows: UnitWindows
    curves: pd.DataFrame
    paths: pd.DataFrame
    flow: pd.DataFrame
    common: pd.DataFrame
    centre: Centre
    verdict: str
    reason: str
    measures: pd.DataFrame
    deciles: pd.DataFrame
    smooth: pd.DataFrame

    def __repr__(self) -> str:
        return f"Monitored\n{self.areas!r}\n{self.teams!r}"


def monitored(cohort: Cohort, extract: Extract | None = None) -> Monitored:
    """Judge every declared unit and cohort, with all that a report says about them.

    cohort  : what `build_cohort` returned; its specification has a section [monitoring]
    extract : what it was built from, for records that are there twice; without it none is looked for

    Raises SpecError without that section, for a prepared cohort, a quarter whose outcomes are not all known, or an
    unknown column; DataError as `monitor` does.
    """
    rounds = monitoring_round(cohort, extract)
    widest, narrowest = (_units(rounds, column) for column in (rounds.settings.units[0], rounds.settings.units[-1]))
    judged = rounds.judged
    check = calibration(judged["reconvicted"], judged["predicted"])
    verdict = gate(check)
    named = [(label, *(getattr(check, f"{name}{end}", None) for end in ENDS)) for name, label in MEASURES.items()]
    areas, teams, paths = (
        widest.shown(rounds),
        narrowest.shown(rounds),
        _named(narrowest.paths(rounds), narrowest.column),
    )
    flagged = teams.table.loc[teams.table["direction"] != "", "unit"]
    return Monitored(
        period=rounds.period,
        as_of=rounds.as_of.date(),
        areas=areas,
        teams=teams,
        cohorts=_cohorts(rounds),
        cohort_windows=cohort_windows(rounds),
        everyone=everyone_of(areas, cohort.flow),
        everyone_windows=everyone_windows(rounds),
        curves=pd.concat([early_curves(rounds), early_curves(rounds, widest.column)], ignore_index=True),
        paths=paths[paths["unit"].isin(flagged)],
        flow=_flow(cohort, len(judged), rounds.period),
        common=_common(rounds.centre),
        centre=rounds.centre,
        verdict=verdict.verdict,
        reason=verdict.reason,
        measures=pd.DataFrame(named, columns=["measure", "value", "low", "high"]),
        deciles=check.deciles,
        smooth=check.smooth,
    )


ENDS = ("", "_low", "_high")


def monitored_units(cohort: Cohort, only: str, extract: Extract | None = None) -> MonitoredUnits:
    """Judge the units of one column, for a page about one of them.

    cohort  : as in `monitored`, of everyone: a unit is judged beside all the others
    extract : as in `monitored`
    only    : 'team=Aston', say; 'team' for none in particular

    Raises SpecError for a column or a unit that is not there, and as `monitored` does.
    """
    column, _, chosen = (part.strip() for part in only.partition("="))
    rounds = monitoring_round(cohort, extract)
    units = _units(rounds, column)
    if chosen and chosen not in set(cohort.frame[column]):
        raise SpecError(f"only: nobody in the cohort belongs to {column} {chosen!r}")
    return units.shown(rounds, chosen)


@dataclass(frozen=True, eq=False)
class _Units:
    column: str
    within: pd.Series
    thresholds: pd.DataFrame

    def paths(self, rounds: Round) -> pd.DataFrame:
        return cusum_paths(
            rounds.frame,
            unit=self.column,
            period=rounds.last,
            court_days=rounds.court_days,
            thresholds=self.thresholds,
        )

    def shown(self, rounds: Round, chosen: str = "") -> MonitoredUnits:
        spec = rounds.spec
        last, court = rounds.last, rounds.court_days
        people = monitored_people(rounds.frame, by=[self.column], period=last, court_days=court)
        found = {
            "table": monitor(rounds.frame, unit=self.column, period=last, court_days=court, thresholds=self.thresholds),
            "quality": quality_of(rounds, people, self.column),
            "caseload": _caseload(people, self.column, rounds.last),
            "interim": early_months(rounds, self.column),
        }
        short = found["quality"][[self.column, "short_share"]]
        found["table"] = found["table"].merge(short, on=self.column, how="left")
        return MonitoredUnits(
            column=self.column,
            chosen=chosen,
            spec=replace(spec, title=f"{spec.title}: {chosen}") if chosen else spec,
            period=rounds.period,
            as_of=rounds.as_of.date(),
            curves=early_curves(rounds, self.column, chosen) if chosen else pd.DataFrame(),
            windows=unit_windows(rounds, self.column),
            **{name: self._with_wider(table) for name, table in found.items()},
        )

    def _with_wider(self, table: pd.DataFrame) -> pd.DataFrame:
        """The unit under that name, first, and the wider unit it lies in beside it."""
        named = _named(table, self.column)
        named.insert(1, "within", [str(self.within.get(unit, "")) for unit in named["unit"]])
        return named


def _units(rounds: Round, column: str) -> _Units:
    if column not in rounds.settings.units:
        known = ", ".join(rounds.settings.units)
        raise SpecError(f"{rounds.spec.path.name}: {column!r} is not among the units of [monitoring] ({known})")
    if column not in rounds.frame or rounds.frame[column].isna().all():
        raise SpecError(f"{rounds.spec.path.name}, monitoring, units: the extract says nothing about '{column}'")
    place = rounds.settings.units.index(column)
    wider = rounds.settings.units[place - 1] if place else ""
    thresholds = unit_thresholds(rounds.frame, unit=column, period=rounds.last, court_days=rounds.court_days)
    return _Units(column, _wider_unit(rounds.frame, column, wider), thresholds)


def _wider_unit(frame: pd.DataFrame, column: str, wider: str) -> pd.Series:
    """Unit -> the wider unit that most of its people belong to."""
    if not wider:
        return pd.Series(dtype=object)
    pairs = frame.groupby([column, wider]).size().reset_index(name="people")
    most = pairs.sort_values(["people", wider], ascending=[False, True], kind="stable").drop_duplicates(column)
    return most.set_index(column)[wider]


def _named(table: pd.DataFrame, column: str) -> pd.DataFrame:
    return table.rename(columns={column: "unit"}).assign(unit=lambda rows: rows["unit"].fillna(NOT_RECORDED))


def _caseload(people: pd.DataFrame, column: str, last: pd.Timestamp) -> pd.DataFrame:
    """How many people with a score each unit had in the year judged and the year before, and of which average risk.

    The same people as are judged: beside their number, any other would give away how few have no score. Units that had
    people in one of the years only are there as well.
    """
    first = monitoring_period(last).first
    before = people["matures"].between(first - pd.DateOffset(months=12), first - pd.Timedelta(days=1))
    parts = []
    for rows, ending in ((people["judged"], ""), (before, "_before")):
        groups = people[rows & people["analysed"]].groupby(column, dropna=False, observed=True)
        sizes, risks, actual = groups.size(), groups["predicted"].mean(), groups["reconvicted"].sum()
        parts.append(pd.DataFrame({f"people{ending}": sizes, f"risk{ending}": risks, f"actual{ending}": actual}))
    table = parts[0].join(parts[1], how="outer").drop(columns="actual").reset_index()
    counts = ["people", "people_before", "actual_before"]
    return table.assign(**{name: table[name].fillna(0).astype("int64") for name in counts})


def _cohorts(rounds: Round) -> pd.DataFrame:
    settings = rounds.settings
    declared: tuple[str | tuple[str, ...], ...] = (*settings.cohorts, *settings.crossings)
    columns = {name for item in declared for name in ((item,) if isinstance(item, str) else item)}
    if unknown := sorted(columns - set(rounds.frame.columns)):
        raise SpecError(f"{rounds.spec.path.name}, monitoring: the cohort has no column {', '.join(unknown)}")
    table = monitor_cohorts(rounds.frame, by=declared, period=rounds.last, court_days=rounds.court_days)
    # Who has no score has no risk band and no known offence: on hold by definition, and no cohort anybody meant.
    named = table[table["people"] > 0].reset_index(drop=True)
    return named.assign(characteristic=named["characteristic"].str.replace("_", " "))


def _flow(cohort: Cohort, judged: int, period: tuple[datetime.date, datetime.date]) -> pd.DataFrame:
    """The attrition flow of the cohort, continued to the people judged."""
    last = {
        "step": "year ended in the period judged",
        "excluded": int(cohort.flow["remaining"].iloc[-1]) - judged,
        "remaining": judged,
        "reason": f"year did not end in {period_text(period)}",
    }
    return pd.concat([cohort.flow, pd.DataFrame([last])], ignore_index=True)


def _common(centre: Centre) -> pd.DataFrame:
    names = ("people", "actual", "predicted", "ratio", "ratio_low", "ratio_high")
    return pd.DataFrame([{name: getattr(centre, name) for name in names}])
