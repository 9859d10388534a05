"""People are pseudonyms once an extract is loaded, and no number depends on the key they are made with."""

from __future__ import annotations

import hashlib
import hmac
import stat

import pandas as pd
import pyarrow as pa
import pytest
from small_extracts import KEY, PEOPLE, SENTENCES, pseudonyms, with_rows, write_extract

from evalkit.cohort import build_cohort
from evalkit.errors import DataError
from evalkit.intake import load, to_pandas
from evalkit.intake.pseudonyms import KEY_FILE, KEY_VARIABLE, Pseudonyms, evaluation_key, numbered
from evalkit.reports.part import Only, divide
from evalkit.spec import read_spec
from evalkit.statistics.unit_cusums import cusum_paths

OTHER_KEY = "a7" * 32
REFERRALS = """\
referral_id,person_id,service,referral_date,area,advisor_id
R1,P2,ETE,2019-05-01,North,P1
R2,P1,ETE,2019-04-01,North,P1
R3,P3,ETE,2019-04-02,South,
"""


def column(*texts):
    return pa.chunked_array([texts[:1], texts[1:]], pa.string())


# ------------------------------------------------------------------ pseudonyms
def test_a_pseudonym_is_the_first_64_bits_of_the_hmac_of_kind_and_identifier():
    for key in (bytes.fromhex(KEY), b"short", b"longer than one block of the hash " * 3):
        whole = hmac.new(key, "person:Zoë 7".encode(), hashlib.sha256).hexdigest()
        assert Pseudonyms(key).of("person_id", column("Zoë 7")).to_pylist() == [f"p_{whole[:16]}"]


def test_the_same_person_has_the_same_pseudonym_in_every_row_table_and_run_and_nobody_has_none():
    names = Pseudonyms(bytes.fromhex(KEY))
    first = names.of("person_id", column("A", "B", None, "A")).to_pylist()
    again = names.of("person_id", column("C", "B", None)).to_pylist()
    assert first[0] == first[3] and first[2] is None and again[2] is None
    assert again[1] == first[1] == pseudonyms("B")[0]
    assert len({*first, *again}) == 4  # A, B, C and nobody


def test_another_key_and_another_kind_of_person_give_another_pseudonym():
    names = Pseudonyms(bytes.fromhex(KEY))
    person, advisor = (names.of(kind, column("P1")).to_pylist()[0] for kind in ("person_id", "advisor_id"))
    assert len({person, advisor, *pseudonyms("P1", key=OTHER_KEY)}) == 3


def test_codes_stand_for_other_identifiers_or_for_none():
    found = Pseudonyms(bytes.fromhex(KEY)).of("person_id", column("old", "-", "B"), {"old": "A", "-": ""})
    assert found.to_pylist() == [pseudonyms("A")[0], None, pseudonyms("B")[0]]


# ------------------------------------------------------------------ the key
def test_a_key_is_made_once_for_the_eyes_of_its_owner(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    first = evaluation_key(tmp_path)
    path = tmp_path / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first) == 32 and bytes.fromhex(path.read_text().strip()) == first == evaluation_key(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    assert evaluation_key(other) != first
    assert sorted(path.name for path in tmp_path.iterdir()) == [KEY_FILE, "other"]  # nothing half written


def test_a_key_of_the_environment_goes_before_that_of_the_folder_and_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, f" {OTHER_KEY.upper()}\n")
    assert evaluation_key(tmp_path).hex() == OTHER_KEY
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("written", ["", "5" * 63, "5" * 65, "g" * 64])
def test_what_is_no_key_is_refused(tmp_path, monkeypatch, written):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    (tmp_path / KEY_FILE).write_text(written)
    with pytest.raises(DataError, match=r"\.evalkit-key holds no key of pseudonyms: expected 64 hexadecimal digits"):
        evaluation_key(tmp_path)


def test_a_folder_that_takes_no_key_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    with pytest.raises(
        DataError, match=r"cannot be kept in .*Make the data folder writable, or give the key in the env"
    ):
        evaluation_key(tmp_path / "absent")


# ------------------------------------------------------------------ loading
def test_loaded_tables_know_pseudonyms_only(tmp_path):
    volunteers = "volunteer_id,role\nP1,mentor\n"
    extract = load(write_extract(tmp_path, referrals=REFERRALS, volunteers=volunteers))
    tables = {name: to_pandas(extract.table(name)) for name in extract.tables}
    assert tables["people"]["person_id"].tolist() == pseudonyms("P1", "P2", "P3")
    assert tables["sentences"]["person_id"].tolist() == pseudonyms("P1", "P2", "P3")
    assert tables["referrals"]["person_id"].tolist() == pseudonyms("P2", "P1", "P3")
    names = pd.concat(
        [tables["referrals"]["advisor_id"], tables["volunteers"]["volunteer_id"], *[tables["people"]["person_id"]]]
    )
    assert names.dropna().str.fullmatch("p_[0-9a-f]{16}").all() and names.dropna().nunique() == 5
    held = " ".join(table.to_csv() for table in tables.values())
    assert not {"P1", "P2", "P3"} & set(held.replace(",", " ").split())
    assert tables["sentences"]["sentence_id"].tolist() == ["S1", "S2", "S3"]  # names no person


def test_nothing_of_the_source_s_names_is_left_in_the_engine(tmp_path):
    people = with_rows(PEOPLE, "P4,1990-01-01,neither")
    extract = load(write_extract(tmp_path, people=people, referrals=REFERRALS))
    connection = extract.table("people").to_native()
    held = connection.query("engine", "SELECT table_name FROM information_schema.tables ORDER BY 1").fetchall()
    texts = [connection.query("engine", f'SELECT * FROM "{name}"').fetchall() for (name,) in held]
    assert "people" in {name for (name,) in held}
    assert not {"P1", "P2", "P3", "P4"} & {value for rows in texts for row in rows for value in row}


def test_people_are_in_the_order_of_the_source_s_names_whatever_that_of_the_file(tmp_path):
    header, *rows = PEOPLE.splitlines()
    extract = load(write_extract(tmp_path, people="\n".join([header, *rows[::-1]]) + "\n"))
    assert to_pandas(extract.table("people"))["person_id"].tolist() == pseudonyms("P1", "P2", "P3")


def test_rejected_rows_are_as_the_source_has_them(tmp_path):
    people = with_rows(PEOPLE, "P1,1990-01-01,female", '"P\n9",1990-01-01,male')
    sentences = with_rows(SENTENCES, "S4,P7,2019-01-01,fine,00801", "S5,P1,2019-01-01,fine,00801")
    needs = "person_id,referral_id,pathway\nP2,R2,ETE\n"
    extract = load(write_extract(tmp_path, people=people, sentences=sentences, referrals=REFERRALS, needs=needs))
    said = extract.rejected[["table", "row", "value", "rule"]].values.tolist()
    assert ["people", 2, "P1", "names rows that differ, so that none is used: rows 2, 5"] in said
    assert ["people", 6, "P\n9", "holds a line break (a quotation mark may be open)"] in said
    assert ["sentences", 5, "P7", "names an unknown person, not in people"] in said
    assert ["sentences", 6, "P1", "names a person rejected in people"] in said
    assert ["needs", 2, "R2", "names a referral rejected in referrals"] in said
    assert not extract.rejected["rule"].str.contains("p_").any()


def test_a_row_of_another_person_names_that_person_as_the_source_does(tmp_path):
    needs = "person_id,referral_id,pathway\nP2,R2,ETE\n"
    extract = load(write_extract(tmp_path, referrals=REFERRALS, needs=needs))
    assert extract.rejected["rule"].tolist() == ["belongs to another person in referrals: P1"]


def test_a_prepared_cohort_keeps_its_order_and_has_pseudonyms(tmp_path):
    (tmp_path / "extract.toml").write_text('source = "t"\nextract_date = 2021-12-31\nkind = "prepared cohort"\n')
    (tmp_path / "cohort.csv").write_text("person_id,reconvicted\n7,yes\n3,no\n5,no\n")
    (tmp_path / KEY_FILE).write_text(KEY)
    assert to_pandas(load(tmp_path).table("cohort"))["person_id"].tolist() == pseudonyms("7", "3", "5")


# ------------------------------------------------------------------ nothing depends on the key
SPEC = """
title = "Test"
notebook = "none.ipynb"
[cohort]
period = [2018-01-01, 2021-03-31]
[predictor]
source = "supplied"
"""
SETTINGS = """
source = "test"
extract_date = 2021-12-31
[predicted]
scale = "share"
predictor = "score"
"""
MANY = 40


def extract_under(folder, key):
    """Forty people who start on one day, so that every order among them is a tie; every third reconvicted."""
    names = [f"{number:02d}" for number in range(MANY)]
    people = "person_id,date_of_birth,sex\n" + "".join(f"{name},1990-01-01,male\n" for name in names[::-1])
    rows = [f"S{n},{n},2018-06-01,custody,00801,2018-06-01,{0.2 + int(n) / 100:.2f},North" for n in names]
    rows += [f"T{n},{n},2018-{7 + int(n) // 10}-01,fine,00801,,," for n in names[::3]]
    header = "sentence_id,person_id,sentence_date,sentence_type,offence_code,supervision_start,ogrs3_one_year,area\n"
    write_extract(folder, settings=SETTINGS, people=people, sentences=header + "\n".join(rows) + "\n")
    (folder / KEY_FILE).write_text(key)
    (folder / "test.toml").write_text(SPEC)
    return load(folder), read_spec(folder / "test.toml")


def test_cohort_and_cusum_are_the_same_under_every_key(tmp_path):
    cohorts = [build_cohort(*extract_under(tmp_path / key[:2], key)) for key in (KEY, OTHER_KEY)]
    first, second = (cohort.frame.drop(columns="person_id") for cohort in cohorts)
    assert cohorts[0].frame["person_id"].tolist() == pseudonyms(*(f"{number:02d}" for number in range(MANY)))
    assert not set(cohorts[0].frame["person_id"]) & set(cohorts[1].frame["person_id"])
    pd.testing.assert_frame_equal(first, second)
    assert first["predicted"].is_monotonic_increasing  # the order of the source's names, not of the file
    paths = [cusum_paths(cohort.frame, unit="area", period="2019-06-30") for cohort in cohorts]
    pd.testing.assert_frame_equal(*paths)
    assert paths[0]["cusum_worse"].nunique() > 10


def test_what_a_report_on_one_unit_shows_is_the_same_under_every_key(tmp_path):
    units = [divide(*extract_under(tmp_path / key[:2], key), "area") for key in (KEY, OTHER_KEY)]
    first, second = (each.part(Only("area", "North")).provenance["files"] for each in units)
    assert first == second and len(first) == 2
    assert units[0].fingerprint(Only("area", "North")) == units[1].fingerprint(Only("area", "North"))


def test_who_a_row_belongs_to_decides_its_checksum():
    people = column("p_b", "p_a", "p_c")
    rows = [
        pa.table({"person_id": column(*who), "value": ["x", "y", "z"]})
        for who in (("p_b", "p_a", "p_b"), ("p_b", "p_c", "p_b"))
    ]
    first, second = (numbered(each, people).column("person_id").to_pylist() for each in rows)
    assert (first, second) == ([0, 1, 0], [0, 2, 0])
