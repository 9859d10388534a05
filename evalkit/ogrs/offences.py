"""Home Office offence codes and the groups that the predictors weigh.

The codes and their groups are those of ministryofjustice/hmpps-arns-risk-actuarial-api (MIT licence, Crown copyright):
at 1811fe74 for OGRS3 (3,028 codes), at 016919c5 for the actuarial categories (3,039 codes).
"""

from __future__ import annotations

import csv
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import pandas as pd

from evalkit.ogrs.inputs import CODE_HINT, Text, read_text

NEED_EXACT_DETAILS = "NEED_EXACT_DETAILS"
"""OGRS3 mark of a code too general to be grouped (08800, 11100, 14100)."""

CODE_LENGTH = 5

_NOT_A_GROUP = frozenset({NEED_EXACT_DETAILS, "NO_WEIGHTING", "UNKNOWN"})


def offence_group(codes: pd.Series) -> pd.Series:
    """OGRS3 offence group of each Home Office code, as text with the index of `codes`.

    codes : text of five digits, three for the category and two for the subcode ("00801")

    Missing where the code is missing, unknown, or known but not weighed by OGRS3 (too general, or no weighting).
    Raises DataError where the column holds numbers instead of text.
    """
    return _grouped(codes, "OGRS3")


def actuarial_category(codes: pd.Series) -> pd.Series:
    """Actuarial category (ARP, VRP) of each Home Office code, as text with the index of `codes`.

    codes : text of five digits, three for the category and two for the subcode ("00801")

    Missing where the code is missing, not listed, or listed as UNKNOWN (00000 and 00001).
    Raises DataError where the column holds numbers instead of text.
    """
    return _grouped(codes, "ACTUARIAL")


def _grouped(codes: pd.Series, scheme: str) -> pd.Series:
    text = read_text(codes, "offence_code", hint=CODE_HINT)
    names = groups(scheme)
    found = [None if names.get(code, "UNKNOWN") in _NOT_A_GROUP else names[code] for code in text.distinct]
    return pd.Series(text.spread(pd.array(found, dtype="str")), index=codes.index, name=codes.name)


def is_five_digits(code: str) -> bool:
    """Whether a code has the form of a Home Office code."""
    return len(code) == CODE_LENGTH and code.isascii() and code.isdigit()


def weights(codes: Text, scheme: str, weight_by_group: Mapping[str, float]) -> list[float]:
    """Weight of each distinct code, not-a-number where its group has none."""
    names = groups(scheme)
    return [weight_by_group.get(names.get(code, ""), float("nan")) for code in codes.distinct]


@cache
def groups(scheme: str) -> Mapping[str, str]:
    """Group name of every known code of a scheme ("OGRS3" or "ACTUARIAL"), markers of unweighed codes included."""
    known = sorted(_known_codes(scheme))
    painted: dict[str, str] = {}
    for rule in _rows("offence_groups.csv", scheme):  # in order: a later rule overrides an earlier one
        first, last = bisect_left(known, rule["code_lo"]), bisect_right(known, rule["code_hi"])
        painted.update(dict.fromkeys(known[first:last], rule["group"]))
    return MappingProxyType(painted)


def _known_codes(scheme: str) -> Iterable[str]:
    for row in _rows("known_codes.csv", scheme):
        for span in row["subcodes"].split():
            first, _, last = span.partition("-")
            for subcode in range(int(first), int(last or first) + 1):
                yield f"{row['category']}{subcode:02d}"


def _rows(file_name: str, scheme: str) -> list[dict[str, str]]:
    with (files("evalkit.ogrs") / file_name).open(encoding="utf-8") as lines:
        return [row for row in csv.DictReader(lines) if row["scheme"] == scheme]
