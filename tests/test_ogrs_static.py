"""Static ARP and VRP against worked cases and golden values, and every validation rule at its edge."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from conftest import assert_close

from evalkit.errors import DataError
from evalkit.ogrs import actuarial_category, arp, vrp
from evalkit.ogrs.offences import groups
from evalkit.ogrs.scores import BANDS, bands

BASE = {
    "gender": "M",
    "date_of_birth": "1990-01-01",
    "conviction_date": "2015-06-01",
    "followup_date": "2015-09-01",
    "assessment_date": "2016-01-15",
    "total_sanctions": 4,
    "total_violent_sanctions": 1,
    "age_at_first_sanction": 17,
    "offence_code": "00801",
}

GOLDEN_COLUMNS = [
    "gender",
    "date_of_birth",
    "conviction_date",
    "followup_date",
    "assessment_date",
    "total_sanctions",
    "total_violent_sanctions",
    "age_at_first_sanction",
    "offence_code",
    "arp_expected",
    "vrp_expected",
]
# Evaluated in 50 digits by a separate scalar programme that agrees with the Ministry's own regression cases.
GOLDEN = [
    # month 0; first sanction; no violence
    (
        "M",
        "1990-03-10",
        "2020-05-01",
        "2020-05-01",
        "2020-05-01",
        1,
        0,
        30,
        "05912",
        0.145483594144217,
        0.059660434001965,
    ),
    # one day short of month 6; violent once
    (
        "F",
        "1990-03-10",
        "2020-05-01",
        "2020-11-20",
        "2021-05-19",
        1,
        1,
        30,
        "15112",
        0.021777779260537,
        0.017253628662386,
    ),
    # born on 29 February: 22 still on 28 February, month 23; second sanction
    (
        "M",
        "1996-02-29",
        "2018-03-01",
        "2019-02-28",
        "2021-01-28",
        2,
        1,
        15,
        "10900",
        0.130433268357381,
        0.059897519101772,
    ),
    # from 31 January to 31 December: month 35; violent twice
    (
        "F",
        "1984-12-31",
        "2015-06-30",
        "2016-01-31",
        "2018-12-31",
        2,
        2,
        19,
        "04911",
        0.043227223128586,
        0.020827159803499,
    ),
    # rate terms of men, then of women
    (
        "M",
        "1985-07-14",
        "2023-07-14",
        "2024-08-05",
        "2025-10-03",
        12,
        3,
        14,
        "02801",
        0.299106822412364,
        0.118448717350215,
    ),
    (
        "F",
        "1985-07-14",
        "2023-07-14",
        "2024-08-05",
        "2025-10-03",
        40,
        0,
        13,
        "14105",
        0.719325100908545,
        0.096782039966200,
    ),
    # highest bands
    (
        "M",
        "2005-01-15",
        "2022-02-01",
        "2022-02-01",
        "2022-03-01",
        30,
        25,
        10,
        "08300",
        0.950961968943130,
        0.905973175175664,
    ),
    # most sanctions; months capped at 36
    (
        "F",
        "1950-01-01",
        "2010-01-01",
        "2012-01-01",
        "2020-01-01",
        999,
        1,
        60,
        "18500",
        0.116603810857706,
        0.000606459259043,
    ),
]


def person(**changes):
    """One scorable person with some inputs changed, cells kept as they are given."""
    return pd.DataFrame([{**BASE, **changes}], dtype=object)


def arp_error(**changes):
    return arp(person(**changes))["arp_error"].item()


def vrp_error(**changes):
    return vrp(person(**changes))["vrp_error"].item()


# ---------------------------------------------------------------------------------------------- scores


def test_golden_values_of_both_predictors():
    cases = pd.DataFrame(GOLDEN, columns=GOLDEN_COLUMNS)
    assert_close(arp(cases)["arp_two_year"], cases["arp_expected"], decimals=13)
    assert_close(vrp(cases)["vrp_two_year"], cases["vrp_expected"], decimals=13)


def test_worked_fixture_of_the_ministrys_service():
    fixture = person(
        date_of_birth="1991-07-17",
        conviction_date="2021-08-05",
        followup_date="2021-12-12",
        assessment_date="2025-10-03",  # 36 months and more
        total_sanctions=2,
        total_violent_sanctions=2,
        age_at_first_sanction=21,
        offence_code="11618",
    )
    any_reoffending, violent = arp(fixture).iloc[0], vrp(fixture).iloc[0]
    assert_close(any_reoffending["arp_two_year"], 1 / (1 + math.exp(3.109291542898093)), decimals=14)
    assert_close(violent["vrp_two_year"], 1 / (1 + math.exp(3.740518685696159)), decimals=14)
    assert (any_reoffending["arp_two_year_percent"], any_reoffending["arp_band"]) == (4.27, "LOW")
    assert (violent["vrp_two_year_percent"], violent["vrp_band"]) == (2.32, "LOW")


def test_worked_case_with_an_assessment_before_follow_up_counts_no_month():
    case = {
        "date_of_birth": "1990-01-01",
        "conviction_date": "2024-01-01",
        "followup_date": "2026-01-01",
        "assessment_date": "2025-01-01",
        "total_sanctions": 2,
        "total_violent_sanctions": 2,
        "age_at_first_sanction": 18,
    }
    damage = arp(person(**case, offence_code="05912")).iloc[0]  # criminal damage
    robbery = vrp(person(**case, offence_code="03402")).iloc[0]  # acquisitive violence
    assert_close(damage["arp_two_year"], 1 / (1 + math.exp(1.843413998935392)), decimals=14)
    assert_close(robbery["vrp_two_year"], 1 / (1 + math.exp(2.763234396992334)), decimals=14)
    assert (damage["arp_two_year_percent"], robbery["vrp_two_year_percent"]) == (13.66, 5.93)


def test_without_a_start_of_follow_up_the_conviction_date_stands_in():
    instead = arp(person(followup_date=None))
    assert instead["arp_error"].item() == ""
    assert_close(instead["arp_two_year"], arp(person(followup_date="2015-06-01"))["arp_two_year"], decimals=15)
    assert instead["arp_two_year"].item() != arp(person())["arp_two_year"].item()


@pytest.mark.parametrize(
    ("assessed", "same_as_36"), [("2018-08-31", False), ("2018-09-01", True), ("2021-09-01", True)]
)
def test_offence_free_months_stop_at_36(assessed, same_as_36):
    at_36 = arp(person(assessment_date="2018-09-01"))["arp_two_year"].item()
    assert (arp(person(assessment_date=assessed))["arp_two_year"].item() == at_36) is same_as_36


def test_codes_too_general_for_ogrs3_are_scored():
    assert arp_error(offence_code="08800") == ""


def test_bands_of_both_predictors():
    cases = pd.DataFrame(GOLDEN, columns=GOLDEN_COLUMNS)
    assert arp(cases)["arp_band"].tolist() == ["LOW"] * 5 + ["MEDIUM", "VERY_HIGH", "LOW"]
    assert vrp(cases)["vrp_band"].tolist() == ["LOW"] * 6 + ["VERY_HIGH", "LOW"]


def test_a_band_starts_at_its_threshold():
    percent = pd.Series([29.99, 30.0, 59.99, 60.0, 79.99, 80.0, 80.0])
    found = bands(percent.to_numpy(), starts=[30, 60, 80], scored=(percent.index < 6))
    low, medium, high, very_high = BANDS
    assert list(found)[:6] == [low, medium, medium, high, high, very_high]
    assert pd.isna(found[6])


@pytest.mark.parametrize(
    ("predict", "name", "starts"), [(arp, "arp", (50.0, 75.0, 90.0)), (vrp, "vrp", (30.0, 60.0, 80.0))]
)
def test_bands_start_at_the_thresholds_of_each_predictor(predict, name, starts):
    histories = pd.MultiIndex.from_product([range(3, 60), range(0, 60, 4), range(0, 25)]).to_frame(index=False)
    histories.columns = ["total_sanctions", "total_violent_sanctions", "age_at_first_sanction"]
    scored = predict(person().drop(columns=histories.columns).merge(histories, how="cross"))
    percent, band = scored[f"{name}_two_year_percent"], scored[f"{name}_band"]
    for start, below, above in zip(starts, BANDS[:-1], BANDS[1:], strict=True):
        assert set(band[percent.between(start - 0.5, start, inclusive="left")]) == {below}
        assert set(band[percent.between(start, start + 0.5, inclusive="left")]) == {above}


def test_a_score_of_zero_has_no_band_and_is_an_error_but_99_99_is_the_most():
    oldest = {"date_of_birth": "1906-01-01", "age_at_first_sanction": 60}  # a man of 109 at follow-up
    scored = arp(person(**oldest)).iloc[0]
    assert scored["arp_error"] == "UNEXPECTED_ERROR"
    assert scored.drop("arp_error").isna().all()
    # 999 violent sanctions bring VRP to 0.99999...
    top = vrp(
        person(date_of_birth="2004-01-01", age_at_first_sanction=10, total_sanctions=999, total_violent_sanctions=999)
    )
    assert top["vrp_two_year"].item() > 0.99995
    assert (top["vrp_two_year_percent"].item(), top["vrp_band"].item()) == (99.99, "VERY_HIGH")


# ---------------------------------------------------------------------------------------------- validation


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        ({"gender": "unknown"}, "GENDER_NOT_MALE_OR_FEMALE"),
        ({"total_sanctions": 999}, ""),
        ({"total_sanctions": 1000}, "TOTAL_NUMBER_OF_SANCTIONS_OUT_OF_RANGE"),
        ({"total_sanctions": 1}, ""),
        ({"total_sanctions": 0}, "TOTAL_NUMBER_OF_SANCTIONS_OUT_OF_RANGE"),
        ({"age_at_first_sanction": 0}, ""),
        ({"age_at_first_sanction": -1}, "AGE_AT_FIRST_SANCTION_OUT_OF_RANGE"),
        ({"age_at_first_sanction": 25}, ""),
        ({"age_at_first_sanction": 26}, "AGE_AT_FIRST_SANCTION_AFTER_AGE_AT_CURRENT_CONVICTION"),
        (
            {"age_at_first_sanction": 110},
            "AGE_AT_FIRST_SANCTION_AFTER_AGE_AT_CURRENT_CONVICTION;AGE_AT_FIRST_SANCTION_OUT_OF_RANGE",
        ),
        ({"offence_code": "ABCDE"}, "OFFENCE_CODE_INCORRECT_FORMAT"),
        ({"offence_code": "0080"}, "OFFENCE_CODE_INCORRECT_FORMAT"),
        ({"offence_code": "00199"}, "OFFENCE_CODE_MAPPING_NOT_FOUND"),
        ({"offence_code": "00000"}, "OFFENCE_CODE_MAPPING_NOT_FOUND"),  # listed, as UNKNOWN
        ({"conviction_date": "1990-01-01"}, "DATE_OF_CURRENT_CONVICTION_BEFORE_DATE_OF_BIRTH"),
        ({"conviction_date": "1990-01-02", "age_at_first_sanction": 0}, ""),  # there is no minimum age
        ({"conviction_date": "2016-04-15"}, ""),  # three months after the assessment
        ({"conviction_date": "2016-04-16"}, "DATE_OF_CURRENT_CONVICTION_WITHIN_THREE_MONTHS_OF_ASSESSMENT_DATE"),
        ({"assessment_date": "2015-11-30", "conviction_date": "2016-02-29"}, ""),  # month end clipped
        (
            {"assessment_date": "2015-11-30", "conviction_date": "2016-03-01"},
            "DATE_OF_CURRENT_CONVICTION_WITHIN_THREE_MONTHS_OF_ASSESSMENT_DATE",
        ),
        ({"followup_date": "1990-01-01"}, "DATE_OF_START_OF_FOLLOWUP_BEFORE_DATE_OF_BIRTH"),
        ({"followup_date": "1990-01-02"}, ""),
        ({"followup_date": "2100-01-01"}, "DATE_OF_START_OF_FOLLOWUP_OUT_OF_RANGE"),  # 110 that day
        ({"followup_date": "2099-12-31"}, "UNEXPECTED_ERROR"),  # in range, but the score is 0.00
        ({"assessment_date": None}, "MISSING_MANDATORY_INPUT: assessment_date"),
        ({"assessment_date": "soon"}, "INPUT_NOT_READABLE: assessment_date"),
        (
            {"conviction_date": None, "followup_date": None, "gender": None},
            "MISSING_MANDATORY_INPUT: conviction_date, gender;DATE_OF_START_OF_FOLLOWUP_REQUIRED",
        ),
    ],
)
def test_each_rule_of_arp_at_its_edge(changes, expected):
    scored = arp(person(**changes)).iloc[0]
    assert scored["arp_error"] == expected
    assert pd.isna(scored["arp_two_year"]) == (expected != "")
    assert pd.isna(scored["arp_two_year_percent"]) == (expected != "")


@pytest.mark.parametrize(
    ("violent", "expected"),
    [
        (0, ""),
        (-1, "VIOLENT_SANCTION_OUT_OF_RANGE"),
        (4, ""),
        (5, "VIOLENT_SANCTION_OUT_OF_RANGE"),
        (None, "MISSING_MANDATORY_INPUT: total_violent_sanctions"),
        ("some", "INPUT_NOT_READABLE: total_violent_sanctions"),
    ],
)
def test_violent_sanctions_lie_between_none_and_all(violent, expected):
    both = pd.concat([person(), person(total_violent_sanctions=violent)])
    assert vrp(both)["vrp_error"].tolist() == ["", expected]


def test_vrp_scores_a_woman_of_109_at_follow_up_but_not_of_110():
    assert vrp_error(gender="F", followup_date="2099-12-31") == ""
    assert vrp_error(gender="F", followup_date="2100-01-01") == "DATE_OF_START_OF_FOLLOWUP_OUT_OF_RANGE"


def test_findings_are_collected_in_the_order_of_each_predictor():
    wrong = {"age_at_first_sanction": -1, "total_sanctions": 0, "offence_code": "ABC", "conviction_date": "2017-01-01"}
    assert arp_error(**wrong).split(";") == [
        "DATE_OF_CURRENT_CONVICTION_WITHIN_THREE_MONTHS_OF_ASSESSMENT_DATE",
        "AGE_AT_FIRST_SANCTION_OUT_OF_RANGE",
        "OFFENCE_CODE_INCORRECT_FORMAT",
        "TOTAL_NUMBER_OF_SANCTIONS_OUT_OF_RANGE",
    ]
    assert vrp_error(**wrong).split(";") == [
        "AGE_AT_FIRST_SANCTION_OUT_OF_RANGE",
        "TOTAL_NUMBER_OF_SANCTIONS_OUT_OF_RANGE",
        "VIOLENT_SANCTION_OUT_OF_RANGE",
        "OFFENCE_CODE_INCORRECT_FORMAT",
        "DATE_OF_CURRENT_CONVICTION_WITHIN_THREE_MONTHS_OF_ASSESSMENT_DATE",
    ]


def test_missing_inputs_are_listed_once_in_the_order_of_the_source():
    nothing = pd.DataFrame([dict.fromkeys(BASE)], dtype=object)
    fields = (
        "assessment_date, date_of_birth, conviction_date, age_at_first_sanction, gender, offence_code, total_sanctions"
    )
    ending = ";DATE_OF_START_OF_FOLLOWUP_REQUIRED"
    assert arp(nothing)["arp_error"].item() == f"MISSING_MANDATORY_INPUT: {fields}{ending}"
    assert vrp(nothing)["vrp_error"].item() == f"MISSING_MANDATORY_INPUT: {fields}, total_violent_sanctions{ending}"


@pytest.mark.parametrize(("predict", "name"), [(arp, "assessment_date"), (vrp, "total_violent_sanctions")])
def test_a_missing_column_is_named(predict, name):
    with pytest.raises(DataError, match=f"column {name}: missing"):
        predict(person().drop(columns=name))


def test_arp_does_not_look_at_violent_sanctions():
    assert arp_error(total_violent_sanctions="many") == ""
    assert arp(person().drop(columns="total_violent_sanctions"))["arp_error"].item() == ""


@pytest.mark.parametrize("predict", [arp, vrp])
def test_the_index_is_kept_and_no_rows_give_no_rows(predict):
    cases = pd.DataFrame([*GOLDEN, *GOLDEN], columns=GOLDEN_COLUMNS).set_index("offence_code", drop=False)
    scored = predict(cases)
    pd.testing.assert_index_equal(scored.index, cases.index)
    pd.testing.assert_frame_equal(predict(cases.iloc[:0]), scored.iloc[:0])
    assert [str(dtype) for dtype in scored.dtypes] == ["float64", "float64", "str", "str"]
    assert [name.partition("_")[2] for name in scored] == ["two_year", "two_year_percent", "band", "error"]


# ---------------------------------------------------------------------------------------------- actuarial categories


def test_actuarial_categories_hold_as_many_codes_as_the_source():
    counted = pd.Series(groups("ACTUARIAL")).value_counts().to_dict()
    assert counted == {
        "ABSCONDING_OR_BAIL": 16,
        "ACQUISITIVE_VIOLENCE": 7,
        "BURGLARY_DOMESTIC": 4,
        "BURGLARY_OTHER": 8,
        "CRIMINAL_DAMAGE": 27,
        "DRINK_DRIVING": 17,
        "DRUG_IMPORT_EXPORT_OR_PRODUCTION": 67,
        "DRUG_POSSESSION_OR_SUPPLY": 141,
        "DRUNKENNESS": 19,
        "FIREARMS_MOST_SERIOUS": 17,
        "FIREARMS_OTHER": 120,
        "FRAUD_AND_FORGERY": 236,
        "HANDLING_STOLEN_GOODS": 19,
        "MOTORING_OFFENCES": 140,
        "OTHER_OFFENCES": 1426,
        "PUBLIC_ORDER_AND_HARRASSMENT": 231,
        "SEXUAL_AGAINST_CHILD": 158,
        "SEXUAL_NOT_AGAINST_CHILD": 106,
        "THEFT_NON_MOTOR": 18,
        "UNKNOWN": 2,
        "VEHICLE_RELATED_THEFT": 16,
        "VIOLENCE_AGAINST_THE_PERSON_ABH_PLUS": 135,
        "VIOLENCE_AGAINST_THE_PERSON_SUB_ABH": 65,
        "WEAPONS_NON_FIREARM": 27,
        "WELFARE_FRAUD": 17,
    }


def test_actuarial_category_is_missing_where_there_is_none_and_keeps_the_index():
    codes = pd.Series(["08800", "05912", "00000", "99999", None], index=list("aabcd"))
    expected = pd.Series(["SEXUAL_NOT_AGAINST_CHILD", "CRIMINAL_DAMAGE", *[None] * 3], index=codes.index, dtype="str")
    pd.testing.assert_series_equal(actuarial_category(codes), expected)
