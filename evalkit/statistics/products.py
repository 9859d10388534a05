"""Products of tall matrices in pieces too small for the linear algebra library to start threads for.

One processor does them as fast as two, and other work on the machine does not hold them up: threads that wait for each
other on a busy machine took fifty times as long.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evalkit.statistics.inputs import FloatArray

ROWS_AT_ONCE = 32_768
"""Rows worked on together, so that no second matrix of full height is needed."""

_LARGEST_PRODUCT, _LARGEST_PIECE = 2**18, 9_000
"""Multiplications of one small product, and numbers in one piece, up to which OpenBLAS uses one thread."""


def row_blocks(rows: int) -> Iterator[slice]:
    """Slices that cover so many rows."""
    return (slice(start, start + ROWS_AT_ONCE) for start in range(0, rows, ROWS_AT_ONCE))


def linear_predictor(matrix: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Matrix times coefficients, term by term, so that equal rows give equal results to the last digit."""
    total = np.zeros(len(matrix))
    for column, coefficient in zip(matrix.T, coefficients, strict=True):
        total += column * coefficient
    return total


def cross_products(matrix: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Sums over the rows of weight x column x column: terms x terms. weights : not negative; all 1 if not given."""
    total = np.zeros((matrix.shape[1],) * 2)
    for rows in row_blocks(len(matrix)):
        block = matrix[rows] if weights is None else matrix[rows] * np.sqrt(weights[rows])[:, None]
        if len(block) <= _height(block.shape[1]):
            total += block.T @ block
            continue
        for pieces in _pieces(block):
            total += np.matmul(pieces.transpose(0, 2, 1), pieces).sum(axis=0)
    return total


def column_sums(matrix: FloatArray, weights: FloatArray) -> FloatArray:
    """Sums over the rows of weight x column: one per column."""
    return np.asarray(np.einsum("i,ij->j", weights, matrix))


def largest_quadratic_form(matrix: FloatArray, form: FloatArray) -> float:
    """The largest x' form x of any row x."""
    return max(
        float((np.matmul(pieces, form) * pieces).sum(axis=2).max())
        for rows in row_blocks(len(matrix))
        for pieces in _pieces(matrix[rows])
    )


def _pieces(block: FloatArray) -> list[FloatArray]:
    """The rows of a block as a stack of small matrices of the same height, and a last one of what is left."""
    rows, columns = block.shape
    height = _height(columns)
    whole = rows // height * height
    parts = block[:whole].reshape(-1, height, columns), block[None, whole:]
    return [part for part in parts if part.size]


def _height(columns: int) -> int:
    """Rows of a piece."""
    return max(1, min(_LARGEST_PRODUCT // columns**2, _LARGEST_PIECE // columns))
