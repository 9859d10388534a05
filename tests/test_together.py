"""Reports of a batch are protected together: what one hides is not what the others leave of a known total."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from batch_inputs import LOAD, write_inputs, write_notebook

from evalkit.present.publication import Published
from evalkit.reports import run_report
from evalkit.reports.batch import run_batch
from evalkit.reports.ledger import read_ledger
from evalkit.reports.together import Unit, exposed, read_released, to_hide


def table(counts, hidden, name="people 1", rows=("women", "men")):
    return Published(name, rows, {"people": tuple(counts)}, {"people": list(hidden)})


def unit(*tables, stands=False):
    return Unit(tables, stands=stands)


def hides(planned, unit):
    return planned[unit][0]["people"]


def test_a_count_that_one_unit_alone_hides_is_hidden_by_the_unit_with_the_smallest_as_well():
    units = {
        "A": unit(table([4, 30], [True, True])),
        "B": unit(table([20, 40], [False, False])),
        "C": unit(table([15, 50], [False, False])),
    }
    planned = to_hide(units)
    assert sorted(planned) == ["B", "C"]
    assert hides(planned, "C") == [True, False]  # 15 women are fewer than 20
    assert hides(planned, "B") == [False, True]  # 40 men are fewer than 50


def test_units_whose_hidden_counts_leave_enough_values_stay_as_they_are():
    units = {"A": unit(table([4, 30], [True, False])), "B": unit(table([2, 40], [True, False]))}
    assert to_hide(units) == {}  # 4 + 2 = 6: each is anything from 1 to 5
    units["B"] = unit(table([1, 40], [True, False]))
    assert to_hide(units) == {}  # nothing else to hide: there are but two
    units["C"] = unit(table([12, 40], [False, False]))
    assert hides(to_hide(units), "C") == [True, False]  # 4 + 1 = 5: each is 1 to 4, four values only


def test_a_zero_or_a_unit_without_the_row_protects_nobody():
    units = {
        "A": unit(table([4, 30], [True, False])),
        "B": unit(table([0, 25], [False, False])),
        "C": unit(table([25], [False], rows=("men",))),
    }
    assert to_hide(units) == {}
    units["D"] = unit(table([11, 25], [False, False]))
    assert {unit: hides(to_hide(units), unit) for unit in to_hide(units)} == {"D": [True, False]}


def test_what_the_manifest_says_of_a_report_has_no_hidden_count():
    said = [{"table": "people 1", "rows": ["women", "men"], "counts": {"people": [None, 30], "of": [-1, 50]}}]
    (held,) = read_released(said)
    assert held.counts == {"people": (1, 30)}
    assert held.hidden == {"people": [True, False]}


def test_a_page_that_is_out_and_cannot_be_made_again_hides_no_more():
    units = {
        "A": unit(table([4, 30], [True, False])),
        "B": unit(table([13, 40], [False, False]), stands=True),
        "C": unit(table([20, 50], [False, False])),
    }
    assert {one: hides(to_hide(units), one) for one in to_hide(units)} == {"C": [True, False]}
    assert exposed(units) == {"A"}
    hidden = units | {"C": unit(table([20, 50], [True, False]))}
    assert to_hide(hidden) == {}
    assert exposed(hidden) == set()


def test_people_of_no_unit_are_protected_where_they_are_few_and_everyone_is_known():
    units = {"A": unit(table([14, 30], [False, False])), "B": unit(table([12, 40], [False, False]))}
    everyone = {"people 1": {("women", 0, "people"): 26 + 3, ("men", 0, "people"): 70 + 10}}
    assert to_hide(units) == {}
    assert {one: hides(to_hide(units, everyone), one) for one in to_hide(units, everyone)} == {"B": [True, False]}
    hidden = {"people 1": {("women", 0, "people"): None}}
    assert {one: hides(to_hide(units, hidden), one) for one in to_hide(units, hidden)} == {"B": [True, False]}
    assert to_hide(units, {"people 1": {("women", 0, "people"): 26}}) == {}


TABLE = """import pandas as pd

evalkit.start_publication(10)
counts = extract.table("people").collect("pandas").to_native()["sex"].value_counts()
people = [int(counts.get(sex, 0)) for sex in ("female", "male")]
safe = evalkit.make_safe(pd.DataFrame({"sex": ["female", "male"], "people": people}), counts=["people"])
evalkit.show_table(safe, caption="People by sex", columns="sexes")"""
SHOWN = """evalkit.present.tables.LAYOUTS["sexes"] = {"sex": ("Sex", "text"), "people": ("People", "count")}"""


def extract_with_women(folder, **areas):
    """An extract in which an area has so many women and men."""
    spec = write_inputs(folder, LOAD, SHOWN, TABLE, **{area: sum(both) for area, both in areas.items()})
    people = (folder / "extract/people.csv").read_text().splitlines()
    sexes = [sex for women, men in areas.values() for sex in ["female"] * women + ["male"] * men]
    rows = [line.replace("male", sex) for line, sex in zip(people[1:], sexes, strict=False)]
    (folder / "extract/people.csv").write_text("\n".join([people[0], *rows, *people[1 + len(sexes) :]]) + "\n")
    return spec


def shown_in(page):
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page.read_text(), flags=re.S)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in cells if "SHA" not in cell][:2]


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together")
    spec = extract_with_women(folder, North=(4, 40), South=(13, 60), West=(30, 70))
    manifest = run_batch(spec, by="area", out=folder / "out")
    return folder, spec, manifest


def test_what_one_report_hides_the_others_do_not_give_away(batch):
    folder, _, manifest = batch
    assert {entry.state for entry in manifest.batches["trial by area"].entries.values()} == {"done"}
    assert shown_in(folder / "out/trial-north.html") == ["[c]", "[c]"]
    assert shown_in(folder / "out/trial-south.html") == ["[c]", "[c]"]  # 13 women, or 4 would be what is left
    assert shown_in(folder / "out/trial-west.html") == ["30", "70"]


def test_the_manifest_holds_no_hidden_count(batch):
    said = json.loads((batch[0] / "out/manifest.json").read_text())["batches"][0]["reports"]
    assert {report["unit"]: report["released"][0]["counts"]["people"] for report in said} == {
        "North": [None, None],
        "South": [None, None],
        "West": [30, 70],
    }


def test_a_report_made_again_alone_still_hides_what_it_has_to(batch):
    folder, spec, _ = batch
    before = (folder / "out/trial-south.html").read_bytes()
    (folder / "out/trial-south.html").unlink()
    run_batch(spec, by="area", out=folder / "out")
    assert (folder / "out/trial-south.html").read_bytes() == before


def test_a_batch_that_was_stopped_before_it_was_settled_is_settled_by_the_next_run(batch, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(batch[0], folder)
    manifest = json.loads((folder / "out/manifest.json").read_text())
    assert manifest["batches"][0]["together"] is True
    manifest["batches"][0]["together"] = False
    (folder / "out/manifest.json").write_text(json.dumps(manifest))
    again = run_batch(folder / "trial.toml", by="area", out=folder / "out")
    assert again.batches["trial by area"].together
    assert shown_in(folder / "out/trial-south.html") == ["[c]", "[c]"]


FAIL = """import pathlib

if only == "area=South" and pathlib.Path("broken").exists(): raise ValueError("broken")"""


def test_a_report_that_fails_later_keeps_its_page_and_the_others_protect_what_it_shows(tmp_path):
    spec = extract_with_women(tmp_path, North=(14, 40), South=(13, 60), West=(30, 70))
    write_notebook(tmp_path / "trial.ipynb", LOAD, FAIL, SHOWN, TABLE)
    run_batch(spec, by="area", out=tmp_path / "out")
    pages = {name: shown_in(tmp_path / f"out/trial-{name}.html") for name in ("north", "south", "west")}
    assert pages == {"north": ["14", "40"], "south": ["13", "60"], "west": ["30", "70"]}

    extract_with_women(tmp_path, North=(4, 50), South=(13, 60), West=(30, 70))
    write_notebook(tmp_path / "trial.ipynb", LOAD, FAIL, SHOWN, TABLE)
    (tmp_path / "broken").touch()
    again = run_batch(spec, by="area", out=tmp_path / "out", force=True).batches["trial by area"]
    assert again.entries["South"].state == "failed"
    assert again.entries["South"].released[0]["counts"]["people"] == [13, 60]
    assert shown_in(tmp_path / "out/trial-south.html") == ["13", "60"]  # its page of before
    assert shown_in(tmp_path / "out/trial-north.html") == ["[c]", "[c]"]
    assert shown_in(tmp_path / "out/trial-west.html") == ["[c]", "[c]"]  # or 4 would be what is left of all women
    assert again.together


def test_a_batch_without_a_warmed_process_is_protected_together_as_well(tmp_path, monkeypatch):
    monkeypatch.setattr("evalkit.reports.crew.CAN_FORK", False)
    spec = extract_with_women(tmp_path, North=(4, 40), West=(30, 70))
    batch = run_batch(spec, by="area", out=tmp_path / "out").batches["trial by area"]
    assert {unit: entry.released[0]["counts"]["people"] for unit, entry in batch.entries.items()} == {
        "North": [None, None],
        "West": [None, None],
    }
    assert shown_in(tmp_path / "out/trial-west.html") == ["[c]", "[c]"]
    assert batch.together


def test_a_batch_is_in_the_ledger_and_everyone_is_held_against_it(batch, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(batch[0], folder)
    names = [entry.identity.unit for entry in read_ledger(folder / "out")]
    assert names == ["area=North", "area=South", "area=West"]
    page = run_report(folder / "trial.toml", out=folder / "out")
    assert shown_in(page) == ["47", "181"]  # 11 men belong to no area
    assert next(entry.identity.unit for entry in read_ledger(folder / "out")) == ""
