"""OGRS3 against its reference cases, every rule at its edge, and the inputs it must refuse or survive."""

from __future__ import annotations

import datetime
import math
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.errors import DataError, SpecError
from evalkit.ogrs import HORIZON_DAYS, check_horizon, offence_group, ogrs3
from evalkit.ogrs.offences import groups
from evalkit.ogrs.scores import half_up, logistic, whole_percent

REFERENCE = Path(__file__).parent / "reference" / "vectors_ogrs3.csv"
SUFFIX = {"published": "_published", "moj_api": ""}

BASE = {
    "gender": "M",
    "date_of_birth": "1990-01-01",
    "conviction_date": "2015-06-01",
    "followup_date": "2015-09-01",
    "total_sanctions": 4,
    "age_at_first_sanction": 17,
    "offence_code": "00801",
}


def person(**changes):
    """One scorable person with some inputs changed, cells kept as they are given."""
    return pd.DataFrame([{**BASE, **changes}], dtype=object)


def error_of(**changes):
    return ogrs3(person(**changes))["ogrs3_error"].item()


@pytest.fixture(scope="module")
def vectors():
    cases = pd.read_csv(REFERENCE, dtype={"offence_code": "str"})
    return cases.rename(columns={"sanctions_total": "total_sanctions", "age_first_sanction": "age_at_first_sanction"})


# ---------------------------------------------------------------------------------------------- scores


@pytest.mark.parametrize("coefficients", ["published", "moj_api"])
def test_reference_cases_agree_in_probability_percent_and_band(vectors, coefficients):
    cases = vectors[vectors["expected_error"].isna()]
    scored = ogrs3(cases, coefficients=coefficients)
    suffix = SUFFIX[coefficients]
    assert len(cases) == 137
    assert_close(scored["ogrs3_one_year"], cases["p_1y" + suffix], decimals=13)
    assert_close(scored["ogrs3_two_year"], cases["p_2y" + suffix], decimals=13)
    assert scored["ogrs3_one_year_percent"].tolist() == cases["pct_1y" + suffix].tolist()
    assert scored["ogrs3_two_year_percent"].tolist() == cases["pct_2y" + suffix].tolist()
    assert scored["ogrs3_band"].tolist() == cases["band" + suffix].tolist()
    assert set(scored["ogrs3_error"]) == {""}


def test_reference_cases_with_errors_get_their_kind_and_no_score(vectors):
    cases = vectors[vectors["expected_error"].notna()]
    scored = ogrs3(cases)
    assert len(cases) == 13
    assert scored["ogrs3_error"].str.split(":").str[0].tolist() == cases["expected_error"].tolist()
    assert scored.drop(columns="ogrs3_error").isna().all(axis=None)


@pytest.mark.parametrize(
    ("inputs", "one_year", "two_year", "band"),
    [
        (("M", "1991-07-17", "2021-08-05", "2021-12-12", 2, 21, "11618"), 9, 17, "LOW"),  # fixture 1
        (("M", "1965-12-07", "2025-05-13", "2026-12-12", 2, 47, "02700"), 8, 16, "LOW"),  # fixture 5
        (("M", "1965-12-07", "2025-05-13", "2026-12-06", 2, 47, "02700"), 8, 16, "LOW"),  # fixture 5, earlier follow-up
        (("M", "1975-04-29", "2009-02-19", "2020-01-14", 22, 17, "09230"), 35, 52, "MEDIUM"),  # fixture 6
        (("M", "1980-01-01", "2020-01-01", "2040-01-01", 1, 40, "02700"), 7, 13, "LOW"),  # end-to-end test
        (("M", "1991-07-17", "2021-08-05", "2021-12-12", 2, 21, "05345"), 11, 20, "LOW"),  # fixture 1 as fraud (0.1599)
    ],
)
def test_worked_cases_of_the_ministrys_service(inputs, one_year, two_year, band):
    scored = ogrs3(pd.DataFrame([dict(zip(BASE, inputs, strict=True))]), coefficients="moj_api").iloc[0]
    assert (scored["ogrs3_one_year_percent"], scored["ogrs3_two_year_percent"]) == (one_year, two_year)
    assert scored["ogrs3_band"] == band


@pytest.mark.parametrize(
    ("linear", "intercept", "expected"),
    [(0.0, 1.40256, 80259), (0.0, 2.1217, 89299), (-2.776835807, 1.40256, 20193), (1.0, 1.40256, 91702)],
)
def test_worked_transformations_to_five_decimals(linear, intercept, expected):
    assert half_up(logistic(np.array([intercept + linear])), 100_000).tolist() == [expected]


@pytest.mark.parametrize(
    ("age", "published_weight", "moj_api_weight"),
    [
        (10, -0.785038489, 0.785),  # the two sets differ in sign for girls under 16
        (11, -0.785038489, 0.785),
        (12, -0.613852078, 0.61385),
        (13, -0.613852078, 0.61385),
        (14, -0.669521331, 0.66952),
        (15, -0.669521331, 0.66952),
        (16, -0.959179629, -0.9592),
    ],
)
def test_the_formula_by_hand_for_girls(age, published_weight, moj_api_weight):
    # Second sanction at the age of ten too, public order: Z = G + S + C ln(2 / (10 + 0)) + O.
    girl = person(
        gender="F",
        date_of_birth="2000-01-01",
        conviction_date="2010-01-01",
        followup_date=f"{2000 + age}-01-01",
        total_sanctions=2,
        age_at_first_sanction=10,
        offence_code="12500",
    )
    published = published_weight + 0.463062792 + 1.251124464 * math.log(2 / 10) + 0.181917975 + 1.402562384
    moj_api = moj_api_weight + 0.46306 + 1.25112 * math.log(2 / 10) + 0.1819 + 1.40256
    assert_close(ogrs3(girl)["ogrs3_one_year"], [1 / (1 + math.exp(-published))], decimals=13)
    assert_close(ogrs3(girl, coefficients="moj_api")["ogrs3_one_year"], [1 / (1 + math.exp(-moj_api))], decimals=13)


@pytest.mark.parametrize(("sanctions", "counted"), [(50, 50), (51, 51), (52, 51), (900, 51)])
def test_cap_limits_previous_sanctions_to_fifty(sanctions, counted):
    capped = ogrs3(person(total_sanctions=sanctions), cap_previous_sanctions=50)
    assert_close(capped["ogrs3_one_year"], ogrs3(person(total_sanctions=counted))["ogrs3_one_year"], decimals=15)


@pytest.mark.parametrize(
    ("total", "expected"), [(49, "LOW"), (50, "MEDIUM"), (74, "MEDIUM"), (75, "HIGH"), (89, "HIGH"), (90, "VERY_HIGH")]
)
def test_bands_follow_the_two_year_percent(total, expected):
    histories = pd.MultiIndex.from_product([range(1, 300), range(8, 25)]).to_frame(index=False)
    histories.columns = ["total_sanctions", "age_at_first_sanction"]
    scored = ogrs3(person().drop(columns=histories.columns).merge(histories, how="cross"))
    assert set(scored.loc[scored["ogrs3_two_year_percent"] == total, "ogrs3_band"]) == {expected}


# ---------------------------------------------------------------------------------------------- rounding


@pytest.mark.parametrize(
    ("probability", "percent"),
    [
        (0.275, 28),
        (0.845, 84),
        (0.075, 7),
        (0.49678, 50),
        (0.996, 100),
        (0.004, 0),
        (0.005, 1),
        (0.0049, 0),
        (math.nextafter(0.004995, 0), 0),  # 0.00499 when stored
        (math.nextafter(0.004995, 1), 1),  # 0.00500
        (1.0, 100),
    ],
)
def test_whole_percent_rounds_the_stored_five_decimals(probability, percent):
    assert whole_percent(np.array([probability])).tolist() == [percent]


def test_of_98_five_decimal_ties_51_go_up_and_47_down():
    ties = np.arange(1500, 99_000, 1000) / 100_000
    up = whole_percent(ties) == np.arange(2, 100)
    assert (len(ties), int(up.sum())) == (98, 51)


def near_a_tie(steps):
    """Doubles beside or on a rounding tie, where float arithmetic alone decides wrongly."""
    return st.tuples(st.integers(0, steps - 1), st.integers(-2, 2)).map(
        lambda drawn: (2 * drawn[0] + 1) / (2 * steps) + drawn[1] * math.ulp((2 * drawn[0] + 1) / (2 * steps))
    )


@pytest.mark.parametrize("steps", [100, 10_000, 100_000])
def test_half_up_is_exact_on_the_binary_value(steps):
    @settings(derandomize=True, deadline=None, database=None)
    @given(st.floats(0, 1) | near_a_tie(steps))
    def agrees_with_decimal(probability):
        exact = (Decimal(probability) * steps).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        assert half_up(np.array([probability]), steps).tolist() == [int(exact)]

    agrees_with_decimal()


def test_half_up_decides_true_ties_and_impossible_ones():
    # 0.5 / 32 and 1.5 / 32 are doubles, so true ties: up. 0.000015 lies above its decimal, 0.000045 below.
    assert half_up(np.array([1 / 64, 3 / 64]), 32).tolist() == [1, 2]
    written = np.array([0.000015, 0.000045])
    down = [int((Decimal(value) * 100_000).to_integral_value(rounding=ROUND_FLOOR)) for value in written]
    above = [Decimal(value) >= Decimal(text) for value, text in zip(written, ("0.000015", "0.000045"), strict=True)]
    assert half_up(written, 100_000).tolist() == [low + up for low, up in zip(down, above, strict=True)]


# ---------------------------------------------------------------------------------------------- validation


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        ({"total_sanctions": 1}, ""),
        ({"total_sanctions": 0}, "TOTAL_NUMBER_OF_SANCTIONS_LESS_THAN_ONE"),
        ({"offence_code": "0080"}, "OFFENCE_CODE_INCORRECT_FORMAT"),
        ({"offence_code": "008010"}, "OFFENCE_CODE_INCORRECT_FORMAT"),
        ({"offence_code": ""}, "OFFENCE_CODE_INCORRECT_FORMAT"),
        ({"offence_code": "ABCDE"}, "OFFENCE_CODE_MAPPING_NOT_FOUND"),  # only the length is a matter of format
        ({"offence_code": "95013"}, "OFFENCE_CODE_MAPPING_NOT_FOUND"),  # listed, without weighting
        ({"offence_code": "99955"}, "OFFENCE_CODE_MAPPING_NOT_FOUND"),
        ({"offence_code": "08800"}, "NEED_DETAILS_OF_EXACT_OFFENCE"),
        ({"offence_code": "14100"}, "NEED_DETAILS_OF_EXACT_OFFENCE"),
        ({"conviction_date": "1990-01-01"}, "UNEXPECTED_ERROR"),  # on the day of birth
        ({"conviction_date": datetime.datetime(1990, 1, 1, 12)}, "UNEXPECTED_ERROR"),  # hours do not make a day
        (
            {"conviction_date": "1990-01-02"},
            "AGE_AT_CURRENT_CONVICTION_LESS_THAN_TEN;" + "AGE_AT_FIRST_SANCTION_AFTER_AGE_AT_CURRENT_CONVICTION",
        ),
        ({"followup_date": "1990-01-01"}, "UNEXPECTED_ERROR"),
        ({"followup_date": "1999-12-31"}, "UNEXPECTED_ERROR"),  # nine at follow-up
        ({"followup_date": "2000-01-01"}, ""),  # ten that day; follow-up before conviction is not checked
        ({"conviction_date": "1999-12-31", "age_at_first_sanction": 9}, "AGE_AT_CURRENT_CONVICTION_LESS_THAN_TEN"),
        ({"conviction_date": "2000-01-01", "age_at_first_sanction": 10}, ""),
        ({"age_at_first_sanction": 25}, ""),  # 25 at conviction
        ({"age_at_first_sanction": 26}, "AGE_AT_FIRST_SANCTION_AFTER_AGE_AT_CURRENT_CONVICTION"),
        ({"age_at_first_sanction": -1}, ""),  # not checked by the source
        ({"gender": "X"}, "GENDER_NOT_MALE_OR_FEMALE"),
        ({"gender": ""}, "GENDER_NOT_MALE_OR_FEMALE"),
    ],
)
def test_each_rule_at_its_edge(changes, expected):
    scored = ogrs3(person(**changes)).iloc[0]
    assert scored["ogrs3_error"] == expected
    assert pd.isna(scored["ogrs3_two_year"]) == (expected != "")


def test_kinds_of_one_stage_are_reported_together_and_later_stages_not_at_all():
    assert error_of(
        gender=None, date_of_birth=None, total_sanctions=0, offence_code="ABC", conviction_date="1980-01-01"
    ) == (
        "MISSING_MANDATORY_INPUT: gender, date_of_birth;"
        "TOTAL_NUMBER_OF_SANCTIONS_LESS_THAN_ONE;OFFENCE_CODE_INCORRECT_FORMAT"
    )
    assert error_of(conviction_date="1980-01-01", offence_code="00199") == "UNEXPECTED_ERROR"
    assert error_of(followup_date="1990-01-01", offence_code="00199") == "UNEXPECTED_ERROR"
    assert error_of(age_at_first_sanction=40, offence_code="00199", followup_date="1995-01-01") == (
        "AGE_AT_FIRST_SANCTION_AFTER_AGE_AT_CURRENT_CONVICTION;OFFENCE_CODE_MAPPING_NOT_FOUND"
    )


def test_a_row_without_any_input_lists_all_seven():
    nothing = pd.DataFrame([dict.fromkeys(BASE)], dtype=object)
    assert ogrs3(nothing)["ogrs3_error"].item() == "MISSING_MANDATORY_INPUT: " + ", ".join(BASE)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("date_of_birth", "31/02/1990"),
        ("conviction_date", "2015-02-30"),
        ("followup_date", 20150901),
        ("total_sanctions", "four"),
        ("total_sanctions", 2.5),
        ("total_sanctions", math.inf),
        ("total_sanctions", 2**31),
        ("age_at_first_sanction", "young"),
        ("offence_code", 801),
        ("gender", 1),
    ],
)
def test_an_unreadable_cell_costs_only_its_own_row(field, value):
    both = pd.concat(
        [person(), person(**{field: value, "total_sanctions": value if field == "total_sanctions" else 0})]
    )
    scored = ogrs3(both)
    assert scored["ogrs3_error"].tolist() == ["", f"INPUT_NOT_READABLE: {field}"]
    assert_close(scored["ogrs3_two_year"].iloc[0], ogrs3(person())["ogrs3_two_year"].item(), decimals=15)


# ---------------------------------------------------------------------------------------------- columns and frames


@pytest.mark.parametrize("name", list(BASE))
def test_a_missing_column_is_named(name):
    with pytest.raises(DataError, match=f"column {name}: missing"):
        ogrs3(person().drop(columns=name))


@pytest.mark.parametrize(
    ("name", "cells", "message"),
    [
        ("offence_code", [801], r"column offence_code: 801 \(int64\) is not text; .*lost its leading zeros"),
        ("offence_code", [801.0], "column offence_code: 801.0 .*lost its leading zeros"),
        ("offence_code", [["00801"]], "column offence_code: some cells hold lists"),
        ("gender", [1], "column gender: 1 .*expected M, F, male or female"),
        ("date_of_birth", [19900101], "column date_of_birth: 19900101 .*is not a date"),
        ("date_of_birth", [True], "column date_of_birth: True .*is not a date"),
        ("followup_date", pd.to_datetime(["2020-01-01"]).tz_localize("UTC"), "column followup_date: .*time zone"),
        ("total_sanctions", [1j], "column total_sanctions: .*is not a number"),
        ("total_sanctions", [True], "column total_sanctions: True .*is not a number"),
        ("total_sanctions", pd.to_datetime(["2020-01-01"]), "column total_sanctions: .*is not a number"),
        ("age_at_first_sanction", ["young"], "column age_at_first_sanction: 'young' .*is not a number"),
    ],
)
def test_a_column_of_the_wrong_type_is_named(name, cells, message):
    with pytest.raises(DataError, match=message):
        ogrs3(person().assign(**{name: pd.Series(cells)}))


def test_a_column_given_twice_is_refused():
    twice = pd.concat([person(), person()[["gender"]]], axis=1)
    with pytest.raises(DataError, match="column gender: occurs 2 times"):
        ogrs3(twice)


@pytest.mark.parametrize("written", ["M", "m", "male", "Male", "MALE"])
def test_gender_is_read_in_any_capitals(written):
    assert_close(ogrs3(person(gender=written))["ogrs3_one_year"], ogrs3(person())["ogrs3_one_year"], decimals=15)


def test_dates_and_numbers_are_read_from_every_usual_dtype():
    expected = ogrs3(person())["ogrs3_two_year"].item()
    plain = person()
    usual = [
        plain.astype({"total_sanctions": "Int64", "age_at_first_sanction": "float64", "offence_code": "str"}),
        plain.astype({"total_sanctions": "category", "gender": "category", "offence_code": "category"}),
        plain.astype({"total_sanctions": "int8"}),
        plain.assign(date_of_birth=pd.to_datetime(plain["date_of_birth"]).astype("datetime64[ns]")),
        plain.assign(date_of_birth=pd.Series([datetime.date(1990, 1, 1)], dtype=object)),
        plain.assign(followup_date=pd.to_datetime(["2015-09-01 23:59"])),  # the time of day does not count
        plain.assign(date_of_birth=plain["date_of_birth"].astype("date32[pyarrow]")),
        plain.convert_dtypes(dtype_backend="pyarrow"),
    ]
    assert_close([ogrs3(frame)["ogrs3_two_year"].item() for frame in usual], [expected] * len(usual), decimals=15)


def test_the_index_is_kept_even_with_duplicates_and_rows_do_not_influence_each_other(vectors):
    alone = ogrs3(vectors)
    doubled = pd.concat([vectors, vectors.iloc[::-1]]).set_index("tag")
    scored = ogrs3(doubled)
    pd.testing.assert_index_equal(scored.index, doubled.index)
    expected = pd.concat([alone, alone.iloc[::-1]]).set_axis(doubled.index)
    pd.testing.assert_frame_equal(scored, expected)


def test_no_rows_give_no_rows_with_the_usual_columns():
    empty, full = ogrs3(person().iloc[:0]), ogrs3(person())
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert list(full) == [
        "ogrs3_one_year",
        "ogrs3_two_year",
        "ogrs3_one_year_percent",
        "ogrs3_two_year_percent",
        "ogrs3_band",
        "ogrs3_error",
    ]
    assert [str(dtype) for dtype in full.dtypes] == ["float64", "float64", "Int64", "Int64", "str", "str"]


def test_a_column_of_missing_values_only_is_missing_input_not_an_error():
    nobody = pd.concat([person(), person()]).assign(offence_code=np.nan, total_sanctions=pd.NA)
    assert set(ogrs3(nobody)["ogrs3_error"]) == {"MISSING_MANDATORY_INPUT: total_sanctions, offence_code"}


def test_the_frame_given_is_left_as_it_was(vectors):
    before = vectors.copy(deep=True)
    ogrs3(vectors)
    pd.testing.assert_frame_equal(vectors, before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"coefficients": "newest"}, "coefficients is 'newest' .expected published or moj_api"),
        ({"cap_previous_sanctions": 0}, "cap_previous_sanctions is 0"),
        ({"cap_previous_sanctions": True}, "cap_previous_sanctions is True"),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(SpecError, match=message):
        ogrs3(person(), **options)


# ---------------------------------------------------------------------------------------------- offence codes, horizons


def test_offence_groups_hold_as_many_codes_as_the_source():
    counted = pd.Series(groups("OGRS3")).value_counts().to_dict()
    assert counted == {
        "Violence": 383,
        "Robbery": 4,
        "Public order": 219,
        "Sexual (not against child)": 117,
        "Sexual (against child)": 157,
        "Soliciting or prostitution": 39,
        "Burglary (domestic)": 5,
        "Burglary (other)": 4,
        "Theft (non-motor)": 30,
        "Handling stolen goods": 12,
        "Fraud and forgery": 110,
        "Absconding or bail offences": 9,
        "Taking & driving away and related offences": 11,
        "Theft from vehicles": 3,
        "Other motoring": 155,
        "Drink driving and related offences": 20,
        "Criminal damage": 30,
        "Drug import/export/production": 59,
        "Drug possession/supply": 143,
        "Other offence": 1500,
        "NEED_EXACT_DETAILS": 3,
        "NO_WEIGHTING": 15,
    }


def test_offence_group_names_the_reference_groups(vectors):
    cases = vectors[vectors["offence_group"].notna()]
    assert offence_group(cases["offence_code"]).tolist() == cases["offence_group"].tolist()


def test_offence_group_is_missing_where_ogrs3_has_none_and_keeps_the_index():
    codes = pd.Series(["00801", "00199", "08800", "95000", None, "ABC"], index=[3, 3, 1, 0, 7, 9], name="code")
    expected = pd.Series(["Violence", *[None] * 5], index=codes.index, name="code", dtype="str")
    pd.testing.assert_series_equal(offence_group(codes), expected)


def test_offence_group_refuses_numbers():
    with pytest.raises(DataError, match=r"column offence_code: 801 .*lost its leading zeros"):
        offence_group(pd.Series([801, 11618]))


@pytest.mark.parametrize(
    ("predictor", "days"), [("ogrs3_one_year", 365), ("ogrs3_two_year", 730), ("arp_two_year", 730)]
)
def test_a_score_may_predict_its_own_horizon_only(predictor, days):
    assert HORIZON_DAYS[predictor] == days
    check_horizon(predictor, days)
    with pytest.raises(
        SpecError, match=f"predictor {predictor} predicts reoffending within {days} days.*{days + 1} days"
    ):
        check_horizon(predictor, days + 1)


def test_arp_and_vrp_are_refused_as_one_year_predictions():
    with pytest.raises(SpecError, match="cannot be used as its prediction; ARP has no published one-year form"):
        check_horizon("arp_two_year", 365)
    with pytest.raises(SpecError, match="VRP has no published one-year form"):
        check_horizon("vrp_two_year", 365)
    with pytest.raises(SpecError, match="predictor 'arp_one_year' is not one of"):
        check_horizon("arp_one_year", 365)
