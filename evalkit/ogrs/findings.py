"""What is wrong with each row, gathered in stages and written as one text per row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evalkit.ogrs.inputs import BoolArray, Column, FloatArray

NOT_READABLE = "INPUT_NOT_READABLE"
"""A cell of the wrong type: not a date, not a whole number, a number where text is needed. Names its fields."""

WRONG_GENDER = "GENDER_NOT_MALE_OR_FEMALE"
MISSING_INPUT = "MISSING_MANDATORY_INPUT"


@dataclass(frozen=True)
class Finding:
    """One rule, the rows that break it, and the field at fault where the kind alone does not say it."""

    kind: str
    where: BoolArray
    field: str = ""


def missing_inputs(columns: Mapping[str, Column]) -> list[Finding]:
    """Inputs that a row does not have, in the order of `columns`."""
    return [Finding(MISSING_INPUT, cells.missing, name) for name, cells in columns.items()]


def unreadable_inputs(columns: Mapping[str, Column], female: FloatArray) -> list[Finding]:
    """Inputs that cannot be read, and a gender that is readable but neither male nor female (NaN in `female`)."""
    gender = columns["gender"]
    return [
        *(Finding(NOT_READABLE, cells.unreadable, name) for name, cells in columns.items()),
        Finding(WRONG_GENDER, np.isnan(female) & ~gender.missing & ~gender.unreadable),
    ]


def error_texts(stages: Iterable[Sequence[Finding]], rows: int) -> Any:
    """Text per row: the kinds of the first stage with a finding, joined by ";"; "" where nothing is wrong.

    Fields follow their kind after ": ", joined by ", ". A row caught by one stage is not seen by the later ones.
    """
    pattern = np.zeros(rows, dtype=np.int64)  # one bit per finding
    findings: list[Finding] = []
    for stage in stages:
        reached = pattern == 0
        for finding in stage:
            if finding.where.any():
                pattern[finding.where & reached] |= 1 << len(findings)
            findings.append(finding)
    positions, distinct = pd.factorize(pattern)
    texts = [
        _text([finding for bit, finding in enumerate(findings) if found >> bit & 1]) for found in distinct.tolist()
    ]
    return pd.array(texts, dtype="str").take(positions)


def _text(findings: list[Finding]) -> str:
    fields: dict[str, list[str]] = {}
    for finding in findings:
        fields.setdefault(finding.kind, []).append(finding.field)
    return ";".join(kind + (": " + ", ".join(names) if any(names) else "") for kind, names in fields.items())
