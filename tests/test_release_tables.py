"""Percentages, accommodation and contact before release: made safe together, and shown with their definitions."""

import itertools
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evalkit.cohort.declared import definitions
from evalkit.errors import DataError
from evalkit.present import make_safe
from evalkit.present.chart_journey import draw_journey, journey_finding, show_journey
from evalkit.present.chart_transitions import show_transitions
from evalkit.present.declared_safe import make_rates_safe
from evalkit.present.declared_tables import declared_card, show_rates, show_rates_by
from evalkit.present.disclosure import is_shown
from evalkit.present.release_safe import make_contrast_safe, make_housing_safe
from evalkit.present.release_tables import contrast_sentence, show_contrast
from evalkit.present.release_words import (
    reached_beside,
    released_answer,
    released_can_and_cannot,
    released_card,
)

CATEGORIES = [
    "settled",
    "other housed",
    "bail or probation",
    "homeless not rough sleeping",
    "rough sleeping",
    "unknown",
]


def rate(name, in_scope, known, met, *, group="", part_of="", label=None):
    amber = in_scope > 0 and (in_scope - known) / in_scope > 0.1
    share, share_all = met / max(known, 1), met / max(in_scope, 1)
    return {
        "name": name, "label": label or name, "group": group, "unit": "release", "part_of": part_of,
        "in_scope": in_scope, "known": known, "unknown": in_scope - known, "met": met,
        "share": share, "low": share - 0.01, "high": share + 0.01,
        "share_all": share_all, "share_all_low": share_all - 0.01, "share_all_high": share_all + 0.01,
        "unknown_share": 1 - known / max(in_scope, 1),
        "best": (met + in_scope - known) / in_scope if amber else np.nan,
        "worst": share_all if amber else np.nan,
        "rating": "amber" if amber else "green", "method": "Wilson",
    }  # fmt: skip


def visible(markup):
    """The text of some HTML, without its tags."""
    return re.sub(r"<[^>]+>", "", markup)


def rates(*rows):
    return pd.DataFrame([rate(*row[:4], **(row[4] if len(row) > 4 else {})) for row in rows])


@pytest.mark.parametrize(("met", "shown"), [(0, True), (9, False), (10, True), (90, True), (91, False), (100, True)])
def test_a_small_count_or_complement_is_hidden_with_its_shares(met, shown):
    safe = make_rates_safe(rates(("screened", 100, 100, met)))
    row = safe.iloc[0]
    assert [is_shown(row[name]) for name in ("met", "share", "low", "share_all")] == [shown] * 4
    assert is_shown(row["in_scope"])
    assert safe.hidden_cells == (0 if shown else 1)


@pytest.mark.parametrize(("unknown", "shown"), [(0, True), (9, False), (10, True)])
def test_few_unknown_are_hidden_with_all_that_gives_them_away(unknown, shown):
    row = make_rates_safe(rates(("settled_first_night", 100, 100 - unknown, 50))).iloc[0]
    names = ("known", "unknown", "unknown_share", "share", "rating")
    assert [is_shown(row[name]) or row[name] == "green" for name in names] == [shown] * 5
    assert is_shown(row["share_all"])


@pytest.mark.parametrize(("wider", "shown"), [(50, True), (55, False), (60, True)])
def test_the_gap_between_a_measure_and_the_one_it_is_part_of_is_a_count_too(wider, shown):
    table = rates(
        ("engaged_28_days", 200, 200, wider), ("engaged_7_days", 200, 200, 50, {"part_of": "engaged_28_days"})
    )
    safe = make_rates_safe(table)
    assert all(is_shown(value) for value in safe["met"]) == shown
    assert safe["name"].tolist() == ["engaged_28_days", "engaged_7_days"]


def test_a_part_may_stand_before_the_measure_it_is_part_of():
    table = rates(("b", 200, 200, 50, {"part_of": "a"}), ("a", 200, 200, 55))
    assert "[c]" in make_rates_safe(table)["met"].tolist()
    with pytest.raises(DataError, match="part of each other in a circle"):
        make_rates_safe(rates(("a", 9, 9, 5, {"part_of": "b"}), ("b", 9, 9, 5, {"part_of": "a"})))


def test_one_hidden_group_is_never_alone_as_the_total_is_known():
    table = rates(*(("a", 100, 100, met, {"group": group}) for group, met in zip("xyz", (5, 40, 60), strict=True)))
    hidden = (make_rates_safe(table)["met"] == "[c]").tolist()
    assert hidden[0]
    assert sum(hidden) >= 2


def test_bases_that_are_the_same_are_hidden_alike_and_coincidences_are_not_confused():
    table = rates(("a", 18, 18, 15), ("b", 200, 200, 15))
    safe = make_rates_safe(table).set_index("name")
    assert safe.loc["a", "met"] == "[c]"  # 3 of 18 did not: the same 15 of another base do not hide that
    assert safe.loc["b", "met"] == 15
    reversed_order = make_rates_safe(table.iloc[::-1].reset_index(drop=True)).set_index("name")
    assert reversed_order.loc["a", "met"] == "[c]"


def test_no_small_number_can_be_worked_out_from_the_shown_ones():
    generator = np.random.default_rng(5)
    for _ in range(8):
        rows = []
        for group in "wxyz":
            scope = int(generator.integers(0, 60))
            known = int(generator.integers(scope // 2, scope + 1))
            wide = int(generator.integers(0, known + 1))
            rows.append(("a", scope, known, wide, {"group": group}))
            rows.append(("b", scope, known, int(generator.integers(0, wide + 1)), {"group": group, "part_of": "a"}))
        exact = rates(*rows)
        safe = make_rates_safe(exact)
        for count in ("in_scope", "known", "met"):
            assert not [value for value in safe[count] if is_shown(value) and 0 < value < 10]
            for _, own in safe.groupby("name"):
                assert (own[count] == "[c]").sum() != 1
        for larger, smaller in itertools.combinations(["in_scope", "known", "met"], 2):
            both = [(a, b) for a, b in zip(safe[larger], safe[smaller], strict=True) if is_shown(a) and is_shown(b)]
            assert not [a - b for a, b in both if 0 < a - b < 10]


def test_what_one_measure_counts_and_another_has_in_scope_is_hidden_alike():
    rows = [("need_addressed", 28, 28, 20, {"group": "x"}), ("need_addressed", 90, 90, 60, {"group": "y"})]
    rows += [("need_addressed", 80, 80, 50, {"group": "z"})]  # 8 of the 28 were not addressed
    rows += [
        ("need_resolved", met, met, met // 2, {"group": group}) for group, met in zip("xyz", (20, 60, 50), strict=True)
    ]
    rows += [("all_else", 1000, 1000, 500, {"group": group}) for group in "xyz"]  # a wider base, of which 20 is no rest
    safe = make_rates_safe(rates(*rows))
    addressed = safe[safe["name"] == "need_addressed"]["met"].tolist()
    resolved = safe[safe["name"] == "need_resolved"]
    assert addressed[0] == "[c]"
    assert [value == "[c]" for value in addressed] == [value == "[c]" for value in resolved["in_scope"]]
    assert [value == "[c]" for value in addressed] == [value == "[c]" for value in resolved["known"]]


def test_a_measure_comes_up_once_per_group():
    with pytest.raises(DataError, match="a measure twice for one group"):
        make_rates_safe(rates(("a", 100, 100, 50), ("a", 100, 100, 50)))


def found_housing(counts, *, later=None):
    """Accommodation from a table of first night (rows) by three months (columns); `later`: immature on top."""
    counts = np.asarray(counts)
    pairs = [
        {"first": one, "third": other, "releases": int(counts[i, j]), "of": int(counts[i].sum())}
        for i, one in enumerate(CATEGORIES)
        for j, other in enumerate(CATEGORIES)
    ]
    transitions = pd.DataFrame(pairs)
    transitions["share"] = transitions["releases"] / transitions["of"].where(transitions["of"] > 0)
    tables = []
    for name, totals in (
        ("accommodation_first_night", counts.sum(axis=1) + (0 if later is None else np.asarray(later))),
        ("accommodation_3_months", counts.sum(axis=0)),
    ):
        total = int(totals.sum())
        known = total - int(totals[-1])
        rows = [
            rate(f"{name}: {label}", total, known, int(met), label=label)
            for label, met in zip(CATEGORIES, totals, strict=True)
        ]
        tables.append(pd.DataFrame(rows))
    return SimpleNamespace(first_night=tables[0], three_months=tables[1], transitions=transitions)


LARGE = np.diag([40] * 6)
LARGE[0, 1:] = LARGE[1:, 0] = 20
"""Most stay where they were, or move to settled accommodation or out of it; nothing small."""


def test_transitions_without_small_numbers_are_shown_whole():
    safe = make_housing_safe(found_housing(LARGE))
    assert not any((pd.DataFrame(table) == "[c]").any(axis=None) for table in vars(safe).values())


def test_a_small_transition_is_not_alone_in_its_row_or_column():
    counts = LARGE.copy()
    counts[2, 3] = 4
    hidden = (make_housing_safe(found_housing(counts)).transitions["releases"] == "[c]").to_numpy().reshape(6, 6)
    assert hidden[2, 3]
    assert hidden[2].sum() >= 2
    assert hidden[:, 3].sum() >= 2


def test_a_small_category_is_hidden_in_every_table():
    counts = LARGE.copy()
    counts[4] = [1, 1, 1, 1, 1, 1]
    safe = make_housing_safe(found_housing(counts))
    assert safe.first_night.set_index("label").loc["rough sleeping", "met"] == "[c]"
    assert set(safe.transitions[safe.transitions["first"] == "rough sleeping"]["of"]) == {"[c]"}
    assert (safe.first_night["met"] == "[c]").sum() >= 2


def test_few_releases_whose_three_months_go_on_are_not_given_away():
    shown = make_housing_safe(found_housing(LARGE, later=[20, 0, 0, 0, 0, 0]))
    assert shown.first_night["met"].iloc[0] == 160
    few = np.zeros((6, 6), dtype=int)
    few[:2, :2] = 40
    hidden = make_housing_safe(found_housing(few, later=[3, 0, 0, 0, 0, 0]))
    of = hidden.transitions.drop_duplicates("first")["of"].iloc[0]
    assert "[c]" in {str(of), str(hidden.first_night["met"].iloc[0])}


def test_transitions_that_do_not_add_up_are_refused():
    found = found_housing(LARGE)
    found.three_months.loc[0, "met"] += 1
    with pytest.raises(DataError, match="do not add up to the releases in 'settled'"):
        make_housing_safe(found)


def contrast_rows(*cells):
    strata = ["All releases", "12 months or more", "Under 12 months", "Same mix of sentence lengths"]
    rows = []
    for stratum, (known_a, met_a, known_b, met_b) in zip(strata, cells, strict=False):
        rate_a, rate_b = met_a / known_a, met_b / known_b
        rows.append(
            {"name": "engaged_28_days", "label": "Engaged", "stratum": stratum}
            | {"known": known_a + known_b, "met": met_a + met_b}
            | {
                "known_a": known_a,
                "met_a": met_a,
                "rate_a": rate_a,
                "known_b": known_b,
                "met_b": met_b,
                "rate_b": rate_b,
            }
            | {"difference": rate_a - rate_b, "low": rate_a - rate_b - 0.1, "high": rate_a - rate_b + 0.1}
            | {"p_value": 0.5, "method": "Newcombe"}
        )
    return pd.DataFrame(rows)


def test_where_one_length_is_small_no_length_is_shown():
    large = make_contrast_safe(
        contrast_rows((100, 50, 100, 40), (50, 30, 50, 20), (50, 20, 50, 20), (100, 50, 100, 40))
    )
    assert not (pd.DataFrame(large) == "[c]").any(axis=None)
    small = make_contrast_safe(contrast_rows((100, 50, 100, 40), (50, 45, 50, 20), (50, 5, 50, 20), (100, 50, 100, 40)))
    shown = [is_shown(value) for value in small["difference"]]
    assert shown == [True, False, False, False]


def test_the_selection_caveat_stands_in_numbers():
    safe = make_contrast_safe(contrast_rows((100, 50, 100, 40), (50, 30, 50, 20), (50, 20, 50, 20), (100, 45, 100, 42)))
    text = contrast_sentence(safe, "engaged_28_days").text
    assert "50.0% of the 100 releases with contact before release, 40.0% of the 100 without" in text
    assert "+10.0 percentage points (95% interval 0.0 to +20.0)" in text
    assert "same mix of sentence lengths on both sides it is +3.0 percentage points" in text
    assert "Nobody drew lots" in text
    assert "Same mix of sentence lengths" in show_contrast(safe, caption="Contact").html
    with pytest.raises(DataError, match="has no measure 'gone'"):
        contrast_sentence(safe, "gone")


def test_too_few_releases_are_not_compared_in_words():
    safe = make_contrast_safe(contrast_rows((10, 5, 10, 4)))
    assert "too few releases" in contrast_sentence(safe, "engaged_28_days").text


def test_a_table_carries_its_unit_both_denominators_and_its_definitions():
    safe = make_rates_safe(rates(("settled_first_night", 200, 150, 90), ("screened", 200, 200, 180)))
    piece = show_rates(safe, definitions(["settled_first_night", "screened"]), caption="First <night>")
    assert "First &lt;night&gt;. Unit: release" in piece.html
    for text in ("60.0 (59.0 to 61.0)", "45.0", "25.0", "45.0 to 70.0"):
        assert text in visible(piece.html)
    assert "class=amber" in piece.html
    assert "releases to settled accommodation, of all releases of the period" in piece.html
    assert "Recorded as unknown, or empty: unknown" in piece.html
    assert "first national lockdown" in piece.html


def test_without_amber_rows_there_are_no_bounds():
    piece = show_rates(make_rates_safe(rates(("screened", 200, 200, 180))), definitions(["screened"]), caption="Table")
    assert "Bounds of that" not in piece.html


def test_a_percentage_without_its_definition_is_refused():
    with pytest.raises(DataError, match="no definition is given for screened"):
        show_rates(make_rates_safe(rates(("screened", 200, 200, 180))), definitions(["bank_account"]), caption="T")


def test_units_are_never_mixed_in_a_table():
    mixed = rates(("screened", 200, 200, 180), ("bank_account", 200, 200, 100)).assign(unit=["release", "person"])
    with pytest.raises(DataError, match="one table has one unit; this one has release, person"):
        show_rates(make_rates_safe(mixed), definitions(["screened", "bank_account"]), caption="T")


def test_only_safe_tables_are_shown():
    with pytest.raises(DataError, match="has not been made safe"):
        show_rates(rates(("screened", 200, 200, 180)), definitions(["screened"]), caption="T")


def test_by_group_an_amber_row_names_the_measure():
    rows = [
        ("settled_first_night", 100, known, 40, {"group": group}) for group, known in (("Ranby", 70), ("Hewell", 95))
    ]
    rows = [*rows, ("screened", 100, 100, 60, {"group": "Ranby"}), ("screened", 100, 100, 80, {"group": "Hewell"})]
    safe = make_rates_safe(rates(*rows), threshold=5)
    piece = show_rates_by(safe, definitions(["settled_first_night", "screened"]), caption="By prison", group="Prison")
    first = piece.html.split("</table>")[0]
    assert first.count("class=amber") == 1
    assert '<tr class=amber><th scope="row">Ranby</th><td class="num">100</td>' in first
    assert "57.1 (56.1 to 58.1)" in visible(first)
    assert "settled_first_night" in first.split("Ranby")[1].split("</tr>")[0]
    assert "40.0 to 70.0" in piece.html  # the bounds, in the table below


def test_a_card_has_its_counts_unit_and_interval():
    safe = make_rates_safe(rates(("screened", 200, 150, 120), ("bank_account", 200, 200, 5)))
    card = declared_card(safe, "screened", label="screened")
    assert card.figure == "80.0%"
    assert card.detail == "120 of 150 releases · 95% interval 79.0 to 81.0 · unknown: 25.0%"
    assert declared_card(safe, "bank_account", label="account").figure == "[c]"
    with pytest.raises(DataError, match="has no measure 'gone'"):
        declared_card(safe, "gone", label="")


def test_transitions_are_shares_of_the_row_with_their_counts():
    counts = LARGE.copy()
    counts[0] = [160, 40, 40, 40, 60, 60]
    counts[1] = [40, 160, 40, 0, 0, 0]
    html = show_transitions(
        make_housing_safe(found_housing(counts)).transitions, measure="From to", source="Source"
    ).html
    assert "From to" in html
    assert "40.0 (160)" in html
    assert "16.7 (40)" in html


def test_bars_are_as_long_as_the_shares_and_hidden_ones_are_not_drawn():
    from matplotlib.figure import Figure

    safe = make_rates_safe(rates(("screened", 200, 150, 120), ("bank_account", 200, 200, 5)))
    ax = draw_journey(safe, Figure().add_subplot())
    assert [bar.get_width() for bar in ax.patches] == [80.0]
    bounds = [line for line in ax.lines if line.get_marker() == "|"]
    assert [list(line.get_xdata()) for line in bounds] == [[60.0, 85.0]]
    assert "[c]" in [text.get_text() for text in ax.texts]
    html = show_journey(safe, finding=journey_finding(safe), measure="Share", source="Source").html
    assert 'role="img"' in html
    assert journey_finding(safe).startswith("From 80.0% (screened)")


def comparison(name, *, people=1000, actual=300, difference=-0.05, half=0.02, complement=False, label="Group"):
    rate_of = actual / people
    return {
        "name": name, "label": label, "complement": complement, "within": "" if name == "released" else "released",
        "outcome": "reconvicted", "horizon": "a year", "design": "known at index", "immortal_time": False,
        "people": people, "actual": actual, "predicted": actual - difference * people, "predictions": "known",
        "actual_rate": rate_of, "predicted_rate": rate_of - difference, "difference": difference,
        "difference_low": difference - half, "difference_high": difference + half,
        "fewer_people": -difference * people, "fewer_people_low": 30.0, "fewer_people_high": 70.0,
    }  # fmt: skip


def safe_comparisons(*rows):
    return make_safe(pd.DataFrame(rows), counts={"people": None, "actual": "people"}, within="within")


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        ("passed", "The prediction passes its check"),
        ("failed", "fails its check on people not seen in prison before release, so this difference is no finding"),
        ("undetermined", "is undetermined, so this difference is no finding"),
        ("not applicable", "was not checked on people of this study"),
    ],
)
def test_the_headline_has_its_interval_and_the_verdict_of_the_check(verdict, says):
    text = released_answer(safe_comparisons(comparison("released")), verdict_of_check=verdict).text
    assert "30.0% of the 1,000 people released from prison were reconvicted within a year, against 35.0%" in text
    assert "5.0 percentage points lower (95% interval 3.0 to 7.0)" in text
    assert says in text


@pytest.mark.parametrize(
    ("difference", "says"),
    [
        (-0.05, "5.0 points lower (95% interval 3.0 to 7.0)"),
        (0.05, "5.0 points higher (95% interval 3.0 to 7.0)"),
        (0.01, "not distinguishable (+1.0, 95% interval −1.0 to +3.0 points)"),
    ],
)
def test_people_seen_are_beside_the_prediction_that_the_check_allows(difference, says):
    raw = safe_comparisons(comparison("released"), comparison("reached", people=600, actual=180, difference=-0.1))
    put_right = safe_comparisons(comparison("reached", people=600, actual=180, difference=difference))
    failed = reached_beside(raw, put_right, verdict_of_check="failed").text
    assert says in failed
    assert "predicted from those not seen" in failed
    assert "not decided by lot" in failed
    assert "10.0 points lower" in reached_beside(raw, put_right, verdict_of_check="passed").text


def test_too_few_people_seen_are_not_compared():
    raw = safe_comparisons(comparison("released"), comparison("reached", people=20, actual=10))
    nothing = make_safe(pd.DataFrame({"name": [], "people": [], "actual": []}), counts=[])
    assert "too few people seen" in reached_beside(raw, nothing, verdict_of_check="undetermined").text
    boxes = released_can_and_cannot(raw, nothing, verdict_of_check="undetermined").text
    assert "the score did not pass its check" in boxes
    assert "did not pass" not in released_can_and_cannot(raw, nothing, verdict_of_check="passed").text
    assert "a recall is a reconviction" in boxes


def test_the_card_says_what_the_check_said():
    table = safe_comparisons(comparison("released"))
    assert released_card(table, verdict_of_check="failed").label.endswith("a score that failed its check")
    assert released_card(table, verdict_of_check="undetermined").label.endswith("a score that may not fit")
    assert released_card(table, verdict_of_check="passed").figure == "−5.0 pp"
