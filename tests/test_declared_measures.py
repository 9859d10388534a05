"""Declared measures: the registry is read strictly, and every percentage is what its declaration says."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from conftest import assert_close
from statsmodels.stats.proportion import proportion_confint

from evalkit.cohort.build import build_cohort
from evalkit.cohort.columns import COLUMNS
from evalkit.cohort.conditions import Condition
from evalkit.cohort.declared import REGISTRY, definitions, outcome_definitions, read_measures
from evalkit.cohort.declared_rates import declared_rates, value_of
from evalkit.cohort.measures import outcome_measures
from evalkit.errors import DataError, SpecError
from evalkit.intake import load
from evalkit.intake.tables import TABLES
from evalkit.spec import Group, read_spec
from evalkit.synthetic import write_demo

EXTRACT_DATE = pd.Timestamp("2021-12-31")

ONE = """
[breaks.lockdown]
date = 2020-03-24
label = "lockdown"

[[measures]]
id = "seen"
label = "Seen"
definition = "Somebody saw them."
numerator = "Visits seen"
denominator = "All visits"
unit = "visit"
window = "Any time"
unknowns = "Empty: unknown"
source = "visits: seen"
table = "visits"
known = [{ column = "seen", filled = true }]
met = [{ column = "seen", is_in = [true] }]
breaks = ["lockdown"]
"""


def registry(tmp_path, text=ONE, **changes):
    for old, new in changes.items():
        text = text.replace(old, new)
    path = tmp_path / "measures.toml"
    path.write_text(text, encoding="utf-8")
    return read_measures(path)


def visits(yes, no, empty, **more):
    seen = pd.array([True] * yes + [False] * no + [None] * empty, dtype="boolean")
    return {"visits": pd.DataFrame({"seen": seen, **more})}


def test_the_registry_of_evalkit_says_all_that_a_reader_must_know():
    measures = read_measures().measures
    assert len(measures) > 20
    for measure in measures.values():
        assert all(
            getattr(measure, name).strip()
            for name in ("label", "definition", "numerator", "denominator", "unit", "window", "unknowns", "source")
        ), measure.id
        assert measure.source.startswith(f"{measure.table}: ") or measure.id == "finance_need"


def test_every_column_that_the_registry_names_is_one_of_its_table():
    derived = {
        "releases": {"finance_needs"},
        "referrals": {"jobs_found", "courses_completed", "settled_at_3_months", "reconvictions"},
    }
    for measure in read_measures().measures.values():
        cohort = measure.table.startswith("cohort_")
        declared = set(COLUMNS) if cohort else {column.name for column in TABLES[measure.table].columns}
        assert set(measure.columns) <= declared | derived.get(measure.table, set()), measure.id


def test_a_measure_that_counts_part_of_another_has_its_scope():
    known = read_measures()
    for measure in known.measures.values():
        if measure.part_of:
            assert measure.scope == known.measure(measure.part_of).scope, measure.id


def test_an_unknown_id_is_an_error_that_names_the_known_ones():
    with pytest.raises(SpecError, match=r"no measure has the id 'screend'; did you mean 'screened'\? .*met_at_gate"):
        read_measures().measure("screend")
    with pytest.raises(SpecError, match="no measure has the id 'gone'"):
        declared_rates({}, ["gone"], extract_date=EXTRACT_DATE)
    with pytest.raises(SpecError, match="no measure has the id 'gone'"):
        definitions(["gone"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('window = "Any time"\n', "", "measure 'seen': 'window' is missing; every measure says it"),
        ('window = "Any time"', 'window = ""', "measure 'seen': 'window' is missing"),
        ('window = "Any time"', "window = 5", "measure 'seen', window: 5 is not a text"),
        ('window = "Any time"', 'windw = "Any time"', r"measure 'seen': unknown name 'windw' \(known: id, label"),
        ("filled = true", "fill = true", "measure 'seen', known: unknown name 'fill'"),
        ("filled = true", 'filled = true, after = "x"', "column seen: days after x need at_least or at_most"),
        (", filled = true", "", "column seen: say exactly one of filled, is_in"),
        ("is_in = [true]", "is_in = [true], filled = true", "column seen: say exactly one of"),
        ("is_in = [true]", 'at_least = 1, unit = "weeks"', "the unit 'weeks' is not one of days, business days"),
        ('breaks = ["lockdown"]', 'breaks = ["strike"]', r"no break is called 'strike' \(known: lockdown\)"),
        ("met = [{ column", "unmet = [{ column", "unknown name 'unmet'"),
        ('met = [{ column = "seen", is_in = [true] }]\n', "", "say either what has to be met, or of which column"),
        ('breaks = ["lockdown"]', 'each = "seen"', "say either what has to be met"),
        ('met = [{ column = "seen", is_in = [true] }]\n', 'each = "seen"\n', "'each' needs its categories"),
        ('breaks = ["lockdown"]', 'mean_of = "seen"', "say either what has to be met.* or the mean is taken"),
        ('breaks = ["lockdown"]', 'part_of = "all"', "no measure has the id 'all'"),
        ("[[measures]]", "[[measure]]", "holds measure; "),
        ("[[measures]]", "[[measures", "cannot be read"),
    ],
)
def test_what_is_wrong_in_a_registry_is_named(tmp_path, old, new, message):
    with pytest.raises(SpecError, match=message):
        registry(tmp_path, **{old: new})


def test_an_id_is_declared_once_and_a_registry_must_be_there(tmp_path):
    with pytest.raises(SpecError, match="measure 'seen' is declared twice"):
        registry(tmp_path, ONE + ONE[ONE.index("[[measures]]") :])
    with pytest.raises(SpecError, match=r"none\.toml: the registry of measures cannot be read"):
        read_measures(tmp_path / "none.toml")


def test_definitions_are_words_for_the_table_under_the_figures(tmp_path):
    (row,) = definitions(["seen"], registry=registry(tmp_path)).to_dict("records")
    assert row["breaks"] == "24 March 2020: lockdown"
    assert (row["numerator"], row["denominator"], row["window"]) == ("Visits seen", "All visits", "Any time")
    without = registry(tmp_path, **{'breaks = ["lockdown"]': ""})
    assert definitions(["seen"], registry=without)["breaks"].iloc[0] == "none known"


def test_both_denominators_with_wilson_intervals(tmp_path):
    (row,) = declared_rates(
        visits(30, 15, 5), ["seen"], extract_date=EXTRACT_DATE, registry=registry(tmp_path)
    ).to_dict("records")
    assert (row["in_scope"], row["known"], row["unknown"], row["met"]) == (50, 45, 5, 30)
    assert_close([row["share"], row["share_all"]], [30 / 45, 30 / 50], decimals=12)
    assert_close([row["low"], row["high"]], proportion_confint(30, 45, method="wilson"), decimals=10)
    assert_close(
        [row["share_all_low"], row["share_all_high"]], proportion_confint(30, 50, method="wilson"), decimals=10
    )


@pytest.mark.parametrize(("empty", "rating"), [(9, "green"), (10, "green"), (11, "amber")])
def test_above_a_tenth_unknown_a_row_is_amber_and_has_bounds(tmp_path, empty, rating):
    table = declared_rates(
        visits(60, 40 - empty, empty), ["seen"], extract_date=EXTRACT_DATE, registry=registry(tmp_path)
    )
    assert table["rating"].tolist() == [rating]
    if rating == "amber":
        assert_close(table[["worst", "best"]].iloc[0], [0.60, 0.71], decimals=12)
    assert table[["worst", "best"]].notna().all(axis=None) == (rating == "amber")


def test_nobody_in_scope_gives_counts_and_no_share(tmp_path):
    table = declared_rates(visits(0, 0, 0), ["seen"], extract_date=EXTRACT_DATE, registry=registry(tmp_path))
    assert table[["in_scope", "met"]].to_numpy().tolist() == [[0, 0]]
    assert table[["share", "share_all", "unknown_share"]].isna().all(axis=None)
    assert table["rating"].tolist() == ["green"]


def test_groups_add_up_and_rows_without_a_group_are_one(tmp_path):
    tables = visits(4, 3, 2, office=["b", "a", "a", None, "b", "b", None, "a", "b"])
    table = declared_rates(tables, ["seen"], extract_date=EXTRACT_DATE, by="office", registry=registry(tmp_path))
    rows = table.set_index("group")[["in_scope", "known", "met"]].to_numpy().tolist()
    assert table["group"].tolist() == ["a", "b", "not recorded"]
    assert rows == [[3, 2, 2], [4, 3, 1], [2, 2, 1]]


def test_measures_of_different_units_are_never_in_one_table():
    with pytest.raises(SpecError, match=r"different units in one table \(release, need\)"):
        declared_rates({}, ["screened", "need_addressed"], extract_date=EXTRACT_DATE)


def test_a_table_or_column_that_is_not_there_is_named(tmp_path):
    known = registry(tmp_path)
    with pytest.raises(SpecError, match="'seen' is read from the table visits, which the extract does not have"):
        declared_rates({}, ["seen"], extract_date=EXTRACT_DATE, registry=known)
    with pytest.raises(SpecError, match="'seen': the table visits has no column seen, office"):
        declared_rates({"visits": pd.DataFrame()}, ["seen"], extract_date=EXTRACT_DATE, by="office", registry=known)


def test_categories_are_counted_in_turn_of_the_same_known(tmp_path):
    each = {'met = [{ column = "seen", is_in = [true] }]': 'each = "where"\ncategories = ["home", "office"]'}
    tables = visits(3, 2, 1, where=["home", "home", "office", "home", None, "home"])
    table = declared_rates(tables, ["seen"], extract_date=EXTRACT_DATE, registry=registry(tmp_path, **each))
    assert table["name"].tolist() == ["seen: home", "seen: office"]
    assert table["label"].tolist() == ["Home", "Office"]
    assert table[["in_scope", "known", "met"]].to_numpy().tolist() == [[6, 5, 3], [6, 5, 1]]


def dates(*days):
    return pd.Series(pd.to_datetime(list(days)))


CONDITIONS = [
    (Condition("a", filled=True), [True, True, False]),
    (Condition("a", filled=False), [False, False, True]),
    (Condition("text", is_in=["yes"]), [True, False, False]),
    (Condition("text", not_in=["yes"]), [False, True, False]),  # an empty cell does not meet it
    (Condition("number", at_least=2), [False, True, False]),
    (Condition("number", at_most=1), [True, False, False]),
    (Condition("number", at_least=1, at_most=2), [True, True, False]),
    (Condition("b", after="a", at_least=1), [True, False, False]),
    (Condition("b", after="a", at_most=0), [False, True, False]),
    (Condition("b", after="a", at_least=4, at_most=4), [True, False, False]),
    (Condition("b", after="a", unit="business days", at_least=2, at_most=2), [True, False, False]),
    (Condition("a", complete=301), [True, True, False]),
    (Condition("a", complete=302), [False, True, False]),
    (Condition("a", complete=303), [False, False, False]),
]


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS, ids=lambda value: str(value)[:90])
def test_a_condition_holds_where_it_should(condition, expected):
    rows = pd.DataFrame(
        {
            "a": dates("2021-03-05", "2021-03-04", None),  # Friday; 301 and 302 days before the extract date
            "b": dates("2021-03-09", "2021-03-04", "2021-03-09"),  # Tuesday
            "text": pd.Series(["yes", "no", None], dtype="str"),
            "number": [1, 2, None],
        }
    )
    assert condition.holds(rows, EXTRACT_DATE).tolist() == expected


def test_days_are_counted_from_dates_only():
    rows = pd.DataFrame({"a": ["2021-03-05"], "b": dates("2021-03-09")})
    with pytest.raises(DataError, match="column a holds no dates"):
        Condition("b", after="a", at_least=0).holds(rows, EXTRACT_DATE)


RELEASE = {
    "reception_date": "2020-01-06",
    "screening_date": None,
    "plan_date": None,
    "plan_reviewed_date": None,
    "release_date": "2020-07-03",  # a Friday
    "first_appointment_date": None,
    "benefit_claim_date": None,
    "recall_date": None,
}


@pytest.mark.parametrize(
    ("name", "column", "yes", "no"),
    [
        ("plan_5_business_days", "plan_date", ["2020-01-06", "2020-01-13"], ["2020-01-05", "2020-01-14"]),
        ("reviewed_12_weeks", "plan_reviewed_date", ["2020-03-27", "2020-04-24"], ["2020-03-26", "2020-04-25"]),
        (
            "first_appointment_1_business_day",
            "first_appointment_date",
            ["2020-07-03", "2020-07-04", "2020-07-06"],
            ["2020-07-02", "2020-07-07"],
        ),
        ("engaged_7_days", "first_appointment_date", ["2020-07-03", "2020-07-10"], ["2020-07-02", "2020-07-11"]),
        ("engaged_28_days", "first_appointment_date", ["2020-07-31"], ["2020-08-01"]),
        ("benefit_claim_by_release", "benefit_claim_date", ["2020-06-01", "2020-07-03"], ["2020-07-04"]),
        ("benefit_claim_7_days", "benefit_claim_date", ["2020-07-10"], ["2020-07-11"]),
        ("benefit_claim_28_days", "benefit_claim_date", ["2020-07-31"], ["2020-08-01"]),
        ("recalled_28_days", "recall_date", ["2020-07-03", "2020-07-31"], ["2020-08-01"]),
        ("recalled_1_year", "recall_date", ["2021-07-03"], ["2021-07-04"]),
    ],
)
def test_windows_of_the_releases_end_where_they_say(name, column, yes, no):
    measure = read_measures().measure(name)
    rows = pd.DataFrame([{**RELEASE, column: day} for day in [*yes, *no, None]]).apply(pd.to_datetime)
    values = value_of(measure, rows, EXTRACT_DATE)
    assert values["in_scope"].all()
    assert values["met"].tolist() == [True] * len(yes) + [False] * (len(no) + 1)


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("engaged_28_days", 28),
        ("settled_3_months", 92),
        ("employed_6_weeks", 42),
        ("employed_6_months", 184),
        ("recalled_1_year", 365),
    ],
)
def test_a_release_is_in_scope_once_its_window_is_over(name, days):
    measure = read_measures().measure(name)
    ends = [EXTRACT_DATE - pd.Timedelta(days=days), EXTRACT_DATE - pd.Timedelta(days=days - 1)]
    rows = pd.DataFrame({column: dates(None, None) for column in measure.columns}).assign(release_date=ends)
    for column in {"employed_6_weeks", "employed_6_months"} & set(rows):
        rows[column] = pd.array([True, True], dtype="boolean")
    assert value_of(measure, rows, EXTRACT_DATE)["in_scope"].tolist() == [True, False]


def test_custody_shorter_than_the_review_needs_is_out_of_its_scope():
    measure = read_measures().measure("reviewed_12_weeks")
    received = ["2020-03-27", "2020-03-28", None]  # 98 and 97 days before release
    rows = pd.DataFrame([{**RELEASE, "reception_date": day} for day in received]).apply(pd.to_datetime)
    assert value_of(measure, rows, EXTRACT_DATE)["in_scope"].tolist() == [True, False, False]


def test_the_notebook_asks_for_declared_measures_only():
    text = Path("notebooks/through_the_gate.ipynb").read_text(encoding="utf-8")
    asked = {
        name for part in re.findall(r"_ids = \[(.*?)\]", text, flags=re.S) for name in re.findall(r'\\"(\w+)\\"', part)
    }
    assert len(asked) > 20
    assert asked <= set(read_measures().measures)
    assert REGISTRY.name == "declared_measures.toml"


@pytest.fixture(scope="module")
def extract(tmp_path_factory):
    """A small demonstration extract."""
    return load(write_demo(tmp_path_factory.mktemp("outcomes") / "demo", people=1500), tables=["referrals"])


@pytest.fixture(scope="module")
def outcomes(extract):
    """A cohort by either definition of the outcome."""
    spec = read_spec("notebooks/specs/ete.toml")
    rules = {name: replace(spec.cohort, outcome=name) for name in ("reconviction", "proven_reoffence")}
    return {
        name: build_cohort(extract, replace(spec, cohort=rule, groups=(ONE_GROUP,))) for name, rule in rules.items()
    }


ONE_GROUP = Group("took_up", "Took up", "Did not")
OUTCOME_MEASURES = {
    "reconviction": {
        "rate": "reconvicted_1_year",
        "custodial": "custodial_reconviction_1_year",
        "per_person": "reconvictions_per_person_1_year",
        "per_reoffender": "reconvictions_per_reoffender_1_year",
        "days_to_first": "days_to_first_reconviction_1_year",
    },
    "proven_reoffence": {
        "rate": "proven_reoffence_1_year",
        "custodial": "custodial_proven_reoffence_1_year",
        "per_person": "proven_reoffences_per_person_1_year",
        "per_reoffender": "proven_reoffences_per_reoffender_1_year",
        "days_to_first": "days_to_first_proven_reoffence_1_year",
    },
}


@pytest.mark.parametrize("outcome", list(OUTCOME_MEASURES))
@pytest.mark.parametrize("complement", [False, True])
def test_what_is_declared_of_a_years_outcome_is_what_the_reports_count(outcomes, outcome, complement):
    cohort, ids = outcomes[outcome], OUTCOME_MEASURES[outcome]
    shown = outcome_measures(cohort).query("complement == @complement").iloc[0]
    rows = {f"cohort_{outcome}": cohort.frame[cohort.frame["took_up"] != complement]}
    counted = declared_rates(rows, [ids["rate"], ids["custodial"]], extract_date=EXTRACT_DATE)
    assert counted["met"].tolist() == [shown["reconvicted"], shown["custodial"]]
    assert counted["known"].tolist() == [shown["people"]] * 2
    for name in ("per_person", "per_reoffender", "days_to_first"):
        measure = read_measures().measure(ids[name])
        (frame,) = rows.values()
        values = frame.loc[value_of(measure, frame, EXTRACT_DATE)["known"], measure.mean_of]
        assert_close(values.mean(), shown[name], decimals=12)


def test_the_two_definitions_differ_and_one_is_never_read_as_the_other(outcomes):
    frames = {name: cohort.frame for name, cohort in outcomes.items()}
    assert frames["reconviction"]["reconvicted"].sum() != frames["proven_reoffence"]["reconvicted"].sum()
    with pytest.raises(SpecError, match="is read from the table cohort_proven_reoffence, which the extract does not"):
        declared_rates(
            {"cohort_reconviction": frames["reconviction"]}, ["proven_reoffence_1_year"], extract_date=EXTRACT_DATE
        )


def test_a_mean_is_no_percentage(outcomes):
    rows = {"cohort_reconviction": outcomes["reconviction"].frame}
    with pytest.raises(SpecError, match="reconvictions_per_person_1_year: a mean, and no percentage"):
        declared_rates(rows, ["reconvictions_per_person_1_year"], extract_date=EXTRACT_DATE)


def test_every_outcome_of_a_year_has_its_definition_for_both_ways_of_counting():
    said = definitions([name for ids in OUTCOME_MEASURES.values() for name in ids.values()]).set_index("id")
    assert len(said) == 10
    assert said["window"].str.startswith("365 days from the day after").all()
    assert said.loc["proven_reoffence_1_year", "window"].endswith("183 more days for the sentence")
    assert set(said["unit"]) == {"person"}
    assert set(said["breaks"].str.startswith("24 March 2020: first national lockdown")) == {True}


@pytest.mark.parametrize(
    ("declared", "first"),
    [
        (None, "reconvicted_1_year"),  # what the extract declares
        ("reconviction", "reconvicted_1_year"),
        ("proven_reoffence", "proven_reoffence_1_year"),
    ],
)
def test_the_measures_of_an_evaluation_are_those_of_its_outcome(extract, declared, first):
    rules = replace(read_spec("notebooks/specs/ete.toml").cohort, outcome=declared)
    found = outcome_definitions(extract, rules)
    assert found["id"].iloc[0] == first
    assert found["source"].str.startswith(f"cohort_{declared or 'reconviction'}:").tolist() == [True] * 5
