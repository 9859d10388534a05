"""An extract, from files to checked tables: what was read, used and rejected, and where it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd

from evalkit.errors import DataError
from evalkit.intake.checks import check, known_name, rejected_name
from evalkit.intake.declare import Kind, Table
from evalkit.intake.engine import connect, first_row, identifier, lazy
from evalkit.intake.files import Fingerprint, RawTable, fingerprint
from evalkit.intake.kept import Checked, Kept
from evalkit.intake.notes import blank_rows_note, notes_on
from evalkit.intake.prepared import prepared_cohort
from evalkit.intake.pseudonyms import Pseudonyms, evaluation_key
from evalkit.intake.settings import Settings, nearest, read_settings
from evalkit.intake.sources import Source, Sources, find_sources, settings_path
from evalkit.intake.stage import ROW, Staged, all_numbers, forget_raw, stage, text_name
from evalkit.intake.tables import TABLES

REJECTED_COLUMNS = ("table", "file", "row", "column", "value", "rule")


@dataclass(frozen=True, repr=False)
class Extract:
    """The checked tables of an extract.

    tables     : name -> narwhals frame of the rows used, every declared column there (missing if not supplied)
    rejected   : one line per fault: table, file, row, column, value, rule
    summary    : one line per table: table, file, read, used, rejected; read = used + rejected
    provenance : source, extract_date, synthetic, evalkit (version), files (name -> sha256, bytes, rows),
                 settings (sha256, bytes), ignored_columns (file -> names)
    notes      : sentences on what was passed over without being wrong
    """

    tables: Mapping[str, nw.LazyFrame[Any]]
    rejected: pd.DataFrame
    summary: pd.DataFrame
    provenance: Mapping[str, Any]
    settings: Settings
    notes: tuple[str, ...] = ()

    def table(self, name: str) -> nw.LazyFrame[Any]:
        """One table. Raises DataError where the extract lacks it."""
        if name in self.tables:
            return self.tables[name]
        known = self.settings.tables()
        if name not in known:
            raise DataError(f"{name} is not a table of evalkit{nearest(name, known)}")
        held = ", ".join(self.tables)
        raise DataError(f"the extract has no table {name}, which is needed here (it has: {held}); add {name}.csv")

    def __repr__(self) -> str:
        counts = self.summary.to_string(index=False)
        return f"Extract of {self.settings.extract_date} from {self.settings.source}\n{counts}"

    def _repr_html_(self) -> str:
        return str(self.summary.to_html(index=False))


@dataclass
class _Loading:
    """What has been gathered while tables are loaded, parents first."""

    settings: Settings
    pseudonyms: Pseudonyms
    files: Mapping[Path, Fingerprint]
    connection: Any = field(default_factory=connect)
    present: set[str] = field(default_factory=set)
    rejected: list[pd.DataFrame] = field(default_factory=list)
    summary: list[dict[str, Any]] = field(default_factory=list)
    ignored: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def load(path: str | Path, *, tables: Sequence[str] | None = None) -> Extract:
    """Read an extract and check every row of it.

    path   : a folder with one file per table (people.csv, sentences.xlsx, jobs.parquet, ...) and extract.toml, or an
             Excel workbook with one sheet per table and extract.toml beside it
    tables : the tables wanted, if the others need not be read; required tables, and those the wanted ones refer to,
             are read as well

    Rows at fault are left out of the tables and listed in `rejected`, as the source has them. In the tables people,
    advisors and volunteers have pseudonyms; the table people is in the order of the source's identifiers.
    Raises DataError where the extract as a whole cannot be read: a file, column, setting or key missing or wrong.
    """
    path = Path(path)
    settings = read_settings(settings_path(path))
    sources = find_sources(path, settings.tables())
    key = evaluation_key(settings_path(path).parent)
    _require_tables(sources.found, settings)
    names = settings.tables() if tables is None else _with_parents(tables, settings)
    wanted = [sources.found[name] for name in settings.tables() if name in sources.found and name in names]
    files = {file: fingerprint(file) for file in [settings_path(path), *(source.path for source in wanted)]}
    kept = Kept(settings_path(path).parent, _identity(sources, wanted, files, key))
    checked = kept.read()
    if checked is None:
        loading = _Loading(settings, Pseudonyms(key), files, notes=list(sources.notes))
        checked = _checked(loading, wanted, path)
        if files == {file: fingerprint(file) for file in files}:  # none changed while it was being read
            kept.keep(checked, loading.connection)
    return Extract(settings=settings, **vars(checked))


def _identity(
    sources: Sources, wanted: Sequence[Source], files: Mapping[Path, Fingerprint], key: bytes
) -> dict[str, Any]:
    """What decides what an extract comes to, beside the code that reads it."""
    return {
        "key": hashlib.sha256(key).hexdigest(),
        "files": [found.sha256 for found in files.values()],
        "tables": {source.table: source.place for source in wanted},
        "passed over": list(sources.notes),
    }


def _checked(loading: _Loading, wanted: list[Source], path: Path) -> Checked:
    for source, raw in _read_ahead(wanted, loading.settings):
        _load_table(loading, source, raw)
    loading.connection.execute("DROP TABLE faults")
    present = [name for name in loading.settings.tables() if name in loading.present]
    return Checked(
        tables={name: lazy(loading.connection, identifier(name)) for name in present},
        rejected=pd.concat(loading.rejected, ignore_index=True),
        summary=pd.DataFrame(loading.summary),
        provenance=_provenance(path, loading, {source.table: source for source in wanted}),
        notes=tuple(loading.notes),
    )


def _with_parents(tables: Sequence[str], settings: Settings) -> set[str]:
    """The tables named, those required, and those that any of them refers to."""
    known = settings.tables()
    for name in tables:
        if name not in known:
            raise DataError(f"{name} is not a table of evalkit{nearest(name, known)}")
    named = {*tables, *(name for name, table in known.items() if table.required)}
    return named | {parent.table for name in named for parent in known[name].references}


def _require_tables(found: Mapping[str, Source], settings: Settings) -> None:
    for name, table in settings.tables().items():
        if (table.required or settings.prepared) and name not in found:
            raise DataError(
                f"the extract has no table {name}, but it is required: add {name}.csv (found: {', '.join(found)})"
            )


def _read_ahead(sources: list[Source], settings: Settings) -> Iterator[tuple[Source, RawTable]]:
    """Each source with its raw table; the next is read while the caller still checks the one before."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        reading = [reader.submit(source.read, settings) for source in sources[:1]]
        for source, following in zip_longest(sources, sources[1:]):
            raw = reading.pop().result()
            if following:
                reading.append(reader.submit(following.read, settings))
            yield source, raw


def _load_table(loading: _Loading, source: Source, raw: RawTable) -> None:
    connection, settings = loading.connection, loading.settings
    table = _cohort_table(connection, raw, settings) if settings.prepared else TABLES[source.table]
    staged = stage(connection, raw, table, settings, loading.pseudonyms)
    (filled,) = first_row(connection, f"SELECT count(*) FROM {staged.name}")
    read = filled + len(raw.malformed)
    if not read:
        raise DataError(f"{raw.place} is empty: a header but no rows")
    parents = tuple(parent for parent in table.references if parent.table in loading.present)
    with loading.pseudonyms.undone(connection):
        check(connection, staged, settings, parents)
    forget_raw(connection, staged)
    loading.notes += notes_on(connection, staged, settings, absent=TABLES.keys() - loading.present)
    loading.notes += blank_rows_note(raw.place, len(raw.cells) - filled)
    faults = _faults(connection, source, raw)
    loading.rejected.append(faults)
    loading.summary.append(_balance(table.name, source, read, _keep_used_rows(connection, staged), faults))
    if staged.ignored:
        loading.ignored[source.place] = list(staged.ignored)
    loading.present.add(table.name)


def _balance(table: str, source: Source, read: int, used: int, faults: pd.DataFrame) -> dict[str, Any]:
    rejected = faults["row"].nunique()
    if read != used + rejected:
        raise AssertionError(f"{source.place}: {read} rows read, but {used} used and {rejected} rejected")
    return {"table": table, "file": source.place, "read": read, "used": used, "rejected": rejected}


def _cohort_table(connection: Any, raw: RawTable, settings: Settings) -> Table:
    kinds: dict[str, Kind] = {}
    for name in settings.covariates:
        theirs = settings.columns.get("cohort", {}).get(name, name)
        if theirs not in raw.header:
            raise DataError(
                f"{raw.place} has no column {theirs}, which extract.toml lists under prepared.covariates"
                f"{nearest(theirs, raw.header)}"
            )
        kinds[name] = "number" if all_numbers(connection, raw, theirs) else "code"
    return prepared_cohort(settings.groups, kinds, horizon_days=settings.horizon_days)


def _faults(connection: Any, source: Source, raw: RawTable) -> pd.DataFrame:
    found = connection.execute('SELECT "row", "column", "value", rule FROM faults ORDER BY "position", rule').df()
    malformed = pd.DataFrame(
        {
            "row": pd.Series([row for row, _, _ in raw.malformed], dtype="int64"),
            "column": pd.Series("", index=range(len(raw.malformed)), dtype="str"),
            "value": pd.Series([text for _, text, _ in raw.malformed], dtype="str"),
            "rule": pd.Series([rule for _, _, rule in raw.malformed], dtype="str"),
        }
    )
    both = pd.concat([found.astype(malformed.dtypes.to_dict()), malformed], ignore_index=True)
    both = both.sort_values("row", kind="stable", ignore_index=True)
    return both.assign(table=source.table, file=source.place).astype({"table": "str", "file": "str"})[
        list(REJECTED_COLUMNS)
    ]


def _keep_used_rows(connection: Any, staged: Staged) -> int:
    """Turn the staged table into the table of used rows, and return how many there are; rejected keys stay known."""
    table, name = staged.table, identifier(staged.table.name)
    known = bool(table.key) and any(other.refers_to(table.name) for other in TABLES.values())
    if known:
        _remember_rejected(connection, staged)
    connection.execute(f'DELETE FROM {staged.name} WHERE {ROW} IN (SELECT "row" FROM faults)')
    for column in (*(text_name(text) for text in staged.texts), ROW):
        connection.execute(f"ALTER TABLE {staged.name} DROP COLUMN {column}")
    connection.execute(f"ALTER TABLE {staged.name} RENAME TO {name}")
    if known:
        _make_known(connection, table)
    return int(first_row(connection, f"SELECT count(*) FROM {name}")[0])


def _remember_rejected(connection: Any, staged: Staged) -> None:
    """Keep the keys of which no row is used."""
    key = identifier(staged.table.key)
    rejected = f'{ROW} IN (SELECT "row" FROM faults)'
    connection.execute(
        f"CREATE TABLE {rejected_name(staged.table.name)} AS SELECT {key} AS id FROM {staged.name} "
        f"WHERE {key} IN (SELECT {key} FROM {staged.name} WHERE {rejected}) GROUP BY {key} HAVING bool_and({rejected})"
    )


def _make_known(connection: Any, table: Table) -> None:
    born = "date_of_birth" if table.name == "people" else "CAST(NULL AS DATE)"
    connection.execute(
        f"CREATE VIEW {known_name(table.name)} AS "
        f"SELECT {identifier(table.key)} AS id, person_id, {born} AS born, true AS used FROM {identifier(table.name)} "
        f"UNION ALL SELECT id, NULL, NULL, false FROM {rejected_name(table.name)}"
    )


def _provenance(path: Path, loading: _Loading, sources: Mapping[str, Source]) -> dict[str, Any]:
    settings = loading.settings
    read = {line["table"]: line["read"] for line in loading.summary}
    files: dict[str, dict[str, Any]] = {}
    for file in sorted({source.path for source in sources.values()}):
        rows = sum(read[name] for name, source in sources.items() if source.path == file)
        files[file.name] = _described(loading.files[file]) | {"rows": rows}
    return {
        "source": settings.source,
        "extract_date": settings.extract_date.isoformat(),
        "synthetic": settings.synthetic,
        "evalkit": version("evalkit"),
        "files": files,
        "settings": _described(loading.files[settings_path(path)]),
        "ignored_columns": loading.ignored,
    }


def _described(found: Fingerprint) -> dict[str, Any]:
    return {"sha256": found.sha256, "bytes": found.bytes}
