"""Reports of a batch are protected together: what one hides is not what the others leave of a known total."""

from __future__ import annotations

import datetime
import json
import re
import shutil

import pytest
from batch_inputs import LOAD, write_inputs, write_notebook

from evalkit.present.published import Published
from evalkit.reports import run_report
from evalkit.reports.batch import run_batch
from evalkit.reports.ledger import Entry, Identity, read_ledger
from evalkit.reports.progress import Progress
from evalkit.reports.together import Unit, Whole, exposed, read_released, to_hide, wholes_of


def table(counts, hidden, name="people 1", rows=("women", "men")):
    return Published(name, rows, {"people": tuple(counts)}, {"people": list(hidden)})


def unit(*tables, stands=False):
    return Unit(tables, stands=stands)


def hides(planned, unit):
    return planned[unit][0]["people"]


def test_a_count_that_one_unit_alone_hides_another_hides_as_well():
    units = {
        "A": unit(table([4, 30], [True, True])),
        "B": unit(table([20, 40], [False, False])),
        "C": unit(table([15, 50], [False, False])),
    }
    planned = to_hide(units)
    assert sorted(planned) == ["C"]
    assert hides(planned, "C") == [True, True]  # 15 women are fewer than 20; and a table that hides a count goes first


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
    assert {one: hides(to_hide(units, [Whole(everyone)]), one) for one in to_hide(units, [Whole(everyone)])} == {
        "B": [True, False]
    }
    hidden = {"people 1": {("women", 0, "people"): None}}
    assert {one: hides(to_hide(units, [Whole(hidden)]), one) for one in to_hide(units, [Whole(hidden)])} == {
        "B": [True, False]
    }
    assert to_hide(units, [Whole({"people 1": {("women", 0, "people"): 26}})]) == {}


WINDOWS = ((datetime.date(2019, 1, 1), datetime.date(2019, 12, 31)),)
INSIDE = {"A": {"": 4, "area=North": 2}, "B": {"": 4, "area=North": 2}, "C": {"": 4, "area=South": 2},
          "D": {"": 4, "area=South": 2}, "E": {"": 4}}  # fmt: skip


def entry(unit, *counts, windows=WINDOWS):
    said = [{"table": "people 1", "rows": ["women", "men"], "counts": {"people": list(counts)}}]
    return Entry(Identity("trial", unit, windows), "trial.html", windows[0][1], said)


def wholes(*entries):
    found = wholes_of(INSIDE, Identity("trial", "", WINDOWS), entries)
    return [(sorted(whole.units), whole.shown and whole.shown["people 1"]["women", 0, "people"]) for whole in found]


def test_teams_make_up_everyone_and_the_areas_that_are_out():
    assert wholes() == [([], None)]
    assert wholes(entry("area=North", 30, 60)) == [(["A", "B"], 30), ([], None)]
    earlier = ((WINDOWS[0][0], WINDOWS[0][0]),)
    assert wholes(entry("area=North", 30, 60, windows=earlier)) == [([], None)]
    # Of an area whose own report is not out, everyone's leaves something without that of the other.
    both = (entry("", 100, 200), entry("area=North", 30, 60))
    assert wholes(*both) == [(["A", "B"], 30), (["C", "D"], 70), ([], 100)]


def test_what_one_team_of_an_area_hides_another_of_the_same_area_hides_as_well():
    counts = {"A": [4, 30], "B": [25, 40], "C": [3, 40], "D": [12, 40], "E": [11, 40]}
    units = {name: unit(table(both, [count < 10 for count in both])) for name, both in counts.items()}
    assert to_hide(units) == {}  # 4 and 3 of a known total may be anything from 1 to 6
    known = wholes_of(INSIDE, Identity("trial", "", WINDOWS), [entry("area=North", 29, 70)])
    assert {one: hides(planned, "B") for one, planned in [("B", to_hide(units, known))]} == {"B": [True, False]}
    assert sorted(to_hide(units, known)) == ["B"]
    # What B hides for A's sake is enough where everybody is known, though C and D have fewer women.
    fewer = {"C": unit(table([13, 4], [False, True])), "D": unit(table([12, 6], [False, True]))}
    assert sorted(to_hide(units | fewer, known)) == ["B"]
    out = units | {"B": unit(table([25, 40], [False, False]), stands=True)}
    assert to_hide(out, known) == {}
    assert exposed(out, known) == {"A"}
    assert exposed(out) == set()


def test_an_area_that_hides_its_count_is_not_given_away_by_its_teams():
    counts = {"A": [14, 30], "B": [25, 40], "C": [13, 40], "D": [12, 40]}
    units = {name: unit(table(both, [False, False])) for name, both in counts.items()}
    known = wholes_of(INSIDE, Identity("trial", "", WINDOWS), [entry("area=North", None, 70)])
    assert {one: hides(to_hide(units, known), one) for one in to_hide(units, known)} == {
        "A": [True, False],
        "D": [True, False],  # or A would be what is left of everybody
    }


def test_what_earlier_releases_give_away_protects_nobody():
    units = {
        "A": unit(table([4, 30], [True, False])),
        "B": unit(Published("people 1", ("women", "men"), {"people": (13, 40)}, {"people": [False, False]},
                            {("people", 0)})),
        "C": unit(table([20, 50], [False, False])),
    }  # fmt: skip
    assert {one: hides(to_hide(units), one) for one in to_hide(units)} == {"C": [True, False]}


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
    with (folder / "said.txt").open("w") as said:
        manifest = run_batch(spec, by="area", out=folder / "out", progress=Progress("lines", said))
    return folder, spec, manifest


def test_what_one_report_hides_the_others_do_not_give_away(batch):
    folder, _, manifest = batch
    assert {entry.state for entry in manifest.batches["trial by area"].entries.values()} == {"done"}
    assert shown_in(folder / "out/trial-north.html") == ["[c]", "[c]"]
    assert shown_in(folder / "out/trial-south.html") == ["[c]", "[c]"]  # 13 women, or 4 would be what is left
    assert shown_in(folder / "out/trial-west.html") == ["30", "70"]


def test_a_batch_says_what_it_is_about_after_its_reports_are_made(batch):
    assert (batch[0] / "said.txt").read_text().splitlines()[-2:] == [
        "1 set beside the others: what has to be hidden is being worked out",
        "1 made again: together with others they would give small numbers away",
    ]


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


# ---------------------------------------------------------------- areas, and the teams within them

NESTED = {
    ("North", "A"): (30, 60),
    ("North", "B"): (4, 50),
    ("North", "C"): (11, 40),
    ("South", "D"): (3, 45),
    ("South", "E"): (60, 90),
}
"""Women and men of each team. North has 45 women, of whom 30 and 11 are in two of its teams: 4 are in the third."""


def extract_with_teams(folder):
    spec = write_inputs(folder, LOAD, SHOWN, TABLE)
    sexes = [(place, sex) for place, both in NESTED.items() for sex, many in zip(["female", "male"], both, strict=True)
             for _ in range(many)]  # fmt: skip
    people = [f"P{number:03d},1990-01-01,{sex}" for number, (_, sex) in enumerate(sexes)]
    sentences = [
        f"S{number},P{number:03d},2019-02-01,community order,00801,2019-02-01,{area},{team}"
        for number, ((area, team), _) in enumerate(sexes)
    ]
    head = "sentence_id,person_id,sentence_date,sentence_type,offence_code,supervision_start,area,team"
    (folder / "extract/people.csv").write_text("\n".join(["person_id,date_of_birth,sex", *people]) + "\n")
    (folder / "extract/sentences.csv").write_text("\n".join([head, *sentences]) + "\n")
    return spec


def women_in(out, *names):
    return {name: shown_in(out / f"trial-{name}.html")[0] for name in names}


@pytest.fixture(scope="module")
def nested(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nested")
    spec = extract_with_teams(folder)
    run_batch(spec, by="area", out=folder / "out")
    run_batch(spec, by="team", out=folder / "out")
    return folder


def test_an_area_less_its_other_teams_does_not_give_away_what_one_of_them_hides(nested):
    assert women_in(nested / "out", "north", "south") == {"north": "45", "south": "63"}
    # 4 and 3 are enough where only everybody is known; 45 - 30 - 11 and 63 - 60 are what an area's page leaves.
    assert women_in(nested / "out", "a", "b", "c", "d", "e") == {
        "a": "30",
        "b": "[c]",
        "c": "[c]",
        "d": "[c]",
        "e": "[c]",
    }


def test_teams_without_a_report_on_their_area_are_seen_to_as_before(tmp_path):
    spec = extract_with_teams(tmp_path)
    run_batch(spec, by="team", out=tmp_path / "out")
    shown = women_in(tmp_path / "out", "a", "b", "c", "d", "e")
    assert shown == {"a": "30", "b": "[c]", "c": "11", "d": "[c]", "e": "60"}
    # Afterwards the report on an area has to see to it: 45 less 30 and 11 are four.
    page = run_report(spec, out=tmp_path / "out", parameters={"only": "area=North"})
    assert shown_in(page)[0] == "[c]"


def test_the_ledger_knows_in_which_area_a_team_is(nested):
    found = {entry.identity.unit: entry.within for entry in read_ledger(nested / "out")}
    assert found["team=A"] == {"": 5, "area=North": 3, "offence_code=00801": 5, "sentence_type=community order": 5}
    assert found["area=South"] == {"": 2, "offence_code=00801": 2, "sentence_type=community order": 2}
