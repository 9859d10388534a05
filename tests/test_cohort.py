"""Cohorts: index events, eligibility, the flow, what followed. Each expected row says why."""

from dataclasses import replace

import pandas as pd
import pytest
from small_extracts import SETTINGS, loaded, pseudonyms, write_extract

from evalkit.cohort import (
    build_cohort,
    caveats,
    check_prediction,
    compare_rates,
    court_delay,
    early_events_left_out,
    group_comparisons,
    outcome_measures,
    refuse_rejected,
    unscored,
)
from evalkit.errors import DataError, SpecError
from evalkit.intake import load
from evalkit.spec import read_spec

SPEC = """
title = "Test"
notebook = "none.ipynb"
[cohort]
period = [2018-04-01, 2021-03-31]
[predictor]
source = "ogrs3"
"""
GROUP_AT_INDEX = """
[service]
name = "ETE"
took_up = [2018-04-01, 2021-03-31]
"""
GROUP = """
[[groups]]
name = "took_up"
label = "Took up"
complement = "Did not"
"""
PEOPLE = "person_id,date_of_birth,sex\n"
SENTENCES = (
    "sentence_id,person_id,sentence_date,sentence_type,offence_code,offence_date,supervision_start,area,"
    "total_sanctions,age_at_first_sanction\n"
)


def spec_of(tmp_path, text=SPEC):
    path = tmp_path / "test.toml"
    path.write_text(text, encoding="utf-8")
    return read_spec(path)


def cohort_of(tmp_path, *sentences, people=("A,1990-06-15,male",), spec=SPEC, settings=SETTINGS, **tables):
    extract = loaded(
        tmp_path / "extract",
        settings=settings,
        **tables,
        people=PEOPLE + "\n".join(people),
        sentences=SENTENCES + "\n".join(sentences),
    )
    return build_cohort(extract, spec_of(tmp_path, spec))


INDEX = "S1,A,2018-05-01,community order,00801,2018-03-01,2018-05-10,North,3,20"
"""Index date 10 May 2018; the last day of follow-up is 10 May 2019."""


def later(number, date, kind="community order", *, offence_date="", code="00801"):
    return f"L{number},A,{date},{kind},{code},{offence_date},,North,4,20"


@pytest.mark.parametrize(
    ("date", "reconvicted", "days"),
    [
        ("2018-05-10", False, None),  # on the index date: not after it
        ("2018-05-11", True, 1),  # the first day
        ("2019-05-10", True, 365),  # the last day
        ("2019-05-11", False, None),  # one day late
    ],
)
def test_follow_up_runs_from_the_day_after_the_index_date_to_day_365(tmp_path, date, reconvicted, days):
    person = cohort_of(tmp_path, INDEX, later(1, date)).frame.iloc[0]
    assert person["reconvicted"] == reconvicted
    assert (pd.isna(person["days_to_reconviction"]) and days is None) or person["days_to_reconviction"] == days


def test_first_count_and_custody_are_kept_together(tmp_path):
    person = cohort_of(
        tmp_path, INDEX, later(1, "2018-12-01", "custody"), later(2, "2018-06-01", "fine"), later(3, "2019-02-01")
    ).frame.iloc[0]
    assert (person["days_to_reconviction"], person["reconvictions"], person["custodial_reconvictions"]) == (22, 3, 1)


def test_what_is_no_reconviction_is_not_counted_as_one_but_counted(tmp_path):
    cohort = cohort_of(
        tmp_path,
        INDEX,
        later(1, "2018-06-01", "breach of order"),  # does not count by its type
        later(2, "2018-06-02", "resentencing"),  # nor this
        later(3, "2018-06-03", offence_date="2018-05-10"),  # the offence was on the index date: pseudo
        later(4, "2018-06-04", offence_date="2018-05-11"),  # the offence was after it: counts
        later(5, "2018-06-05", code="08800"),  # declared below as not counted
        spec=SPEC.replace("[predictor]", 'not_counted_offence_codes = ["08800"]\n[predictor]'),
    )
    person = cohort.frame.iloc[0]
    assert person["reconvictions"] == 1
    assert person["days_to_reconviction"] == 25
    assert (person["not_counted_type"], person["not_counted_pseudo"], person["not_counted_code"]) == (2, 1, 1)
    assert cohort.notes.set_index("what")["count"].filter(like="pseudo").tolist() == [1]


@pytest.mark.parametrize(
    ("offence_date", "sentence_date", "counted"),
    [
        ("2019-05-10", "2019-11-09", True),  # offence on day 365, sentence 183 days later
        ("2019-05-10", "2019-11-10", False),  # sentence one day too late
        ("2019-05-11", "2019-06-01", False),  # offence one day too late
        ("2018-05-10", "2018-06-01", False),  # offence on the index date
        ("", "2018-06-01", False),  # no offence date: cannot be a proven reoffence
    ],
)
def test_a_proven_reoffence_is_dated_by_its_offence_and_may_be_sentenced_183_days_later(
    tmp_path, offence_date, sentence_date, counted
):
    spec = SPEC.replace("[predictor]", 'outcome = "proven_reoffence"\n[predictor]')
    person = cohort_of(tmp_path, INDEX, later(1, sentence_date, offence_date=offence_date), spec=spec).frame.iloc[0]
    assert person["reconvicted"] == counted
    assert not counted or person["days_to_reconviction"] == 365


def test_the_outcome_that_the_extract_declares_holds_where_the_specification_names_none(tmp_path):
    settings = SETTINGS + 'outcome = "proven_reoffence"\n'
    person = cohort_of(tmp_path, INDEX, later(1, "2018-06-01"), settings=settings).frame.iloc[0]
    assert (person["reconvicted"], person["not_counted_undated"]) == (False, 1)


@pytest.mark.parametrize(("index_date", "mature"), [("2020-12-01", True), ("2020-12-02", False)])
def test_mature_needs_a_year_and_the_settling_days_before_the_extract_date(tmp_path, index_date, mature):
    # 2020-12-01 + 365 + 30 days = 2021-12-31, the extract date
    row = INDEX.replace("2018-05-10", index_date)
    assert cohort_of(tmp_path, row).frame["mature"].tolist() == [mature]


@pytest.mark.parametrize(("index_date", "mature"), [("2020-06-01", True), ("2020-06-02", False)])
def test_proven_reoffence_needs_another_183_days(tmp_path, index_date, mature):
    spec = SPEC.replace("[predictor]", 'outcome = "proven_reoffence"\n[predictor]')
    assert cohort_of(tmp_path, INDEX.replace("2018-05-10", index_date), spec=spec).frame["mature"].tolist() == [mature]


def test_the_first_supervision_start_in_the_period_is_the_index_and_later_ones_are_counted(tmp_path):
    cohort = cohort_of(
        tmp_path,
        "S0,A,2017-01-01,custody,00801,,2018-03-31,North,2,20",  # one day before the period
        "S2,A,2019-01-01,community order,00801,,2019-01-02,South,4,20",
        INDEX,
    )
    person = cohort.frame.iloc[0]
    assert (person["index_date"], person["area"]) == (pd.Timestamp("2018-05-10"), "North")
    assert cohort.notes["count"].iloc[0] == 1


def test_the_flow_balances_and_says_why(tmp_path):
    people = [f"{name},1990-06-15,male" for name in "ABCDEF"] + ["G,2001-05-11,male"]
    cohort = cohort_of(
        tmp_path,
        INDEX,  # A: analysed
        "S2,B,2018-05-01,fine,00801,,,North,3,20",  # B: no supervision
        "S3,C,2018-05-01,custody,00801,,2021-04-01,North,3,20",  # C: starts a day after the period
        "S4,D,2021-01-01,custody,00801,,2021-01-02,North,3,20",  # D: not mature
        "S5,E,2018-05-01,custody,00801,,2018-05-10,North,,20",  # E: no number of sanctions, so no score
        "S7,G,2018-05-01,custody,00801,,2019-05-10,North,1,17",  # G: 17 on the index date
        people=people,  # F: no sentence at all
    )
    flow = cohort.flow
    assert flow["excluded"].tolist() == [0, 2, 1, 1, 1, 1]
    assert flow["remaining"].tolist() == [7, 5, 4, 3, 2, 1]
    assert flow["remaining"].iloc[0] == flow["remaining"].iloc[-1] + flow["excluded"].sum()
    assert "1 December 2020" in flow["reason"].iloc[4]
    assert cohort.frame["person_id"].tolist() == pseudonyms("A", "D", "E")
    assert cohort.analysed["person_id"].tolist() == pseudonyms("A")


def test_somebody_of_exactly_the_minimum_age_is_eligible(tmp_path):
    assert len(cohort_of(tmp_path, INDEX.replace(",3,20", ",3,17"), people=["A,2000-05-10,male"]).frame) == 1


def test_predicted_is_the_published_ogrs3(tmp_path):
    # worked by hand: age 27 at follow-up, 27 at conviction, first at 20, third sanction, violence
    # Z = -1.166679288 + 0.463062792 + 1.251124464 ln(3 / 17) + 0 = -2.873809...; 1 / (1 + exp(-(1.402562384 + Z)))
    frame = cohort_of(tmp_path, INDEX).frame
    from math import exp, log

    z = 1.402562384 - 1.166679288 + 0.463062792 + 1.251124464 * log(3 / (10 + 27 - 20))
    assert frame["predicted"].iloc[0] == pytest.approx(1 / (1 + exp(-z)), abs=1e-12)
    assert frame["predictor"].iloc[0] == "OGRS3 one year (published)"


def test_the_index_sentence_is_never_its_own_reconviction(tmp_path):
    # supervision began four days before the sentence was recorded, and the offence is not dated
    row = "S1,A,2018-05-14,community order,00801,,2018-05-10,North,3,20"
    assert cohort_of(tmp_path, row).frame["reconvicted"].tolist() == [False]


def test_eligibility_never_sees_the_outcome(tmp_path):
    without = cohort_of(tmp_path / "without", INDEX)
    reconvicted = cohort_of(tmp_path / "with", INDEX, later(1, "2018-06-01", "custody"))
    assert without.flow.equals(reconvicted.flow)


def test_nobody_eligible_is_an_error_that_says_where_people_left(tmp_path):
    with pytest.raises(
        DataError, match="nobody is eligible; most people leave here: no supervision start from 1 April 2018"
    ):
        cohort_of(tmp_path, INDEX.replace("2018-05-10", "2021-05-10"))


def test_a_supplied_score_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(SpecError, match="the extract holds no score"):
        cohort_of(tmp_path, INDEX, spec=SPEC.replace('"ogrs3"', '"supplied"'))


PREPARED = SETTINGS + 'kind = "prepared cohort"\n[prepared]\ngroups = ["g", "h"]\n'
PREPARED_SPEC = """
title = "Test"
notebook = "none.ipynb"
[predictor]
source = "supplied"
[[groups]]
name = "g"
label = "G"
complement = "not G"
known_at_index = true
[[groups]]
name = "h"
label = "H"
complement = "G, not H"
within = "g"
known_at_index = true
"""
SCALE = '[predicted]\nscale = "share"\n'


def prepared(tmp_path, *rows, settings=PREPARED + SCALE):
    extract = loaded(tmp_path / "p", settings=settings, cohort="predicted,reconvicted,g,h\n" + "\n".join(rows))
    return build_cohort(extract, spec_of(tmp_path, PREPARED_SPEC))


def test_a_prepared_cohort_compares_within_the_wider_group(tmp_path):
    cohort = prepared(tmp_path, "0.3,1,1,1", "0.3,0,1,1", "0.3,0,1,0", "0.3,1,0,0", "0.3,0,0,0")
    row = compare_rates(cohort, "h").iloc[0]
    assert (row["people_a"], row["people_b"]) == (2, 1)  # the two people outside G are in neither


def test_a_prepared_group_that_is_not_part_of_its_wider_group_is_refused(tmp_path):
    with pytest.raises(DataError, match="column h: 1 rows are yes but not in g"):
        prepared(tmp_path, "0.3,1,1,1", "0.3,0,0,1")


def test_people_without_a_supplied_score_are_a_step_of_the_flow(tmp_path):
    cohort = prepared(tmp_path, "0.3,1,1,1", ",0,1,1")
    assert cohort.flow["excluded"].tolist() == [0, 0, 1]
    assert cohort.analysed["predicted"].tolist() == [0.3]


@pytest.mark.parametrize("line", ["horizon_days = 730", 'predictor = "ARP (OGRS4/G)"', 'predictor = "static vrp 2026"'])
def test_a_prepared_cohort_over_two_years_is_refused(tmp_path, line):
    with pytest.raises(SpecError, match="is over 730 days, but follow-up is 365 days"):
        prepared(tmp_path, "0.3,1,1,1", settings=PREPARED + SCALE + line + "\n")


def test_a_declared_predictor_is_named(tmp_path):
    assert (
        prepared(tmp_path, "0.3,1,1,1", settings=PREPARED + SCALE + 'predictor = "OGRS3 v2"\n').predictor == "OGRS3 v2"
    )


def test_an_empty_group_is_a_row_without_rates_and_nobody_at_all_is_an_error(tmp_path):
    table = group_comparisons(prepared(tmp_path, "0.3,1,1,1", "0.3,0,1,1"))
    assert table["people"].tolist() == [2, 2, 0, 0]
    assert table["difference"].isna().tolist() == [False, False, True, True]
    with pytest.raises(DataError, match="nobody can be analysed; most people leave here: no valid risk score"):
        group_comparisons(cohort_of(tmp_path, INDEX.replace(",3,20", ",,20"), spec=SPEC + GROUP_AT_INDEX))


def test_rejected_rows_stop_a_report_above_the_share_and_are_said_below_it(tmp_path):
    rows = "\n".join(f"P{number},1990-06-15,male" for number in range(49))
    sentences = SENTENCES + INDEX.replace(",A,", ",P1,")
    folder = write_extract(tmp_path / "e", people=PEOPLE + rows + "\nQ,1990-06-15,mal\n", sentences=sentences + "\n")
    extract = load(folder)
    spec = spec_of(tmp_path)
    refuse_rejected(extract, spec)  # 1 of 50 is 2 %: not above it
    assert (
        caveats(extract, build_cohort(extract, spec))[0] == "1 of 50 rows of people were rejected and are in no figure."
    )
    with pytest.raises(
        DataError, match=r"people.csv: 1 of 50 rows were rejected, more than the 1% that test.toml accepts"
    ):
        refuse_rejected(extract, replace(spec, most_rejected=0.01))


@pytest.mark.parametrize(("latest", "warned"), [("2021-12-01", False), ("2021-11-30", True)])
def test_data_that_end_before_the_extract_date_are_warned_of(tmp_path, latest, warned):
    # 30 days for late recording before 31 December 2021
    extract = loaded(
        tmp_path / "e", people=PEOPLE + "A,1990-06-15,male", sentences=SENTENCES + INDEX + "\n" + later(1, latest)
    )
    texts = caveats(extract, build_cohort(extract, spec_of(tmp_path)))
    assert any("days before the extract date" in text for text in texts) == warned


@pytest.mark.parametrize(("offence_date", "warned"), [("2018-05-20", False), ("", True)])
def test_reconvictions_without_offence_dates_are_warned_of(tmp_path, offence_date, warned):
    extract = loaded(
        tmp_path / "e",
        people=PEOPLE + "A,1990-06-15,male",
        sentences=SENTENCES + INDEX + "\n" + later(1, "2018-06-01", offence_date=offence_date),
    )
    texts = caveats(extract, build_cohort(extract, spec_of(tmp_path)))
    assert any("have no offence date" in text for text in texts) == warned


def test_an_extract_of_which_nothing_can_be_used_says_so(tmp_path):
    people = PEOPLE + "A,15/06/1990,male\n"
    extract = load(write_extract(tmp_path / "e", people=people, sentences=SENTENCES + INDEX + "\n"))
    with pytest.raises(DataError, match="no row of the extract could be used; run `python -m evalkit check`"):
        build_cohort(extract, spec_of(tmp_path))


def test_a_two_year_score_is_refused_for_one_year(tmp_path):
    settings = SETTINGS + '[predicted]\nscale = "share"\nhorizon_days = 730\n'
    with pytest.raises(SpecError, match="is over 730 days, but follow-up is 365 days"):
        cohort_of(tmp_path, INDEX, spec=SPEC.replace('"ogrs3"', '"supplied"'), settings=settings)


def test_the_last_event_tells_what_remains_without_early_ones(tmp_path):
    cohort = cohort_of(
        tmp_path,
        INDEX,
        later(1, "2018-06-09"),  # day 30: left out with the first 30 days
        "S2,B,2018-05-01,custody,00801,,2018-05-10,North,3,20",
        "L2,B,2018-06-09,fine,00801,,,North,4,20",  # day 30 as well,
        "L3,B,2018-06-10,fine,00801,,,North,4,20",  # but B has another on day 31
        people=["A,1990-06-15,male", "B,1990-06-15,male"],
    )
    assert cohort.frame["days_to_last_reconviction"].tolist() == [30, 31]
    assert early_events_left_out(cohort)["reconvicted"].tolist() == [2, 1, 0]


def test_frequency_time_and_severity_stand_beside_the_rate(tmp_path):
    cohort = cohort_of(
        tmp_path,
        INDEX,
        later(1, "2018-05-20", "custody"),  # day 10
        later(2, "2018-06-09"),
        "S2,B,2018-05-01,custody,00801,,2018-05-10,North,3,20",
        "S3,C,2018-05-01,custody,00801,,2018-05-10,North,3,20",
        "L3,C,2018-05-30,fine,00801,,,North,4,20",  # day 20
        people=[f"{name},1990-06-15,male" for name in "ABC"],
        spec=SPEC + '[service]\nname = "ETE"\ntook_up = [2018-04-01, 2021-03-31]\n' + GROUP,
        referrals="referral_id,person_id,service,referral_date,start_date\n"
        + "\n".join(f"R{name},{name},ETE,2018-05-11,2018-05-12" for name in "ABC"),
    )
    table = outcome_measures(cohort)
    row = table.iloc[0]
    assert (row["people"], row["reconvicted"], row["reconvictions"], row["custodial"]) == (3, 2, 3, 1)
    assert (row["per_person"], row["per_reoffender"], row["days_to_first"]) == (1.0, 1.5, 15.0)
    # counts 2, 0, 1: standard deviation 1; 1.96 / sqrt(3) = 1.1316
    assert row["per_person_high"] == pytest.approx(2.1316, abs=1e-4)
    assert table.iloc[1]["people"] == 0


def test_the_delay_of_the_courts_is_shown_by_year(tmp_path):
    extract = loaded(
        tmp_path / "extract",
        people=PEOPLE + "A,1990-06-15,male",
        sentences=SENTENCES
        + "\n".join(
            [
                INDEX,
                later(0, "2017-12-31", offence_date="2017-12-01"),
                later(1, "2018-12-31", offence_date="2018-12-01"),
                later(2, "2019-01-01"),
            ]
        ),
    )
    # 2017 is before the first index year; 2018: 61 days (1 March to 1 May) and 30 days; 2019: no offence date
    table = court_delay(extract, spec_of(tmp_path))
    assert table["year"].tolist() == ["2018", "2019"]
    assert table["dated"].tolist() == [2, 0]
    assert table["median_days"].iloc[0] == 45.5


@pytest.mark.parametrize(("without", "bounded"), [(1, False), (2, True)])
def test_the_unscored_bound_the_difference_where_they_are_more_than_a_twentieth(tmp_path, without, bounded):
    # 20 people, the last of them without a number of sanctions: 5 % exactly, then 10 %
    names = [f"P{number:02d}" for number in range(20)]
    rows = [
        f"S{name},{name},2018-05-01,custody,00801,,2018-05-10,North,{'' if number >= 20 - without else 3},20"
        for number, name in enumerate(names)
    ]
    cohort = cohort_of(
        tmp_path, *rows, "L,P00,2018-06-01,fine,00801,,,North,4,20", people=[f"{n},1990-06-15,male" for n in names]
    )
    row = unscored(cohort).iloc[0]
    assert (row["people"], row["unscored"]) == (20, without)
    assert pd.notna(row["bound_from"]) == bounded
    if bounded:
        # everybody scored has the same prediction, so both bounds are the rate less that prediction
        predicted = cohort.analysed["predicted"].iloc[0]
        assert row["bound_from"] == row["bound_to"] == pytest.approx(1 / 20 - predicted)


def test_with_too_few_reference_people_the_prediction_is_not_checked(tmp_path):
    trust = check_prediction(prepared(tmp_path, "0.3,1,1,1", "0.3,0,1,1", "0.3,0,0,0"), "g")
    assert (trust.verdict, trust.reason) == ("undetermined", "too few reference people to check the prediction")
    assert trust.recalibrated.empty and trust.deciles.empty
