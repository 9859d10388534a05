"""References of narrative to results: filled as the tables write them, refused by name where there is nothing."""

import pandas as pd
import pytest

from evalkit.errors import DataError, SpecError
from evalkit.present import make_safe
from evalkit.present.references import references

STAGES = pd.DataFrame(
    {
        "name": ["took_up", "found_work", "kept"],
        "label": ["Took up", "Found work", "Kept"],
        "people": [13_923, 3_263, 4],
        "of": [None, 13_923, 3_263],
        "of_label": ["", "Took up", "Found work"],
        "share": [float("nan"), 0.23436, 0.001],
        "low": [float("nan"), 0.2274, 0.0],
        "high": [float("nan"), 0.2415, 0.01],
    }
)
SECTORS = pd.DataFrame({"sector": ["Retail", "Fork Lift"], "people": [20, 30], "of": [50, 50], "share": [0.4, 0.6]})
SECTORS = SECTORS.assign(low=0.1, high=0.9)


@pytest.fixture(scope="module")
def results():
    stages = make_safe(STAGES, counts=["people"], within="name")
    sectors = make_safe(SECTORS, counts=["people"])
    return references({"stages": stages, "sectors": sectors, "again": sectors}, layouts={"again": "sectors"})


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("results.took_up.people", "13,923"),
        ("results.stages.found_work.share", "23.4% (95% interval 22.7 to 24.1)"),
        ("results.sectors.fork_lift.people", "30"),
        ("results.kept.people", "a number too small to show"),
        ("results.kept.share", "a number too small to show"),
        ("results.took_up.share", "not available"),
        ("results.found_work.of_label", "Took up"),
    ],
)
def test_a_reference_is_written_as_the_table_writes_it(results, reference, text):
    assert results.text(reference, where="model.md, line 3") == text


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("took_up.people", "model.md, line 3: 'took_up.people' is not a reference: write results.ROW.COLUMN"),
        ("results.took_up", "is not a reference"),
        ("results.stagse.took_up.people", "no table 'stagse'; did you mean 'stages'? (known: stages, sectors, again)"),
        ("results.tok_up.people", "no row 'tok_up'; did you mean 'took_up'?"),
        ("results.stages.took_up.peple", "table stages has no column 'peple'; did you mean 'people'?"),
        (
            "results.retail.people",
            "in several tables: write results.sectors.retail.people, results.again.retail.people",
        ),
    ],
)
def test_a_reference_to_nothing_is_refused_with_place_and_known_names(results, reference, message):
    with pytest.raises(SpecError) as error:
        results.text(reference, where="model.md, line 3")
    assert message in str(error.value)
    assert str(error.value).startswith("model.md, line 3: ")


def test_numbers_are_those_the_tables_show(results):
    assert {"13,923", "23.4", "40.0"} <= results.numbers()
    assert "4" not in results.numbers()  # hidden


def test_where_labels_recur_the_wider_one_comes_first():
    table = pd.DataFrame({"kind": ["Area", "Area", "Setting"], "value": ["North", "none", "none"], "referred": 20})
    table = table.assign(took_up=15, share=0.75, low=0.5, high=0.9)
    results = references({"reach": make_safe(table, counts=["referred"])})
    assert results.text("results.setting_none.took_up", where="x") == "15"


def test_the_rest_of_a_group_has_an_address_of_its_own():
    rows = {"name": ["took_up", "took_up"], "complement": [False, True], "within": "", "people": [100, 200]}
    table = make_safe(pd.DataFrame({**rows, "label": ["Took up", "Did not"]}), counts=["people"], within="within")
    results = references({"reconviction": table}, layouts={"reconviction": "comparison"})
    assert results.text("results.took_up_others.people", where="x") == "200"


def test_only_safe_tables_and_known_layouts_are_taken():
    with pytest.raises(DataError, match="has not been made safe"):
        references({"stages": STAGES})
    with pytest.raises(SpecError, match="no layout 'stage'; did you mean 'stages'"):
        references({"stage": make_safe(STAGES, counts=["people"])})
