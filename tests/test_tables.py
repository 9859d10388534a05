"""The declarations agree with themselves, and the data dictionary with them."""

import re

import pytest

from evalkit.intake import TABLES, data_dictionary
from evalkit.intake.declare import KINDS
from evalkit.intake.prepared import prepared_cohort

DESIGN = {
    "people": "person_id* date_of_birth* sex* ethnicity disability religion sexual_orientation nationality",
    "sentences": "sentence_id* person_id* sentence_date* sentence_type* offence_code* offence_date supervision_start "
    "area team prison total_sanctions age_at_first_sanction total_violent_sanctions ogrs3_one_year",
    "referrals": "referral_id* person_id* service* pathway referral_date* start_date end_date end_reason setting area "
    "team advisor_id partner complexity",
    "courses": "person_id* referral_id subject* qualification provider start_date completion_date",
    "jobs": "person_id* referral_id sector* start_date* end_date confirmed_13_weeks",
    "progress": "person_id* referral_id stage* date*",
    "releases": "release_id* person_id* prison reception_date screening_date plan_date plan_reviewed_date "
    "release_date* complexity in_reach met_at_gate first_appointment_date accommodation_first_night "
    "accommodation_3_months employed_6_weeks employed_6_months bank_account benefit_claim_date recall_date",
    "needs": "person_id* referral_id release_id pathway* identified_date addressed_date outcome",
    "measures": "person_id* referral_id instrument* domain* stage* date score*",
    "volunteers": "volunteer_id* trained_date employed_date role",
    "interviews": "interview_id* role theme* coder excerpt",
}

ALL = {**TABLES, "cohort": prepared_cohort(("took_up",), {"age": "number"})}


def test_every_designed_table_and_column_is_declared_in_order():
    declared = {
        table.name: " ".join(column.name + "*" * column.required for column in table.columns)
        for table in TABLES.values()
    }
    assert declared == DESIGN
    assert [table.name for table in TABLES.values() if table.required] == ["people", "sentences"]


@pytest.mark.parametrize("table", ALL.values(), ids=ALL)
def test_what_a_table_declares_names_its_own_columns(table):
    used = {name for chain in table.ordered_dates for name in chain}
    used |= {reference.column for reference in table.references} | {rule.column for rule in table.agreements}
    assert used | ({table.key} if table.key else set()) <= set(table.names)
    assert len({name.lower() for name in table.names}) == len(table.names)
    dates = {column.name for column in table.columns if column.kind == "date"}
    assert {name for chain in table.ordered_dates for name in chain} <= dates
    for column in table.columns:
        assert column.kind in KINDS
        assert column.meaning and not (column.pattern and not column.pattern_meaning)
        # Codes are matched in any case, so none may differ from another by case alone.
        assert len({code.lower() for code in column.allowed}) == len(column.allowed)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_references_are_to_keys_of_tables_loaded_before(table):
    order = list(TABLES)
    for reference in table.references:
        assert order.index(reference.table) < order.index(table.name)
        assert TABLES[reference.table].key == reference.column


def test_data_dictionary_has_every_table_and_column():
    sections = re.split(r"^### ", data_dictionary(), flags=re.MULTILINE)[1:]
    written = {
        section.split("\n")[0]: re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE) for section in sections
    }
    plain_cohort = prepared_cohort((), {})
    assert written == {table.name: list(table.names) for table in (*TABLES.values(), plain_cohort)}


def test_data_dictionary_says_what_is_required_allowed_and_in_order():
    text = data_dictionary()
    assert "| `sex` | yes | code | sex, as recorded for sentencing | male, female |" in text
    assert "| `total_sanctions` |  | whole | sanctions to date, this one included | 1 to 999; sanctions |" in text
    assert "- In order: `referral_date` ≤ `start_date` ≤ `end_date`." in text
    assert "- `referral_id`, where filled, is in `referrals`." in text
