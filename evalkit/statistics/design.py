"""Covariates as the columns of a regression, learnt from one group and applied to any other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.errors import DataError
from evalkit.statistics.inputs import FloatArray, refuse_rows


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
        columns = [np.ones(len(frame))]
        for covariate, known in self.categories.items():
            values = frame[covariate]
            _refuse_missing(values)
            if known:
                rule = f"not a category of the reference group ({', '.join(map(str, known))})"
                refuse_rows(values, ~values.isin(list(known)).to_numpy(), name=covariate, rule=rule)
                columns += [(values == category).to_numpy().astype(np.float64) for category in known[1:]]
            else:
                columns.append(_finite_numbers(values, covariate))
        return np.column_stack(columns)


def learn_design(frame: pd.DataFrame, covariates: list[str], *, learners: NDArray[np.bool_]) -> Design:
    """The design that some people of a frame allow: numbers and booleans as they are, everything else as categories.

    learners : True for the rows to learn categories from

    Raises DataError where a covariate is missing for anybody, or where among the learners one is constant, has a
    category with a single member, or is made up of others.
    """
    repeated = {covariate for covariate in covariates if covariates.count(covariate) > 1}
    if repeated:
        raise DataError(f"covariates: {', '.join(sorted(repeated))} is named more than once")
    for covariate in covariates:
        _refuse_missing(frame[covariate])
    design = Design({covariate: _categories(frame.loc[learners, covariate]) for covariate in covariates})
    _refuse_dependent(design.matrix(frame.loc[learners]), design.terms)
    return design


def _refuse_missing(values: pd.Series) -> None:
    refuse_rows(values, values.isna().to_numpy(), name=str(values.name), rule="every person needs each covariate")


def _categories(values: pd.Series) -> tuple[object, ...]:
    if values.nunique() < 2:
        raise DataError(f"covariate {values.name}: all {len(values):,} reference people have the same; leave it out")
    if pd.api.types.is_numeric_dtype(values.dtype):
        return ()
    members = values.astype("object").value_counts()
    alone = sorted(map(str, members.index[members == 1]))
    if alone:
        raise DataError(
            f"covariate {values.name}: only one reference person is {' and one '.join(alone)}; merge categories"
        )
    return tuple(sorted(members.index, key=str))


def _finite_numbers(values: pd.Series, name: str) -> FloatArray:
    if not pd.api.types.is_numeric_dtype(values.dtype):
        raise DataError(f"covariate {name}: numbers in the reference group but {values.dtype} here")
    numbers = values.to_numpy(dtype=float)
    refuse_rows(numbers, ~np.isfinite(numbers), name=name, rule="each must be a finite number")
    return numbers


def _refuse_dependent(matrix: FloatArray, terms: list[str]) -> None:
    scaled = matrix / np.abs(matrix).max(axis=0)
    for column in range(1, len(terms)):
        if np.linalg.matrix_rank(scaled[:, : column + 1]) <= column:
            raise DataError(
                f"covariate {terms[column]}: it is made up of those before it ({', '.join(terms[:column])})"
            )
