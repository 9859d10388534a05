"""Rows at fault: each rule at its threshold and one either side, every fault listed, read = used + rejected."""

import datetime as dt
import re

import narwhals as nw
import pandas as pd
import pytest
from conftest import assert_close
from small_extracts import PEOPLE, SENTENCES, SETTINGS, pseudonyms, with_rows, write_extract

from evalkit.errors import DataError
from evalkit.intake import describe, load, to_pandas, write_rejected
from evalkit.intake.tables import SENTENCE_TYPES

REFERRALS = "referral_id,person_id,service,referral_date,start_date,end_date\n"
JOBS = "person_id,referral_id,sector,start_date,end_date,confirmed_13_weeks\n"
COHORT = "person_id,predicted,reconvicted,days_to_reconviction,reconvictions,aid,age,race\n"
PREPARED = SETTINGS + (
    'kind = "prepared cohort"\n[predicted]\nscale = "share"\n'
    '[prepared]\ngroups = ["aid"]\ncovariates = ["age", "race"]\n'
)


def faults(extract, table):
    rejected = extract.rejected
    return rejected.loc[rejected["table"] == table, ["row", "column", "value", "rule"]].values.tolist()


def rules_broken(extract, table):
    return {(row, column, rule) for row, column, _, rule in faults(extract, table)}


# ------------------------------------------------------------------ single values


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("sentence_id", "", "missing, but required"),
        ("sentence_date", "", "missing, but required"),
        ("sentence_date", "31/02/1990", "is not a date (expected YYYY-MM-DD)"),
        ("sentence_date", "2019-02-29", "is not a date (expected YYYY-MM-DD)"),
        ("sentence_date", "2020-02-29", None),
        ("sentence_date", "2021-12-31", None),
        ("sentence_date", "2022-01-01", "is after the extract date 2021-12-31"),
        ("sentence_date", "9999-12-31", "is after the extract date 2021-12-31"),
        ("sentence_type", "Community Order", None),
        ("sentence_type", "communityorder", f"is not an allowed code ({', '.join(SENTENCE_TYPES)})"),
        ("offence_code", "00801", None),
        ("offence_code", "801", "is not five digits (a spreadsheet may have dropped leading zeros)"),
        ("offence_code", "008011", "is not five digits (a spreadsheet may have dropped leading zeros)"),
        ("total_sanctions", "0", "is below 1, the lowest value accepted"),
        ("total_sanctions", "1", None),
        ("total_sanctions", "999", None),
        ("total_sanctions", "1000", "is above 999, the highest value accepted"),
        ("total_sanctions", "3.0", None),
        ("total_sanctions", "3.5", "is not a whole number"),
        ("total_sanctions", "1e2", "is not a whole number"),
        ("total_sanctions", "1_0", "is not a whole number"),
        ("total_sanctions", "three", "is not a whole number"),
        ("total_sanctions", "", None),
        ("age_at_first_sanction", "9", "is below 10, the lowest value accepted"),
        ("age_at_first_sanction", "10", None),
        ("area", "O'Neill; \"North\"", None),
    ],
)  # fmt: skip
def test_single_values(tmp_path, column, value, rule):
    row = {
        "sentence_id": "S9",
        "person_id": "P1",
        "sentence_date": "2019-01-01",
        "sentence_type": "fine",
        "offence_code": "00801",
        "total_sanctions": "2",
        "age_at_first_sanction": "15",
        "area": "",
    }
    folder = write_extract(tmp_path)
    pd.DataFrame([row | {column: value}]).to_csv(folder / "sentences.csv", index=False)
    extract = load(folder)
    assert faults(extract, "sentences") == ([] if rule is None else [[2, column, value, rule]])
    assert len(to_pandas(extract.tables["sentences"])) == (rule is None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("yes", True),
        ("NO", False),
        ("y", True),
        ("false", False),
        ("1", True),
        ("0", False),
        ("", None),
        ("2", "fault"),
    ],
)
def test_yes_and_no(tmp_path, value, expected):
    extract = load(write_extract(tmp_path, jobs=JOBS + f"P1,,retail,2019-05-01,,{value}\n"))
    if expected == "fault":
        assert faults(extract, "jobs") == [[2, "confirmed_13_weeks", "2", "is not yes or no"]]
        return
    (found,) = to_pandas(extract.tables["jobs"])["confirmed_13_weeks"]
    assert pd.isna(found) if expected is None else bool(found) is expected


@pytest.mark.parametrize(
    ("value", "fine"), [("-1.5", True), (".5", True), ("1e3", True), ("1,5", False), ("nan", False), ("1e999", False)]
)
def test_numbers(tmp_path, value, fine):
    measures = f'person_id,instrument,domain,stage,score\nP1,WEMWBS,all,start,"{value}"\n'
    extract = load(write_extract(tmp_path, measures=measures))
    if fine:
        assert_close(to_pandas(extract.tables["measures"])["score"], [float(value)], decimals=9)
    else:
        assert faults(extract, "measures") == [[2, "score", value, "is not a number"]]


def test_dates_before_1900(tmp_path):
    people = with_rows(PEOPLE, "P4,1900-01-01,male", "P5,1899-12-31,male")
    assert faults(load(write_extract(tmp_path, people=people)), "people") == [
        [6, "date_of_birth", "1899-12-31", "is before 1900-01-01"]
    ]


def test_every_fault_of_a_row_is_listed_and_the_row_counted_once(tmp_path):
    extract = load(write_extract(tmp_path, people=with_rows(PEOPLE, "P4,31/02/1990,unknown")))
    assert faults(extract, "people") == [
        [5, "date_of_birth", "31/02/1990", "is not a date (expected YYYY-MM-DD)"],
        [5, "sex", "unknown", "is not an allowed code (male, female)"],
    ]
    assert extract.summary.iloc[0].to_dict() == {
        "table": "people", "file": "people.csv", "read": 4, "used": 3, "rejected": 1,
    }  # fmt: skip


# ------------------------------------------------------------------ keys


def test_identical_copies_keep_the_first(tmp_path):
    extract = load(write_extract(tmp_path, people=with_rows(PEOPLE, "P1,1990-01-01,Male", "P1,1990-01-01,male")))
    rule = "repeats an earlier row exactly, which is used: row 2"
    # 'Male' and 'male' are the same code, so that the rows are the same.
    assert faults(extract, "people") == [[5, "person_id", "P1", rule], [6, "person_id", "P1", rule]]
    assert to_pandas(extract.tables["people"])["person_id"].tolist() == pseudonyms("P1", "P2", "P3")
    assert faults(extract, "sentences") == []


def test_rows_that_differ_under_one_key_are_all_rejected(tmp_path):
    extract = load(write_extract(tmp_path, people=with_rows(PEOPLE, "P1,1990-01-02,male")))
    rule = "names rows that differ, so that none is used: rows 2, 5"
    assert faults(extract, "people") == [[2, "person_id", "P1", rule], [5, "person_id", "P1", rule]]
    assert faults(extract, "sentences") == [[2, "person_id", "P1", "names a person rejected in people"]]


def test_rows_without_a_key_may_repeat_but_are_noted(tmp_path):
    jobs = with_rows(JOBS, *["P1,,retail,2019-05-01,,yes"] * 3)
    extract = load(write_extract(tmp_path, jobs=jobs))
    assert faults(extract, "jobs") == []
    assert "jobs.csv: 2 rows repeat an earlier row exactly; used all the same, since rows of jobs have no key" in (
        extract.notes
    )


# ------------------------------------------------------------------ references


def test_orphans_and_rows_of_rejected_people(tmp_path):
    extract = load(
        write_extract(
            tmp_path,
            people=with_rows(PEOPLE, "P4,,male"),
            sentences=with_rows(SENTENCES, "S4,P4,2019-01-01,fine,00801", "S5,P9,2019-01-01,fine,00801"),
            referrals=with_rows(REFERRALS, "R1,P4,ETE,2019-01-01,,", "R2,P1,ETE,2019-01-01,,", "R1x,P1,ETE,,,"),
            jobs=with_rows(
                JOBS,
                "P1,R2,retail,2019-05-01,,",  # fine
                "P1,,retail,2019-05-01,,",  # fine: no referral named
                "P1,R1,retail,2019-05-01,,",  # of a referral rejected with its person
                "P1,R1x,retail,2019-05-01,,",  # of a referral rejected for itself
                "P1,R9,retail,2019-05-01,,",  # of no referral
                "P2,R2,retail,2019-05-01,,",  # of someone else's referral
            ),
        )
    )
    assert faults(extract, "sentences") == [
        [5, "person_id", "P4", "names a person rejected in people"],
        [6, "person_id", "P9", "names an unknown person, not in people"],
    ]
    assert faults(extract, "referrals") == [
        [2, "person_id", "P4", "names a person rejected in people"],
        [4, "referral_date", "", "missing, but required"],
    ]
    assert faults(extract, "jobs") == [
        [4, "referral_id", "R1", "names a referral rejected in referrals"],
        [5, "referral_id", "R1x", "names a referral rejected in referrals"],
        [6, "referral_id", "R9", "names an unknown referral, not in referrals"],
        [7, "referral_id", "R2", "belongs to another person in referrals: P1"],
    ]
    assert (extract.summary["read"] == extract.summary["used"] + extract.summary["rejected"]).all()
    assert extract.summary["rejected"].tolist() == [1, 2, 2, 4]


def test_references_to_a_table_that_is_not_there_are_noted(tmp_path):
    extract = load(write_extract(tmp_path, jobs=JOBS + "P1,R7,retail,2019-05-01,,\n"))
    assert faults(extract, "jobs") == []
    assert extract.notes == ("jobs.csv: referral_id could not be checked, since there is no table referrals",)


# ------------------------------------------------------------------ dates in order


@pytest.mark.parametrize(
    ("row", "broken"),
    [
        ("R1,P1,ETE,2019-03-01,2019-03-01,2019-03-01", set()),
        ("R1,P1,ETE,2019-03-01,2019-02-28,2019-04-01", {("start_date", "is before referral_date: 2019-03-01")}),
        ("R1,P1,ETE,2019-03-01,2019-03-02,2019-03-01", {("end_date", "is before start_date: 2019-03-02")}),
        ("R1,P1,ETE,2019-03-01,,2019-02-28", {("end_date", "is before referral_date: 2019-03-01")}),
    ],
)
def test_referral_start_and_end_are_in_order(tmp_path, row, broken):
    extract = load(write_extract(tmp_path, referrals=with_rows(REFERRALS, row)))
    assert rules_broken(extract, "referrals") == {(2, column, rule) for column, rule in broken}


@pytest.mark.parametrize(
    ("table", "columns", "earlier", "later"),
    [
        ("sentences", "sentence_id,sentence_type,offence_code", "offence_date", "sentence_date"),
        ("courses", "subject", "start_date", "completion_date"),
        ("jobs", "sector", "start_date", "end_date"),
        ("needs", "pathway", "identified_date", "addressed_date"),
        ("releases", "release_id", "reception_date", "release_date"),
        ("releases", "release_id", "release_date", "first_appointment_date"),
        ("releases", "release_id", "release_date", "recall_date"),
        ("releases", "release_id,release_date", "reception_date", "screening_date"),
        ("releases", "release_id,release_date", "screening_date", "plan_date"),
        ("releases", "release_id,release_date", "plan_date", "plan_reviewed_date"),
    ],
)
def test_declared_orders(tmp_path, table, columns, earlier, later):
    fixed = {"sentence_type": "fine", "offence_code": "00801", "release_date": "2020-01-01"}
    rows = []
    for number, day in enumerate(["2019-05-01", "2019-05-02", "2019-05-03"]):
        row = {name: fixed.get(name, f"x{number}") for name in columns.split(",")}
        rows.append(row | {"person_id": "P1", earlier: "2019-05-02", later: day})
    folder = write_extract(tmp_path)
    pd.DataFrame(rows).to_csv(folder / f"{table}.csv", index=False)
    assert faults(load(folder), table) == [[2, later, "2019-05-01", f"is before {earlier}: 2019-05-02"]]


@pytest.mark.parametrize(("day", "fine"), [("1989-12-31", False), ("1990-01-01", False), ("1990-01-02", True)])
def test_everything_dated_comes_after_birth(tmp_path, day, fine):
    sentences = f"sentence_id,person_id,sentence_date,sentence_type,offence_code\nS1,P1,{day},fine,00801\n"
    jobs = f"person_id,sector,start_date\nP1,retail,{day}\n"
    extract = load(write_extract(tmp_path, sentences=sentences, jobs=jobs))
    rule = "is not after the person's date_of_birth: 1990-01-01"
    assert faults(extract, "sentences") == ([] if fine else [[2, "sentence_date", day, rule]])
    assert faults(extract, "jobs") == ([] if fine else [[2, "start_date", day, rule]])


# ------------------------------------------------------------------ scores


def scored(value):
    header = "sentence_id,person_id,sentence_date,sentence_type,offence_code,ogrs3_one_year\n"
    return with_rows(header, f"S1,P1,2019-01-01,fine,00801,{value}")


@pytest.mark.parametrize(
    ("scale", "value", "share"),
    [("share", "0.356", 0.356), ("per cent", "35.6", 0.356), ("per cent", "1", 0.01), ("share", "1", None),
     ("share", "0", None), ("share", "35.6", None), ("share", "-0.1", None), ("per cent", "100", None),
     ("per cent", "0", None)],
)  # fmt: skip
def test_scores_become_shares_on_the_declared_scale(tmp_path, scale, value, share):
    settings = SETTINGS + f'[predicted]\nscale = "{scale}"\n'
    extract = load(write_extract(tmp_path, settings=settings, sentences=scored(value)))
    if share is None:
        high = "100 (declared: per cent)" if scale == "per cent" else "1 (declared: share)"
        assert faults(extract, "sentences") == [[2, "ogrs3_one_year", value, f"is not above 0 and below {high}"]]
    else:
        assert_close(to_pandas(extract.tables["sentences"])["ogrs3_one_year"], [share], decimals=12)


def test_scores_without_a_declared_scale_or_of_two_years_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"sentences.csv, column ogrs3_one_year: extract.toml must declare its scale"):
        load(write_extract(tmp_path, sentences=scored("0.3")))
    settings = SETTINGS + '[predicted]\nscale = "share"\nhorizon_days = 730\n'
    with pytest.raises(DataError, match=r"is a one-year score, but .* horizon_days = 730"):
        load(write_extract(tmp_path, settings=settings, sentences=scored("0.3")))


# ------------------------------------------------------------------ the prepared cohort


def write_cohort(folder, *rows, settings=PREPARED, header=COHORT):
    (folder / "extract.toml").write_text(settings)
    (folder / "cohort.csv").write_text(with_rows(header, *rows))
    return folder


def test_prepared_cohort(tmp_path):
    extract = load(write_cohort(tmp_path, "A,0.2,yes,30,2,yes,27,1", "B,0.4,no,,0,no,31.5,x", "C,,1,365,,1,,"))
    people = to_pandas(extract.tables["cohort"])
    assert people.dtypes.astype(str).to_dict() == {
        "person_id": "str", "predicted": "float64", "reconvicted": "boolean", "days_to_reconviction": "Int64",
        "reconvictions": "Int64", "area": "str", "team": "str", "aid": "boolean", "age": "float64", "race": "str",
    }  # fmt: skip
    assert people["aid"].tolist() == [True, False, True]
    assert people["race"].tolist()[:2] == ["1", "x"]  # not every value is a number
    assert_close(people["age"].dropna(), [27, 31.5], decimals=9)
    assert extract.settings.prepared and list(extract.tables) == ["cohort"]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("A,0,yes,30,1,yes,27,1", ["predicted", "0", "is not above 0 and below 1 (declared: share)"]),
        ("A,1,yes,30,1,yes,27,1", ["predicted", "1", "is not above 0 and below 1 (declared: share)"]),
        ("A,0.2,,30,,yes,27,1", ["reconvicted", "", "missing, but required"]),
        ("A,0.2,yes,0,1,yes,27,1", ["days_to_reconviction", "0", "is below 1, the lowest value accepted"]),
        ("A,0.2,yes,366,1,yes,27,1",
         ["days_to_reconviction", "366", "is beyond the horizon of 365 days though reconvicted is yes"]),
        ("A,0.2,no,30,0,yes,27,1", ["days_to_reconviction", "30", "is given though reconvicted is no"]),
        ("A,0.2,no,,1,yes,27,1", ["reconvictions", "1", "contradicts reconvicted"]),
        ("A,0.2,yes,,0,yes,27,1", ["reconvictions", "0", "contradicts reconvicted"]),
        ("A,0.2,no,,,maybe,27,1", ["aid", "maybe", "is not yes or no"]),
        (",0.2,no,,,yes,27,1", ["person_id", "", "missing, but required"]),
    ],
)  # fmt: skip
def test_prepared_cohort_faults(tmp_path, row, fault):
    assert faults(load(write_cohort(tmp_path, row, "Z,0.2,no,,,no,1,1")), "cohort") == [[2, *fault]]


def test_prepared_cohort_needs_only_reconvicted(tmp_path):
    settings = SETTINGS + 'kind = "prepared cohort"\n'
    extract = load(write_cohort(tmp_path, "1,x", "0,y", settings=settings, header="reconvicted,area\n"))
    assert to_pandas(extract.tables["cohort"])["reconvicted"].tolist() == [True, False]
    with pytest.raises(DataError, match=r"cohort.csv has no column aid, but it is required"):
        load(write_cohort(tmp_path, "1,30,x", settings=PREPARED, header="reconvicted,age,race\n"))
    with pytest.raises(DataError, match=r"cohort.csv has no column race, which extract.toml lists under prepared"):
        load(write_cohort(tmp_path, "1,yes,30", settings=PREPARED, header="reconvicted,aid,age\n"))
    (tmp_path / "cohort.csv").unlink()
    with pytest.raises(DataError, match=r"holds no data file of a known name"):
        load(tmp_path)


# ------------------------------------------------------------------ what was rejected, told and written


def wrong_extract(folder):
    people = with_rows(PEOPLE, "P4,31/02/1990,male", "P5,32/02/1990,male", "=1+1,,male")
    return load(write_extract(folder, people=people))


def test_describe_says_what_was_read_used_and_rejected(tmp_path):
    assert describe(wrong_extract(tmp_path)) == (
        "Extract of 2021-12-31 from test\n"
        "\n"
        "people (people.csv): 6 rows read = 3 used + 3 rejected\n"
        "  2 rows: date_of_birth is not a date (expected YYYY-MM-DD)\n"
        "    first: people.csv, row 5, column date_of_birth: '31/02/1990' is not a date (expected YYYY-MM-DD)\n"
        "  1 row: date_of_birth missing, but required\n"
        "    people.csv, row 7, column date_of_birth: missing, but required\n"
        "sentences (sentences.csv): 3 rows read = 3 used + 0 rejected\n"
        "\n"
        "In all: 9 rows read = 6 used + 3 rejected"
    )


def test_describe_counts_a_rule_once_whatever_it_says_of_each_row(tmp_path):
    rows = ["R1,P1,ETE,2019-03-01,2019-02-01,", "R2,P1,ETE,2019-04-01,2019-02-01,"]
    text = describe(load(write_extract(tmp_path, referrals=with_rows(REFERRALS, *rows))))
    assert "  2 rows: start_date is before referral_date\n" in text
    assert "row 2, column start_date: '2019-02-01' is before referral_date: 2019-03-01" in text


def test_rejected_rows_are_written_harmlessly_and_stale_files_removed(tmp_path):
    folder = tmp_path / "rejected"
    folder.mkdir()
    (folder / "sentences.csv").write_text("of an earlier run")
    people = PEOPLE + "@x,1990-01-01,=1+1\nP4,1990-01-01,-\nP6,1990-01-01,@x\nP5,\"é, 'q'\",male\n"
    paths = write_rejected(load(write_extract(tmp_path / "data", people=people)), folder)
    assert paths == [folder / "people.csv"] and not (folder / "sentences.csv").exists()
    assert (folder / "people.csv").read_text(encoding="utf-8") == (
        "file,row,column,value,rule\n"
        'people.csv,5,sex,\'=1+1,"is not an allowed code (male, female)"\n'
        'people.csv,6,sex,\'-,"is not an allowed code (male, female)"\n'
        'people.csv,7,sex,\'@x,"is not an allowed code (male, female)"\n'
        "people.csv,8,date_of_birth,\"é, 'q'\",is not a date (expected YYYY-MM-DD)\n"
    )


def test_nothing_rejected_writes_nothing(tmp_path):
    assert write_rejected(load(write_extract(tmp_path / "data")), tmp_path / "rejected") == []
    assert not (tmp_path / "rejected").exists()


def test_rejected_rows_never_overwrite_the_data(tmp_path):
    extract = wrong_extract(tmp_path)
    with pytest.raises(DataError, match=re.escape("is an extract: rejected rows must be written somewhere else")):
        write_rejected(extract, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"rejected rows cannot be written to .*file"):
        write_rejected(extract, tmp_path / "file")


def test_same_files_same_findings(tmp_path):
    first, second = wrong_extract(tmp_path), load(tmp_path)
    pd.testing.assert_frame_equal(first.rejected, second.rejected)
    assert first.provenance == second.provenance
    assert repr(first).startswith("Extract of 2021-12-31 from test\n") and "<table" in first._repr_html_()


# ------------------------------------------------------------------ what is handed out works in narwhals


def test_tables_join_group_shift_and_collect(tmp_path):
    header, *rows = SENTENCES.splitlines()
    counted = [
        f"{header},total_sanctions",
        f"{rows[0]},2",
        f"{rows[1]},",
        f"{rows[2]},",
        "S4,P1,2019-07-01,fine,00801,3",
    ]
    extract = load(write_extract(tmp_path, sentences=with_rows("", *counted)))
    people, sentences = extract.table("people"), extract.table("sentences")
    later = (
        sentences.join(people, on="person_id", how="left")
        .with_columns(
            previous=nw.col("sentence_date").shift(1).over("person_id", order_by="sentence_date"),
            year=nw.col("sentence_date").dt.year(),
            end=nw.col("sentence_date").dt.offset_by("365d"),
        )
        .with_columns(gap=nw.col("sentence_date") - nw.col("previous"))
        .filter(nw.col("sentence_date") > dt.date(2019, 1, 1))
        .sort("sentence_id")
    )
    frame = to_pandas(later)
    assert frame["sentence_id"].tolist() == ["S2", "S3", "S4"]
    assert frame.loc[2, ["gap", "year"]].tolist() == [181, 2019]
    assert {str(frame[name].dtype) for name in ("sentence_date", "date_of_birth", "previous", "end")} == {
        "datetime64[us]"
    }
    totals = to_pandas(
        sentences.group_by("person_id").agg(nw.col("total_sanctions").sum(), rows=nw.len()).sort("person_id")
    )
    by_person = totals.set_index("person_id")["total_sanctions"]
    assert by_person.loc[pseudonyms("P1", "P2", "P3")].tolist() == [5, 0, 0]
    assert {str(dtype) for dtype in totals.dtypes[1:]} == {"int64"}
    assert str(frame["ethnicity"].dtype) == "str" and frame["ethnicity"].isna().all()
