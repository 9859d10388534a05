"""Covariates as the columns of a regression, learnt from one group and applied to any other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.errors import DataError
from evalkit.statistics.inputs import FloatArray, refuse_rows
from evalkit.statistics.products import cross_products


@dataclass(frozen=True)
class Design:
    """Which columns a regression has: an intercept, numbers as they are, and a 0/1 column per category but the first.

    categories : for each covariate in order, its categories in alphabetical order (empty where it is a number)
    """

    categories: dict[str, tuple[object, ...]]

    @property
    def terms(self) -> list[str]:
        """Names of the columns: `intercept`, the number's own name, `covariate=category`."""
        names = ["intercept"]
        for covariate, known in self.categories.items():
            names += [f"{covariate}={category}" for category in known[1:]] if known else [covariate]
        return names

    def matrix(self, frame: pd.DataFrame) -> FloatArray:
        """One row per person, one column per term.

        Raises DataError where a covariate is missing or a category was not among the people the design was learnt from.
        """
        matrix = np.ones((len(frame), len(self.terms)), order="F")
        column = 1
        for covariate, known in self.categories.items():
            values = frame[covariate]
            _refuse_missing(values)
            if known:
                codes = _codes(values, known)
                rule = f"not a category of the reference group ({', '.join(map(str, known))})"
                refuse_rows(values, codes < 0, name=covariate, rule=rule)
                for code in range(1, len(known)):
                    matrix[:, column + code - 1] = codes == code
            else:
                matrix[:, column] = _finite_numbers(values, covariate)
            column += max(1, len(known) - 1)
        return matrix


def _codes(values: pd.Series, known: tuple[object, ...]) -> NDArray[np.intp]:
    """Place of each person's category among the known ones; -1 where it is none of them."""
    codes, found = values.factorize()
    places = pd.Index(known, dtype=object).get_indexer(pd.Index(found).astype(object))
    return np.asarray(places[codes], dtype=np.intp)


def learn_design(frame: pd.DataFrame, covariates: list[str], *, learners: NDArray[np.bool_]) -> Design:
    """The design that some people of a frame allow: numbers and booleans as they are, everything else as categories.

    learners : True for the rows to learn categories from

    Raises DataError where a covariate is missing for anybody, or where among the learners one is constant, has a
    category with a single member, or is made up of others.
    """
    refuse_repeated(covariates)
    for covariate in covariates:
        _refuse_missing(frame[covariate])
    known: dict[str, tuple[object, ...]] = {}
    for covariate in covariates:
        values = frame.loc[learners, covariate]
        refuse_constant(values, people="reference people")
        number = pd.api.types.is_numeric_dtype(values.dtype)
        counts = {} if number else category_counts(values, people="reference people")
        known[covariate] = tuple(counts)
    design = Design(known)
    refuse_dependent(design.matrix(frame.loc[learners]), design.terms)
    return design


def refuse_repeated(covariates: list[str]) -> None:
    """Raise DataError where a covariate is named more than once."""
    repeated = {covariate for covariate in covariates if covariates.count(covariate) > 1}
    if repeated:
        raise DataError(f"covariates: {', '.join(sorted(repeated))} is named more than once")


def _refuse_missing(values: pd.Series) -> None:
    refuse_rows(values, values.isna().to_numpy(), name=str(values.name), rule="every person needs each covariate")


def refuse_constant(values: pd.Series, *, people: str) -> None:
    """Raise DataError where everybody has the same; people : what to call them in the error."""
    if values.nunique() < 2:
        raise DataError(f"covariate {values.name}: all {len(values):,} {people} have the same; leave it out")


def category_counts(values: pd.Series, *, people: str) -> dict[object, int]:
    """How many people are in each category, the categories in alphabetical order.

    people : what to call them in an error

    Raises DataError where a category has a single member.
    """
    found = values.value_counts()
    members = sorted(found[found > 0].items(), key=lambda pair: str(pair[0]))
    alone = [str(category) for category, count in members if count == 1]
    if alone:
        one = people.replace("people", "person")
        raise DataError(f"covariate {values.name}: only one {one} is {' and one '.join(alone)}; merge categories")
    return dict(members)


def _finite_numbers(values: pd.Series, name: str) -> FloatArray:
    if not pd.api.types.is_numeric_dtype(values.dtype):
        raise DataError(f"covariate {name}: numbers in the reference group but {values.dtype} here")
    numbers = values.to_numpy(dtype=float)
    refuse_rows(numbers, ~np.isfinite(numbers), name=name, rule="each must be a finite number")
    return numbers


def refuse_dependent(matrix: FloatArray, terms: list[str]) -> None:
    """Raise DataError naming the first column that is made up of those before it.

    matrix : people x terms, the intercept first; no other column is constant

    Made up of them means that they leave less than a ten-millionth of its standard deviation unexplained.
    """
    means, people = matrix.mean(axis=0)[1:], len(matrix)
    if not len(means):
        return
    products = cross_products(matrix)[1:, 1:] / people - np.outer(means, means)
    spreads = np.sqrt(np.diag(products).clip(min=0))
    if (spreads > 1e-3 * np.abs(means)).all() and _least_pivot(products / np.outer(spreads, spreads)) > 1e-5:
        return
    spreads = matrix.std(axis=0)[1:]
    left = np.abs(np.diag(np.linalg.qr((matrix[:, 1:] - means) / spreads, mode="r"))) / np.sqrt(people)
    made_up = np.concatenate([left < 1e-7, np.ones(len(means) - len(left), dtype=bool)])
    if made_up.any():
        column = 1 + int(np.argmax(made_up))
        others = ", ".join(terms[:column])
        raise DataError(
            f"covariate {terms[column]}: it is made up of those before it ({others}); leave one of them out"
        )


def _least_pivot(correlations: FloatArray) -> float:
    """Smallest share of a column's variance that those before it leave unexplained; 0 where rounding hides it."""
    try:
        return float((np.diag(np.linalg.cholesky(correlations)) ** 2).min())
    except np.linalg.LinAlgError:
        return 0.0
