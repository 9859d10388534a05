"""What comes in: files checked against declared tables, with every rejected row accounted for.

Names are loaded when they are first used: whoever only looks up identifiers needs no table.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalkit.intake.dictionary import data_dictionary
    from evalkit.intake.engine import to_pandas
    from evalkit.intake.extract import Extract, load
    from evalkit.intake.rejections import describe, write_rejected
    from evalkit.intake.settings import Settings
    from evalkit.intake.tables import TABLES

__all__ = ["TABLES", "Extract", "Settings", "data_dictionary", "describe", "load", "to_pandas", "write_rejected"]

_HOME = {
    "data_dictionary": "dictionary",
    "to_pandas": "engine",
    "Extract": "extract",
    "load": "extract",
    "describe": "rejections",
    "write_rejected": "rejections",
    "Settings": "settings",
    "TABLES": "tables",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'evalkit.intake' has no attribute '{name}'")
    value = getattr(importlib.import_module(f"evalkit.intake.{_HOME[name]}"), name)
    globals()[name] = value
    return value
