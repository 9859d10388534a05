"""Pseudonyms: who a row is about, under a name that only the holder of the evaluation's key can make again.

Tables hold pseudonyms from the moment they are loaded. What is counted may not depend on the key, so nothing is ordered
by a pseudonym: the table people is held in the order of the identifiers that the source gave.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from evalkit.errors import DataError

PERSONAL: Mapping[str, str] = MappingProxyType(
    {"person_id": "person", "advisor_id": "advisor", "volunteer_id": "volunteer"}
)
"""Columns that name a person -> the kind of person; one identifier in two kinds has two pseudonyms."""

PREFIX, DIGITS = "p_", 16
"""64 bits: that two of a million people share a pseudonym is less likely than one in ten million.

If they did, their rows would be rejected as those of one person, and not be mixed up in silence.
"""

KEY_FILE, KEY_VARIABLE = ".evalkit-key", "EVALKIT_KEY"
_KEY = re.compile(r"[0-9a-f]{64}")
_BLOCK_BYTES = 64
_PERSONS = "persons"


class Pseudonyms:
    """Makes pseudonyms under one key (HMAC-SHA256), each once, however many rows and tables it stands in."""

    def __init__(self, key: bytes) -> None:
        block = (key if len(key) <= _BLOCK_BYTES else hashlib.sha256(key).digest()).ljust(_BLOCK_BYTES, b"\0")
        self._inner, self._outer = (hashlib.sha256(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))
        self._known: dict[str, tuple[Any, Any]] = {}

    def of(self, column: str, identifiers: Any, codes: Mapping[str, str] | None = None) -> Any:
        """The pseudonyms of a column of identifiers, missing where these are.

        column      : one of `PERSONAL`
        identifiers : Arrow text, chunked
        codes       : identifiers that stand for another one, or ('') for none
        """
        import pyarrow as pa
        import pyarrow.compute as compute

        if codes:
            distinct = identifiers.combine_chunks().dictionary_encode()
            read = [codes.get(text, text) or None for text in distinct.dictionary.to_pylist()]
            identifiers = pa.chunked_array([pa.array(read, pa.string()).take(distinct.indices)])
        known, made = self._known.get(column, _nobody())
        place = compute.index_in(identifiers, value_set=known)
        new = identifiers.filter(compute.and_(place.is_null(), identifiers.is_valid())).unique()
        if len(new):
            known = pa.concat_arrays([known, new])
            made = pa.concat_arrays([made, self._made(PERSONAL[column], new.to_pylist())])
            self._known[column] = known, made
            place = compute.index_in(identifiers, value_set=known)
        return made.take(place)

    @contextmanager
    def undone(self, connection: Any) -> Iterator[None]:
        """While the block runs, `source_name` is understood by an engine."""
        import pyarrow as pa

        known, made = self._known.get("person_id", _nobody())
        connection.register(_PERSONS, pa.table({"identifier": known, "pseudonym": made}))
        try:
            yield
        finally:
            connection.unregister(_PERSONS)

    def _made(self, kind: str, identifiers: Sequence[str]) -> Any:
        """Arrow text, one pseudonym per identifier."""
        import pyarrow as pa

        # HMAC by its definition: for short messages the library's own takes four times as long.
        inner, outer = self._inner.copy(), self._outer
        inner.update(f"{kind}:".encode())
        digests = []
        for identifier in identifiers:
            first, second = inner.copy(), outer.copy()
            first.update(identifier.encode())
            second.update(first.digest())
            digests.append(second.digest()[: DIGITS // 2])
        digits = b"".join(digests).hex()
        return pa.array(
            [PREFIX + digits[place : place + DIGITS] for place in range(0, len(digits), DIGITS)], pa.string()
        )


def _nobody() -> tuple[Any, Any]:
    import pyarrow as pa

    return pa.array([], pa.string()), pa.array([], pa.string())


def source_name(pseudonym: str) -> str:
    """SQL for the identifier that the source has for a person, within `Pseudonyms.undone`."""
    return f"(SELECT identifier FROM {_PERSONS} WHERE pseudonym = {pseudonym})"


def numbered(rows: Any, order: Any) -> Any:
    """Rows as an Arrow table with a number in the place of each pseudonym: the same under every key.

    order : Arrow text, chunked: the pseudonyms of the people in the order in which they are numbered; advisors and
            volunteers are numbered as they appear
    """
    import pyarrow.compute as compute

    for column in [name for name in rows.column_names if name in PERSONAL]:
        held = rows.column(column)
        known = order.combine_chunks() if column == "person_id" else held.drop_null().unique()
        numbers = compute.index_in(held, value_set=known)
        rows = rows.set_column(rows.column_names.index(column), column, numbers)
    return rows


def evaluation_key(folder: Path) -> bytes:
    """The key of an evaluation: that of the environment variable EVALKIT_KEY, else that of the file in its data folder.

    folder : of the data; without a key there one is made, from the system's randomness, for its owner's eyes only

    Raises DataError where a key is not 64 hexadecimal digits, or none can be kept in the folder.
    """
    if given := os.environ.get(KEY_VARIABLE):
        return _key(given, f"the environment variable {KEY_VARIABLE}")
    path = folder / KEY_FILE
    try:
        if not path.exists():
            write_key(path, secrets.token_hex(32))
        return _key(path.read_text(encoding="ascii", errors="replace"), str(path))
    except OSError as error:
        raise DataError(
            f"the key of the pseudonyms cannot be kept in {path}: {error.strerror}. Make the data folder writable, or "
            f"give the key in the environment variable {KEY_VARIABLE} (64 hexadecimal digits, as `openssl rand -hex 32`"
            " writes them) and keep it for as long as the evaluation runs"
        ) from error


def write_key(path: Path, key: str) -> None:
    """Write a key (64 hexadecimal digits) into a file that only its owner can read; the file is there whole, or not."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(f"{key}\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _key(text: str, place: str) -> bytes:
    written = text.strip().lower()
    if not _KEY.fullmatch(written):
        raise DataError(
            f"{place} holds no key of pseudonyms: expected 64 hexadecimal digits. Put the evaluation's key back, or "
            "remove it, and a new one is made"
        )
    return bytes.fromhex(written)
