"""Files as they come: encodings, separators, workbooks, Parquet, broken rows; what cannot be read is said plainly."""

import datetime as dt
import hashlib
import re

import openpyxl
import pandas as pd
import pytest
from small_extracts import KEY, PEOPLE, SENTENCES, SETTINGS, pseudonyms, write_extract

from evalkit.errors import DataError
from evalkit.intake import load, to_pandas
from evalkit.intake.pseudonyms import KEY_VARIABLE


def people_of(extract):
    return to_pandas(extract.tables["people"])


def faults(extract):
    return extract.rejected[["table", "row", "column", "value", "rule"]].values.tolist()


def write_workbook(path, **sheets):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


def cells(text):
    return [line.split(",") for line in text.splitlines()]


# ------------------------------------------------------------------ CSV


def test_utf8_bom_and_windows_1252_give_the_same_text(tmp_path):
    text = PEOPLE.replace("sex", "sex,ethnicity").replace("male\n", "male,Café “x” €\n")
    found = []
    for name, content, encoding in (
        ("plain", text.encode(), "utf-8"),
        ("bom", b"\xef\xbb\xbf" + text.encode(), "utf-8"),
        ("ansi", text.encode("windows-1252"), "windows-1252"),
    ):
        folder = write_extract(tmp_path / name, settings=SETTINGS + f'encoding = "{encoding}"\n')
        (folder / "people.csv").write_bytes(content)
        found.append(people_of(load(folder))["ethnicity"].tolist())
    assert found == [["Café “x” €"] * 3] * 3


def test_bytes_of_another_encoding_are_located(tmp_path):
    folder = write_extract(tmp_path)
    (folder / "people.csv").write_bytes(PEOPLE.encode() + "P4,1990-01-01,né\n".encode("windows-1252"))
    place = len(PEOPLE) + len("P4,1990-01-01,n") + 1
    with pytest.raises(
        DataError, match=rf"people.csv, row 5, byte {place} \(0xE9\) is not utf-8; declare the encoding"
    ):
        load(folder)


def test_utf16_is_named(tmp_path):
    folder = write_extract(tmp_path)
    (folder / "people.csv").write_text(PEOPLE, encoding="utf-16")
    with pytest.raises(DataError, match=r"people.csv, row 1, byte 1 .*looks like UTF-16"):
        load(folder)


def test_utf8_declared_as_windows_1252_is_refused(tmp_path):
    folder = write_extract(
        tmp_path, settings=SETTINGS + 'encoding = "windows-1252"\n', people=PEOPLE + "P4,1990-01-01,né\n"
    )
    with pytest.raises(DataError, match=re.escape("people.csv is UTF-8, not windows-1252")):
        load(folder)


def test_byte_undefined_in_windows_1252(tmp_path):
    folder = write_extract(tmp_path, settings=SETTINGS + 'encoding = "windows-1252"\n')
    (folder / "people.csv").write_bytes(PEOPLE.encode() + b"P4,1990-01-01,\x81\n")
    with pytest.raises(DataError, match=r"people.csv, row 5, .*0x81.* is not windows-1252"):
        load(folder)


def test_semicolons_and_quoted_cells(tmp_path):
    people = 'person_id;date_of_birth;sex;ethnicity\r\n"P1";1990-01-01;male;"a;b ""c"""\r\n'
    sentences = SENTENCES.split("S2")[0].replace(",", ";")
    folder = write_extract(tmp_path, settings=SETTINGS + 'separator = ";"\n', people=people, sentences=sentences)
    assert people_of(load(folder))["ethnicity"].tolist() == ['a;b "c"']


def test_wrong_separator_is_named(tmp_path):
    folder = write_extract(tmp_path, people=PEOPLE.replace(",", ";"))
    with pytest.raises(DataError, match=r"people.csv has only one column with separator ',' .*seems to use ';'"):
        load(folder)


def test_white_space_round_values_and_names_is_ignored(tmp_path):
    people = " person_id ,date_of_birth,sex,ethnicity\n P1\t, 1990-01-01 ,\u00a0male,  \n"
    extract = load(write_extract(tmp_path, people=people, sentences=SENTENCES.split("S2")[0]))
    assert people_of(extract)["person_id"].tolist() == pseudonyms("P1")
    assert people_of(extract)["ethnicity"].isna().tolist() == [True]
    assert extract.rejected.empty


def test_row_numbers_count_blank_lines_and_line_breaks_as_a_spreadsheet_does(tmp_path):
    interviews = 'interview_id,theme,excerpt\nI1,work,"two\nlines"\n\n,,\nI2,,x\nI3,work\nI4,work,"a",b\n'
    extract = load(write_extract(tmp_path, interviews=interviews))
    differs = "has a different number of fields from the header"
    assert faults(extract) == [
        ["interviews", 5, "theme", "", "missing, but required"],
        ["interviews", 6, "", "I3,work", f"{differs}: 2 instead of 3"],
        ["interviews", 7, "", 'I4,work,"a",b', f"{differs}: 4 instead of 3"],
    ]
    counts = extract.summary.set_index("table").loc["interviews"]
    assert (counts["read"], counts["used"], counts["rejected"]) == (4, 1, 3)
    assert to_pandas(extract.tables["interviews"])["excerpt"].tolist() == ["two\nlines"]
    assert "interviews.csv: 2 blank rows passed over" in extract.notes


@pytest.mark.parametrize(
    ("rows", "row"),
    [
        ('P4,"1990-01-01,male\nP5,1990-01-01,male\n', 5),  # swallows the rest as one short row
        ('P4,1990-01-01,"male\nP5,1990-01-01,male\n', 5),  # the same, with as many fields as the header
        ('P4,"1990-01-01,male\n' + "P5,1990-01-01,male\n" * 700_000, 5),  # larger than a block of the reader
    ],
)
def test_quotation_mark_never_closed(tmp_path, rows, row):
    with pytest.raises(DataError, match=f"people.csv, row {row}: a quotation mark is opened and never closed"):
        load(write_extract(tmp_path, people=PEOPLE + rows))


def test_two_open_quotation_marks_do_not_swallow_rows_in_silence(tmp_path):
    people = PEOPLE.replace("sex", "sex,religion").replace("male\n", "male,x\n")
    people += 'P4,1990-01-01,male,"none\nP5,1990-01-01,male,none\nP6,1990-01-01,male,none"\n'
    extract = load(write_extract(tmp_path, people=people))
    (fault,) = faults(extract)
    assert fault[1:3] == [5, "religion"]
    assert fault[4] == "holds a line break (a quotation mark may be open)"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "people.csv is empty: nothing in it"),
        ("person_id,date_of_birth,sex", "people.csv is empty: a header but no rows"),
        ("person_id,date_of_birth,sex\n\n,,\n", "people.csv is empty: a header but no rows"),
        ("person_id,date_of_birth\nP1,1990-01-01\n", "people.csv has no column sex, but it is required"),
        ("person_id,date_of_birth,Sex\nP1,1990-01-01,male\n", r"\(columns not used: Sex\).*\[columns.people\]"),
        ("person_id,sex,sex\nP1,male,male\n", "people.csv, row 1: the column sex is there twice"),
        ("\nperson_id,date_of_birth,sex\nP1,1990-01-01,male\n", "people.csv, row 1 is blank"),
    ],
)
def test_files_wrong_as_a_whole(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        load(write_extract(tmp_path, people=content))


def test_columns_not_declared_are_noted_with_the_nearest_name(tmp_path):
    extract = load(write_extract(tmp_path, people=PEOPLE.replace("sex", "sex,etnicity").replace("male\n", "male,x\n")))
    assert extract.notes == ("people.csv: column etnicity is not declared and was not read; did you mean ethnicity?",)
    assert extract.provenance["ignored_columns"] == {"people.csv": ["etnicity"]}
    assert people_of(extract)["ethnicity"].isna().all()


# ------------------------------------------------------------------ where the tables are


def test_missing_folder_settings_and_tables(tmp_path):
    with pytest.raises(DataError, match=re.escape("nowhere does not exist")):
        load(tmp_path / "nowhere")
    with pytest.raises(DataError, match=re.escape("extract.toml is missing")):
        load(tmp_path)
    (tmp_path / "extract.toml").write_text(SETTINGS)
    with pytest.raises(DataError, match=re.escape("holds no data file of a known name")):
        load(tmp_path)
    (tmp_path / "people.csv").write_text(PEOPLE)
    with pytest.raises(
        DataError, match=re.escape("the extract has no table sentences, but it is required: add sentences.csv")
    ):
        load(tmp_path)
    with pytest.raises(DataError, match=re.escape("people.csv is neither a folder nor an Excel workbook")):
        load(tmp_path / "people.csv")


def test_two_files_for_one_table(tmp_path):
    folder = write_extract(tmp_path)
    (folder / "People.parquet").write_bytes(b"")
    with pytest.raises(DataError, match=re.escape("People.parquet and people.csv are both the table people; keep one")):
        load(folder)


def test_file_of_an_unknown_name_is_noted(tmp_path):
    extract = load(write_extract(tmp_path, referral="a,b\n1,2\n"))
    assert extract.notes == ("referral.csv is not a table of evalkit and was not read; did you mean referrals?",)


def test_table_needed_but_not_there(tmp_path):
    extract = load(write_extract(tmp_path))
    assert to_pandas(extract.table("people"))["person_id"].tolist() == pseudonyms("P1", "P2", "P3")
    with pytest.raises(
        DataError, match=r"the extract has no table releases, .*it has: people, sentences.*releases.csv"
    ):
        extract.table("releases")
    with pytest.raises(DataError, match=re.escape("relesaes is not a table of evalkit; did you mean releases?")):
        extract.table("relesaes")


# ------------------------------------------------------------------ Excel and Parquet


def test_workbook_with_a_sheet_per_table(tmp_path, monkeypatch):
    people = [
        ["person_id", "date_of_birth", "sex", "ethnicity"],
        [101, dt.date(1990, 1, 1), "male", None],
        [],
        [102, dt.datetime(1985, 6, 30), "Female", 1.5],
        [103, "1970-12-31", "x", True],
    ]
    sentences = [
        cells(SENTENCES)[0],
        ["S1", 101, dt.date(2019, 1, 1), "custody", "00801"],
        ["S2", 103, "2019-02-30", "fine", 4910],
    ]
    (tmp_path / "extract.toml").write_text(SETTINGS)
    path = write_workbook(tmp_path / "all.xlsx", **{"People ": people, "sentences": sentences, "Notes": [["x"]]})
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    extract = load(path)
    named = people_of(extract)[["person_id", "sex", "ethnicity"]].values.tolist()
    assert named[1] == [*pseudonyms("102"), "female", "1.5"]
    assert people_of(extract)["date_of_birth"].tolist() == [pd.Timestamp(1990, 1, 1), pd.Timestamp(1985, 6, 30)]
    assert faults(extract) == [
        ["people", 5, "sex", "x", "is not an allowed code (male, female)"],
        ["sentences", 3, "person_id", "103", "names a person rejected in people"],
        ["sentences", 3, "sentence_date", "2019-02-30", "is not a date (expected YYYY-MM-DD)"],
        ["sentences", 3, "offence_code", "4910", "is not five digits (a spreadsheet may have dropped leading zeros)"],
    ]
    assert extract.rejected["file"].unique().tolist() == ["all.xlsx, sheet People", "all.xlsx, sheet sentences"]
    assert "all.xlsx, sheet Notes is not a table of evalkit and was not read" in extract.notes
    assert extract.provenance["files"]["all.xlsx"]["rows"] == 5
    # The same workbook, found as the only file of its folder.
    assert load(tmp_path).summary.equals(extract.summary)


def test_workbooks_and_csv_side_by_side(tmp_path):
    folder = write_extract(tmp_path)
    (folder / "people.csv").unlink()
    write_workbook(folder / "people.xlsx", Sheet1=cells(PEOPLE))
    assert people_of(load(folder))["person_id"].tolist() == pseudonyms("P1", "P2", "P3")
    write_workbook(folder / "people.xlsx", one=cells(PEOPLE), two=[["x"]])
    with pytest.raises(
        DataError, match=re.escape("people.xlsx has several sheets, none of them called people: one, two")
    ):
        load(folder)


def test_workbooks_that_cannot_be_read(tmp_path):
    (tmp_path / "extract.toml").write_text(SETTINGS)
    (tmp_path / "all.xlsx").write_bytes(b"not a workbook")
    with pytest.raises(DataError, match=re.escape("all.xlsx cannot be read as an Excel workbook")):
        load(tmp_path)
    write_workbook(tmp_path / "all.xlsx", Notes=[["x"]])
    with pytest.raises(DataError, match=r"all.xlsx has no sheet of a known name \(found: Notes\)"):
        load(tmp_path)
    write_workbook(tmp_path / "all.xlsx", people=cells(PEOPLE)[:1], sentences=cells(SENTENCES))
    with pytest.raises(DataError, match=re.escape("all.xlsx, sheet people is empty: a header but no rows")):
        load(tmp_path)


def test_parquet_gives_what_csv_gives(tmp_path, monkeypatch):
    frames = {"people": PEOPLE.replace("sex", "sex,disability").replace("male\n", "male,yes\n"), "sentences": SENTENCES}
    from_csv = load(write_extract(tmp_path / "csv", **frames))
    folder = tmp_path / "parquet"
    folder.mkdir()
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    (folder / "extract.toml").write_text(SETTINGS)
    people = people_of(from_csv).assign(disability=True)
    people["person_id"] = [12345678901.0, 2.0, 3.0]  # what pandas makes of whole numbers with gaps
    people.to_parquet(folder / "people.parquet")
    sentences = to_pandas(from_csv.tables["sentences"]).assign(
        person_id=[12345678901, 2, 3], total_sanctions=[1.0, 2.0, None]
    )
    sentences.to_parquet(folder / "sentences.parquet")  # ogrs3_one_year is there, but empty: no scale is asked for
    extract = load(folder)
    assert extract.rejected.empty
    assert people_of(extract)["person_id"].tolist() == pseudonyms("12345678901", "2", "3")
    assert people_of(extract)["date_of_birth"].equals(people_of(from_csv)["date_of_birth"])
    assert to_pandas(extract.tables["sentences"])["total_sanctions"].tolist()[:2] == [1, 2]
    (folder / "people.parquet").write_bytes(b"PAR?")
    with pytest.raises(DataError, match=re.escape("people.parquet cannot be read as Parquet")):
        load(folder)


# ------------------------------------------------------------------ dates, declared per extract

DATES = {"YYYY-MM-DD": "1990-02-01", "DD/MM/YYYY": "01/02/1990", "Excel": "32905"}  # 32905: LibreOffice's day number


@pytest.mark.parametrize("declared", DATES)
@pytest.mark.parametrize("written", DATES)
def test_dates_are_read_in_the_declared_format_only(tmp_path, declared, written):
    people = f"person_id,date_of_birth,sex\nP1,{DATES[written]},male\n"
    sentences = f"sentence_id,person_id,sentence_date,sentence_type,offence_code\nS1,P1,{DATES[declared]},fine,00801\n"
    extract = load(
        write_extract(tmp_path, settings=SETTINGS + f'date_format = "{declared}"\n', people=people, sentences=sentences)
    )
    if declared == written:
        assert people_of(extract)["date_of_birth"].tolist() == [pd.Timestamp(1990, 2, 1)]
        return
    expected = "an Excel date" if declared == "Excel" else declared
    assert faults(extract)[0] == ["people", 2, "date_of_birth", DATES[written], f"is not a date (expected {expected})"]
    assert any("is date_format right in extract.toml?" in note for note in extract.notes)


@pytest.mark.parametrize("declared", DATES)
def test_native_dates_of_a_workbook_are_dates_in_every_format(tmp_path, declared):
    folder = write_extract(
        tmp_path,
        settings=SETTINGS + f'date_format = "{declared}"\n',
        sentences="sentence_id,person_id,sentence_date,sentence_type,offence_code\nS1,P1,,fine,00801\n",
    )
    (folder / "people.csv").unlink()
    write_workbook(folder / "people.xlsx", people=[cells(PEOPLE)[0], ["P1", dt.date(1990, 2, 1), "male"]])
    assert people_of(load(folder))["date_of_birth"].tolist() == [pd.Timestamp(1990, 2, 1)]


def test_excel_day_numbers_may_carry_a_time_of_day(tmp_path):
    settings = SETTINGS + 'date_format = "Excel"\n'
    people = "person_id,date_of_birth,sex\nP1,32905.75,male\nP2,0,male\nP3,2958466,male\n"
    sentences = "sentence_id,person_id,sentence_date,sentence_type,offence_code\nS1,P1,43466,fine,00801\n"
    extract = load(write_extract(tmp_path, settings=settings, people=people, sentences=sentences))
    assert people_of(extract)["date_of_birth"].tolist() == [pd.Timestamp(1990, 2, 1)]
    # Neither Excel's blank zero nor a day after 31 December 9999 is a date.
    assert [fault[1] for fault in faults(extract)] == [3, 4]


def test_midnight_is_no_time_and_other_times_are_no_dates(tmp_path):
    people = PEOPLE.replace("1990-01-01", "1990-01-01 00:00:00").replace("1985-06-30", "1985-06-30 10:00:00")
    extract = load(write_extract(tmp_path, people=people))
    assert people_of(extract)["date_of_birth"].tolist() == [pd.Timestamp(1990, 1, 1), pd.Timestamp(1970, 12, 31)]


# ------------------------------------------------------------------ names and codes of their own


def test_columns_and_codes_are_mapped(tmp_path):
    settings = SETTINGS + (
        '[columns.people]\ndate_of_birth = "DOB"\nsex = "Gender"\n'
        '[codes.people.sex]\nM = "male"\nF = "female"\n[codes.people.ethnicity]\n"n/k" = ""\n'
    )
    people = "person_id,DOB,Gender,ethnicity,sex\nP1,1990-01-01,M,n/k,9\nP2,1985-06-30,f,x,9\nP3,1970-12-31,Male,,9\n"
    extract = load(write_extract(tmp_path, settings=settings, people=people))
    assert people_of(extract)["sex"].tolist() == ["male", "male"]
    assert people_of(extract)["ethnicity"].isna().all()
    # Their codes match exactly, ours in any case; the message names the column as the file does.
    assert faults(extract)[0] == ["people", 3, "Gender", "f", "is not an allowed code (male, female)"]
    assert extract.provenance["ignored_columns"] == {"people.csv": ["sex"]}


def test_mapped_column_that_is_not_there(tmp_path):
    with pytest.raises(
        DataError, match=re.escape("people.csv has no column 'sexx', which extract.toml maps to sex; did you mean sex?")
    ):
        load(write_extract(tmp_path, settings=SETTINGS + '[columns.people]\nsex = "sexx"\n'))


# ------------------------------------------------------------------ provenance


def test_provenance_names_files_and_no_path(tmp_path):
    folder = write_extract(tmp_path)
    provenance = load(folder).provenance
    assert provenance["files"]["people.csv"] == {
        "sha256": hashlib.sha256(PEOPLE.encode()).hexdigest(),
        "bytes": len(PEOPLE),
        "rows": 3,
    }
    assert provenance["settings"]["sha256"] == hashlib.sha256(SETTINGS.encode()).hexdigest()
    assert (provenance["source"], provenance["extract_date"]) == ("test", "2021-12-31")
    assert str(tmp_path) not in str(provenance)


def test_only_the_tables_wanted_are_read_with_those_they_refer_to(tmp_path):
    referrals = "referral_id,person_id,service,referral_date\nR1,P1,ETE,2019-02-01\n"
    jobs = "person_id,referral_id,sector,start_date\nP1,R1,Retail,2019-03-01\n"
    folder = write_extract(tmp_path / "extract", referrals=referrals, jobs=jobs, volunteers="no such columns\n1\n")
    extract = load(folder, tables=["jobs"])
    assert extract.summary["table"].tolist() == ["people", "sentences", "referrals", "jobs"]
    assert "volunteers.csv" not in extract.provenance["files"]
    with pytest.raises(DataError, match="volunteers"):
        load(folder)


def test_a_wanted_table_that_is_no_table_is_an_error(tmp_path):
    with pytest.raises(DataError, match="job is not a table of evalkit; did you mean"):
        load(write_extract(tmp_path / "extract"), tables=["job"])
