"""Where people lived, when they claimed benefits, and contact before release beside none: tables of releases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalkit.cohort.declared import Registry, read_measures
from evalkit.cohort.declared_rates import declared_rates, rows_of, value_of
from evalkit.cohort.releases import Releases
from evalkit.statistics.rates import RateDifference, newcombe

UNKNOWN = "unknown"
FIRST_NIGHT, THREE_MONTHS = "accommodation_first_night", "accommodation_3_months"

ALL, SAME_MIX = "All releases", "Same mix of sentence lengths"


@dataclass(frozen=True, repr=False)
class Housing:
    """Accommodation of releases: on the first night, at three months, and from one to the other.

    first_night, three_months : as `declared_rates`, one row per category, and one of the unknown (no share of known)
    transitions               : of releases in scope at three months, every pair of categories: first, third, releases,
                                of (all releases of that first category), share
    """

    first_night: pd.DataFrame
    three_months: pd.DataFrame
    transitions: pd.DataFrame


def housing(found: Releases, *, registry: Registry | None = None) -> Housing:
    """Accommodation in six categories on the first night and three months after release. The unit is the release.

    found : what `releases` returned

    Raises SpecError where a column is not there.
    """
    known = registry or read_measures()
    first, third = (_with_unknown(found, name, known) for name in (FIRST_NIGHT, THREE_MONTHS))
    measure = known.measure(THREE_MONTHS)
    rows = rows_of(measure, found.tables, FIRST_NIGHT)
    rows = rows[value_of(measure, rows, found.extract_date)["in_scope"]]
    categories = [*measure.categories, UNKNOWN]
    before, after = (rows[name].where(rows[name].isin(categories), UNKNOWN) for name in (FIRST_NIGHT, THREE_MONTHS))
    counts = pd.crosstab(before, after).reindex(index=categories, columns=categories, fill_value=0)
    pairs = [
        {"first": one, "third": other, "releases": int(number), "of": int(own.sum())}
        for one, own in zip(categories, counts.to_numpy(), strict=True)
        for other, number in zip(categories, own, strict=True)
    ]
    table = pd.DataFrame(pairs)
    return Housing(first, third, table.assign(share=table["releases"] / table["of"].where(table["of"] > 0)))


def _with_unknown(found: Releases, name: str, registry: Registry) -> pd.DataFrame:
    table = declared_rates(found.tables, [name], extract_date=found.extract_date, registry=registry)
    last = table.iloc[[-1]].assign(name=f"{name}: {UNKNOWN}", label="Unknown", met=table["unknown"].iloc[0])
    empty = ["known", "share", "low", "high", "share_all_low", "share_all_high", "best", "worst"]
    last = last.assign(**dict.fromkeys(empty, np.nan), share_all=last["unknown_share"])
    return pd.concat([table, last], ignore_index=True)


def benefit_days(found: Releases) -> pd.DataFrame:
    """Days from release to the benefit claim, of the releases with one. The unit is the release.

    found : what `releases` returned

    Returns one row for all releases and one per estimated length of the sentence: group; name, complement (False) and
    within, by which the lengths add up to all; releases, claims, and lower_quartile, median, upper_quartile (days;
    negative before release; missing where there is no claim).
    """
    rows = found.frame
    days = (rows["benefit_claim_date"] - rows["release_date"]).dt.days
    groups = {ALL: pd.Series(True, index=rows.index)}
    groups |= {length: rows["sentence_length"] == length for length in sorted(rows["sentence_length"].unique())}
    return pd.DataFrame(
        [
            {
                "group": name,
                "name": "all" if name == ALL else "length",
                "complement": False,
                "within": "" if name == ALL else "all",
                "releases": int(inside.sum()),
                "claims": int(days[inside].notna().sum()),
                "lower_quartile": days[inside].quantile(0.25),
                "median": days[inside].median(),
                "upper_quartile": days[inside].quantile(0.75),
            }
            for name, inside in groups.items()
        ]
    )


def reached_or_not(found: Releases, ids: Sequence[str], *, registry: Registry | None = None) -> pd.DataFrame:
    """Declared measures of releases with contact before release beside those without: all, and by sentence length.

    found : what `releases` returned; releases of which nobody knows whether there was contact are left out
    ids   : ids of measures of releases

    Nobody decided by lot whom to see: people with longer sentences are there longer to be seen. So the difference is
    shown within each estimated length, and with both sides given the same mix of lengths (that of the two together;
    lengths of which one side has nobody are left out).
    Returns, for each measure, one row for all, one per length, and one with the same mix: name, label, stratum, known
    and met of both; known_a, met_a, rate_a (with contact), known_b, met_b, rate_b (without); difference (a less b) with
    low and high; p_value (Fisher; missing for the same mix); method. Rates are 0 to 1, of releases with a known value.
    Source: Newcombe (1998), Statistics in Medicine 17, 873-890; intervals of the same mix by the method of variance
    estimates recovery (Zou and Donner 2008, Statistics in Medicine 27, 1693-1702).
    """
    known = registry or read_measures()
    rows = [row for name in ids for row in _contrasts(found, name, known)]
    return pd.DataFrame(rows)


def _contrasts(found: Releases, name: str, registry: Registry) -> list[dict[str, object]]:
    measure = registry.measure(name)
    rows = rows_of(measure, found.tables, "in_reach", "sentence_length")
    values = value_of(measure, rows, found.extract_date)
    usable = values["known"] & rows["in_reach"].notna()
    people = pd.DataFrame(
        {"length": rows["sentence_length"], "reached": rows["in_reach"], "met": values["met"].astype(int)}
    )[usable]
    strata = {ALL: people} | {str(length): part for length, part in people.groupby("length")}
    results = {stratum: _difference(part) for stratum, part in strata.items()}
    shared = {"name": name, "label": measure.label}
    table = [shared | _contrast_row(stratum, result) for stratum, result in results.items() if result]
    lengths = [result for stratum, result in results.items() if result and stratum != ALL]
    return [*table, shared | _same_mix(lengths)] if lengths else table


def _difference(part: pd.DataFrame) -> RateDifference | None:
    sides = [part.loc[part["reached"] == reached, "met"] for reached in (True, False)]
    if any(side.empty for side in sides):
        return None
    a, b = sides
    return newcombe(int(a.sum()), len(a), int(b.sum()), len(b))


def _contrast_row(stratum: str, result: RateDifference) -> dict[str, object]:
    return {
        "stratum": stratum,
        "known": result.people_a + result.people_b,
        "met": result.events_a + result.events_b,
        **{"known_a": result.people_a, "met_a": result.events_a, "rate_a": result.rate_a},
        **{"known_b": result.people_b, "met_b": result.events_b, "rate_b": result.rate_b},
        **{"difference": result.difference, "low": result.low, "high": result.high, "p_value": result.p_value},
        "method": result.method,
    }


def _same_mix(lengths: list[RateDifference]) -> dict[str, object]:
    """Differences within the lengths, weighted by all releases of each length."""
    sizes = np.array([result.people_a + result.people_b for result in lengths], dtype=float)
    weights = sizes / sizes.sum()
    rate_a, rate_b, difference, low, high = (
        np.array([getattr(result, name) for result in lengths])
        for name in ("rate_a", "rate_b", "difference", "low", "high")
    )
    overall = float(weights @ difference)
    counted = {
        name: int(sum(getattr(result, field) for result in lengths))
        for name, field in (
            ("known_a", "people_a"),
            ("met_a", "events_a"),
            ("known_b", "people_b"),
            ("met_b", "events_b"),
        )
    }
    return {
        "stratum": SAME_MIX,
        "known": counted["known_a"] + counted["known_b"],
        "met": counted["met_a"] + counted["met_b"],
        **counted,
        **{"rate_a": float(weights @ rate_a), "rate_b": float(weights @ rate_b), "difference": overall},
        "low": overall - float(np.hypot.reduce(weights * (difference - low))),
        "high": overall + float(np.hypot.reduce(weights * (high - difference))),
        "p_value": np.nan,
        "method": "weighted mean of Newcombe differences (MOVER limits)",
    }
