"""A large extract is checked once: what is kept is the same, and never stands in for other files, settings or keys."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from evalkit.intake import kept, load
from evalkit.intake.engine import to_pandas
from evalkit.intake.kept import KEPT_FOLDER

KEY = "ab" * 32
WORTH_KEEPING = 10_000
PEOPLE = 7_000


@pytest.fixture(scope="module", autouse=True)
def a_tenth_is_worth_keeping():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "WORTH_KEEPING", WORTH_KEEPING)
        yield


@pytest.fixture(scope="module")
def checked_once(demo_folder, tmp_path_factory):
    """A folder with some people of the demonstration and their sentences, one row at fault, loaded once."""
    folder = tmp_path_factory.mktemp("kept") / "data"
    folder.mkdir()
    for name in ("volunteers.csv", "extract.toml"):
        shutil.copy(demo_folder / name, folder)
    some = pd.read_csv(demo_folder / "people.csv", dtype=str, nrows=PEOPLE)
    some.to_csv(folder / "people.csv", index=False)
    sentences = pd.read_csv(demo_folder / "sentences.csv", dtype=str)
    sentences[sentences["person_id"].isin(some["person_id"])].to_csv(folder / "sentences.csv", index=False)
    people = (folder / "people.csv").read_text(encoding="utf-8")
    at_fault = "P-AT-FAULT,31/31/1999" + "," * (people.splitlines()[0].count(",") - 1)
    (folder / "people.csv").write_text(f"{people}{at_fault}\n", encoding="utf-8")
    (folder / ".evalkit-key").write_text(KEY, encoding="ascii")
    load(folder)
    return folder


@pytest.fixture
def folder(checked_once, tmp_path):
    """A copy of it, with what was kept."""
    return shutil.copytree(checked_once, tmp_path / "data")


def kept_files(folder):
    return sorted((folder / KEPT_FOLDER).iterdir()) if (folder / KEPT_FOLDER).is_dir() else []


def parts(extract):
    return {name: to_pandas(table) for name, table in extract.tables.items()}


def assert_same(found, expected):
    assert list(found.tables) == list(expected.tables)
    for name, rows in parts(expected).items():
        assert_frame_equal(to_pandas(found.tables[name]), rows)
    assert_frame_equal(found.rejected, expected.rejected)
    assert_frame_equal(found.summary, expected.summary)
    assert (found.provenance, found.notes, found.settings) == (expected.provenance, expected.notes, expected.settings)


def read_anew(folder):
    shutil.rmtree(folder / KEPT_FOLDER, ignore_errors=True)
    return load(folder)


def test_what_is_kept_is_what_was_checked(folder):
    again = load(folder)
    before = kept_files(folder)[0].stat().st_mtime_ns
    assert len(again.rejected) >= 1
    assert (again.summary["read"] == again.summary["used"] + again.summary["rejected"]).all()
    assert kept_files(folder)[0].stat().st_mtime_ns == before  # read, not written anew
    assert_same(again, read_anew(folder))


def test_a_changed_value_is_read(folder):
    people = folder / "people.csv"
    lines = people.read_text(encoding="utf-8").splitlines(keepends=True)
    born = to_pandas(load(folder).tables["people"])["date_of_birth"]
    column = lines[0].strip().split(",").index("date_of_birth")
    cells = lines[1].split(",")
    cells[column] = "1951-02-03"
    people.write_text("".join([lines[0], ",".join(cells), *lines[2:]]), encoding="utf-8")
    again = load(folder)
    changed = to_pandas(again.tables["people"])["date_of_birth"] != born
    assert changed.sum() == 1
    assert_same(again, read_anew(folder))


def test_changed_settings_are_read(folder):
    settings = folder / "extract.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("extract_date = 2021-12-31", "extract_date = 2019-12-31"), encoding="utf-8")
    again = load(folder)
    assert again.provenance["extract_date"] == "2019-12-31"
    assert len(again.rejected) > 1  # sentences after that day
    assert_same(again, read_anew(folder))


def test_another_key_makes_other_pseudonyms(folder, monkeypatch):
    before = to_pandas(load(folder).tables["people"])["person_id"]
    monkeypatch.setenv("EVALKIT_KEY", "cd" * 32)
    after = to_pandas(load(folder).tables["people"])["person_id"]
    assert not set(before) & set(after)


def test_a_file_that_is_passed_over_is_still_noted(folder):
    (folder / "poeple.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    again = load(folder)
    assert any("poeple.csv" in note for note in again.notes)
    assert_same(again, read_anew(folder))


def test_other_tables_are_kept_apart(folder):
    people = load(folder, tables=["people"])
    assert list(people.tables) != list(load(folder).tables)
    assert len(kept_files(folder)) == 4
    assert_same(load(folder, tables=["people"]), people)


def test_a_damaged_file_is_read_again_and_replaced(folder):
    whole = read_anew(folder)
    path, _ = kept_files(folder)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    assert_same(load(folder), whole)
    assert_same(load(folder), whole)
    assert path.stat().st_size > 100_000


@pytest.mark.parametrize("text", ["", "[]", '{"made_from": 1'])
def test_a_damaged_label_is_no_label(folder, text):
    kept_files(folder)[1].write_text(text, encoding="utf-8")
    before = kept_files(folder)[0].stat().st_mtime_ns
    extract = load(folder)
    assert extract.summary["read"].sum() >= WORTH_KEEPING
    assert kept_files(folder)[0].stat().st_mtime_ns > before  # read and kept anew


def test_where_nothing_can_be_kept_the_files_are_read(folder):
    whole = read_anew(folder)
    shutil.rmtree(folder / KEPT_FOLDER)
    (folder / KEPT_FOLDER).write_text("in the way", encoding="ascii")
    assert_same(load(folder), whole)
    assert sorted(path.name for path in folder.iterdir() if "part" in path.name) == []


def test_only_its_owner_can_look_and_nothing_is_half_written(folder):
    assert (read_anew(folder) is not None, (folder / KEPT_FOLDER).stat().st_mode & 0o077) == (True, 0)
    assert [path.suffix for path in kept_files(folder)] == [".duckdb", ".json"]


def test_a_small_extract_is_not_kept(folder):
    shutil.rmtree(folder / KEPT_FOLDER)
    for name in ("people.csv", "sentences.csv"):
        lines = (folder / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / name).write_text("".join(lines[: WORTH_KEEPING // 3]), encoding="utf-8")
    assert load(folder).summary["read"].sum() < WORTH_KEEPING
    assert kept_files(folder) == []
