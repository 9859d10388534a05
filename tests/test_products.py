"""Products in pieces against the plain products."""

import numpy as np
import pytest
from conftest import assert_close

from evalkit.statistics.products import (
    ROWS_AT_ONCE,
    column_sums,
    cross_products,
    largest_quadratic_form,
    linear_predictor,
    row_blocks,
)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 5), (1_001, 37), (ROWS_AT_ONCE + 1, 4), (40, 700)])
def test_products_agree_with_the_plain_ones(rows, columns, order):
    generator = np.random.default_rng(rows)
    matrix = np.asarray(generator.normal(size=(rows, columns)), order=order)
    weights, coefficients = generator.random(rows), generator.normal(size=columns)
    form = np.cov(generator.normal(size=(columns, 2 * columns + 3))).reshape(columns, columns)
    assert_close(cross_products(matrix), matrix.T @ matrix, decimals=8)
    assert_close(cross_products(matrix, weights), (matrix.T * weights) @ matrix, decimals=8)
    assert_close(column_sums(matrix, weights), weights @ matrix, decimals=8)
    assert_close(linear_predictor(matrix, coefficients), matrix @ coefficients, decimals=10)
    assert_close(largest_quadratic_form(matrix, form), ((matrix @ form) * matrix).sum(axis=1).max(), decimals=8)


@pytest.mark.parametrize("order", ["C", "F"])
def test_equal_rows_give_equal_results_to_the_last_digit(order):
    generator = np.random.default_rng(4)
    for columns in range(1, 20):
        row, coefficients = generator.normal(size=columns), generator.normal(size=columns)
        for rows in (5, 37, 1_003):
            found = linear_predictor(np.asarray(np.tile(row, (rows, 1)), order=order), coefficients)
            assert (found == found[0]).all()


def test_blocks_cover_every_row_once():
    for rows in (1, ROWS_AT_ONCE, ROWS_AT_ONCE + 1):
        covered = np.concatenate([np.arange(rows)[block] for block in row_blocks(rows)])
        assert covered.tolist() == list(range(rows))
