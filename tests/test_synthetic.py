"""The demonstration extract: the published figures from its rows, and the planted truth recovered from them."""

import ast
import filecmp
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from conftest import assert_close
from demo_cohort import (
    CLOSES,
    analysed,
    build,
    first_take_up,
    jobs_after,
    later_sentences,
    read,
    read_all,
    spells_of_work,
)
from scipy.special import expit, logit

from evalkit.errors import DataError, SpecError
from evalkit.intake import load
from evalkit.synthetic import choose, describe_truth, quotas, truth, write_demo

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tables(demo_folder):
    return read_all(demo_folder)


@pytest.fixture(scope="module")
def published():
    table = pd.read_csv(ROOT / "notebooks" / "specs" / "published_ete_2021.csv", index_col="id")
    return table["value"]


@pytest.fixture(scope="module")
def took_up(tables):
    return first_take_up(tables.referrals)


@pytest.fixture(scope="module")
def jobs(tables, took_up):
    return jobs_after(tables.jobs, took_up)


@pytest.fixture(scope="module")
def found_work(jobs):
    return jobs[jobs["start_date"] <= CLOSES].groupby("person_id")["start_date"].min()


@pytest.fixture(scope="module")
def spells(jobs):
    return spells_of_work(jobs)


@pytest.fixture(scope="module")
def sustained(spells):
    return set(spells.loc[(spells["days"] >= 91) & (spells["start"] <= CLOSES), "person_id"])


@pytest.fixture(scope="module")
def cohort(tables, took_up, found_work, sustained):
    return build(tables, took_up, found_work, sustained)


def test_the_outputs_are_those_published(published, took_up, found_work, sustained):
    assert len(took_up) == published["took_up"] == 13_923
    assert len(found_work) == published["found_work"] == 3_263
    assert len(sustained) == published["sustained"] == 2_048


def test_the_flow_of_participants_ends_at_those_analysed(cohort, took_up):
    participants = cohort[cohort["lag"].notna()]
    without_score = participants["mature"] & participants["predicted"].isna()
    assert len(took_up) - len(participants) == 513
    assert (~participants["mature"]).sum() == 526
    assert without_score.sum() == 359
    assert len(analysed(participants)) == 12_525


@pytest.mark.parametrize(
    ("group", "people", "reconvicted"), [("all", 12_525, 3_394), ("work", 2_756, 551), ("sustained", 1_709, 303)]
)
def test_predicted_and_actual_rates_print_as_published(cohort, published, group, people, reconvicted):
    participants = analysed(cohort[cohort["lag"].notna()])
    members = {"all": slice(None), "work": participants["job_lag"].notna(), "sustained": participants["sustained"]}
    chosen = participants.loc[members[group]]
    actual, predicted = (chosen["days"] <= 365).mean(), chosen["predicted"].mean()
    assert (len(chosen), (chosen["days"] <= 365).sum()) == (people, reconvicted)
    assert round(100 * actual, 1) == published[f"rat_{group}_actual"]
    assert round(100 * predicted, 1) == published[f"rat_{group}_predicted"]
    assert round(100 * (predicted - actual), 1) == published[f"rat_{group}_difference"]


def test_1065_fewer_than_predicted(cohort):
    participants = analysed(cohort[cohort["lag"].notna()])
    assert round(participants["predicted"].sum() - (participants["days"] <= 365).sum()) == 1_065


def test_courses_and_sectors_are_those_of_the_two_figures(tables, published):
    courses, jobs = (table[table["referral_id"].str.startswith("SYN-R")] for table in (tables.courses, tables.jobs))
    completed = courses[courses["completion_date"].between("2016-04-01", CLOSES)]
    found = jobs[jobs["start_date"].between("2016-04-01", CLOSES)].sort_values("start_date")
    subjects = completed["subject"].value_counts()
    sectors = found.drop_duplicates("person_id")["sector"].value_counts()
    figure_1 = published[published.index.str.startswith("course_")]
    figure_2 = published[published.index.str.startswith("job_")]
    assert (subjects.sum(), sectors.sum()) == (6_150, 4_919)
    assert subjects.iloc[:6].to_list() == figure_1.to_list()
    assert sectors.iloc[:8].to_list() == figure_2.to_list()
    assert subjects.iloc[6:].max() < 277 and len(subjects) >= 18
    assert sectors.iloc[8:].max() < 175


def test_13_weeks_are_confirmed_for_those_who_kept_the_work_on_both_sides_of_the_edge(jobs, spells, sustained):
    assert set(jobs.loc[jobs["confirmed_13_weeks"] == "yes", "person_id"]) == sustained
    assert {90, 91} <= set(spells["days"])  # a day short, and just enough
    joined = spells[spells["jobs"] == 2]
    assert joined["person_id"].isin(sustained).sum() > 100
    assert set(joined["gap"]) == set(range(1, 8))


def test_every_row_passes_the_checks_of_an_extract(demo_folder):
    extract = load(demo_folder)
    assert extract.rejected.empty, extract.rejected.head().to_string()
    assert extract.settings.synthetic
    assert len(extract.tables) == 11


def test_every_identifier_is_obviously_synthetic(tables):
    for table in vars(tables).values():
        for name in table.columns[table.columns.str.endswith("_id")]:
            assert table[name].dropna().str.startswith("SYN-").all()


def test_there_is_something_to_exclude(tables, cohort):
    window = later_sentences(tables.sentences, cohort["start"]).query("days <= 365")
    assert (window["sentence_type"] == "breach of order").sum() > 1_000
    assert (window["sentence_type"] == "resentencing").sum() > 300
    assert window["pseudo"].sum() > 1_000
    assert (window.groupby("person_id").size() > 1).sum() > 1_000


def test_mentors_and_teams(tables, published):
    assert len(tables.volunteers) == published["peer_mentors_trained"]
    assert tables.volunteers["employed_date"].notna().sum() == published["peer_mentors_employed"]
    assert tables.sentences["team"].nunique() == 36


def test_the_score_over_predicts_for_those_not_treated(cohort):
    others = analysed(cohort[cohort["lag"].isna()])
    assert len(others) > 35_000
    assert_close((others["days"] <= 365).sum() / others["predicted"].sum(), truth.UNTREATED_RATIO, decimals=1)
    assert abs((others["days"] <= 365).sum() / others["predicted"].sum() - truth.UNTREATED_RATIO) < 0.02


def test_the_hazard_falls_and_the_lag_is_about_90_days(cohort):
    others = analysed(cohort[cohort["lag"].isna()])["days"]
    quarters = [(0, 91), (91, 182), (182, 273), (273, 365)]
    hazards = [((others > first) & (others <= last)).sum() / (others > first).sum() for first, last in quarters]
    assert hazards == sorted(hazards, reverse=True)
    assert hazards[0] > 1.5 * hazards[3]
    lag = cohort["lag"].dropna()
    assert (lag.min(), lag.max()) == truth.LAG_DAYS
    assert abs(lag.mean() - 90) < 5


def rebased(predicted, day):
    """Untreated risk of reconviction within 365 days from a later day on, under the planted model."""
    risk = expit(logit(predicted) + truth.SCORE_SHIFT)
    growth = ((day + 365) / 365) ** truth.HAZARD_SHAPE - (day / 365) ** truth.HAZARD_SHAPE
    return 1 - (1 - risk) ** growth


def log_odds(outcome, group, offset):
    design = sm.add_constant(np.asarray(group, float))
    fit = sm.GLM(np.asarray(outcome, float), design, family=sm.families.Binomial(), offset=np.asarray(offset)).fit()
    return SimpleNamespace(estimate=fit.params[1], error=fit.bse[1])


def test_people_compared_from_take_up_while_at_risk_show_the_planted_effect(cohort):
    """Sequential comparison by month; the comparison day of those who did not start is drawn within the month."""
    people, rng, rows = analysed(cohort), np.random.default_rng(1), []
    for month_start in range(0, 182, 30):
        starts = people[people["lag"].between(month_start + 1, month_start + 30)]
        waiting = people[~(people["lag"] <= month_start + 30)]
        waiting = waiting.assign(day=rng.integers(month_start + 1, month_start + 31, len(waiting)), treated=0)
        rows += [starts.assign(day=starts["lag"], treated=1), waiting]
    rows = pd.concat(rows).query("days > day and observed >= day + 365")
    outcome = rows["days"] <= rows["day"] + 365
    effect = log_odds(outcome, rows["treated"], logit(rebased(rows["predicted"], rows["day"])))
    assert rows["treated"].sum() > 10_000
    assert abs(effect.estimate - truth.PARTICIPANT_LOG_ODDS) < 0.06


def test_work_looks_effective_to_the_naive_and_is_not(cohort):
    participants = analysed(cohort[cohort["lag"].notna()])
    naive = log_odds(participants["days"] <= 365, participants["job_lag"].notna(), logit(participants["predicted"]))
    assert naive.estimate + 1.96 * naive.error < -0.1
    at_risk = participants.query("days > 183 and observed >= 183 + 365")
    landmark = log_odds(
        at_risk["days"] <= 183 + 365, at_risk["job_lag"] <= 183, logit(rebased(at_risk["predicted"], 183))
    )
    assert abs(landmark.estimate - truth.JOB_LOG_ODDS) < 1.96 * landmark.error
    assert abs(landmark.estimate) < abs(naive.estimate) / 2


def test_another_seed_gives_other_people_with_the_same_figures():
    people = choose.followed_people(7, 1.0)
    participants = people[people["took_up"] & ~people["unscored"] & (people["index_day"] <= choose.LAST_MATURE)]
    assert len(people) == 12_525 + 526 + 359 + quotas.NON_PARTICIPANTS
    assert (participants["reconvicted_after"] <= 365).sum() == 3_394
    assert_close(participants["predicted"].mean(), 0.3560, decimals=4)


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    first, again = (write_demo(tmp_path / name, people=600) for name in ("first", "again"))
    other = write_demo(tmp_path / "other", people=600, seed=3)
    files = sorted(path.name for path in first.iterdir())
    assert len(files) == 13
    assert filecmp.cmpfiles(first, again, files, shallow=False) == (files, [], [])
    assert filecmp.cmpfiles(first, other, files, shallow=False)[0] == [".evalkit-key", "extract.toml"]


@pytest.mark.parametrize("people", [500, 3_001])
def test_any_size_holds_that_many_people_in_proportion(tmp_path, people):
    folder = write_demo(tmp_path / "demo", people=people)
    assert len(read(folder / "people.csv")) == people
    ete = read(folder / "referrals.csv").query("service == 'ETE' and start_date.notna()")
    earlier_and_three_years = quotas.participants() + sum(quotas.EARLIER.values())
    assert abs(ete["person_id"].nunique() / people - earlier_and_three_years / quotas.people_in_all()) < 0.02
    assert load(folder).rejected.empty


@pytest.mark.parametrize(("people", "seed"), [(499, 0), (2_000_001, 0), (500, -1)])
def test_sizes_and_seeds_out_of_range_are_refused(tmp_path, people, seed):
    with pytest.raises(SpecError, match=r"people is .*500 to 2,000,000|seed is -1; it must be 0 or more"):
        write_demo(tmp_path / "demo", people=people, seed=seed)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_demonstration_is_replaced_and_anything_else_is_left_alone(tmp_path):
    folder = write_demo(tmp_path / "demo", people=500)
    (folder / "old.csv").write_text("left over")
    assert not (write_demo(folder, people=500) / "old.csv").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    (folder / "extract.toml").write_text('source = "a real one"')
    with pytest.raises(DataError, match="holds something other than a demonstration extract and is left as it is"):
        write_demo(folder, people=500)
    assert (folder / "extract.toml").read_text() == 'source = "a real one"'


def test_a_failure_on_the_way_leaves_the_earlier_demonstration_and_nothing_half_written(tmp_path):
    folder = write_demo(tmp_path / "demo", people=500)
    before = (folder / "people.csv").read_bytes()
    with pytest.raises(TypeError):
        write_demo(folder, people=500, seed=0.5)  # the generator stops at a seed that is no whole number
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert (folder / "people.csv").read_bytes() == before


def test_only_the_generator_and_its_tests_see_the_planted_truth():
    sources = [path for place in ("evalkit", "tests", "benchmarks") for path in (ROOT / place).rglob("*.py")]
    seers = {path.relative_to(ROOT).as_posix() for path in sources if sees_truth(path)}
    assert {"evalkit/synthetic/histories.py", "tests/test_synthetic.py"} <= seers
    assert [seer for seer in seers if not seer.startswith(("evalkit/synthetic/", "tests/test_synthetic"))] == []
    notebooks = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert "synthetic.truth" not in notebooks and "synthetic import truth" not in notebooks


def sees_truth(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None) or ""
            if any("synthetic.truth" in f"{module}.{alias.name}" for alias in node.names):
                return True
    return False


def test_the_planted_truth_is_stated_in_words():
    text = describe_truth()
    for value in (truth.SCORE_SHIFT, truth.UNTREATED_RATIO, truth.PARTICIPANT_LOG_ODDS, truth.HAZARD_SHAPE):
        assert str(value) in text
    for figure in ("13,923", "3,263", "2,048", "12,525", "6,150", "4,919"):
        assert figure in text
