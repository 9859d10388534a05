"""Matched pairs of people seen in prison and not: made safe, how alike they are, and the matched row of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, make_safe, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.labels import readable
from evalkit.present.numbers import count, percent, points
from evalkit.present.tables import show_table

NUMBERS = ("seen_share", "not_seen_share", "estimate", "low", "high", "p_value")
BALANCE = {
    "covariate": ("Known on the day of release", "text"),
    "before": ("Before (% of SD)", "text"),
    "after": ("In pairs (% of SD)", "text"),
    "rating": ("Rating", "text"),
}
PAIRS = "Matched pairs"


@dataclass(frozen=True)
class SafeMatched:
    """A matched comparison made safe.

    compared : name, pairs, seen_met, not_seen_met, seen_share, not_seen_share, estimate, low, high, p_value, method
    used     : part, seen, not_seen (counts)
    balance  : covariate, before, after (largest difference, % of a standard deviation), rating
    verdict, alike, reason : as in `InReachMatched`
    """

    compared: SafeTable
    used: SafeTable
    balance: SafeTable
    verdict: str
    alike: bool
    reason: str


def make_matched_safe(found: Any, *, threshold: int = 10) -> SafeMatched:
    """What `match_seen` returned made safe: people in pairs and not in pairs add up to totals that a reader knows.

    found     : what `match_seen` returned
    threshold : as in `make_safe`

    A difference is hidden with any count of the people it is made of; a standardised difference with a category of few
    people behind it.
    Raises DataError as `make_safe` does.
    """
    parts = found.parts.assign(whole=found.parts["name"] + ", " + found.parts["side"])
    parts["part"] = parts["paired"].map({True: "in a pair", False: "in none"})
    counted = make_safe(
        parts.drop(columns="name"), counts={"people": None, "met": "people"}, within="whole", threshold=threshold
    )
    of_pairs = pd.DataFrame(counted)[found.parts["paired"].to_numpy()].assign(name=found.parts["name"])
    hidden = (of_pairs[["people", "met"]] == CONFIDENTIAL).any(axis=1).groupby(of_pairs["name"]).any()
    rows = found.compared.reset_index(drop=True)
    hide = rows["name"].map(hidden).to_numpy(bool)
    shown = rows.astype({name: object for name in rows.columns if name not in ("name", "method")})
    for name in ("pairs", "seen_met", "not_seen_met", *NUMBERS):
        shown[name] = shown[name].mask(hide, CONFIDENTIAL)
    compared = make_safe(shown, counts=[], threshold=threshold)
    compared.hidden_cells = counted.hidden_cells
    used = _safe_used(found.used, threshold, hide_pairs=bool(hide.any()))
    balance = _safe_balance(found.balance, threshold)
    return SafeMatched(compared, used, balance, found.verdict, found.alike, found.reason)


def _safe_used(used: pd.DataFrame, threshold: int, *, hide_pairs: bool) -> SafeTable:
    """Parts as rows and sides as columns; parts that nobody is in are left out.

    hide_pairs : whether the number of pairs is hidden elsewhere
    """
    if used.empty:
        return make_safe(pd.DataFrame(columns=["part", "seen", "not_seen"]), counts=[], threshold=threshold)
    held = used[used.groupby("part")["people"].transform("sum") > 0].reset_index(drop=True)
    safe = make_safe(held, counts=["people"], within="side", threshold=threshold)
    long = pd.DataFrame({"side": held["side"], "part": held["part"], "people": list(safe["people"])})
    parts = list(dict.fromkeys(held["part"]))
    wide = pd.DataFrame({"part": parts}).astype(object)
    for column, side in (("seen", "seen"), ("not_seen", "not seen")):
        own = long[long["side"] == side].set_index("part")["people"]
        wide[column] = pd.Series([own[part] for part in parts], dtype=object)
    if hide_pairs or (wide.iloc[0] == CONFIDENTIAL).any():
        # Pairs are as many on either side: hidden on one, they are hidden on the other, with something to hide among.
        wide.loc[:1, ["seen", "not_seen"]] = CONFIDENTIAL
    made = make_safe(wide.astype(object), counts=[], threshold=threshold)
    made.hidden_cells = safe.hidden_cells
    return made


def _safe_balance(balance: pd.DataFrame, threshold: int) -> SafeTable:
    few = balance["fewest"].astype(float).between(1, threshold - 1)
    named = balance["covariate"].map(readable)
    shown = balance.assign(covariate=named).astype({"before": object, "after": object}).drop(columns="fewest")
    for name in ("before", "after"):
        shown[name] = shown[name].mask(few, CONFIDENTIAL)
    return make_safe(shown, counts=[], threshold=threshold)


def balance_sentence(safe: SafeMatched) -> str:
    """The verdict on the match, to be read before its result."""
    if safe.reason:
        return "There is no matched comparison: too few people are alike enough on both sides."
    rows = require_safe(safe.balance)
    shown = [row for row in rows.to_dict("records") if is_shown(row["after"])]
    worst = max(shown, key=lambda row: float(row["after"]))
    largest = f"the largest difference shown is {worst['after']:.1f}% of a standard deviation ({worst['covariate']})"
    uneven = [str(row["covariate"]) for row in rows.to_dict("records") if row["rating"] == "red"]
    if not safe.alike:
        return f"The pairs are not alike ({largest}), so no matched difference is given."
    if safe.verdict == "green":
        return f"Before the result: the pairs are alike in all that is listed here; {largest}."
    if safe.verdict == "amber":
        return f"Before the result: the pairs are nearly alike in all that is listed here; {largest}."
    return (
        f"Before the result: the pairs are alike on the whole, but not in {', '.join(uneven)}; {largest}. "
        "What is left uneven is adjusted for."
    )


def show_match(safe: SafeMatched, *, unit: str) -> Piece:
    """How alike the two sides of the pairs are, then who is in a pair and why others are not.

    safe : what `make_matched_safe` returned
    unit : what one row is: 'person' or 'release'
    """
    said = balance_sentence(safe)
    verdict = Piece(f'<p class="note">{escaped(said)}</p>', said)
    if safe.reason:
        return verdict
    written = {name: [_one_decimal(value) for value in safe.balance[name]] for name in ("before", "after")}
    balance = show_table(
        make_safe(safe.balance.assign(**written), counts=[], threshold=safe.balance.threshold),
        caption=f"How alike those seen and not seen are, before the match and in pairs. Unit: {unit}",
        columns=BALANCE,
        flag="rating",
        notes=[
            "Difference of the means in per cent of a standard deviation, without its sign; of categories the largest.",
            "Green: up to 5, amber: up to 10, red: more. Pairs have the same estimated length of sentence and sex.",
        ],
    )
    used = show_table(
        safe.used,
        caption=f"Who is in the matched comparison, and who is not. Unit: {unit}",
        columns={"part": ("Part", "text"), "seen": ("Seen in prison", "count"), "not_seen": ("Not seen", "count")},
        notes=[
            "One to one, within 0.2 standard deviations of the logit of the propensity; in each kind of stay the side "
            "with fewer chooses. The result is about those in a pair."
        ],
    )
    pieces = (verdict, balance, used)
    return Piece("".join(piece.html for piece in pieces), "\n\n".join(piece.text for piece in pieces))


def _one_decimal(value: Any) -> Any:
    return f"{value:.1f}" if is_shown(value) else value


def matched_sentence(safe: SafeMatched, name: str, *, did: str, unit: str) -> str:
    """The matched difference of one outcome with its interval; or that it is hidden; or that there is none.

    name : of the outcome
    did  : what those counted did: 'engaged with advisers outside within 183 days'
    unit : 'person' or 'release'
    """
    rows = {row["name"]: row for row in require_safe(safe.compared).to_dict("records")}
    row = rows[name]
    needed = [row[key] for key in ("pairs", "seen_share", "not_seen_share", "estimate", "low", "high")]
    if CONFIDENTIAL in needed:
        return f"The difference in matched pairs is not shown, to protect people: a number behind it is {CONFIDENTIAL}."
    if not all(map(is_shown, needed)):
        return "The matched pairs are too few, or too unlike, to give a difference."
    low, high = points(row["low"]), points(row["high"])
    words = {True: "more often", False: "less often"}
    found = "" if row["low"] <= 0 <= row["high"] else f", {words[row['low'] > 0]} where seen"
    unclear = "; the two are not distinguishable" if row["low"] <= 0 <= row["high"] else ""
    many = {"person": "people", "release": "releases"}[unit]
    return (
        f"In {count(row['pairs'])} matched pairs of {many}, {percent(row['seen_share'])}% of those seen in prison "
        f"{did}, and {percent(row['not_seen_share'])}% of those not seen: {points(row['estimate'])} percentage points"
        f"{found} (95% interval {low} to {high}){unclear}. Pairs are alike in what is recorded; who is willing, and "
        "whom advisers choose to see, is not recorded."
    )


def matched_note(safe: SafeMatched, name: str, *, did: str, unit: str) -> Piece:
    """The same as a paragraph of the report; see `matched_sentence`."""
    text = matched_sentence(safe, name, did=did, unit=unit)
    return Piece(f'<p class="beware">{escaped(text)}</p>', text)


def with_matched_row(table: SafeTable, safe: SafeMatched) -> SafeTable:
    """The test of the in-reach claim with its matched row below the others.

    table : what `make_in_reach_safe` returned
    safe  : what `make_matched_safe` returned, of one outcome
    """
    row = require_safe(safe.compared).iloc[0]
    last = {
        "label": f"{PAIRS}, adjusted for what is left uneven",
        "seen": row["pairs"], "seen_engaged": row["seen_met"], "not_seen": row["pairs"],
        "not_seen_engaged": row["not_seen_met"], **{name: row[name] for name in ("method", *NUMBERS[:-1])},
    }  # fmt: skip
    rows = pd.DataFrame(require_safe(table)).astype(object)
    both = pd.concat([rows, pd.DataFrame([last]).astype(object)[list(rows.columns)]], ignore_index=True)
    return make_safe(both if len(rows) else rows, counts=[], threshold=table.threshold)


def contrast_with_matched(table: SafeTable, safe: SafeMatched) -> SafeTable:
    """The table of contact before release beside none, with the matched pairs of each measure below its other rows.

    table : what `make_contrast_safe` returned
    safe  : what `make_matched_safe` returned, one outcome per measure
    """
    rows = pd.DataFrame(require_safe(table))
    matched = {row["name"]: row for row in require_safe(safe.compared).to_dict("records")}
    blocks = []
    for name, own in rows.groupby("name", sort=False):
        row = matched[name]
        last = {
            "name": name, "label": own["label"].iloc[0], "stratum": PAIRS,
            "known_a": row["pairs"], "met_a": row["seen_met"], "rate_a": row["seen_share"],
            "known_b": row["pairs"], "met_b": row["not_seen_met"], "rate_b": row["not_seen_share"],
            "difference": row["estimate"], "low": row["low"], "high": row["high"], "p_value": row["p_value"],
        }  # fmt: skip
        blocks.append(pd.concat([own.astype(object), pd.DataFrame([last]).astype(object)], ignore_index=True))
    return make_safe(pd.concat(blocks, ignore_index=True).astype(object), counts=[], threshold=table.threshold)
