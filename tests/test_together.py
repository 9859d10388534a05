"""Reports of a batch are protected together: what one hides is not what the others leave of a known total."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from batch_inputs import LOAD, write_inputs

from evalkit.present.publication import Published
from evalkit.reports.batch import run_batch
from evalkit.reports.together import read_released, released, to_hide


def table(counts, hidden, name="people 1", rows=("women", "men")):
    return Published(name, rows, {"people": tuple(counts)}, {"people": list(hidden)})


def hides(planned, unit):
    return planned[unit][0]["people"]


def test_a_count_that_one_unit_alone_hides_is_hidden_by_the_unit_with_the_smallest_as_well():
    units = {
        "A": [table([4, 30], [True, True])],
        "B": [table([20, 40], [False, False])],
        "C": [table([15, 50], [False, False])],
    }
    planned = to_hide(units)
    assert sorted(planned) == ["B", "C"]
    assert hides(planned, "C") == [True, False]  # 15 women are fewer than 20
    assert hides(planned, "B") == [False, True]  # 40 men are fewer than 50


def test_units_whose_hidden_counts_leave_enough_values_stay_as_they_are():
    units = {"A": [table([4, 30], [True, False])], "B": [table([2, 40], [True, False])]}
    assert to_hide(units) == {}  # 4 + 2 = 6: each is anything from 1 to 5
    units["B"] = [table([1, 40], [True, False])]
    assert to_hide(units) == {}  # nothing else to hide: there are but two
    units["C"] = [table([12, 40], [False, False])]
    assert hides(to_hide(units), "C") == [True, False]  # 4 + 1 = 5: each is 1 to 4, four values only


def test_a_zero_or_a_unit_without_the_row_protects_nobody():
    units = {
        "A": [table([4, 30], [True, False])],
        "B": [table([0, 25], [False, False])],
        "C": [table([25], [False], rows=("men",))],
    }
    assert to_hide(units) == {}
    units["D"] = [table([11, 25], [False, False])]
    assert {unit: hides(to_hide(units), unit) for unit in to_hide(units)} == {"D": [True, False]}


def test_what_the_manifest_says_of_a_report_has_no_hidden_count():
    tables = [table([4, 30], [True, False])]
    said = released(tables)
    assert said == ({"table": "people 1", "rows": ["women", "men"], "counts": {"people": [None, 30]}},)
    assert read_released(said)[0].counts == {"people": (1, 30)}
    assert read_released(said)[0].hidden == {"people": [True, False]}


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
