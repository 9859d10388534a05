"""The register of alerts: what is new, continuing and resolved, what people entered, and a file that stays whole."""

import datetime
import fcntl
import functools
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import assert_close

from evalkit.cli import main
from evalkit.errors import DataError, SpecError
from evalkit.register import (
    alerts_text,
    edit_alert,
    read_history,
    read_register,
    read_updates,
    register_file,
    store,
    update_register,
)
from evalkit.statistics.monitoring import monitor, monitor_cohorts

QUARTERS = ["2021-03-31", "2021-06-30", "2021-09-30", "2021-12-31", "2022-03-31", "2022-06-30"]
EXTRACT = "2022-07-31"
ASTON = "team/Aston/worse/2021-03-31"
FIGURES = ["people", "actual", "predicted", "ratio", "ratio_low", "ratio_high", "q_value"]
FIGURES += ["missing_share", "late_share", "duplicate_share"]


def monitored(ratio=1.5, **states):
    """A table of monitoring: unit -> 'alert worse', 'watch better', 'as expected', 'data-quality hold', ..."""
    rows = []
    for unit, said in states.items():
        state, direction = said.rsplit(" ", 1) if said.endswith((" worse", " better")) else (said, "")
        rows.append({"team": unit, "state": state, "direction": direction, "reason": "ratio of the period"})
    figures = {"people": 200, "actual": 60, "predicted": 60 / ratio, "ratio": ratio, "ratio_low": ratio - 0.3}
    figures |= {"ratio_high": ratio + 0.3, "q_value": 0.001}
    quality = {"missing_share": 0.02, "late_share": np.nan, "duplicate_share": 0.0}
    return pd.DataFrame(rows).assign(**figures, **quality)


def enter(path, table, quarter, *, extract_date=EXTRACT):
    return update_register(path, table, unit="team", period=quarter, extract_date=extract_date)


def edit(path, alert_id=ASTON, **entries):
    return edit_alert(path, alert_id, by="J. Bell", on="2022-08-01", **entries)


def close(path, alert_id=ASTON):
    for state in ("checked", "explained", "closed"):
        edit(path, alert_id, state=state)


@functools.cache
def one_alert():
    """The content of a register with one alert, made once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "alerts.duckdb"
        enter(path, monitored(Aston="alert worse", Selly="as expected"), QUARTERS[0])
        return path.read_bytes()


def with_one_alert(path):
    path.write_bytes(one_alert())


def office(name, people, events):
    """People at a risk of .4 whose years end evenly over 2021, the reconvicted spread evenly among them."""
    order = np.arange(people)
    matures = pd.Timestamp("2021-12-31") - pd.to_timedelta((order * 365) // people, unit="D")
    reconvicted = np.diff(np.floor(np.arange(people + 1) * events / people)) > 0
    dates = {"index_date": matures - pd.Timedelta(days=365), "mature": True, "reconvicted": reconvicted}
    return pd.DataFrame({"team": name, "predicted": 0.4, **dates})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "alerts.duckdb"


@pytest.fixture(scope="module")
def cohort():
    ordinary = [office(f"office {number:02d}", 100, 40) for number in range(12)]
    frame = pd.concat([*ordinary, office("bad", 200, 116), office("good", 200, 50)], ignore_index=True)
    return frame.assign(person_id=frame.index + 1)


# ------------------------------------------------------------------ what monitoring found
def test_alerts_of_monitoring_are_entered_with_its_figures_and_nothing_else(path, cohort):
    found = monitor(cohort, unit="team", period="2021-12-31")
    table = update_register(path, found, unit="team", period="2021-12-31", extract_date="2022-01-31")
    assert table["alert_id"].tolist() == ["team/bad/worse/2021-12-31", "team/good/better/2021-12-31"]
    expected = found.set_index("team").loc[["bad", "good"]]
    assert_close(table[FIGURES[:8]], expected[FIGURES[:8]], decimals=12)
    assert_close(table["duplicate_share"], [0, 0], decimals=12)
    assert table["late_share"].isna().all()
    assert table["reason"].tolist() == expected["reason"].tolist()
    assert table["unit_state"].tolist() == ["alert worse", "alert better"]
    assert set(table["seen"]) == set(table["state"]) == {"new"}
    assert set(table["owner"]) == set(table["note"]) == set(table["predecessor"]) == {""}
    assert table["due"].isna().all()


def test_alerts_of_cohorts_go_by_their_characteristic(path, cohort):
    frame = cohort.assign(sex="male").rename(columns={"team": "group"})
    found = monitor_cohorts(frame, by=("sex", "group"), period="2021-12-31")
    table = update_register(path, found, unit="cohort", period="2021-12-31", extract_date="2022-01-31")
    assert table["alert_id"].tolist() == ["group/bad/worse/2021-12-31", "group/good/better/2021-12-31"]
    # a column of units called cohort, without characteristics, is one like any other
    plain = monitored(Aston="alert worse").rename(columns={"team": "cohort"})
    table = update_register(path, plain, unit="cohort", period="2021-12-31", extract_date="2022-01-31")
    assert table["alert_id"].tolist()[0] == "cohort/Aston/worse/2021-12-31"


@pytest.mark.parametrize(
    ("said", "seen", "last"),
    [
        # in alert again after a quarter without is new once more, and the same alert
        (["alert worse"] * 2 + ["as expected"] * 2 + ["alert worse"], "new continuing resolved past new", 4),
        # a watch is no alert
        (["alert worse", "watch worse", "alert worse"], "new resolved new", 2),
        # what was not judged has not been resolved
        (["alert worse", "data-quality hold", "alert worse"], "new continuing continuing", 2),
        (["alert worse", "data-quality hold", "data-quality hold"], "new continuing continuing", 0),
        (["alert worse", "too small to judge", "as expected"], "new continuing resolved", 0),
        (["alert worse", None, "watch worse", None], "new continuing resolved past", 0),
        # resolved is resolved: a hold afterwards does not open it
        (["alert worse", "as expected", "data-quality hold"], "new resolved past", 0),
        # in the other direction it is another alert
        (["alert worse", "alert better"], "new resolved", 0),
    ],
)
def test_an_alert_is_new_continuing_resolved_or_past(path, said, seen, last):
    found = []
    for quarter, state in zip(QUARTERS, said, strict=False):
        states = {"Selly": "as expected"} | ({"Aston": state} if state else {})
        table = enter(path, monitored(**states), quarter).set_index("alert_id")
        found.append(table.loc[ASTON, "seen"])
    assert found == seen.split()
    assert table.loc[ASTON, "first_period"] == pd.Timestamp(QUARTERS[0])
    assert table.loc[ASTON, "last_period"] == pd.Timestamp(QUARTERS[last])
    assert (len(table) == 2) == ("alert better" in said)
    if said[-1] not in (None, "data-quality hold", "as expected"):
        assert table.loc[ASTON, "unit_state"] == said[-1]


def test_random_quarters_agree_with_a_count_by_hand(path):
    generator = np.random.default_rng(8)
    units = [f"team {number:02d}" for number in range(40)]
    kinds = ["alert worse", "alert better", "watch worse", "as expected", "data-quality hold"]
    stands, expected = {}, {}
    for quarter in QUARTERS:
        said = dict(zip(units, generator.choice(kinds, len(units)), strict=True))
        for unit, state in said.items():
            for direction in ("worse", "better"):
                key = (unit, direction)
                before = stands.get(key, False)
                stands[key] = state == f"alert {direction}" or (before and state == "data-quality hold")
                if state == f"alert {direction}" or key in expected:
                    words = {(False, True): "new", (True, True): "continuing", (True, False): "resolved"}
                    expected[key] = words.get((before, stands[key]), "past")
        table = enter(path, monitored(**said), quarter)
        assert dict(zip(zip(table["unit"], table["direction"], strict=True), table["seen"], strict=True)) == expected
    assert len(expected) > 50
    assert set(expected.values()) == {"new", "continuing", "resolved", "past"}


def test_figures_are_those_of_the_last_period_in_alert(path):
    for quarter, ratio, state in zip(
        QUARTERS, (1.5, 1.4, 1.1, 0.9), ["alert worse"] * 2 + ["as expected"] * 2, strict=False
    ):
        table = enter(path, monitored(ratio, Aston=state), quarter)
    row = table.iloc[0]
    assert_close(row[["ratio", "ratio_low", "predicted"]].astype(float), [1.4, 1.1, 60 / 1.4], decimals=12)
    assert (row["last_period"], row["unit_state"]) == (pd.Timestamp(QUARTERS[1]), "as expected")


def file_of(path):
    return path.stat().st_mtime_ns, path.read_bytes()


def test_the_same_input_twice_changes_nothing(path):
    first = monitored(Aston="alert worse", Selly="alert better", Nechells="data-quality hold")
    second = monitored(1.4, Aston="alert worse", Selly="as expected", Nechells="alert worse")
    enter(path, first, QUARTERS[0])
    edit(path, state="checked", owner="T. Ward", note="scores looked at")
    for table in (first, second):
        quarter = QUARTERS[0] if table is first else QUARTERS[1]
        once, history, content = enter(path, table, quarter), read_history(path), file_of(path)
        twice = enter(path, table, quarter)
        pd.testing.assert_frame_equal(twice, once)
        pd.testing.assert_frame_equal(read_history(path), history)
        assert file_of(path) == content
    assert once["seen"].tolist() == ["continuing", "new", "resolved"]


def test_a_later_extract_revises_the_same_period(path):
    enter(path, monitored(Aston="alert worse", Selly="alert worse"), QUARTERS[0], extract_date="2021-04-30")
    table = enter(
        path, monitored(1.45, Aston="alert worse", Selly="as expected"), QUARTERS[0], extract_date="2021-05-31"
    )
    assert table["seen"].tolist() == ["new", "resolved"]
    assert_close(table["ratio"], [1.45, 1.5], decimals=12)  # that of Selly is the one it was raised with
    lines = read_history(path).iloc[2:]
    assert lines["what"].tolist() == ["figures", "monitoring"]
    assert lines["after"].iloc[1] == "no longer in alert (unit: as expected); period to 2021-03-31"
    assert set(lines["day"]) == {pd.Timestamp("2021-05-31")}
    # raised in this period, and now not to be judged: it is not resolved by that
    table = enter(path, monitored(Aston="data-quality hold", Selly="as expected"), QUARTERS[0])
    assert table["seen"].tolist() == ["continuing", "resolved"]
    assert_close(table["ratio"].iloc[0], 1.45, decimals=12)


def test_only_newer_findings_are_entered(path):
    table = monitored(Aston="alert worse")
    enter(path, table, QUARTERS[2], extract_date="2021-10-31")
    with pytest.raises(SpecError, match="period: 2021-06-30 is before 2021-09-30, the last period in the register"):
        enter(path, table, QUARTERS[1])
    with pytest.raises(SpecError, match="extract_date: 2021-10-30 is before 2021-10-31, that of the last update"):
        enter(path, table, QUARTERS[2], extract_date="2021-10-30")
    assert len(read_history(path)) == 1
    # each column of units has periods of its own
    areas = table.rename(columns={"team": "area"})
    both = update_register(path, areas, unit="area", period=QUARTERS[1], extract_date="2021-07-31")
    assert both["unit_column"].tolist() == ["area", "team"]
    assert both["seen"].tolist() == ["new", "new"]


def test_an_extract_before_the_end_of_the_period_is_refused(path):
    table = monitored(Aston="alert worse")
    with pytest.raises(SpecError, match="extract_date: 2021-03-30 is before 2021-03-31, the end of the period"):
        enter(path, table, QUARTERS[0], extract_date="2021-03-30")
    assert not path.exists()
    assert len(enter(path, table, QUARTERS[0], extract_date=datetime.date(2021, 3, 31))) == 1
    with pytest.raises(SpecError, match="extract_date: '31/03/2021' is not a day"):
        enter(path, table, QUARTERS[0], extract_date="31/03/2021")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": "warning"}, "team Aston: 'warning' is no state of monitoring"),
        ({"direction": ""}, "team Aston: an alert must be worse or better, not ''"),
        ({"ratio": np.nan}, "team Aston: an alert needs its people, actual, predicted, ratio"),
        ({"team": "Selly"}, "team Selly is there twice"),
    ],
)
def test_what_is_no_table_of_monitoring_is_refused_whole(path, change, message):
    table = monitored(Aston="alert worse", Selly="alert worse")
    broken = table.copy()
    broken.loc[0, list(change)] = list(change.values())
    with pytest.raises(DataError, match=message):
        enter(path, broken, QUARTERS[0])
    with pytest.raises(DataError, match="lacks the column reason"):
        enter(path, table.drop(columns="reason"), QUARTERS[0])
    assert not path.exists()


def test_an_update_refused_half_way_leaves_nothing(path):
    table = monitored(Aston="alert worse").rename(columns={"team": "cohort"})
    sexes, ages = (table.assign(characteristic=name) for name in ("sex", "age_band"))
    update_register(path, ages, unit="cohort", period=QUARTERS[1], extract_date=EXTRACT)
    with pytest.raises(SpecError, match="the last period in the register for age_band"):
        update_register(path, pd.concat([sexes, ages]), unit="cohort", period=QUARTERS[0], extract_date=EXTRACT)
    assert read_register(path)["unit_column"].tolist() == ["age_band"]
    assert len(read_history(path)) == 1


def test_units_keep_their_names_whatever_pandas_makes_of_them(path):
    table = monitored(a="alert worse", b="alert worse").assign(team=[7, 12])
    enter(path, table, QUARTERS[0])
    again = enter(path, table.assign(team=[7.0, np.nan]), QUARTERS[1]).set_index("unit")
    assert again["seen"].to_dict() == {"7": "continuing", "12": "continuing", "not recorded": "new"}
    assert again["unit_state"].to_dict() == {
        "7": "alert worse",
        "12": "not in the table",
        "not recorded": "alert worse",
    }


# ------------------------------------------------------------------ what people enter
def test_no_update_touches_what_people_entered(path):
    with_one_alert(path)
    entries = {"state": "checked", "owner": "T. Ward", "due": "2022-05-01", "note": "new court;\n'late' records"}
    edited = edit(path, **entries)
    expected = {**entries, "due": pd.Timestamp("2022-05-01")}
    assert edited[list(entries)].iloc[0].to_dict() == expected
    for quarter, state in zip(
        QUARTERS[1:], ["alert worse", "as expected", "watch worse", "alert worse", None], strict=True
    ):
        found = {"Selly": "as expected"} | ({"Aston": state} if state else {})
        table = enter(path, monitored(1.3, **found), quarter)
        assert table[list(entries)].iloc[0].to_dict() == expected
        pd.testing.assert_frame_equal(read_register(path), table)
    assert len(table) == 1


def test_the_history_says_who_changed_what_and_when(path):
    with_one_alert(path)
    edit(path, state="checked", owner="T. Ward")
    edit(path, due=datetime.date(2022, 9, 1))
    edit(path, owner="T. Ward", due="2022-09-01")  # as it was: no line
    edit(path, owner="", due="")
    history = read_history(path)
    raised = "in alert (unit: alert worse); period to 2021-03-31"
    assert history.iloc[0].tolist() == [1, ASTON, pd.Timestamp(EXTRACT), "monitoring", "monitoring", "", raised]
    edits = history.iloc[1:]
    assert edits[["what", "before", "after"]].to_numpy().tolist() == [
        ["state", "new", "checked"],
        ["owner", "", "T. Ward"],
        ["due", "", "2022-09-01"],
        ["owner", "T. Ward", ""],
        ["due", "2022-09-01", ""],
    ]
    assert set(edits["changed_by"]) == {"J. Bell"}
    assert set(edits["day"]) == {pd.Timestamp("2022-08-01")}
    assert history["number"].tolist() == list(range(1, 7))
    row = read_register(path).iloc[0]
    assert (row["state"], row["owner"], pd.isna(row["due"])) == ("checked", "", True)


ALLOWED = {"new": "checked", "checked": "explained confirmed", "explained": "checked confirmed closed"}
ALLOWED |= {"confirmed": "checked explained closed", "closed": ""}
WAYS = {"new": [], "checked": ["checked"], "explained": ["checked", "explained"]}
WAYS |= {"confirmed": ["checked", "confirmed"], "closed": ["checked", "confirmed", "closed"]}


@pytest.mark.parametrize("before", ALLOWED)
def test_states_follow_in_the_allowed_steps_only(path, before):
    with_one_alert(path)
    for state in WAYS[before]:
        edit(path, state=state)
    content = path.read_bytes()
    for after in ALLOWED:
        path.write_bytes(content)
        if after in [before, *ALLOWED[before].split()]:
            assert edit(path, state=after)["state"].tolist() == [after]
            continue
        with pytest.raises(SpecError, match=f"is {before} and cannot become {after}: it (may become|stays closed)"):
            edit(path, state=after, note="not to be kept")
        assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"state": "done"}, "state: 'done' is none of new, checked, explained, confirmed, closed"),
        ({"due": "1 May 2022"}, "due: '1 May 2022' is not a day"),
        ({"due": "2022-02-30"}, "due: '2022-02-30' is not a day"),
        ({}, "an edit needs a state, owner, due day or note, and the name of who makes it"),
        ({"note": "x", "by": " "}, "and the name of who makes it"),
        ({"note": "x", "on": "today"}, "on: 'today' is not a day"),
    ],
)
def test_entries_that_are_none_are_refused(path, entries, message):
    with_one_alert(path)
    with pytest.raises(SpecError, match=message):
        edit_alert(path, ASTON, **({"by": "J. Bell", "on": "2022-08-01"} | entries))
    assert len(read_history(path)) == 1


def test_an_alert_that_is_not_there_is_refused_with_the_nearest(path):
    with_one_alert(path)
    with pytest.raises(DataError, match=f"no alert 'team/Astn/worse/2021-03-31': is it '{ASTON}'"):
        edit(path, "team/Astn/worse/2021-03-31", note="x")
    with pytest.raises(DataError, match=r"no alert 'x'$"):
        edit(path, "x", note="x")


def test_a_closed_alert_that_comes_back_is_a_new_one_that_names_it(path):
    with_one_alert(path)
    close(path)
    enter(path, monitored(1.45, Aston="alert worse"), QUARTERS[0])
    kept = read_register(path)
    assert kept[["alert_id", "state", "seen", "ratio"]].to_numpy().tolist() == [[ASTON, "closed", "new", 1.45]]
    table = enter(path, monitored(1.4, Aston="alert worse"), QUARTERS[1])
    assert table["alert_id"].tolist() == [ASTON, "team/Aston/worse/2021-06-30"]
    assert table["predecessor"].tolist() == ["", ASTON]
    assert table["state"].tolist() == ["closed", "new"]
    assert table["seen"].tolist() == ["past", "new"]
    assert_close(table["ratio"], [1.45, 1.4], decimals=12)
    # the new one goes its own way, and the closed one stays as it is
    table = enter(path, monitored(1.3, Aston="alert worse"), QUARTERS[2])
    assert table["seen"].tolist() == ["past", "continuing"]
    assert_close(table["ratio"], [1.45, 1.3], decimals=12)


@pytest.mark.parametrize(("said", "seen"), [("as expected", "resolved"), ("data-quality hold", "past"), (None, "past")])
def test_a_closed_alert_is_resolved_but_does_not_wait_for_a_judgement(path, said, seen):
    with_one_alert(path)
    close(path)
    states = {"Selly": "as expected"} | ({"Aston": said} if said else {})
    assert enter(path, monitored(**states), QUARTERS[1])["seen"].tolist() == [seen]
    assert enter(path, monitored(Aston="as expected"), QUARTERS[1])["seen"].tolist() == ["resolved"]
    table = enter(path, monitored(Aston="alert worse"), QUARTERS[2])
    assert table["predecessor"].tolist() == ["", ASTON]


def test_one_closed_because_withdrawn_and_raised_again_in_the_same_period_is_numbered(path):
    with_one_alert(path)
    enter(path, monitored(Aston="as expected"), QUARTERS[0])
    close(path)
    table = enter(path, monitored(Aston="alert worse"), QUARTERS[0])
    assert table["alert_id"].tolist() == [ASTON, f"{ASTON}/2"]
    assert table["predecessor"].tolist() == ["", ASTON]
    assert table["seen"].tolist() == ["resolved", "new"]


# ------------------------------------------------------------------ the table
def test_the_register_is_sorted_by_unit_and_filtered(path):
    enter(path, monitored(Selly="alert worse", Aston="alert better", Nechells="alert worse"), QUARTERS[0])
    table = read_register(path)
    assert table["unit"].tolist() == ["Aston", "Nechells", "Selly"]
    assert not [column for column in table if "rank" in column or "person" in column]
    edit(path, "team/Selly/worse/2021-03-31", state="checked")
    assert read_register(path, state="checked")["unit"].tolist() == ["Selly"]
    assert read_register(path, state="new", unit="Nechells")["unit"].tolist() == ["Nechells"]
    nobody = read_register(path, unit="Elsewhere")
    assert nobody.empty
    assert nobody.dtypes.equals(table.dtypes)
    with pytest.raises(SpecError, match="state: 'open' is none of"):
        read_register(path, state="open")


def test_a_register_without_any_alert_can_be_read(path):
    table = enter(path, monitored(Aston="as expected"), QUARTERS[0])
    assert table.empty
    assert table.columns[:3].tolist() == ["alert_id", "unit_column", "unit"]
    assert read_history(path).empty
    assert alerts_text(table) == "no alerts"


def test_the_view_can_be_read_by_any_program(path):
    with_one_alert(path)
    with closing(duckdb.connect(str(path), read_only=True)) as connection:
        rows = connection.execute("SELECT alert_id, seen, actual, state FROM register").fetchall()
    assert rows == [(ASTON, "new", 60, "new")]


def test_a_folder_stands_for_the_register_in_it(tmp_path):
    enter(tmp_path, monitored(Aston="alert worse"), QUARTERS[0])
    assert read_register(tmp_path / "alerts.duckdb")["alert_id"].tolist() == [ASTON]
    assert read_register(tmp_path)["alert_id"].tolist() == [ASTON]
    deep = tmp_path / "new" / "folder" / "mine.duckdb"
    enter(deep, monitored(Aston="alert worse"), QUARTERS[0])
    assert deep.is_file()


# ------------------------------------------------------------------ the file
def test_where_no_register_is_nothing_is_made(path):
    for use in (read_register, read_history, edit_with_note):
        with pytest.raises(DataError, match=r"there is no register of alerts at .*alerts\.duckdb"):
            use(path)
    assert list(path.parent.iterdir()) == []


def edit_with_note(path):
    return edit(path, note="x")


@pytest.mark.parametrize("content", [b"", b"team,alerts\nAston,1\n" * 1000])
def test_a_file_that_is_no_database_is_left_as_it_is(path, content):
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be used as a register of alerts: .*not a valid DuckDB database"):
        enter(path, monitored(Aston="alert worse"), QUARTERS[0])
    with pytest.raises(DataError, match="cannot be used as a register of alerts"):
        read_register(path)
    assert path.read_bytes() == content


def test_a_damaged_register_is_a_sentence(path):
    with_one_alert(path)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(DataError, match="cannot be used as a register of alerts"):
        read_register(path)


def test_another_database_and_a_newer_register_are_refused(path):
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("CREATE TABLE alerts (name VARCHAR)")
    with pytest.raises(DataError, match="is a DuckDB file, but no register of alerts"):
        enter(path, monitored(Aston="alert worse"), QUARTERS[0])
    path.unlink()
    with_one_alert(path)
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("UPDATE alert_register SET schema_version = 3")
    with pytest.raises(DataError, match="a register of version 3, and this evalkit knows version 2: update"):
        read_register(path)
    with pytest.raises(DataError, match="version 3"):
        edit(path, note="x")


def as_version_1(path):
    """The register as it was before there were signs of late recording."""
    with closing(duckdb.connect(str(path))) as connection:
        (view,) = connection.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'register'").fetchone()
        connection.execute("DROP VIEW register")
        connection.execute("ALTER TABLE sightings DROP COLUMN short_share")
        connection.execute(view.replace("figures.short_share,", "").replace(", figures.short_share", ""))
        connection.execute("UPDATE alert_register SET schema_version = 1")


def test_a_register_of_version_1_is_read_as_it_is_and_brought_up_to_date_by_the_next_update(path):
    with_one_alert(path)
    edit(path, owner="R. Ames", note="called the team")
    before = read_register(path)
    as_version_1(path)
    kept = path.read_bytes()
    pd.testing.assert_frame_equal(read_register(path), before)
    assert path.read_bytes() == kept  # a reader changes nothing
    assert read_updates(path)["period"].tolist() == [pd.Timestamp(QUARTERS[0])]
    table = enter(path, monitored(Aston="alert worse").assign(short_share=0.4), QUARTERS[1])
    assert table[["owner", "note", "seen"]].to_numpy().tolist() == [["R. Ames", "called the team", "continuing"]]
    assert_close(table["short_share"], [0.4], decimals=12)
    pd.testing.assert_frame_equal(read_register(path), table)


def test_what_an_extract_cannot_tell_may_be_missing_from_the_table(path):
    plain = monitored(Aston="alert worse")
    table = enter(path, plain.drop(columns=["late_share", "duplicate_share"]), QUARTERS[0])
    assert table[["late_share", "duplicate_share", "short_share"]].isna().all(axis=None)
    with pytest.raises(DataError, match="missing_share"):
        enter(path, plain.drop(columns="missing_share"), QUARTERS[1])


def test_the_updates_are_listed_by_quarter_and_kind(path):
    enter(path, monitored(Aston="alert worse"), QUARTERS[0])
    enter(path, monitored(Aston="alert worse"), QUARTERS[1])
    found = read_updates(path)
    assert found["unit_column"].tolist() == ["team", "team"]
    assert found["period"].tolist() == [pd.Timestamp(day) for day in QUARTERS[:2]]
    assert (found["extract_date"] == pd.Timestamp(EXTRACT)).all()


def test_a_register_beside_an_extract_is_found_from_the_folder_of_the_extract(tmp_path):
    beside = tmp_path / "register" / "alerts.duckdb"
    assert register_file(tmp_path) == tmp_path / "alerts.duckdb"
    beside.parent.mkdir()
    with_one_alert(beside)
    assert register_file(tmp_path) == beside
    assert len(read_register(tmp_path)) == 1
    assert register_file(beside) == beside


def test_a_register_in_use_is_waited_for_and_then_refused(path, monkeypatch):
    with_one_alert(path)
    monkeypatch.setattr(store, "WAIT_SECONDS", 0.2)
    with path.with_name("alerts.duckdb.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert len(read_register(path)) == 1  # readers do not disturb each other
        with pytest.raises(DataError, match="is in use by another run"):
            edit(path, note="x")
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DataError, match="is in use by another run"):
            read_register(path)
    assert edit(path, note="x")["note"].tolist() == ["x"]


def test_a_register_open_in_another_program_is_a_sentence(path):
    with_one_alert(path)
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with started(code, path) as other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(DataError, match=r"cannot be used as a register of alerts: .*lock"):
            edit(path, note="x")
        other.stdin.close()
        other.wait(timeout=10)
    assert edit(path, note="x")["note"].tolist() == ["x"]


WRITER = """
import sys
sys.path.insert(0, "tests")
from test_register import QUARTERS, edit_alert, monitored, update_register

path, column = sys.argv[1:]
for number in range(10):
    found = monitored(1.5 + number / 100, Aston="alert worse").rename(columns={"team": column})
    update_register(path, found, unit=column, period=QUARTERS[0], extract_date="2021-05-31")
    edit_alert(path, f"{column}/Aston/worse/2021-03-31", by=column, on="2021-06-01", note=f"note {number}")
    print(number, flush=True)
"""


def started(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_two_runs_at_once_lose_nothing(path):
    with started(WRITER, path, "team") as first, started(WRITER, path, "area") as second:
        assert [process.wait(timeout=60) for process in (first, second)] == [0, 0]
    table, history = read_register(path), read_history(path)
    assert table["alert_id"].tolist() == ["area/Aston/worse/2021-03-31", ASTON]
    assert table["note"].tolist() == ["note 9"] * 2
    assert_close(table["ratio"], [1.59, 1.59], decimals=12)
    assert history["number"].tolist() == list(range(1, 41))  # 2 runs, 10 updates and 10 edits each
    for column in ("team", "area"):
        notes = history[(history["changed_by"] == column) & (history["what"] == "note")]
        assert notes["after"].tolist() == [f"note {number}" for number in range(10)]


@pytest.mark.parametrize("after", [2, 5])
def test_a_run_killed_at_any_time_leaves_what_it_had_finished(path, after):
    with started(WRITER, path, "team") as run:
        for _ in range(after):
            run.stdout.readline()
        time.sleep(0.01 * after)  # somewhere in the next round
        run.send_signal(signal.SIGKILL)
        done = after + len(run.stdout.read().splitlines())
        assert run.wait(timeout=10) == -signal.SIGKILL
    notes = read_history(path).query("what == 'note'")["after"].tolist()
    assert len(notes) in (done, done + 1)
    assert notes == [f"note {number}" for number in range(len(notes))]
    assert read_register(path)["note"].tolist() == [notes[-1]]
    assert edit(path, owner="T. Ward")["owner"].tolist() == ["T. Ward"]


KILLED_INSIDE = """
import os, signal, sys
from evalkit.register import store

with store.opened(sys.argv[1], writing=True) as connection:
    connection.execute("UPDATE alerts SET note = 'half', owner = 'half'")
    connection.execute("DELETE FROM history")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_run_killed_inside_a_change_leaves_the_register_as_it_was(path):
    with_one_alert(path)
    edit(path, note="whole")
    before, history = read_register(path), read_history(path)
    with started(KILLED_INSIDE, path) as run:
        assert run.wait(timeout=30) == -signal.SIGKILL
    pd.testing.assert_frame_equal(read_register(path), before)
    pd.testing.assert_frame_equal(read_history(path), history)
    assert edit(path, note="after")["note"].tolist() == ["after"]


def test_an_error_inside_a_change_leaves_the_register_as_it_was(path):
    with_one_alert(path)
    with (
        pytest.raises(DataError, match=r"cannot be used as a register of alerts: .*Constraint"),
        store.opened(path, writing=True) as connection,
    ):
        connection.execute("UPDATE alerts SET note = 'half'")
        connection.execute("INSERT INTO alerts SELECT * FROM alerts")
    assert read_register(path)["note"].tolist() == [""]


def test_what_a_run_killed_at_the_beginning_left_is_swept_away(path):
    for name in (".alerts.duckdb.part", ".alerts.duckdb.part.wal", "alerts.duckdb.wal"):
        path.with_name(name).write_bytes(b"half")
    enter(path, monitored(Aston="alert worse"), QUARTERS[0])
    assert len(read_register(path)) == 1
    assert sorted(file.name for file in path.parent.iterdir()) == ["alerts.duckdb", "alerts.duckdb.lock"]


def test_a_folder_that_cannot_be_written_to_is_a_sentence(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be", encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot lock the register .*file"):
        enter(blocked / "alerts.duckdb", monitored(Aston="alert worse"), QUARTERS[0])


# ------------------------------------------------------------------ the command line
def test_alerts_lists_the_register(path, capsys):
    enter(path, monitored(Aston="alert worse", Selly="alert better"), QUARTERS[0])
    edit(path, state="checked", due="2022-05-01", note="first line\nsecond  line")
    assert main(["alerts", str(path)]) == 0
    title, aston, selly = capsys.readouterr().out.splitlines()
    assert title.startswith("alert ")
    assert aston.split("  ")[0] == ASTON
    words = ["200", "60", "40.0", "1.50 (1.20 to 1.80)", "0.001", "checked", "2022-05-01", "first line second line"]
    assert [cell for cell in map(str.strip, aston.split("  ")) if cell][3:] == words
    assert title.index("due") == aston.index("2022-05-01")
    assert selly.endswith("new")
    assert main(["alerts", str(path.parent), "--state", "new", "--unit", "Aston"]) == 0
    assert capsys.readouterr().out == "no alerts\n"


def test_alerts_edits_one(path, capsys):
    with_one_alert(path)
    change = ["--set", ASTON, "--state", "checked", "--owner", "T. Ward", "--due", "2022-05-01", "--note", "court"]
    assert main(["alerts", str(path), *change, "--by", "J. Bell", "--on", "2022-04-02"]) == 0
    assert "T. Ward" in capsys.readouterr().out
    row = read_register(path).iloc[0]
    assert row[["state", "owner", "note"]].tolist() == ["checked", "T. Ward", "court"]
    assert row["due"] == pd.Timestamp("2022-05-01")
    assert set(read_history(path)["day"].iloc[1:]) == {pd.Timestamp("2022-04-02")}
    earliest = datetime.date.today()
    assert main(["alerts", str(path), "--set", ASTON, "--note", "", "--by", "J. Bell"]) == 0
    last = read_history(path).iloc[-1]
    assert earliest <= last["day"].date() <= datetime.date.today()
    assert last[["what", "before", "after"]].tolist() == ["note", "court", ""]


def test_alerts_refused_are_a_sentence_and_exit_with_1(path, capsys):
    assert main(["alerts", str(path)]) == 1
    assert capsys.readouterr().err.startswith("evalkit: there is no register of alerts at")
    with_one_alert(path)
    assert main(["alerts", str(path), "--set", ASTON, "--state", "closed", "--by", "J. Bell"]) == 1
    assert "is new and cannot become closed: it may become checked" in capsys.readouterr().err
    assert main(["alerts", str(path), "--state", "open"]) == 1
    assert "'open' is none of new, checked" in capsys.readouterr().err
    assert read_register(path)["state"].tolist() == ["new"]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--owner", "T. Ward"],
        ["--by", "J. Bell"],
        ["--note", ""],
        ["--set", ASTON, "--note", "x"],
        ["--set", ASTON, "--unit", "Aston", "--by", "J. Bell"],
    ],
)
def test_wrong_usage_exits_with_2_and_changes_nothing(path, capsys, wrong):
    with_one_alert(path)
    with pytest.raises(SystemExit) as stopped:
        main(["alerts", str(path), *wrong])
    assert stopped.value.code == 2
    assert "--set" in capsys.readouterr().err
    assert len(read_history(path)) == 1
