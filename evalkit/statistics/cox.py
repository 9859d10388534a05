"""Cox regression from a frame and a formula, also with a status that people reach on the way."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.errors import DataError, SpecError
from evalkit.statistics.design import Design, learn_design
from evalkit.statistics.inputs import FloatArray, checked_level, numeric_array, refuse_absent, refuse_rows
from evalkit.statistics.partial_likelihood import ObservedRows, clustered_covariance, cox_fit, time_trend
from evalkit.statistics.survival import observed_times


@dataclass(frozen=True, eq=False)
class _Request:
    """What a formula asks of a frame."""

    design: Design
    rows: ObservedRows


def cox(frame: pd.DataFrame, formula: str, *, clusters: str | None = None, level: float = 0.95) -> pd.DataFrame:
    """Compare how fast people are reconvicted, given their covariates (Cox's proportional hazards, Efron's ties).

    frame    : one row per person, or, with a start, several rows per person (see `status_rows`)
    formula  : 'days, event ~ aid + age', the names of columns: days under observation, whether they ended with the
               event (0/1 or False/True), and the covariates, joined by +. 'start, days, event ~ ...' for rows under
               observation in (start, days]: people who enter late, or whose covariates change. Numbers and booleans
               enter as they are, anything else as categories against the first in alphabetical order (term
               `area=south`); for anything further, add a column
    clusters : column of who belongs together (the person, where rows are several; the team); None: rows are
               independent. Rows of one person that follow each other without overlap are, as far as the model is right
    level    : confidence level, between 0 and 1

    Returns one row per term: term, log_hazard, standard_error, hazard_ratio, low, high (Wald), z, p_value, and, the
    same in every row, people (clusters where given, else rows), events, ties, level, method.
    Raises SpecError for a formula that cannot be read; DataError where a column is absent, a row is refused, a
    covariate is missing, constant or made up of others, or a hazard ratio has no end.
    Source: Cox (1972), Journal of the Royal Statistical Society B 34, 187-220; Efron (1977); with clusters Lin & Wei
    (1989), without small-sample correction, as in R's survival.
    """
    from scipy.special import ndtr

    reach = NormalDist().inv_cdf((1 + checked_level(level)) / 2)
    request = _request(frame, formula)
    terms, rows = request.design.terms[1:], request.rows
    fit = cox_fit(rows, terms)
    codes = None if clusters is None else cluster_codes(frame, clusters)
    covariance = fit.covariance if codes is None else clustered_covariance(rows, fit, codes)
    errors = np.sqrt(np.diag(covariance))
    return pd.DataFrame(
        {
            "term": terms,
            "log_hazard": fit.log_hazards,
            "standard_error": errors,
            **_ratios(fit.log_hazards, reach * errors),
            "z": fit.log_hazards / errors,
            "p_value": 2 * ndtr(-np.abs(fit.log_hazards / errors)),
            "people": len(frame) if codes is None else int(codes.max()) + 1,
            "events": int(rows.event.sum()),
            "ties": "efron",
            "level": level,
            "method": f"Cox regression, Efron ties, Wald limits{_clustering(codes, clusters)}",
        }
    )


def proportional_hazards(frame: pd.DataFrame, formula: str, *, transform: str = "km") -> pd.DataFrame:
    """Check that hazard ratios of a Cox regression do not drift with time.

    frame, formula : as in `cox`
    transform      : of time, along which a drift is looked for: 'km', the share who already had the event
                     (Kaplan-Meier, just before each day), or 'identity', the day itself

    Returns one row per covariate (all categories of one together) and a last one, 'all together': covariate,
    chi_squared, degrees_of_freedom, p_value, transform, method. A small p_value speaks against one ratio for all days.
    Raises SpecError for another transform, and whatever `cox` raises.
    Source: Grambsch & Therneau (1994), Biometrika 81, 515-526: the exact score test, as cox.zph of R's survival 3.
    """
    from scipy.special import chdtrc

    if transform not in ("km", "identity"):
        raise SpecError(f"transform: {transform!r} is not known (known: 'km', 'identity')")
    request = _request(frame, formula)
    rows = request.rows
    times = rows.days if transform == "identity" else _share_before(rows)
    trend = time_trend(rows, cox_fit(rows, request.design.terms[1:]), times)
    columns = _columns_by_covariate(request.design)
    columns["all together"] = list(range(request.rows.matrix.shape[1]))
    statistics = np.array([trend.chi_squared(own) for own in columns.values()])
    freedom = np.array([len(own) for own in columns.values()])
    return pd.DataFrame(
        {
            "covariate": list(columns),
            "chi_squared": statistics,
            "degrees_of_freedom": freedom,
            "p_value": chdtrc(freedom, statistics),
            "transform": transform,
            "method": "score test of a trend in time (Grambsch-Therneau)",
        }
    )


def status_rows(
    frame: pd.DataFrame, *, days: str, event: str, reached: str, status: str = "status", start: str = "start"
) -> pd.DataFrame:
    """Split people on the day they reached a status, so that it counts only from then on.

    frame   : one row per person
    days    : column of days under observation; event: column of 0/1 or False/True, whether they ended with the event
    reached : column of the day on which the status was reached (took up, found work), missing for those who never did.
              Who reached it on the last day observed or later counts as not having reached it: an event on the day
              itself belongs to the time before
    status, start : names of the new columns

    Returns the frame's columns, one row per stretch of a person's time, in the frame's order: status 0 in (0, reached]
    without the event, status 1 in (reached, days]; people without the status keep one row, and so do those who had it
    from day 0. `start` is the day the stretch begins, and `days` and `event` are those of its end. Row labels repeat.
    For 'start, days, event ~ status + ...' in `cox`.
    Raises DataError where a column is absent, a row is refused, or a day reached lies before 0; SpecError where a new
    column's name is taken.
    """
    refuse_absent(frame, [days, event, reached])
    taken = [name for name in (status, start) if name in frame.columns]
    if taken:
        raise SpecError(f"the frame already has a column {', '.join(taken)}; choose another name for the new one")
    observed = observed_times(frame[days], frame[event])
    on = _days_reached(frame[reached])
    has_it = on < observed.days
    split = has_it & (on > 0)
    opening: dict[str, Any] = {start: 0.0, status: 0, days: on[split], event: 0}
    closing: dict[str, Any] = {start: np.where(has_it, on, 0.0), status: has_it.astype(int), days: observed.days}
    closing[event] = observed.event.astype(int)
    places = np.concatenate([np.flatnonzero(split), np.arange(len(frame))])
    return pd.concat([frame.loc[split].assign(**opening), frame.assign(**closing)]).iloc[
        np.argsort(places, kind="stable")
    ]


def _ratios(log_hazards: FloatArray, reaches: FloatArray) -> dict[str, FloatArray]:
    """Hazard ratios with their limits; infinite where a covariate's unit is too large for a float."""
    with np.errstate(over="ignore"):
        exponents = {"hazard_ratio": log_hazards, "low": log_hazards - reaches, "high": log_hazards + reaches}
        return {name: np.exp(exponent) for name, exponent in exponents.items()}


def _days_reached(values: pd.Series) -> FloatArray:
    """Day of the status, not a number for those who never reached it."""
    numbers = numeric_array(values, name=str(values.name))
    refused = (values.notna().to_numpy() & np.isnan(numbers)) | (numbers < 0)
    refuse_rows(values, refused, name=str(values.name), rule="each must be a number of days, 0 or more, or missing")
    return numbers


def _request(frame: pd.DataFrame, formula: str) -> _Request:
    times, covariates = _parts(formula)
    refuse_absent(frame, [*times, *covariates])
    *entry, days, event = (frame[name] for name in times)
    observed = observed_times(days, event, *entry)
    design = learn_design(frame, covariates, learners=np.ones(len(frame), dtype=bool))
    matrix = design.matrix(frame)[:, 1:]
    return _Request(design, ObservedRows(observed.entry, observed.days, observed.event, matrix))


def _parts(formula: str) -> tuple[list[str], list[str]]:
    """Names of the time columns (two or three) and of the covariates."""
    left, tilde, right = formula.partition("~")
    times, covariates = ([name.strip() for name in side.split(sign)] for side, sign in ((left, ","), (right, "+")))
    if not tilde or len(times) not in (2, 3) or not all(times) or not all(covariates):
        raise SpecError(
            f"formula: {formula!r} cannot be read (expected 'days, event ~ covariate + covariate', or with the day"
            " observation begins, 'start, days, event ~ ...'; all of them names of columns)"
        )
    return times, covariates


def cluster_codes(frame: pd.DataFrame, clusters: str) -> NDArray[np.intp]:
    """Code of each row's cluster, 0 to their number less 1, in the order in which they first appear.

    Raises DataError where the column is absent, a row has none, or there is only one.
    """
    refuse_absent(frame, [clusters])
    codes, names = pd.factorize(frame[clusters])
    refuse_rows(frame[clusters], codes < 0, name=clusters, rule="each row needs one")
    if len(names) < 2:
        raise DataError(f"{clusters}: there is only one ({names[0]!r}); at least two are needed")
    return np.asarray(codes)


def _clustering(codes: NDArray[np.intp] | None, clusters: str | None) -> str:
    return "" if codes is None else f", standard errors clustered by {clusters} ({codes.max() + 1:,})"


def _columns_by_covariate(design: Design) -> dict[str, list[int]]:
    columns: dict[str, list[int]] = {}
    for covariate, known in design.categories.items():
        first = sum(map(len, columns.values()))
        columns[covariate] = list(range(first, first + max(len(known) - 1, 1)))
    return columns


def _share_before(rows: ObservedRows) -> FloatArray:
    """Per row, the share who had the event before its last day (Kaplan-Meier with late entry)."""
    days, ended = np.unique(rows.days[rows.event == 1], return_counts=True)
    entries, ends = np.sort(rows.entry), np.sort(rows.days)
    at_risk = np.searchsorted(entries, days, side="left") - np.searchsorted(ends, days, side="left")
    survival = np.concatenate([[1.0], np.cumprod(1 - ended / at_risk)])
    return np.asarray(1 - survival[np.searchsorted(days, rows.days, side="left")])
