"""One unit of an extract: its people, all their rows, nobody else's."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from batch_inputs import AREAS, NOWHERE, write_inputs
from small_extracts import PEOPLE, pseudonyms, with_rows, write_extract

from evalkit.cohort import build_cohort
from evalkit.errors import DataError, SpecError
from evalkit.intake import load, to_pandas
from evalkit.present.earlier import Beside
from evalkit.present.running import end_publication, plan_publication, start_publication
from evalkit.reports.part import Only, divide, extract_of_part, parse_only, spec_of_part
from evalkit.spec import read_spec

SENTENCES = """\
sentence_id,person_id,sentence_date,sentence_type,offence_code,supervision_start,area,prison
S1,P1,2019-01-01,community order,00801,2019-01-01,North,
S2,P1,2019-09-01,community order,00801,2019-09-01,South,
S3,P2,2018-01-01,community order,00801,2018-01-01,South,
S4,P3,2019-03-01,custody,04910,2019-03-01,,Alton
S5,P1,2019-10-01,fine,04910,,South,
"""
REFERRALS = """\
referral_id,person_id,service,referral_date,area
R1,P2,ETE,2019-05-01,East
R2,P2,ETE,2019-04-01,North
R3,P1,ETE,2019-04-01,South
R4,P3,ETE,2019-04-01,
"""
VOLUNTEERS = "volunteer_id,trained_date\nV1,2019-01-01\n"


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    return read_spec(write_inputs(tmp_path_factory.mktemp("spec")))


def small(folder, **tables):
    return load(write_extract(folder, sentences=SENTENCES, referrals=REFERRALS, volunteers=VOLUNTEERS, **tables))


def ids(extract, table, column):
    return sorted(to_pandas(extract.table(table))[column])


def test_a_person_belongs_to_the_unit_of_the_index_sentence_else_of_the_first_referral(tmp_path, spec):
    north = extract_of_part(small(tmp_path), spec, "area=North")
    assert ids(north, "people", "person_id") == sorted(
        pseudonyms("P1", "P2")
    )  # P1 by the index sentence S1, P2 by the referral R2
    # All their rows go with them, those of other areas as well: a reconviction elsewhere is one.
    assert ids(north, "sentences", "sentence_id") == ["S1", "S2", "S3", "S5"]
    assert ids(north, "referrals", "referral_id") == ["R1", "R2", "R3"]
    assert divide(small(tmp_path / "again"), spec, "area").without == 1  # P3: neither names an area


def test_the_units_of_another_column_are_other_people(tmp_path, spec):
    alton = extract_of_part(small(tmp_path), spec, "prison=Alton")
    assert ids(alton, "people", "person_id") == pseudonyms("P3")


def test_a_part_counts_and_checks_its_own_rows(tmp_path, spec):
    north = extract_of_part(small(tmp_path), spec, "area=North")
    assert north.summary[["table", "read", "used", "rejected"]].to_numpy().tolist() == [
        ["people", 2, 2, 0],
        ["sentences", 4, 4, 0],
        ["referrals", 3, 3, 0],
    ]
    assert list(north.provenance["files"]) == [
        "people.csv, rows of North",
        "sentences.csv, rows of North",
        "referrals.csv, rows of North",
    ]
    assert "volunteers" not in north.tables
    assert north.notes[-1] == "Not in a report on one area: volunteers (the rows name no person)."


def test_rejected_rows_cannot_be_told_by_unit_and_stay_those_of_the_whole_extract(tmp_path, spec):
    people = with_rows(PEOPLE, "P4,31/02/1990,male")
    north = extract_of_part(small(tmp_path, people=people), spec, "area=North")
    line = north.summary.iloc[0]
    assert line[["table", "read", "used", "rejected"]].tolist() == ["people (of the whole extract)", 4, 3, 1]
    assert north.rejected.empty


def test_the_fingerprint_of_a_unit_follows_its_own_rows_and_no_others(tmp_path, spec):
    def prints(name, sentences):
        units = divide(load(write_extract(tmp_path / name, sentences=sentences, referrals=REFERRALS)), spec, "prison")
        return units.fingerprint(Only("prison", "Alton"))

    as_it_was = prints("first", SENTENCES)
    assert prints("again", SENTENCES) == as_it_was
    assert prints("others", with_rows(SENTENCES, "S6,P1,2019-11-01,fine,04910,,South,")) == as_it_was
    assert prints("own", with_rows(SENTENCES, "S6,P3,2019-11-01,fine,04910,,South,")) != as_it_was
    assert prints("value", SENTENCES.replace("S4,P3,2019-03-01", "S4,P3,2019-02-28")) != as_it_was


def test_everyone_is_everyone_and_the_specification_stays(tmp_path, spec):
    extract = small(tmp_path)
    assert extract_of_part(extract, spec, "") is extract
    assert spec_of_part(spec, "") is spec
    assert spec_of_part(spec, "area=North").title == "Trial: North"


@pytest.mark.parametrize("text", ["North", "area=", "=North", "area"])
def test_only_is_a_column_and_a_value(text):
    with pytest.raises(SpecError, match="is not of the form column=value"):
        parse_only(text)


def test_a_value_may_hold_an_equals_sign():
    assert parse_only("team = A=B") == Only("team", "A=B")


def test_an_unknown_column_and_a_unit_with_nobody_are_said(tmp_path, spec):
    extract = small(tmp_path)
    with pytest.raises(SpecError, match=r"cannot be divided by 'region': .*\(columns that do: .*area, "):
        extract_of_part(extract, spec, "region=North")
    for nobody in ("person_id", "sentence_date"):  # one report for each person would carry the ids in its name
        with pytest.raises(SpecError, match=f"cannot be divided by '{nobody}'"):
            extract_of_part(extract, spec, f"{nobody}=1")
    with pytest.raises(DataError, match="nobody in the extract belongs to area=Nowhere"):
        extract_of_part(extract, spec, "area=Nowhere")


def test_the_cohort_of_a_part_is_that_part_of_the_cohort(demo_folder):
    spec = read_spec("notebooks/specs/ete.toml")
    extract = load(demo_folder, tables=spec.tables)
    whole = build_cohort(extract, spec).frame
    part = build_cohort(extract_of_part(extract, spec, "area=Derbyshire"), spec).frame
    expected = whole[whole["area"] == "Derbyshire"].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, expected)
    assert len(part) > 5000


def test_units_add_up_to_everyone(tmp_path, spec):
    units = divide(load(write_inputs(tmp_path).parent / "extract"), spec, "area")
    assert {name: units.people(name) for name in units.names} == AREAS
    assert units.without == NOWHERE


def test_a_prepared_cohort_is_divided_by_its_own_column(tmp_path, spec):
    (tmp_path / "extract.toml").write_text(
        'source = "study"\nextract_date = 2021-12-31\nkind = "prepared cohort"\n'
        '[predicted]\nscale = "share"\npredictor = "model"\n'
    )
    rows = "".join(f"0.{number},yes,{area}\n" for number, area in enumerate(["N", "N", "S", ""], 1))
    (tmp_path / "cohort.csv").write_text(f"predicted,reconvicted,area\n{rows}")
    north = extract_of_part(load(tmp_path), spec, "area=N")
    assert ids(north, "cohort", "predicted") == [0.1, 0.2]
    assert divide(load(tmp_path), spec, "area").without == 1


def named(*rows):
    """Sentences of people: person, area, team."""
    head = "sentence_id,person_id,sentence_date,sentence_type,offence_code,supervision_start,area,team\n"
    return head + "".join(
        f"S{number},{person},2019-01-01,community order,00801,2019-01-01,{area},{team}\n"
        for number, (person, area, team) in enumerate(rows)
    )


def wider(folder, column, *rows, threshold=1):
    people = "person_id,date_of_birth,sex\n" + "".join(f"{person},1990-01-01,male\n" for person, _, _ in rows)
    spec = replace(read_spec(write_inputs(folder / "spec")), threshold=threshold)
    found = divide(load(write_extract(folder, people=people, sentences=named(*rows))), spec, column).wider
    return {unit: {name: many for name, many in within.items() if name.startswith(("area", "team")) or not name}
            for unit, within in found.items()}  # fmt: skip


TEAMS = [("P1", "North", "A"), ("P2", "North", "A"), ("P3", "North", "B"), ("P4", "South", "C"), ("P5", "South", "C")]


def test_a_team_lies_in_an_area_where_all_its_people_do(tmp_path):
    nested = {"A": {"": 3, "area=North": 2}, "B": {"": 3, "area=North": 2}, "C": {"": 3, "area=South": 1}}
    assert wider(tmp_path / "nested", "team", *TEAMS) == nested
    # The area of one team is in the team as well: they are the same people.
    assert wider(tmp_path / "areas", "area", *TEAMS) == {"North": {"": 2}, "South": {"": 2, "team=C": 1}}
    spread = [*TEAMS, ("P6", "South", "A")]
    assert wider(tmp_path / "spread", "team", *spread)["A"] == {"": 3}
    nowhere = [*TEAMS, ("P6", "", "A")]
    assert wider(tmp_path / "nowhere", "team", *nowhere)["A"] == {"": 3}


@pytest.mark.parametrize(("threshold", "teams"), [(1, 2), (2, 1)])
def test_teams_that_are_too_small_for_a_report_are_not_counted(tmp_path, threshold, teams):
    found = wider(tmp_path, "team", *TEAMS, threshold=threshold)
    assert found["A"] == {"": teams + 1, "area=North": teams}


def test_the_report_of_a_part_is_placed_in_what_it_lies_in(tmp_path, spec):
    with_teams = load(write_extract(tmp_path, sentences=named(("P1", "North", "A"), ("P2", "North", "A"))))
    plan_publication((), Beside("team=A"))
    before = start_publication(10)
    extract_of_part(with_teams, spec, "team=A")
    assert before.beside.within["area=North"] == 0  # of two people: too few for a report
    plan_publication((), Beside("team=A"))
    assert start_publication(10).beside.within == before.beside.within
    plan_publication((), Beside("area=North"))
    assert start_publication(10).beside.within == {}
    plan_publication(())
    end_publication()
