"""Full-size runs, minutes long: `make test-full`. A smaller slice of each is among the ordinary tests."""

import numpy as np
import pandas as pd
import pytest

from evalkit.cohort import build_cohort, group_comparisons
from evalkit.intake import load
from evalkit.ogrs import ogrs3
from evalkit.reports import run_report
from evalkit.statistics import actual_vs_predicted
from evalkit.synthetic import write_demo

pytestmark = pytest.mark.full


def test_a_million_people_from_files_to_the_comparison(tmp_path):
    extract = load(write_demo(tmp_path / "demo", people=1_000_000))
    assert extract.rejected.empty
    cohort = build_cohort(extract, "notebooks/specs/ete.toml")
    assert cohort.flow["remaining"].iloc[0] == 1_000_000
    assert cohort.flow["remaining"].iloc[0] == cohort.flow["remaining"].iloc[-1] + cohort.flow["excluded"].sum()
    table = group_comparisons(cohort, design="naive").set_index(["name", "complement"])
    # planted: the score over-predicts for people who did not take part, actual over predicted about 0.85
    assert table.loc[("took_up", True), "ratio"] == pytest.approx(0.85, abs=0.02)


def test_a_million_scores_agree_with_the_same_people_scored_in_parts():
    rng = np.random.default_rng(7)
    size = 1_000_000
    born = pd.Timestamp("1950-01-01") + pd.to_timedelta(rng.integers(0, 18_000, size), unit="D")
    people = pd.DataFrame(
        {
            "gender": rng.choice(["M", "F"], size),
            "date_of_birth": born,
            "conviction_date": pd.Timestamp("2020-01-01"),
            "followup_date": pd.Timestamp("2020-02-01"),
            "total_sanctions": rng.integers(1, 60, size),
            "age_at_first_sanction": rng.integers(10, 20, size),
            "offence_code": rng.choice(["00801", "02700", "09230", "11618"], size),
        }
    )
    whole = ogrs3(people)
    sample = rng.choice(size, 1_000, replace=False)
    assert (whole["ogrs3_error"] == "").all()
    pd.testing.assert_frame_equal(whole.iloc[sample], ogrs3(people.iloc[sample]))


def test_the_exact_test_takes_a_million_people():
    rng = np.random.default_rng(7)
    predicted = rng.beta(2, 4, 1_000_000)
    result = actual_vs_predicted(rng.random(1_000_000) < predicted, predicted)
    assert "exact" in result.method
    assert result.difference_low < 0 < result.difference_high


def test_the_employment_report_of_a_million_people(tmp_path):
    data = write_demo(tmp_path / "demo", people=1_000_000)
    report = run_report("notebooks/specs/ete.toml", data=data, out=tmp_path)
    assert report.stat().st_size < 1_500_000
