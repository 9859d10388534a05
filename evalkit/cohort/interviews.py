"""Coded interviews: themes by role, themes that occur together, how far two coders agree, words that may be quoted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

import narwhals as nw
import numpy as np
import pandas as pd

from evalkit.errors import DataError
from evalkit.intake import Extract, to_pandas

NOT_RECORDED = "not recorded"
METHOD = "Cohen's kappa, large-sample interval"
_NO_VARIANCE = 1e-12
_WORD = re.compile(r"\S+")
_EDGES = ".,;:!?()[]{}\"'“”‘’…"
_ENDS_SENTENCE = re.compile(r"[.!?…][\"'”’)]*$")
_FIRST_PERSON = re.compile(r"I(?:['’](?:m|d|ve|ll|s))?$")
_SMALL_NUMBER = re.compile(r"\d{1,2}$")


@dataclass(frozen=True)
class Coded:
    """Interviews as they were coded.

    excerpts : one row per excerpt, as the first coder coded it: interview_id, role, theme, excerpt; the first coder is
               the one with most excerpts (of equal ones, the first by name)
    pairs    : one row per excerpt that two coders read: interview_id, first, second (themes of the two coders with most
               excerpts)
    coders   : how many coders there are
    """

    excerpts: pd.DataFrame
    pairs: pd.DataFrame
    coders: int


def coded_interviews(extract: Extract) -> Coded:
    """The interviews of an extract; none where it has no such table.

    What has the same words in the same interview is one excerpt.
    Raises DataError where a coder gave one excerpt two themes, as neither a table nor an agreement can hold that.
    """
    columns = ["interview_id", "role", "theme", "coder", "excerpt"]
    held = "interviews" in extract.tables
    rows = to_pandas(extract.table("interviews")) if held else pd.DataFrame(columns=columns, dtype=object)
    for name in ("role", "coder", "excerpt"):
        values = rows[name] if name in rows else pd.Series(None, index=rows.index, dtype=object)
        rows[name] = values.astype(object).where(values.notna(), NOT_RECORDED if name != "excerpt" else "")
    keys = ["interview_id", "excerpt", "coder"]
    worded = rows[rows["excerpt"] != ""].drop_duplicates([*keys, "theme"])
    if (twice := worded.duplicated(keys)).any():
        row = worded[twice].iloc[0]
        raise DataError(
            f"interviews: coder {row['coder']} gave one excerpt two themes, one of them '{row['theme']}'; split the "
            "excerpt, or keep one theme"
        )
    coders = list(rows["coder"].value_counts().sort_index().sort_values(ascending=False, kind="stable").index)
    first = rows[rows["coder"] == coders[0]] if coders else rows
    pairs = pd.DataFrame({"interview_id": [], "first": [], "second": []}, dtype=object)
    if len(coders) > 1:
        sides = [worded[worded["coder"] == coder] for coder in coders[:2]]
        both = sides[0].merge(sides[1], on=["interview_id", "excerpt"], suffixes=("_first", "_second"))
        pairs = both.rename(columns={"theme_first": "first", "theme_second": "second"})[list(pairs)]
    return Coded(first[["interview_id", "role", "theme", "excerpt"]].reset_index(drop=True), pairs, len(coders))


def themes_by_role(coded: Coded) -> pd.DataFrame:
    """Excerpts of each theme by the role of the person interviewed.

    Returns one row per theme, the most frequent first: theme, one column per role (in alphabetical order), all.
    """
    if coded.excerpts.empty:
        return pd.DataFrame(columns=["theme", "all"])
    table = pd.crosstab(coded.excerpts["theme"], coded.excerpts["role"])
    table = table.reindex(columns=sorted(table.columns)).assign(all=table.sum(axis=1)).reset_index()
    table.columns.name = None
    return table.sort_values(["all", "theme"], ascending=[False, True], ignore_index=True)


def themes_together(coded: Coded) -> pd.DataFrame:
    """Interviews in which two themes both occur.

    Returns one row per pair of themes: pair ('one and other'), interviews (with both), of (all interviews), share.
    """
    held = coded.excerpts.groupby("theme")["interview_id"].agg(set)
    everyone = coded.excerpts["interview_id"].nunique()
    rows = [
        {"pair": f"{one} and {other}", "interviews": len(held[one] & held[other]), "of": everyone}
        for one, other in combinations(sorted(held.index), 2)
    ]
    table = pd.DataFrame(rows, columns=["pair", "interviews", "of"])
    table["share"] = table["interviews"] / table["of"]
    return table.sort_values("pair", ignore_index=True)


def agreement(coded: Coded, *, level: float = 0.95) -> pd.DataFrame:
    """How far the two coders agree on the theme of the excerpts that both read.

    level : confidence level, between 0 and 1

    Returns one row, or none where no excerpt was read twice: excerpts, interviews, agreed, share (agreed), kappa with
    low and high (within -1 to 1; no limits where the large-sample variance is zero, as with full agreement; no kappa
    where both coders gave every excerpt the same one theme), method. The interval takes excerpts as independent; those
    of one interview may be alike, and it is then too narrow.
    Source: Cohen (1960), Educational and Psychological Measurement 20, 37-46; Fleiss, Cohen & Everitt (1969),
    Psychological Bulletin 72, 323-327 (the interval).
    """
    columns = ["excerpts", "interviews", "agreed", "share", "kappa", "low", "high", "method"]
    pairs = coded.pairs
    if pairs.empty:
        return pd.DataFrame(columns=columns)
    agreed = int((pairs["first"] == pairs["second"]).sum())
    kappa, low, high = _kappa(pairs, level)
    row = (len(pairs), pairs["interview_id"].nunique(), agreed, agreed / len(pairs), kappa, low, high, METHOD)
    return pd.DataFrame([row], columns=columns)


def _kappa(pairs: pd.DataFrame, level: float) -> tuple[float, float, float]:
    """Kappa and its limits; no limits where the large-sample variance is zero, as with full agreement."""
    themes = sorted(set(pairs["first"]) | set(pairs["second"]))
    if len(themes) < 2:
        return float("nan"), float("nan"), float("nan")
    counts = pd.crosstab(pairs["first"], pairs["second"]).reindex(index=themes, columns=themes, fill_value=0)
    share = counts.to_numpy(float) / len(pairs)
    rows, columns, agreed = share.sum(axis=1), share.sum(axis=0), np.diag(share)
    observed, expected = agreed.sum(), (rows * columns).sum()
    kappa = float((observed - expected) / (1 - expected))
    crossed = (columns[:, None] + rows[None, :]) ** 2 * share
    on = (agreed * ((1 - expected) - (rows + columns) * (1 - observed)) ** 2).sum()
    off = (1 - observed) ** 2 * (crossed.sum() - np.diag(crossed).sum())
    rest = (observed * expected - 2 * expected + observed) ** 2
    variance = float((on + off - rest) / (len(pairs) * (1 - expected) ** 4))
    if variance < _NO_VARIANCE:
        return kappa, float("nan"), float("nan")
    half = NormalDist().inv_cdf((1 + level) / 2) * variance**0.5
    return kappa, max(-1.0, kappa - half), min(1.0, kappa + half)


def quotes(extract: Extract, coded: Coded, *, each: int = 1, allowed: Collection[str] = ()) -> pd.DataFrame:
    """Excerpts that may be quoted, the longest first, and how many may not.

    extract : an excerpt that holds an identifier of one of its tables is withheld
    each    : most quotes of a theme
    allowed : capitalised words that are no names of people, places or organisations

    Also withheld: whatever holds an address of the Internet, a number of more than two digits or with other signs in
    it, or a capitalised word that may be a name: one inside a sentence, or at its beginning if none of the excerpts
    has it in small letters. So a name is withheld even where no table holds it; "I" is none.
    Returns theme, role, excerpt, interviews (with people of that role), withheld (excerpts of the theme that may not be
    quoted), excerpts (of the theme). A name that is an everyday word, or in small letters, cannot be told: read every
    quote before it leaves the house.
    """
    texts = coded.excerpts[coded.excerpts["excerpt"] != ""]
    plain = Counter(word.strip(_EDGES) for text in texts["excerpt"] for word in _WORD.findall(text))
    known = _identifiers(extract, {word.casefold() for word in plain})
    everyday = {word for word in plain if word.islower()}
    harmless = {word.casefold() for word in allowed}
    free = texts["excerpt"].map(lambda text: not _gives_away(text, known, everyday, harmless)).astype(bool)
    people = coded.excerpts.groupby("role")["interview_id"].nunique()
    rows = []
    for theme, own in texts.groupby("theme", sort=True):
        may = own[free[own.index]].assign(length=lambda kept: kept["excerpt"].str.len())
        chosen = may.drop_duplicates("excerpt").sort_values(["length", "excerpt"], ascending=[False, True]).head(each)
        counts = {"withheld": int((~free[own.index]).sum()), "excerpts": len(own)}
        shown = chosen[["role", "excerpt"]].to_dict("records") or [{"role": "", "excerpt": ""}]
        rows += [
            {"theme": theme, **quote, "interviews": int(people.get(quote["role"], 0)), **counts} for quote in shown
        ]
    return pd.DataFrame(rows, columns=["theme", "role", "excerpt", "interviews", "withheld", "excerpts"])


def _identifiers(extract: Extract, words: set[str]) -> set[str]:
    """The words that are identifiers, places or organisations of the extract, in small letters."""
    found: set[str] = set()
    for rows in extract.tables.values():
        names = [name for name, kind in rows.collect_schema().items() if name.endswith("_id") and kind == nw.String]
        for name in names:
            spelled = nw.col(name).str.to_lowercase()
            held = to_pandas(rows.filter(spelled.is_in(list(words))).select(name).unique())[name]
            found |= {str(value).casefold() for value in held}
    return found


def _gives_away(text: str, identifiers: set[str], everyday: set[str], harmless: set[str]) -> bool:
    """Whether some word of a text may tell who is meant."""
    begins = True
    for raw in _WORD.findall(text):
        word = raw.strip(_EDGES)
        if word.casefold() in identifiers or _is_address_or_number(word):
            return True
        if word != word.lower() and word.casefold() not in harmless and not _FIRST_PERSON.match(word):
            starts_sentence = begins and word[1:] == word[1:].lower()
            if not (starts_sentence and word.lower() in everyday):
                return True
        begins = bool(_ENDS_SENTENCE.search(raw))
    return False


def _is_address_or_number(word: str) -> bool:
    if "@" in word or "://" in word or word.casefold().startswith("www."):
        return True
    return any(character.isdigit() for character in word) and not _SMALL_NUMBER.match(word)
