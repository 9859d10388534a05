"""A programme beside figures from elsewhere: like with like, or said to be unlike, or refused."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from evalkit.cohort.declared import Measure, read_measures
from evalkit.cohort.intervention_spec import Benchmark
from evalkit.cohort.programme_measures import programme_rates
from evalkit.cohort.programmes import Programmes
from evalkit.errors import DataError, SpecError
from evalkit.spec import Spec

LIKE, UNLIKE = "like for like", "not like for like"


def exact_share(events: int, people: int, *, level: float = 0.95) -> dict[str, float]:
    """Share of people with the event, with its exact interval: share, low, high (0 to 1).

    events : people with the event; a whole number
    people : people in all, above 0
    level  : confidence level, between 0 and 1

    Raises DataError where events are negative or exceed the people, or there is nobody.
    Source: Clopper & Pearson (1934), Biometrika 26, 404-413.
    """
    from scipy.stats import beta

    if not 0 <= events <= people or people < 1:
        raise DataError(f"{events} of {people} people is no share: 0 to all of at least one person are needed")
    tail = (1 - level) / 2
    low = 0.0 if events == 0 else float(beta.ppf(tail, events, people - events + 1))
    high = 1.0 if events == people else float(beta.ppf(1 - tail, events + 1, people - events))
    return {"share": events / people, "low": low, "high": high}


def benchmarks(found: Programmes, spec: Spec) -> pd.DataFrame:
    """Each declared benchmark beside the programme's own figure, with the exact interval for its own people.

    found : what `programmes` returned; its declaration holds the benchmarks
    spec  : names the file in messages

    Returns one row per benchmark: label, beside (id of the measure), measure (its label), people (whose value is
    known), met, share with low and high (Clopper-Pearson, 95 %), benchmark (0 to 1), inside (whether the interval
    holds it; missing where like is not compared with like), kind, differences (what means something else, in words),
    acknowledged, source, method.
    Raises SpecError where a benchmark means something else than the programme's own measure (another population,
    definition or window) and the specification does not acknowledge that; where it stands beside a measure that the
    specification does not name; and where its share is not from 0 to 1.
    """
    declared, registry = found.declared, read_measures()
    rates = programme_rates(found).set_index("name")
    rows = []
    for benchmark in declared.benchmarks:
        where = f"{spec.path.name}, benchmark '{benchmark.label}'"
        _check(benchmark, declared.measures, where)
        measure = registry.measure(benchmark.beside)
        differences = _differences(benchmark, measure, declared.population)
        if differences and not benchmark.acknowledged.strip():
            raise SpecError(
                f"{where}: it does not mean what the programme's figure means: {'; '.join(differences)}. Leave it out, "
                "or say in 'acknowledged' why it is shown all the same; the difference will be printed beside it"
            )
        known, met = (int(rates[count].loc[benchmark.beside]) for count in ("known", "met"))
        own = exact_share(met, known)
        rows.append(
            {
                "label": benchmark.label,
                "beside": benchmark.beside,
                "measure": measure.label,
                "people": known,
                "met": met,
                **own,
                "benchmark": benchmark.share,
                "inside": None if differences else own["low"] <= benchmark.share <= own["high"],
                "kind": UNLIKE if differences else LIKE,
                "differences": "; ".join(differences),
                "acknowledged": benchmark.acknowledged,
                "source": benchmark.source,
                "method": "Clopper-Pearson exact interval",
            }
        )
    return pd.DataFrame(rows)


def _check(benchmark: Benchmark, measures: Sequence[str], where: str) -> None:
    if benchmark.beside not in measures:
        raise SpecError(
            f"{where}: it stands beside '{benchmark.beside}', which is no measure of this evaluation (measures: "
            f"{', '.join(measures)})"
        )
    if not 0 <= benchmark.share <= 1:
        raise SpecError(f"{where}: the share {benchmark.share} is not from 0 to 1 (27 % is 0.27)")
    for name in ("population", "definition", "window", "source"):
        if not getattr(benchmark, name).strip():
            raise SpecError(f"{where}: '{name}' is empty; without it nobody can tell whether like meets like")


def _differences(benchmark: Benchmark, measure: Measure, population: str) -> list[str]:
    """What the benchmark is about that the programme's figure is not: population, measure, window."""
    own = {
        "population": (benchmark.population, (population,)),
        "measure": (benchmark.definition, (measure.definition, measure.id, measure.label)),
        "window": (benchmark.window, (measure.window,)),
    }
    return [
        f"{name}: “{theirs}”, here “{ours[0]}”"
        for name, (theirs, ours) in own.items()
        if _plain(theirs) not in {_plain(text) for text in ours}
    ]


def _plain(text: str) -> str:
    return " ".join(text.split()).rstrip(".").casefold()
