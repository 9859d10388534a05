"""What a report was made from, as checksums: the same again means the same report again."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evalkit.errors import DataError
from evalkit.spec import Spec

PACKAGE = Path(__file__).parents[1]
TEMPLATE = Path(__file__).with_name("template")
SHAPING = (
    *("duckdb", "ipykernel", "ipython", "matplotlib", "narwhals", "nbconvert", "numpy", "pandas", "papermill"),
    *("pyarrow", "scipy", "seaborn", "statsmodels"),
)
"""Libraries whose versions decide what a report looks like."""


def sha256_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_bytes(content: bytes) -> str:
    """SHA-256 of what a file holds."""
    return hashlib.sha256(content).hexdigest()


def code() -> dict[str, str]:
    """Checksums of evalkit's sources and of the page template, and the versions of what they stand on."""
    return {
        "library": _sha256_of_folder(PACKAGE, without=TEMPLATE),
        "template": _sha256_of_folder(TEMPLATE),
        "python": ".".join(map(str, sys.version_info[:3])),
        **{name: version(name) for name in SHAPING},
    }


def _sha256_of_folder(folder: Path, *, without: Path | None = None) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and without not in path.parents:
            digest.update(f"{path.relative_to(folder).as_posix()}\0{sha256_of(path)}\n".encode())
    return digest.hexdigest()


def inputs(data: Path) -> dict[str, str]:
    """File -> SHA-256 of an extract: all files of a folder, or a workbook and the extract.toml beside it.

    Raises DataError where there is nothing.
    """
    if not data.exists():
        raise DataError(f"there is no extract at {data}")
    files = data.iterdir() if data.is_dir() else [data, data.with_name("extract.toml")]
    shown = sorted(path for path in files if path.is_file() and not path.name.startswith("."))
    return {path.name: sha256_of(path) for path in shown}


def made_from(spec: Spec, parameters: Mapping[str, Any], code: Mapping[str, str], rows: str) -> dict[str, Any]:
    """All that decides a report: notebook, specification, published figures, code, parameters and its own rows."""
    published = spec.path.parent / spec.published.file if spec.published else None
    return {
        "notebook": sha256_of(spec.notebook),
        "specification": sha256_of(spec.path),
        "published": sha256_of(published) if published and published.exists() else "",
        "code": dict(code),
        "parameters": dict(parameters),
        "rows": rows,
    }
