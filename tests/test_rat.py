"""The Reoffending Analysis Tool: the quarterly look against plain pandas and statsmodels, its notebooks, its index."""

import datetime
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import demo_cohort
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from conftest import assert_close
from scipy.special import expit, logit
from test_notebooks import SPECS, text_of

from evalkit.cohort import build_cohort
from evalkit.cohort.monitored import monitored, monitored_units
from evalkit.cohort.monitoring_round import monitoring_round, recorded_twice
from evalkit.errors import ReportError, SpecError
from evalkit.intake import load, to_pandas
from evalkit.present import causal_words
from evalkit.register import read_history, read_register, read_updates
from evalkit.reports import run_report
from evalkit.reports.briefings import write_briefings_index
from evalkit.reports.kept_alerts import keep_alerts
from evalkit.reports.manifest import Batch, Entry, Manifest, write_manifest
from evalkit.spec import Monitoring, read_spec

FIRST, LAST, KNOWN = (pd.Timestamp(day) for day in ("2020-10-01", "2021-09-30", "2021-12-01"))
"""The demonstration extract is of 31 December 2021, and outcomes settle for 30 days."""


@pytest.fixture(scope="module")
def extract(demo_folder):
    return load(demo_folder, tables=read_spec(SPECS / "rat.toml").tables)


@pytest.fixture(scope="module")
def cohort(extract):
    return build_cohort(extract, read_spec(SPECS / "rat.toml"))


@pytest.fixture(scope="module")
def watch(cohort, extract):
    return monitored(cohort, extract)


@pytest.fixture(scope="module")
def plain(demo_folder):
    """Everybody followed, in plain pandas apart from the product's code, with predictions centred by statsmodels."""
    tables = demo_cohort.read_all(demo_folder)
    people = demo_cohort.build(tables, *[pd.Series(dtype="datetime64[ns]")] * 2, [])
    orders = tables.sentences[tables.sentences["sentence_type"].isin(demo_cohort.SUPERVISED)]
    first = orders[orders["supervision_start"].between("2017-10-01", demo_cohort.CLOSES)]
    first = first.sort_values(["supervision_start", "sentence_date", "sentence_id"]).drop_duplicates("person_id")
    people = people.join(first.set_index("person_id")[["area", "team"]])
    people["ends"] = people["start"] + pd.Timedelta(days=365)
    people["judged"] = people["ends"].between(FIRST, LAST) & people["predicted"].notna()
    judged = people[people["judged"]]
    matrix = sm.add_constant(logit(judged["predicted"].to_numpy()))
    fit = sm.GLM((judged["days"] <= 365).to_numpy(float), matrix, family=sm.families.Binomial()).fit()
    people["centred"] = expit(fit.params[0] + fit.params[1] * logit(people["predicted"]))
    return people


def test_the_period_is_the_last_whole_quarter_that_is_settled_and_the_three_before_it(watch):
    assert watch.period == (FIRST.date(), LAST.date())
    assert watch.as_of == KNOWN.date()


@pytest.mark.parametrize("column", ["team", "area"])
def test_people_actual_and_expected_are_those_of_plain_pandas(watch, plain, column):
    found = (watch.teams if column == "team" else watch.areas).table.set_index("unit")
    own = plain[plain["judged"]].groupby(column)
    assert found.index.tolist() == sorted(own.groups)
    assert (found["people"] == own.size()).all()
    assert (found["actual"] == own["days"].apply(lambda days: (days <= 365).sum())).all()
    assert_close(found["predicted"], own["centred"].sum(), decimals=3)
    assert_close(found["predicted"].sum(), found["actual"].sum(), decimals=3)


def test_what_is_said_once_is_the_ratio_to_the_score_as_it_came(watch, plain):
    judged = plain[plain["judged"]]
    row = watch.common.iloc[0]
    assert row["people"] == len(judged)
    assert row["actual"] == (judged["days"] <= 365).sum()
    assert_close(row["ratio"], (judged["days"] <= 365).sum() / judged["predicted"].sum(), decimals=6)
    assert row["ratio_high"] < 0.9
    assert watch.verdict == "failed"


def test_the_flow_runs_on_to_the_people_judged(cohort, watch):
    flow = watch.flow
    assert flow["remaining"].iloc[-1] == watch.common["people"].iloc[0] == watch.teams.table["people"].sum()
    assert (flow["remaining"].shift() - flow["excluded"]).iloc[1:].equals(flow["remaining"].astype(float).iloc[1:])
    assert flow["remaining"].iloc[-2] == len(cohort.analysed)


def test_teams_lie_within_their_areas_and_add_up_to_them(watch, plain):
    teams = watch.teams.table
    area_of = plain.groupby("team")["area"].agg(lambda areas: areas.mode()[0])
    assert (teams["within"].to_numpy() == area_of[teams["unit"]].to_numpy()).all()
    assert (watch.areas.table["within"] == "").all()
    areas = watch.areas.table.set_index("unit")["people"]
    assert teams.groupby("within")["people"].sum().to_dict() == areas.to_dict()


def test_a_team_in_two_areas_lies_in_that_of_most_of_its_people(cohort):
    frame = cohort.frame.copy()
    aston = frame.index[frame["team"] == "Aston"]
    frame.loc[aston[: len(aston) // 3], "area"] = "Derbyshire"
    units = monitored_units(replace(cohort, frame=frame), "team").table.set_index("unit")
    assert units.loc["Aston", "within"] == "Birmingham"
    assert units.loc["Buxton", "within"] == "Derbyshire"


def test_what_is_known_of_the_demonstration_extract_is_found(watch):
    table = watch.teams.table.set_index("unit")
    told = (table["state"] + " " + table["direction"]).str.strip()
    assert told["Hall Green"] == "alert worse"
    assert told["Nottingham West"] == "alert better"
    assert told["Stoke South"] == "data-quality hold"
    assert (told == "as expected").sum() == 32  # the fourth that is not: Derby North, on watch by chance
    cohorts = watch.cohorts.set_index("cohort")
    assert cohorts.index[cohorts["state"] == "alert"].tolist() == ["Drug possession/supply"]


def test_cohorts_are_in_the_order_declared_and_nobody_is_a_cohort_without_a_score(watch):
    by = watch.cohorts["characteristic"].drop_duplicates().tolist()
    assert by == ["sex", "age band", "ethnicity", "offence group", "sentence type", "risk band", "sex and age band"]
    assert (watch.cohorts["people"] > 0).all()
    sizes = watch.cohorts.groupby("characteristic")["people"].sum()
    # whoever has a score is in one cohort of each characteristic
    assert set(sizes) == {int(watch.common["people"].iloc[0])}


def test_running_sums_are_there_for_units_in_alert_or_on_watch_only(watch):
    assert watch.paths["unit"].unique().tolist() == ["Derby North", "Hall Green", "Nottingham West"]
    last = watch.paths.groupby("unit").last()
    table = watch.teams.table.set_index("unit").loc[last.index]
    assert_close(last["cusum_worse"], table["cusum_worse"], decimals=9)
    assert watch.paths["matures"].max() <= LAST


def test_the_first_three_months_are_those_of_plain_numpy(watch, plain):
    """The hazard from everybody with a score, day by day; people whose year ends after the period."""
    scored = plain[plain["predicted"].notna()]
    seen = np.minimum((KNOWN - scored["start"]).dt.days.to_numpy(), 365)
    event = scored["days"].to_numpy() <= seen
    days, weight = np.where(event, scored["days"], seen), -np.log1p(-scored["centred"].to_numpy())
    steps = [event[days == day].sum() / weight[days >= day].sum() for day in range(1, 366)]
    share = sum(steps[:90]) / sum(steps)
    later = scored[scored["ends"] > LAST].assign(early=lambda rows: 1 - (1 - rows["centred"]) ** share)
    found = watch.teams.interim.set_index("unit")
    own = later.groupby("team")
    assert (found["people_90"] == own.size()).all()
    assert (found["actual_90"] == own["days"].apply(lambda days: (days <= 90).sum())).all()
    assert_close(found["predicted_90"], own["early"].sum(), decimals=3)
    assert (found["label"] == "INTERIM").all()


def test_the_caseload_counts_the_people_judged_and_those_of_the_year_before(watch, plain):
    found = watch.teams.caseload.set_index("unit")
    assert (found["people"] == watch.teams.table.set_index("unit")["people"]).all()
    scored = plain[plain["predicted"].notna()]
    before = scored[scored["ends"].between("2019-10-01", "2020-09-30")].groupby("team")["predicted"]
    assert (found["people_before"] == before.size()).all()
    assert_close(found["risk_before"], before.mean(), decimals=9)


def test_a_page_about_one_unit_has_the_very_figures_of_the_whole_report(extract, cohort, watch):
    units = monitored_units(cohort, "team=Hall Green", extract)
    assert units.spec.title == "Reoffending Analysis Tool: Hall Green"
    pd.testing.assert_frame_equal(units.table, watch.teams.table)
    pd.testing.assert_frame_equal(units.interim, watch.teams.interim)


def settled_on(cohort, day, **rules):
    """The cohort as if everything up to a day were known; only the dates of the history are changed."""
    history = cohort.history
    changed = replace(history.rules, **rules)
    return replace(cohort, history=replace(history, mature_until=pd.Timestamp(day), rules=changed))


@pytest.mark.parametrize(
    ("settled", "last"),
    [("2021-09-29", "2021-06-30"), ("2021-09-30", "2021-09-30"), ("2021-10-01", "2021-09-30")],
)
def test_a_quarter_is_judged_from_the_day_on_which_its_last_outcome_is_settled(cohort, settled, last):
    found = monitoring_round(settled_on(cohort, pd.Timestamp(settled) - pd.Timedelta(days=365)))
    assert found.last == pd.Timestamp(last)
    assert found.as_of == pd.Timestamp(settled)


def test_proven_reoffences_are_judged_half_a_year_later(cohort):
    found = monitoring_round(settled_on(cohort, "2020-03-31", outcome="proven_reoffence"))
    assert found.court_days == 183
    assert found.as_of == pd.Timestamp("2021-03-31")  # offences up to that day are sentenced by 30 September
    assert found.last == pd.Timestamp("2021-09-30")


def declaring(cohort, **settings):
    return replace(cohort, spec=replace(cohort.spec, monitoring=Monitoring(**settings)))


def test_a_declared_quarter_is_judged_if_its_outcomes_are_known_and_refused_a_day_later(cohort):
    known = declaring(cohort, quarter_end=KNOWN.date())
    assert monitoring_round(known).last == KNOWN
    later = declaring(cohort, quarter_end=(KNOWN + pd.Timedelta(days=1)).date())
    with pytest.raises(
        SpecError, match=r"quarter_end: by 2021-12-02 not all outcomes are known; .* ends on 2021-09-30"
    ):
        monitoring_round(later)


def test_quarters_say_how_far_back_the_running_sums_reach(cohort):
    found = monitoring_round(declaring(cohort, quarters=5))
    assert found.matures().min() == pd.Timestamp("2020-07-01")
    assert found.period == (FIRST.date(), LAST.date())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"quarters": 3}, "4 quarters or more"),
        ({"units": ()}, "monitoring needs a unit"),
        ({"units": ("area", "prison")}, "the extract says nothing about 'prison'"),
        ({"cohorts": ("shoe_size",)}, "the cohort has no column shoe_size"),
    ],
)
def test_a_declaration_that_cannot_be_met_is_refused_by_name(cohort, settings, message):
    with pytest.raises(SpecError, match=message):
        monitored(declaring(cohort, **settings))


def test_units_and_sections_that_are_not_there_are_refused_by_name(cohort):
    with pytest.raises(SpecError, match="'prison' is not among the units of \\[monitoring\\] \\(area, team\\)"):
        monitored_units(cohort, "prison=Leicester")
    with pytest.raises(SpecError, match="nobody in the cohort belongs to team 'Asston'"):
        monitored_units(cohort, "team=Asston")
    with pytest.raises(SpecError, match=r"rat.toml: the section \[monitoring\] is missing"):
        monitored(replace(cohort, spec=replace(cohort.spec, monitoring=None)))
    with pytest.raises(SpecError, match="which a prepared cohort does not have"):
        monitored(replace(cohort, history=None))


def test_bands_of_age_and_risk_leave_out_their_upper_end(cohort):
    frame = monitoring_round(cohort).frame
    ages = frame.groupby("age_band")["age"].agg(["min", "max"])
    assert ages.loc["18 to 24"].tolist() == [18, 24]
    assert ages.loc["25 to 34"].tolist() == [25, 34]
    assert ages.loc["50 and over", "min"] == 50
    risks = frame.groupby("risk_band")["predicted"].agg(["min", "max"])
    assert risks.loc["0 to 24%", "max"] < 0.25 <= risks.loc["25 to 49%", "min"]
    assert frame["risk_band"].isna().equals(frame["predicted"].isna())


@pytest.fixture(scope="module")
def report(demo_folder, tmp_path_factory):
    return run_report(SPECS / "rat.toml", data=demo_folder, out=tmp_path_factory.mktemp("rat"))


def test_the_report_says_first_how_many_need_a_look_and_the_common_shift_once(report):
    text = text_of(report)
    assert "3 of 36 teams and none of 7 areas need a look." in text
    assert "more people were reconvicted than among people like them in Hall Green; fewer" in text
    assert "the data must be checked first in Stoke South" in text
    assert "more reconvictions than among people like them in offence: Drug possession/supply" in text
    assert text.count("times the number that their scores predict") == 1


def test_the_report_has_every_part_and_ranks_nobody(report, watch):
    text = text_of(report)
    for heading in ("Teams", "Areas", "Cohorts", "Quarter by quarter", "Interim", "Data quality", "Definitions"):
        assert heading in text
    assert text.count("INTERIM") > 40
    assert "The check of the prediction as it came: failed" in text
    table = report.read_text(encoding="utf-8").split("<caption>What is found in each unit")[1].split("</table>")[0]
    assert re.findall(r'<th scope="row">([^<]+)</th>', table) == sorted(watch.teams.table["unit"])
    assert table.count("<tr class=flag>") == 2
    assert table.count("<tr class=amber>") == 2
    assert not re.search(r"\b(rank(?!s\b|ing\b|ed\b)|league|best|worst)\b", text)


def test_the_report_says_how_it_was_made_down_to_the_rules_of_monitoring(report):
    text = text_of(report)
    assert "monitoring, units: area, team monitoring, quarters: 12" in text
    assert "monitoring, crossings: sex x age_band" in text
    assert "matching, " not in text  # it declares none


def test_the_report_shows_the_register_the_curves_the_rates_and_the_checks(report):
    text = text_of(report)
    assert "The register as of the quarter to 30 September 2021." in text
    assert re.search(r"Hall Green team worse new 30 September 2021 new", text)
    assert "INTERIM: Everyone, 28." in text
    assert text.count("INTERIM: reconvicted so far") == 1  # the key of the curves
    assert "Alerts in simulated runs: what 36 offices may expect of these rules" in text
    assert re.search(r"no difference \d\.\d \[z\] \[z\]", text)
    assert "With a record there twice" in text
    assert "Last quarter beside the three before (%, rounded to 5)" in text


def test_the_same_extract_and_register_make_the_same_report_to_the_byte(report, demo_folder, tmp_path):
    assert (demo_folder / "register" / "alerts.duckdb").is_file()
    again = run_report(SPECS / "rat.toml", data=demo_folder, out=tmp_path)
    assert again.read_bytes() == report.read_bytes()


def test_the_report_names_no_person_and_claims_no_cause(report):
    assert "SYN-P" not in report.read_text(encoding="utf-8")
    assert causal_words(text_of(report)) == []
    assert report.stat().st_size < 1_500_000


def kept(watch, folder, days_earlier=0):
    day = KNOWN.date() - datetime.timedelta(days=days_earlier)
    return keep_alerts("", watch, extract_date=day, data=str(folder))


def test_alerts_are_kept_beside_the_extract_from_quarter_to_quarter(cohort, watch, tmp_path):
    earlier = monitored(declaring(cohort, quarter_end=datetime.date(2021, 3, 31), cohorts=("offence_group",)))
    first = kept(earlier, tmp_path).table
    assert first[["unit", "seen"]].to_numpy().tolist() == [["Drug possession/supply", "new"]]
    assert (tmp_path / "register" / "alerts.duckdb").is_file()
    found = kept(watch, tmp_path)
    second = found.table.set_index("unit")
    assert second.loc["Hall Green", ["unit_column", "direction", "seen"]].tolist() == ["team", "worse", "new"]
    known = ["offence group", "worse", "continuing"]
    assert second.loc["Drug possession/supply", ["unit_column", "direction", "seen"]].tolist() == known
    assert not {"people", "actual", "ratio", "note"} & set(second.columns)
    assert found.note == "The register as of the quarter to 30 September 2021."
    pd.testing.assert_frame_equal(kept(watch, tmp_path).table.set_index("unit"), second)
    # an earlier quarter, and this one from an earlier extract, are not entered over it
    for late in (kept(earlier, tmp_path), kept(watch, tmp_path, days_earlier=1)):
        pd.testing.assert_frame_equal(late.table.set_index("unit"), second)
        assert "already holds the quarter to 30 September 2021, from an extract of 1 December 2021" in late.note
    assert len(read_updates(tmp_path)) == 3 + 9  # area, team, offence group; then area, team, all seven characteristics


def test_a_register_can_be_kept_elsewhere_or_nowhere(watch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for register, data in (("none", str(tmp_path)), ("", "")):
        nothing = keep_alerts(register, watch, extract_date=KNOWN.date(), data=data)
        assert nothing.table.empty
        assert nothing.note == "No register of alerts is kept with this report."
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "kept").mkdir()
    assert len(keep_alerts("kept", watch, extract_date=KNOWN.date(), data=str(tmp_path)).table) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_of_a_workbook_the_register_lies_beside_it(watch, tmp_path):
    workbook = tmp_path / "extract.xlsx"
    workbook.touch()
    assert len(kept(watch, workbook).table) == 3
    assert (tmp_path / "register" / "alerts.duckdb").is_file()


def test_without_the_right_to_write_none_is_kept_and_the_report_says_so(watch, tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda place, _: Path(place) != tmp_path)  # root may write anywhere
    found = kept(watch, tmp_path)
    assert found.table.empty
    assert found.note == "The folder of the extract cannot be written to: no register of alerts is kept."
    assert list(tmp_path.iterdir()) == []


def test_two_reports_at_once_keep_one_whole_register(watch, tmp_path):
    with ThreadPoolExecutor(3) as pool:
        tables = [found.table for found in pool.map(lambda _: kept(watch, tmp_path), range(6))]
    assert all(table.equals(tables[0]) for table in tables)
    assert len(read_register(tmp_path)) == 3
    assert len(read_history(tmp_path)) == 3


def test_the_register_keeps_the_checks_of_the_data(watch, tmp_path):
    kept(watch, tmp_path)
    row = read_register(tmp_path).set_index("unit").loc["Hall Green"]
    own = watch.teams.table.set_index("unit").loc["Hall Green"]
    assert_close(row["missing_share"], own["missing_share"], decimals=12)
    assert_close(row["short_share"], own["short_share"], decimals=12)
    assert_close(row["duplicate_share"], own["duplicate_share"], decimals=12)


# ------------------------------------------------------------------ checks of the data
def test_records_that_are_there_twice_are_those_of_plain_pandas(extract, watch, plain, demo_folder):
    known = to_pandas(extract.table("sentences"))
    twice = known.duplicated(["person_id", "sentence_date", "offence_code"], keep=False)
    assert recorded_twice(extract) == set(known.loc[twice, "person_id"])
    sentences = demo_cohort.read_all(demo_folder).sentences  # under the source's own identifiers
    twice = sentences.duplicated(["person_id", "sentence_date", "offence_code"], keep=False)
    doubled = twice_of(plain, set(sentences.loc[twice, "person_id"]))
    found = watch.teams.quality.set_index("unit")["duplicates"]
    assert found.to_dict() == {unit: doubled.get(unit, 0) for unit in found.index}


def twice_of(plain, people):
    """People of the period with such a record, by team; whoever has no score is among them."""
    period = plain[plain["ends"].between(FIRST, LAST)]
    return period[period.index.isin(people)].groupby("team").size().to_dict()


def test_the_last_quarter_is_counted_as_in_plain_pandas(watch, plain):
    day = plain["start"] + pd.to_timedelta(plain["days"].where(plain["days"] <= 365), unit="D")
    recent = plain[plain["predicted"].notna() & (day > KNOWN - pd.Timedelta(days=91)) & (day <= KNOWN)]
    found = watch.teams.quality.set_index("unit")["recent"]
    assert found.to_dict() == {unit: (recent["team"] == unit).sum() for unit in found.index}
    assert found.sum() > 200
    assert not watch.teams.quality["short"].any()  # nothing is entered late in the demonstration extract


def test_the_curves_end_where_the_areas_stand(watch, plain):
    curves = watch.curves
    assert curves["unit"].unique().tolist() == ["Everyone", *sorted(watch.areas.table["unit"])]
    ninety = curves[curves["day"] == 90].set_index("unit")
    interim = watch.areas.interim.set_index("unit")
    assert (ninety.loc[interim.index, "actual"] == interim["actual_90"]).all()
    assert ninety.loc["Everyone", "actual"] == interim["actual_90"].sum()
    later = plain[plain["predicted"].notna() & (plain["ends"] > LAST)]
    seen = np.minimum((KNOWN - later["start"]).dt.days, 365)
    last = curves[curves["unit"] == "Everyone"].iloc[-1]
    assert last["actual"] == ((later["days"] <= last["day"]) & (later["days"] <= seen)).sum()


JARGON = (
    *("funnel", "cusum", "o/e", "p-value", "q-value", "interval", "standard deviation", "dispersion", "confidence"),
    *("significan", "poisson", "calibrat", "logit", "odds", "centred", "cohort", "statistic", "hazard", "shrunken"),
    *("ogrs", "threshold", "predict", "ratio", "variance", "[c]"),
)
"""Words that a manager's page does without."""


def visible_text(page):
    """The text of a page without the code behind its toggle."""
    markup = re.sub(r'<pre class="code">.*?</pre>', " ", page.read_text(encoding="utf-8"), flags=re.S)
    stripped = page.with_suffix(".visible.html")
    stripped.write_text(markup, encoding="utf-8")
    return text_of(stripped)


@pytest.fixture(scope="module")
def briefing(demo_folder, tmp_path_factory):
    return run_report(
        SPECS / "briefing.toml",
        data=demo_folder,
        out=tmp_path_factory.mktemp("briefing"),
        parameters={"unit_column": "team", "unit": "Hall Green", "contact": "the performance team"},
    )


def test_the_briefing_answers_the_manager_in_order(briefing, watch):
    text = visible_text(briefing)
    row = watch.teams.table.set_index("unit").loc["Hall Green"]
    parts = [
        "Reconviction briefing: Hall Green",
        "More people than expected were reconvicted in Hall Green, by more than chance explains.",
        f"{row['predicted']:.0f} expected to be reconvicted of {row['people']} like them",
        f"{row['actual']} were reconvicted of the {row['people']} here",
        "Is that more than chance? Yes.",
        "INTERIM.",
        "What to check first Missing scores:",
        "Whom to ask: the performance team.",
    ]
    places = [text.find(part) for part in parts]
    assert min(places) >= 0, parts[places.index(min(places))]
    assert places == sorted(places)


def test_the_briefing_has_no_jargon_no_cause_no_person_and_no_other_team(briefing, watch):
    text = visible_text(briefing)
    assert [word for word in JARGON if word in text.lower()] == []
    assert causal_words(text) == []
    assert "SYN-P" not in briefing.read_text(encoding="utf-8")
    others = set(watch.teams.table["unit"]) - {"Hall Green"}
    assert [name for name in others if name in text] == []
    assert len(text.split()) < 530  # one page, with the folded data of its chart


def entry(unit, *, state="done", **facts):
    return Entry(f"briefing-{unit}.html", unit, state, {}, {}, 1.0, 1, facts=facts)


def batch_of(column, *entries, too_small=()):
    held = {item.unit: item for item in entries}
    return Batch("briefing", "Briefing", column, "2021", entries=held, too_small=too_small)


@pytest.fixture
def folder(tmp_path):
    areas = batch_of("area", entry("North", headline="As it should be.", finding="as expected", within=""))
    teams = batch_of(
        "team",
        entry("Alpha", headline="More.", finding="more than people like them", within="North"),
        entry("Beta & Co", headline="As ever.", finding="as expected", within="North"),
        entry("Gamma", state="failed"),
        too_small=("Delta",),
    )
    other = replace(areas, specification="ete", entries={"South": entry("South", headline="Of another evaluation.")})
    held = {batch.name: batch for batch in (areas, teams, other)}
    write_manifest(Manifest(held), tmp_path)
    return tmp_path


def test_the_index_lists_each_team_under_its_area_by_name(folder):
    text = text_of(write_briefings_index(folder))
    order = [
        "North Reconvicted: as expected.",
        "Alpha more than people like them",
        "Beta & Co as expected",
        "Not in an area of its own",
        "Delta",
        "Gamma",
    ]
    places = [text.find(part) for part in order]
    assert min(places) >= 0
    assert places == sorted(places)
    assert "Delta too small to judge" in text
    assert "Gamma could not be made" in text
    assert "South" not in text


def test_the_index_links_what_is_there_and_marks_what_needs_a_look(folder):
    markup = write_briefings_index(folder).read_text(encoding="utf-8")
    assert '<a href="briefing-Beta%20%26%20Co.html">Beta &amp; Co</a>' in markup
    assert "briefing-Gamma.html" not in markup  # it failed
    assert '<tr class="amber"><th scope="row"><a href="briefing-Alpha.html">' in markup
    assert markup.count('<tr class="amber">') == 2  # and the one that could not be made
    assert "rat.html" not in markup
    (folder / "rat.html").write_text("", encoding="utf-8")
    assert '<a href="rat.html">' in write_briefings_index(folder).read_text(encoding="utf-8")


def test_a_folder_without_briefings_has_no_index(tmp_path):
    with pytest.raises(ReportError, match="holds no briefing; run `make rat`"):
        write_briefings_index(tmp_path)
    assert not (tmp_path / "rat-index.html").exists()
