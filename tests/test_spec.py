"""Specifications: read, checked, refused in plain words."""

import datetime
from pathlib import Path

import pytest

from evalkit.errors import SpecError
from evalkit.spec import read_spec

SPECS = sorted(Path("notebooks/specs").glob("*.toml"))
GOOD = """
title = "A"
notebook = "../a.ipynb"
[cohort]
period = [2018-04-01, 2019-03-31]
[[groups]]
name = "took_up"
label = "Took up"
complement = "Did not"
[[groups]]
name = "found_work"
label = "Found work"
complement = "Did not"
within = "took_up"
"""


def written(tmp_path, text):
    path = tmp_path / "one.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_specification_is_read_with_its_defaults(tmp_path):
    spec = read_spec(written(tmp_path, GOOD))
    assert spec.name == "one"
    assert spec.notebook == (tmp_path / "../a.ipynb").resolve()
    assert spec.cohort.period == (datetime.date(2018, 4, 1), datetime.date(2019, 3, 31))
    assert [group.within for group in spec.groups] == ["", "took_up"]
    assert spec.predictor.coefficients == "published"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "A"', "", "one.toml: 'title' is missing"),
        ('title = "A"', 'titel = "A"', "one.toml: unknown name 'titel'; did you mean 'title'?"),
        ("[2018-04-01, 2019-03-31]", "[2019-04-01, 2019-03-31]", "first day 2019-04-01 is after the last day"),
        ("[2018-04-01, 2019-03-31]", "[2018-04-01]", "2 values are needed"),
        ("[2018-04-01, 2019-03-31]", '["2018-04-01", 2019-03-31]', "'2018-04-01' is not a date"),
        ("[2018-04-01, 2019-03-31]", "[2018-04-01T00:00:00, 2019-03-31]", "is not a date"),
        ('within = "took_up"', 'within = "tookup"', "group 'found_work' is within 'tookup', not declared before it"),
        ('name = "found_work"', 'name = "took_up"', "group 'took_up' is declared twice"),
        ("[cohort]", '[cohort]\noutcome = "reoffending"', "'reoffending' is not one of 'reconviction', 'proven_re"),
        ("[cohort]", "[cohort]\nminimum_age = true", "True is not a whole number"),
        ("[cohort]", "[cohort", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, message):
    assert old in GOOD
    with pytest.raises(SpecError) as caught:
        read_spec(written(tmp_path, GOOD.replace(old, new)))
    assert message in str(caught.value)


def test_a_missing_file_is_an_error_and_not_a_traceback(tmp_path):
    with pytest.raises(SpecError, match="no specification at"):
        read_spec(tmp_path / "none.toml")


def test_an_unknown_group_is_answered_with_the_nearest(tmp_path):
    with pytest.raises(SpecError, match="did you mean 'took_up'"):
        read_spec(written(tmp_path, GOOD)).group("took_upp")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_every_committed_specification_is_valid_and_its_notebook_exists(path):
    assert read_spec(path).notebook.exists()
