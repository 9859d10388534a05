"""What comes back from the engine: one dtype for each kind of column, with gaps or without."""

import datetime

import narwhals as nw
import pytest

from evalkit.intake import to_pandas
from evalkit.intake.engine import connect

ROWS = """
(1::TINYINT, 2::BIGINT, 3::HUGEINT, 1.25::DECIMAL(5, 2), 2.5::DOUBLE,
 'é', true, DATE '1900-02-28', TIMESTAMP '2020-01-01 10:00'),
(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
(4, 5, 6, 7.5, 8.5, '', false, DATE '2020-01-01', TIMESTAMP '1600-01-01 00:00')
"""
COLUMNS = ("small", "whole", "wide", "exact", "number", "text", "yes_no", "date", "time")


def collected(where):
    connection = connect()
    connection.execute(f"CREATE TABLE kinds AS FROM (VALUES {ROWS}) AS kinds({', '.join(COLUMNS)})")
    return to_pandas(nw.from_native(connection.sql(f"FROM kinds WHERE {where}")))


@pytest.mark.parametrize(
    ("where", "whole"), [("true", "Int64"), ("whole IS NOT NULL", "int64"), ("whole IS NULL", "Int64")]
)
def test_each_kind_of_column_has_its_dtype(where, whole):
    dtypes = {name: str(dtype) for name, dtype in collected(where).dtypes.items()}
    assert {dtypes[name] for name in ("whole", "wide")} == {whole}
    assert {dtypes[name] for name in ("exact", "number")} == {"float64"}
    assert {dtypes[name] for name in ("date", "time")} == {"datetime64[us]"}
    assert (dtypes["text"], dtypes["yes_no"]) == ("str", "boolean")


def test_values_come_back_as_they_were_and_gaps_as_gaps():
    first, gap, last = (row for _, row in collected("true").iterrows())
    assert first[["small", "whole", "wide", "exact", "number", "text"]].tolist() == [1, 2, 3, 1.25, 2.5, "é"]
    assert gap.isna().all()
    assert last["text"] == "" and not last["yes_no"]
    assert first["date"].date() == datetime.date(1900, 2, 28)
    assert last["time"] == datetime.datetime(1600, 1, 1)
