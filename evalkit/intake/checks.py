"""Every fault of every row, found set by set in the engine; nothing is repaired and nothing dropped in silence.

A rule is a phrase that follows the value: "is before referral_date". What it says of one row in particular comes after
a colon ("is before referral_date: 2020-03-01"), so that rows can be counted by the part before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from evalkit.intake.declare import EARLIEST_DATE, Column, Kind, Reference
from evalkit.intake.engine import first_row, identifier, literal
from evalkit.intake.pseudonyms import PERSONAL, source_name
from evalkit.intake.settings import Settings
from evalkit.intake.stage import ROW, Staged, converted, text_name

MISSING = "missing, but required"
REPEATED = "repeats an earlier row exactly, which is used"
CONFLICTING = "names rows that differ, so that none is used"
LINE_BREAK = "holds a line break (a quotation mark may be open)"

_UNREADABLE: dict[Kind, str] = {
    "whole": "is not a whole number",
    "number": "is not a number",
    "yes/no": "is not yes or no",
}


@dataclass(frozen=True)
class Rule:
    """One rule about one column: the SQL condition under which a row breaks it, and what to say then.

    phrase     : the rule in words
    particular : SQL text appended after a colon; empty if there is nothing particular to say
    """

    column: str
    broken_when: str
    phrase: str
    particular: str = ""


def check(connection: Any, staged: Staged, settings: Settings, parents: tuple[Reference, ...]) -> None:
    """Write every fault of a staged table into the engine's table `faults` (row, position, column, value, rule).

    parents : the references whose table the extract holds, already loaded
    """
    connection.execute(
        'CREATE OR REPLACE TABLE faults ("row" BIGINT, "position" BIGINT, "column" VARCHAR, "value" VARCHAR, '
        "rule VARCHAR)"
    )
    rules = [*_column_rules(staged, settings), *_row_rules(staged), *_parent_rules(staged, parents)]
    rows = _joined(staged, parents)
    counts = ", ".join(f"count_if({rule.broken_when})" for rule in rules)
    broken = first_row(connection, f"SELECT {counts} FROM {rows}")
    for rule, count in zip(rules, broken, strict=True):
        if count:
            connection.execute(f"INSERT INTO faults {_fault_query(staged, rule)} FROM {rows} WHERE {rule.broken_when}")
    _check_duplicates(connection, staged)


def _fault_query(staged: Staged, rule: Rule) -> str:
    column = next(column for column in staged.table.columns if column.name == rule.column)
    written = f"(SELECT {identifier(column.name)} FROM {staged.written} AS w WHERE w.{ROW} = s.{ROW})"
    said = literal(rule.phrase) + (f" || ': ' || {rule.particular}" if rule.particular else "")
    position = staged.table.names.index(column.name)
    return f"SELECT s.{ROW}, {position}, {literal(staged.supplied[column.name])}, coalesce({written}, ''), {said}"


def _joined(staged: Staged, parents: tuple[Reference, ...]) -> str:
    joins = "".join(
        f" LEFT JOIN {known_name(parent.table)} {_alias(parent)} ON s.{identifier(parent.column)} = {_alias(parent)}.id"
        for parent in parents
    )
    return f"{staged.name} s{joins}"


def known_name(table: str) -> str:
    """Quoted name of the view of all rows known of a table, rejected ones too: id, person_id, born, used."""
    return identifier(f"known:{table}")


def rejected_name(table: str) -> str:
    """Quoted name of the table of keys of which every row was rejected: id."""
    return identifier(f"rejected:{table}")


def _alias(parent: Reference) -> str:
    return f"of_{parent.table}"


def _column_rules(staged: Staged, settings: Settings) -> Iterator[Rule]:
    for column in staged.table.columns:
        if column.name not in staged.supplied:
            continue
        value = f"s.{identifier(column.name)}"
        unread = f"s.{text_name(column.name)}" if converted(column) else "NULL"
        if column.required or column.name == staged.table.key:
            yield Rule(column.name, f"{value} IS NULL AND {unread} IS NULL", MISSING)
        if converted(column):
            yield Rule(column.name, f"{unread} IS NOT NULL", _unreadable(column, settings))
        if column.pattern:
            full_match = f"regexp_full_match({value}, {literal(column.pattern)})"
            yield Rule(column.name, f"NOT {full_match}", f"is not {column.pattern_meaning}")
        if staged.line_breaks and column.kind == "code" and not converted(column):
            yield Rule(column.name, f"contains({value}, chr(10))", LINE_BREAK)
        yield from _range_rules(column, value, settings)


def _unreadable(column: Column, settings: Settings) -> str:
    if column.name in PERSONAL:
        return LINE_BREAK
    if column.allowed:
        return f"is not an allowed code ({', '.join(column.allowed)})"
    if column.kind == "date":
        expected = "an Excel date" if settings.date_format == "Excel" else settings.date_format
        return f"is not a date (expected {expected})"
    return _UNREADABLE.get(column.kind, "is not a number")


def _range_rules(column: Column, value: str, settings: Settings) -> Iterator[Rule]:
    if column.kind == "date":
        yield Rule(column.name, f"{value} < DATE '{EARLIEST_DATE}'", f"is before {EARLIEST_DATE}")
        extract_date = settings.extract_date
        yield Rule(column.name, f"{value} > DATE '{extract_date}'", f"is after the extract date {extract_date}")
    if column.kind == "probability":
        high = "100 (declared: per cent)" if settings.predicted_scale == "per cent" else "1 (declared: share)"
        yield Rule(column.name, f"{value} <= 0 OR {value} >= 1", f"is not above 0 and below {high}")
    if column.low is not None:
        yield Rule(column.name, f"{value} < {column.low}", f"is below {column.low}, the lowest value accepted")
    if column.high is not None:
        yield Rule(column.name, f"{value} > {column.high}", f"is above {column.high}, the highest value accepted")


def _row_rules(staged: Staged) -> Iterator[Rule]:
    pairs = {pair for chain in staged.table.ordered_dates for pair in combinations(chain, 2)}
    for earlier, later in sorted(pairs):
        if earlier in staged.supplied and later in staged.supplied:
            first, second = f"s.{identifier(earlier)}", f"s.{identifier(later)}"
            yield Rule(later, f"{second} < {first}", f"is before {earlier}", f"strftime({first}, '%Y-%m-%d')")
    for agreement in staged.table.agreements:
        if agreement.column in staged.supplied:
            yield Rule(agreement.column, agreement.broken_when, agreement.rule)


def _parent_rules(staged: Staged, parents: tuple[Reference, ...]) -> Iterator[Rule]:
    for parent in parents:
        alias, value = _alias(parent), f"s.{identifier(parent.column)}"
        noun = "person" if parent.table == "people" else parent.table.removesuffix("s")
        yield Rule(parent.column, f"{alias}.used = false", f"names a {noun} rejected in {parent.table}")
        yield Rule(
            parent.column,
            f"{value} IS NOT NULL AND {alias}.id IS NULL",
            f"names an unknown {noun}, not in {parent.table}",
        )
        if parent.table == "people":
            yield from _birth_rules(staged, alias)
        else:
            other = f"{alias}.person_id <> s.person_id"
            yield Rule(
                parent.column, other, f"belongs to another person in {parent.table}", source_name(f"{alias}.person_id")
            )


def _birth_rules(staged: Staged, people: str) -> Iterator[Rule]:
    for column in staged.table.columns:
        if column.kind == "date" and column.name in staged.supplied:
            early = f"s.{identifier(column.name)} <= {people}.born"
            yield Rule(
                column.name, early, "is not after the person's date_of_birth", f"strftime({people}.born, '%Y-%m-%d')"
            )


def _check_duplicates(connection: Any, staged: Staged) -> None:
    """Of rows that share a key, identical copies of the first are rejected; rows that differ are rejected all."""
    key = staged.table.key
    if key not in staged.supplied:
        return
    quoted = identifier(key)
    written = f"(SELECT {quoted} FROM {staged.written} AS w WHERE w.{ROW} = number)"
    content = ", ".join(f"s.{identifier(name)}" for name in staged.table.names)
    connection.execute(
        f"""
        INSERT INTO faults
        WITH repeated AS (
            SELECT {quoted} FROM {staged.name} WHERE {quoted} IS NOT NULL GROUP BY {quoted} HAVING count(*) > 1
        ),
        copies AS (
            SELECT s.{ROW} AS number, s.{quoted} AS name, row({content}) AS content
            FROM {staged.name} s SEMI JOIN repeated ON s.{quoted} = repeated.{quoted}
        ),
        sets AS (
            SELECT name, min(number) AS first, count(DISTINCT content) AS versions,
                   array_to_string(list(number ORDER BY number)[:5], ', ') AS numbers
            FROM copies GROUP BY name
        )
        SELECT number, {staged.table.names.index(key)}, {literal(staged.supplied[key])}, {written},
               CASE WHEN versions = 1 THEN {literal(f"{REPEATED}: row ")} || first
                    ELSE {literal(f"{CONFLICTING}: rows ")} || numbers END
        FROM copies JOIN sets USING (name) WHERE versions > 1 OR number <> first
        """
    )
