"""extract.toml: what the data cannot say of themselves, declared once and never guessed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

from evalkit.errors import DataError
from evalkit.intake.declare import Column, Table
from evalkit.intake.prepared import COHORT_COLUMNS
from evalkit.intake.tables import TABLES

CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "kind": ("extract", "prepared cohort"),
        "date_format": ("YYYY-MM-DD", "DD/MM/YYYY", "Excel"),
        "encoding": ("utf-8", "windows-1252"),
        "separator": (",", ";"),
        "outcome": ("reconviction", "proven_reoffence"),
        "scale": ("share", "per cent"),
    }
)
"""Every setting that is one of a list; the first is the default, except that `scale` has none."""

_SECTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "": (
            *("source", "extract_date", "kind", "date_format", "encoding", "separator", "outcome", "settling_days"),
            *("synthetic", "predicted", "prepared", "columns", "codes"),
        ),
        "predicted": ("scale", "predictor", "horizon_days"),
        "prepared": ("groups", "covariates"),
    }
)


@dataclass(frozen=True)
class Settings:
    """What extract.toml declares.

    predicted_scale : "share", "per cent", or None if no score is supplied
    horizon_days    : days over which a supplied score predicts
    columns         : table -> our column name -> the name in the file
    codes           : table -> column -> code in the file -> our code ("" for missing)
    """

    source: str
    extract_date: date
    kind: str = "extract"
    date_format: str = "YYYY-MM-DD"
    encoding: str = "utf-8"
    separator: str = ","
    outcome: str = "reconviction"
    settling_days: int = 30
    synthetic: bool = False
    predicted_scale: str | None = None
    predictor: str = ""
    horizon_days: int = 365
    groups: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)

    def tables(self) -> Mapping[str, Table]:
        """The tables this extract may hold; a prepared cohort's covariates are not yet typed."""
        return {"cohort": Table("cohort", "person", _cohort_columns(self))} if self.prepared else TABLES

    @property
    def prepared(self) -> bool:
        """Whether this is a prepared cohort, one row per person."""
        return self.kind == "prepared cohort"


def read_settings(path: Path) -> Settings:
    """Read extract.toml; every name is checked against those known.

    Raises DataError where the file is missing or malformed, a name unknown, a value missing or not allowed.
    """
    declared = _parse(path)
    _refuse_unknown(declared, _SECTIONS[""], "")
    predicted, prepared = (_section(declared, name) for name in ("predicted", "prepared"))
    scale = _choice(predicted, "scale", "predicted.") if "scale" in predicted else None
    settings = Settings(
        source=_value(declared, "source", str, required=True),
        extract_date=_date(declared),
        **{name: _choice(declared, name) for name in ("kind", "date_format", "encoding", "separator", "outcome")},
        settling_days=_value(declared, "settling_days", int, default=30),
        synthetic=_value(declared, "synthetic", bool, default=False),
        predicted_scale=scale,
        predictor=_value(predicted, "predictor", str, default="", section="predicted."),
        horizon_days=_value(predicted, "horizon_days", int, default=365, section="predicted."),
        groups=_names(prepared, "groups"),
        covariates=_names(prepared, "covariates"),
        columns=_mapping(declared, "columns"),
        codes=_mapping(declared, "codes"),
    )
    _check_prepared(settings, prepared)
    _check_mappings(settings)
    return settings


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint, `; did you mean ...?`, or nothing if no known name is near."""
    matches = get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f"; did you mean {matches[0]}?" if matches else ""


def _parse(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataError(f"extract.toml is missing: expected {path}, with at least source and extract_date")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError(f"extract.toml is not UTF-8 (byte {error.start + 1}); save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"extract.toml cannot be read: {error}") from error


def _refuse_unknown(declared: Mapping[str, Any], known: Iterable[str], section: str) -> None:
    for name in declared:
        if name not in known:
            raise DataError(f"extract.toml: {section}{name} is not a known name{nearest(name, known)}")


def _section(declared: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = _value(declared, name, dict, default={})
    _refuse_unknown(section, _SECTIONS[name], f"{name}.")
    return section


def _value(
    declared: Mapping[str, Any],
    name: str,
    kind: type,
    *,
    default: Any = None,
    required: bool = False,
    section: str = "",
) -> Any:
    words = {str: "text", int: "a whole number", bool: "true or false", dict: "a section", list: "a list"}
    if name not in declared:
        if required:
            raise DataError(f"extract.toml: {section}{name} is missing, but required")
        return default
    value = declared[name]
    if type(value) is not kind:
        raise DataError(f"extract.toml: {section}{name} = {value!r} is not {words[kind]}")
    if isinstance(value, int) and value < 0:
        raise DataError(f"extract.toml: {section}{name} = {value} is below 0")
    if required and not str(value).strip():
        raise DataError(f"extract.toml: {section}{name} is blank, but required")
    return value


def _choice(declared: Mapping[str, Any], name: str, section: str = "") -> str:
    value = _value(declared, name, str, default=CHOICES[name][0], section=section)
    if value not in CHOICES[name]:
        allowed = ", ".join(f'"{choice}"' for choice in CHOICES[name])
        raise DataError(f'extract.toml: {section}{name} = "{value}" is not one of {allowed}')
    return str(value)


def _date(declared: Mapping[str, Any]) -> date:
    value = declared.get("extract_date")
    if value is None:
        raise DataError("extract.toml: extract_date is missing, but required")
    try:
        if isinstance(value, str):
            return date.fromisoformat(value)
    except ValueError as error:
        raise DataError(f"extract.toml: extract_date = '{value}' is not a date (expected YYYY-MM-DD)") from error
    if isinstance(value, datetime) or not isinstance(value, date):
        raise DataError(f"extract.toml: extract_date = {value} is not a date (expected YYYY-MM-DD)")
    return value


def _names(prepared: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = _value(prepared, name, list, default=[], section="prepared.")
    if not all(isinstance(value, str) and value.strip() for value in values):
        raise DataError(f"extract.toml: prepared.{name} = {values!r} is not a list of column names")
    return tuple(values)


def _mapping(declared: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The [columns.*] or [codes.*.*] sections, with text at the leaves."""
    tables: Mapping[str, Any] = _value(declared, name, dict, default={})
    for table, columns in tables.items():
        leaves = _value(tables, table, dict, section=f"{name}.")
        if name == "codes":
            leaves = {
                f"{column}.{code}": ours
                for column in columns
                for code, ours in _value(columns, column, dict, section=f"codes.{table}.").items()
            }
        for leaf in leaves:
            _value(leaves, leaf, str, section=f"{name}.{table}.")
    return tables


def _check_prepared(settings: Settings, prepared: Mapping[str, Any]) -> None:
    if prepared and not settings.prepared:
        raise DataError('extract.toml: [prepared] needs kind = "prepared cohort"')
    names = [column.name.lower() for column in _cohort_columns(settings)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"extract.toml: prepared cohort names the column {', '.join(twice)} twice")


def _cohort_columns(settings: Settings) -> tuple[Column, ...]:
    extra = (Column(name, "code", "") for name in (*settings.groups, *settings.covariates))
    return (*COHORT_COLUMNS, *extra)


def _check_mappings(settings: Settings) -> None:
    known = settings.tables()
    for section, mapping in (("columns", settings.columns), ("codes", settings.codes)):
        _refuse_unknown(mapping, known, f"{section}.")
        for table, columns in mapping.items():
            _refuse_unknown(columns, known[table].names, f"{section}.{table}.")
    for table, columns in settings.codes.items():
        for column in known[table].columns:
            _check_codes(table, column, columns.get(column.name, {}))


def _check_codes(table: str, column: Column, codes: Mapping[str, str]) -> None:
    for theirs, ours in codes.items():
        if column.allowed and ours and ours not in column.allowed:
            allowed = ", ".join(column.allowed)
            raise DataError(
                f"extract.toml: codes.{table}.{column.name}: '{theirs}' stands for '{ours}', "
                f"which is not an allowed code ({allowed})"
            )
