"""Covariates as the columns of a propensity model: categories beside the commonest, gaps with columns of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.errors import DataError, SpecError
from evalkit.statistics.design import Design, category_counts, refuse_constant, refuse_dependent, refuse_repeated
from evalkit.statistics.inputs import FloatArray, outcome_array, refuse_absent, refuse_rows

MISSING_CHOICES = ("drop", "indicator")


@dataclass(frozen=True, eq=False)
class CovariateMatrix:
    """Columns of a regression (people x terms, the intercept first) and their names."""

    matrix: FloatArray
    terms: list[str]


def is_number(values: pd.Series) -> bool:
    """Whether a covariate enters as it is; text, booleans and categories do not."""
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)


def checked_covariates(
    frame: pd.DataFrame, covariates: Sequence[str], *, treated: str, missing: str | None
) -> list[str]:
    """The names of the covariates as a list, once frame and names can be used.

    Raises DataError where a column is absent, a row label or a covariate occurs twice, or a number is infinite;
    SpecError where no covariate is named, one is the treatment, or `missing` is no choice.
    """
    if missing is not None and missing not in MISSING_CHOICES:
        raise SpecError(f"missing: {missing!r} is none of None, {', '.join(map(repr, MISSING_CHOICES))}")
    if isinstance(covariates, str):
        raise SpecError(f"covariates: {covariates!r} is one name; write ({covariates!r},)")
    names = list(covariates)
    if not names:
        raise SpecError("covariates: none are named, so there is nothing to match on; name at least one")
    if treated in names:
        raise SpecError(f"covariates: {treated} is the treatment itself; leave it out")
    refuse_repeated(names)
    refuse_absent(frame, [treated, *names])
    if not frame.index.is_unique:
        label = frame.index[frame.index.duplicated()][0]
        raise DataError(f"row label {label} occurs more than once; use frame.reset_index(drop=True)")
    for name in names:
        _refuse_unusable(frame[name])
    return names


def treated_rows(frame: pd.DataFrame, treated: str) -> NDArray[np.bool_]:
    """True for the treated; DataError where a value is missing or not 0, 1, False or True."""
    return np.asarray(outcome_array(frame[treated], name=treated) == 1)


def rows_left_out(
    frame: pd.DataFrame, names: list[str], sides: NDArray[np.bool_], *, missing: str | None
) -> pd.DataFrame:
    """The rows to be left out because a covariate is missing: row (its label), side (treated, comparison), reason.

    Raises DataError where covariates are missing and nobody chose what to do.
    """
    blank = frame[names].isna().to_numpy()
    counts = [f"{name} ({count:,} people)" for name, count in zip(names, blank.sum(axis=0), strict=True) if count]
    if counts and missing is None:
        raise DataError(
            f"covariates are missing: {', '.join(counts)}. Choose missing='drop' (leave those people out, counted) or"
            " missing='indicator' (keep them, with a column that says so)"
        )
    rows = np.flatnonzero(blank.any(axis=1)) if missing == "drop" else np.array([], dtype=np.intp)
    reasons = ["missing " + ", ".join(np.array(names)[blank[row]]) for row in rows]
    side = np.where(sides[rows], "treated", "comparison")
    return pd.DataFrame({"row": frame.index[rows], "side": side, "reason": np.array(reasons, dtype=object)})


def covariate_matrix(frame: pd.DataFrame, sides: NDArray[np.bool_]) -> CovariateMatrix:
    """Columns of the regression and their names.

    frame : the covariates only. A number with gaps becomes two terms, the number with its median in the gaps and
            `name=missing`; of other covariates `missing` is a category. Of such terms that are the same for everybody,
            the first is kept: the fit is the same
    sides : True for the treated

    Raises DataError where a covariate is constant, has a category with one member or with none or only treated people,
    or is made up of others.
    """
    filled = {term: values for name in frame.columns for term, values in _filled(frame[name]).items()}
    design = Design({term: _categories(values, sides) for term, values in filled.items()})
    matrix, terms = design.matrix(pd.DataFrame(filled)), design.terms
    told = [column for column, term in enumerate(terms) if term.endswith("=missing")]
    twice = [late for place, late in enumerate(told) if _repeats(matrix, late, told[:place])]
    if twice:
        matrix = np.asfortranarray(np.delete(matrix, twice, axis=1))
        terms = [term for column, term in enumerate(terms) if column not in twice]
    refuse_dependent(matrix, terms)
    return CovariateMatrix(matrix, terms)


def _refuse_unusable(values: pd.Series) -> None:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        raise DataError(f"covariate {values.name}: a date; give it as years or months before the treatment")
    if values.isna().all():
        raise DataError(f"covariate {values.name}: it is missing for everybody; leave it out")
    if is_number(values):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        refuse_rows(values, np.isinf(numbers), name=str(values.name), rule="each must be a finite number")


def _filled(values: pd.Series) -> dict[str, pd.Series]:
    """A covariate without gaps, by name of its term; a number with gaps has a second term that says where."""
    name, blank = str(values.name), values.isna()
    if not blank.any():
        return {name: values}
    if not is_number(values):
        return {name: values.astype(object).where(~blank, "missing")}
    numbers = pd.Series(values.to_numpy(dtype=float, na_value=np.nan), index=values.index, name=name)
    return {name: numbers.fillna(numbers.median()), f"{name}=missing": blank.astype(float).rename(f"{name}=missing")}


def _categories(values: pd.Series, sides: NDArray[np.bool_]) -> tuple[object, ...]:
    """The categories of a covariate, the commonest first and the others in alphabetical order; none of a number."""
    refuse_constant(values, people="people")
    if is_number(values):
        _refuse_apart(values, sides)
        return ()
    members = category_counts(values, people="people")
    _refuse_one_sided(str(values.name), members, values[sides].value_counts().to_dict())
    commonest = max(members, key=lambda category: members[category])
    return (commonest, *(category for category in members if category != commonest))


def _refuse_one_sided(name: str, members: Mapping[Any, int], treated: Mapping[Any, int]) -> None:
    for category, count in members.items():
        if treated.get(category, 0) in (0, count):
            whom = "all" if treated.get(category, 0) else "none"
            raise DataError(
                f"covariate {name}: {whom} of the {count:,} people with {category} are treated, so they have nobody to"
                " be compared with. Merge the category with another, leave those people out, or leave the covariate out"
            )


def _refuse_apart(values: pd.Series, sides: NDArray[np.bool_]) -> None:
    """Raise DataError where a number by itself tells the treated from the comparison people."""
    numbers = values.to_numpy(dtype=float)
    if str(values.name).endswith("=missing"):
        members = {"a missing value": int(numbers.sum()), "a known value": int((1 - numbers).sum())}
        treated = {"a missing value": int(numbers[sides].sum()), "a known value": int((1 - numbers[sides]).sum())}
        _refuse_one_sided(str(values.name).removesuffix("=missing"), members, treated)
    (lowest, highest), (low, high) = ((numbers[own].min(), numbers[own].max()) for own in (sides, ~sides))
    if lowest >= high or low >= highest:
        raise DataError(
            f"covariate {values.name}: treated ({lowest:.6g} to {highest:.6g}) and comparison people ({low:.6g} to"
            f" {high:.6g}) do not overlap. Leave it out, or keep only people who could have been either"
        )


def _repeats(matrix: FloatArray, column: int, others: list[int]) -> bool:
    return any(np.array_equal(matrix[:, column], matrix[:, other]) for other in others)
