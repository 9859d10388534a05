"""The ledger of releases: kept between runs, read before a report is written and added to afterwards."""

from __future__ import annotations

import datetime
import json
import re
from threading import Thread

import pytest
from batch_inputs import LOAD, write_inputs, write_notebook
from small_extracts import SETTINGS, write_extract

from evalkit.cli import main
from evalkit.errors import DataError, ReportError
from evalkit.reports import run_report
from evalkit.reports.ledger import LEDGER, Identity, Ledger, adding_to, forget, identity_of, of_a_batch, read_ledger
from evalkit.spec import read_spec

LAYOUT = """evalkit.present.tables.LAYOUTS["sexes"] = {"sex": ("Sex", "text"), "people": ("People", "count")}"""
TABLE = """import pandas as pd

evalkit.start_publication(10)
first, last = (pd.Timestamp(day) for day in spec.cohort.period)
sentences = extract.table("sentences").collect("pandas").to_native()
inside = sentences[pd.to_datetime(sentences["sentence_date"]).between(first, last)]
people = extract.table("people").collect("pandas").to_native().merge(inside[["person_id"]], on="person_id")
counts = [int((people["sex"] == sex).sum()) for sex in ("female", "male")]
safe = evalkit.make_safe(pd.DataFrame({"sex": ["female", "male"], "people": counts}), counts=["people"])
evalkit.show_table(safe, caption="People by sex", columns="sexes")"""
HIDDEN = "evalkit.what_is_hidden(spec)"


def day(year, month, date):
    return datetime.date(year, month, date)


def evaluation(folder, *people):
    """An evaluation of people: (how many, their sex, area, day of sentence)."""
    spec = write_inputs(folder, LOAD, LAYOUT, TABLE, HIDDEN)
    rows = [(sex, area, date) for many, sex, area, date in people for _ in range(many)]
    head = "sentence_id,person_id,sentence_date,sentence_type,offence_code,supervision_start,area\n"
    lines = [f"S{n},P{n:04},{date},community order,00801,{date},{area}\n" for n, (_, area, date) in enumerate(rows)]
    who = [f"P{n:04},1990-01-01,{sex}\n" for n, (sex, _, _) in enumerate(rows)]
    tables = {"people": "person_id,date_of_birth,sex\n" + "".join(who), "sentences": head + "".join(lines)}
    write_extract(folder / "extract", settings=SETTINGS, **tables)
    return spec


def until(spec, last):
    """The same specification with a period up to another day."""
    text = re.sub(r"period = .*", f"period = [2019-01-01, {last}]", spec.read_text())
    spec.write_text(text)
    return spec


def shown_in(page):
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page.read_text(), flags=re.S)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in cells if "SHA" not in cell][:2]


EARLY, LATE = "2019-02-01", "2019-05-01"
PEOPLE = [
    (30, "female", "North", EARLY),
    (40, "male", "North", EARLY),
    (3, "female", "North", LATE),
    (25, "male", "North", LATE),
    (33, "female", "South", EARLY),
    (60, "male", "South", EARLY),
]


@pytest.fixture(scope="module")
def quarters(tmp_path_factory):
    """A report of the first quarter, one of the half-year, and the ledger between the two."""
    folder = tmp_path_factory.mktemp("ledger")
    spec = evaluation(folder, *PEOPLE)
    first = shown_in(run_report(until(spec, "2019-03-31"), out=folder / "out"))
    between = read_ledger(folder / "out")
    page = run_report(until(spec, "2019-06-30"), out=folder / "out")
    return folder, spec, first, between, page


def test_a_longer_period_hides_what_would_give_the_few_away_who_came_to_it(quarters):
    _, _, first, _, page = quarters
    assert first == ["63", "100"]
    assert shown_in(page) == ["[c]", "125"]  # three women came to it


def test_the_annex_says_how_many_and_because_of_which_report(quarters):
    text = re.sub(r"<[^>]+>", "", quarters[4].read_text())
    assert (
        "Hidden because of earlier releases, from which these tables could be subtracted, or they from these: 1."
        in text
    )
    assert "Held against: trial.html (everyone, January 2019 to March 2019)." in text


def test_the_ledger_holds_what_is_shown_and_no_hidden_count(quarters):
    folder, _, _, between, _ = quarters
    assert [entry.tables for entry in between] == [
        [{"table": "people 1", "rows": ["female", "male"], "counts": {"people": [63, 100]}}]
    ]
    both = read_ledger(folder / "out", "trial")
    assert [entry.tables[0]["counts"]["people"] for entry in both] == [[63, 100], [None, 125]]
    assert all(entry.made == datetime.date.today() for entry in both)
    assert not any("66" in path.read_text() for path in (folder / "out" / LEDGER).glob("*.json"))


def test_a_report_made_again_is_the_same_and_takes_its_own_place(quarters):
    folder, spec, _, _, page = quarters
    again = shown_in(run_report(spec, out=folder / "out"))
    assert again == shown_in(page) == ["[c]", "125"]
    assert len(read_ledger(folder / "out")) == 2


def test_releases_are_listed_and_forgotten_from_the_command_line(tmp_path, capsys):
    spec = evaluation(tmp_path, *PEOPLE)
    run_report(until(spec, "2019-03-31"), out=tmp_path / "out")
    assert main(["releases", str(tmp_path / "out")]) == 0
    listed = capsys.readouterr().out
    name = listed.partition(":")[0]
    assert re.fullmatch("trial-2019-03-31-[0-9a-f]{8}", name)
    assert "trial.html (everyone, January 2019 to March 2019), made on " in listed
    assert main(["releases", str(tmp_path / "out"), "--forget", "other"]) == 1
    assert f"is called 'other' (there are: {name})" in capsys.readouterr().err
    assert main(["releases", str(tmp_path / "out"), "--forget", name]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"Forgotten: {name}")
    assert said[1].endswith("nothing has been released")
    assert shown_in(run_report(until(spec, "2019-06-30"), out=tmp_path / "out")) == ["66", "125"]


ALL_PEOPLE = """evalkit.present.tables.LAYOUTS["all"] = {"who": ("Who", "text"), "people": ("People", "count")}
together = evalkit.make_safe(pd.DataFrame({"who": ["everyone"], "people": [sum(counts)]}), counts=["people"])
evalkit.show_table(together, caption="Everyone", columns="all")"""


def test_a_table_hides_what_a_later_one_has_to_hide_beside_an_earlier_release(tmp_path):
    spec = evaluation(tmp_path, (5, "female", "North", EARLY), (6, "male", "North", EARLY),
                      (5, "female", "North", LATE), (4, "male", "North", LATE))  # fmt: skip
    write_notebook(tmp_path / "trial.ipynb", LOAD, LAYOUT, TABLE, ALL_PEOPLE, HIDDEN)
    first = run_report(until(spec, "2019-03-31"), out=tmp_path / "out").read_text()
    assert re.findall(r"<td[^>]*>([0-9]+|.c.)</td>", first)[:3] == ["[c]", "[c]", "11"]
    alone = run_report(until(spec, "2019-06-30"), out=tmp_path / "alone").read_text()
    assert re.findall(r"<td[^>]*>([0-9]+|.c.)</td>", alone)[:3] == ["10", "10", "20"]
    # Nine came to it: their number would follow from the sum of the first table as well.
    longer = run_report(until(spec, "2019-06-30"), out=tmp_path / "out").read_text()
    assert re.findall(r"<td[^>]*>([0-9]+|.c.)</td>", longer)[:3] == ["[c]", "[c]", "[c]"]


# ---------------------------------------------------------------- the folder


WHOLE_YEAR = ((day(2019, 1, 1), day(2019, 12, 31)),)
SAFE = [{"table": "people 1", "rows": ["women"], "counts": {"people": [30]}}]


def released(out, unit="", count=30):
    tables = [{**SAFE[0], "counts": {"people": [count]}}]
    Ledger(out).add(Identity("trial", unit, WHOLE_YEAR), "trial.html", tables)


def start(out):
    (out / LEDGER).mkdir(parents=True)
    return out


def test_a_revision_takes_the_place_of_its_older_version(tmp_path):
    released(start(tmp_path), count=30)
    released(tmp_path, count=31)
    released(tmp_path, unit="area=North", count=12)
    assert [entry.tables[0]["counts"]["people"] for entry in read_ledger(tmp_path)] == [[31], [12]]
    assert read_ledger(tmp_path, "other") == []


def test_two_runs_at_once_are_not_held_against_each_other_and_the_second_is_refused(tmp_path):
    released(start(tmp_path))
    seen = read_ledger(tmp_path)
    released(tmp_path, unit="area=North")
    refused = pytest.raises(ReportError, match="was released while this report was being made")
    with refused, adding_to(tmp_path, seen, "trial"):
        pass
    with adding_to(tmp_path, read_ledger(tmp_path), "trial") as ledger:
        ledger.add(Identity("trial", "area=South", WHOLE_YEAR), "trial.html", SAFE)
    assert len(read_ledger(tmp_path)) == 3


def add_many(out, unit):
    for _ in range(20):
        with Ledger(out).locked():
            released(out, unit)


def test_runs_that_add_at_the_same_time_leave_whole_files(tmp_path):
    start(tmp_path)
    workers = [Thread(target=add_many, args=(tmp_path, f"area={number % 2}")) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [entry.identity.unit for entry in read_ledger(tmp_path)] == ["area=0", "area=1"]
    assert [path.name for path in (tmp_path / LEDGER).iterdir() if path.name.endswith(".part")] == []


def test_a_ledger_that_cannot_be_read_stops_the_report(tmp_path):
    released(start(tmp_path))
    (path,) = (tmp_path / LEDGER).glob("*.json")
    path.write_text(path.read_text()[:50])
    with pytest.raises(ReportError, match=r"cannot be read .*nobody knows what was released"):
        read_ledger(tmp_path)
    path.write_text(json.dumps({"format": 2}))
    with pytest.raises(ReportError, match="is of format 2"):
        read_ledger(tmp_path)


def test_forgetting_takes_out_what_was_named_alone(tmp_path):
    released(start(tmp_path))
    released(tmp_path, unit="area=North")
    everyone = next(entry for entry in read_ledger(tmp_path) if not entry.identity.unit)
    with pytest.raises(DataError, match="is called 'none'"):
        forget(tmp_path, ["none"])
    assert forget(tmp_path, [everyone.identity.name]) == [everyone]
    assert [entry.identity.unit for entry in read_ledger(tmp_path)] == ["area=North"]
    assert len(forget(tmp_path, ["all"])) == 1
    assert read_ledger(tmp_path) == forget(tmp_path / "none", []) == []


def test_a_report_is_known_by_evaluation_unit_and_every_period_of_its_specification(tmp_path):
    spec = read_spec(evaluation(tmp_path, *PEOPLE))
    assert identity_of(spec) == Identity("trial", "", WHOLE_YEAR)
    assert identity_of(spec, "area = North").unit == "area=North"
    text = (tmp_path / "trial.toml").read_text()
    (tmp_path / "trial.toml").write_text(f'{text}[service]\nname = "X"\ntook_up = [2019-02-01, 2019-12-31]\n')
    windows = identity_of(read_spec(tmp_path / "trial.toml")).windows
    assert windows == (*WHOLE_YEAR, *((day(2019, 2, 1), day(2019, 12, 31)),) * 2)
    assert Identity("a", "", windows).name != Identity("a", "", WHOLE_YEAR).name


def test_an_entry_keeps_the_wider_units_and_one_of_before_has_none(tmp_path):
    start(tmp_path)
    team, wider = Identity("trial", "team=Alton", WHOLE_YEAR), {"": 7, "area=North": 3}
    Ledger(tmp_path).add(team, "trial.html", SAFE, within=wider)
    assert [entry.within for entry in read_ledger(tmp_path)] == [wider]
    (path,) = (tmp_path / LEDGER).glob("*.json")
    held = json.loads(path.read_text())
    assert held.pop("within") == wider
    path.write_text(json.dumps(held))
    assert [entry.within for entry in read_ledger(tmp_path)] == [{}]


def test_a_report_of_a_batch_is_set_against_its_area_its_teams_and_everyone_alone(tmp_path):
    start(tmp_path)
    units = {"": {}, "area=North": {"": 2}, "area=South": {"": 2}, "team=A": {"": 3, "area=North": 2},
             "team=B": {"": 3, "area=North": 2}, "team=D": {"": 3, "area=South": 1}}  # fmt: skip
    for unit, within in units.items():
        Ledger(tmp_path).add(Identity("trial", unit, WHOLE_YEAR), "trial.html", SAFE, within=within)
    entries = read_ledger(tmp_path)

    def beside(unit):
        found = of_a_batch(Identity("trial", unit, WHOLE_YEAR), entries, units[unit])
        return sorted(entry.identity.unit for entry in found)

    assert beside("area=North") == ["", "area=North", "team=A", "team=B"]
    assert beside("team=D") == ["", "area=South", "team=D"]


def test_a_report_on_one_team_enters_its_area_and_a_longer_one_of_the_area_is_held_against_it(tmp_path):
    spec = evaluation(tmp_path, *PEOPLE)
    teams = {"North": "Alton", "South": "Downham"}
    path = tmp_path / "extract" / "sentences.csv"
    head, *lines = path.read_text().splitlines()
    named = [f"{line},{teams[line.rpartition(',')[2]]}" for line in lines]
    path.write_text("\n".join([f"{head},team", *named]) + "\n")
    first = run_report(until(spec, "2019-03-31"), out=tmp_path / "out", parameters={"only": "team=Alton"})
    assert shown_in(first) == ["30", "40"]
    (entry,) = read_ledger(tmp_path / "out")
    assert entry.within == {"": 2, "area=North": 1, "offence_code=00801": 2, "sentence_type=community order": 2}
    longer = run_report(until(spec, "2019-06-30"), out=tmp_path / "out", parameters={"only": "area=North"})
    assert shown_in(longer) == ["[c]", "65"]  # three women came to it
