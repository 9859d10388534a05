"""Interviews: themes by role, themes together, agreement of coders, and quotes that name nobody."""

import pandas as pd
import pytest
from conftest import assert_close
from small_extracts import PEOPLE, SENTENCES, loaded

from evalkit.cohort.interviews import Coded, agreement, coded_interviews, quotes, themes_by_role, themes_together
from evalkit.errors import DataError
from evalkit.present.disclosure import CONFIDENTIAL, make_safe
from evalkit.present.intervention_interviews import show_agreement, show_quotes, show_themes
from evalkit.present.intervention_safe import make_quotes_safe, make_themes_safe

VALUES = pd.read_csv("tests/reference/intervention_values.csv", index_col="name")["value"]
HEAD = "interview_id,role,theme,coder,excerpt\n"


def coded(tmp_path, *rows):
    extract = loaded(
        tmp_path / "extract", people=PEOPLE, sentences=SENTENCES, interviews=HEAD + "".join(f"{row}\n" for row in rows)
    )
    return extract, coded_interviews(extract)


def test_themes_are_counted_by_role_as_the_first_coder_saw_them(tmp_path):
    _, found = coded(
        tmp_path,
        "I1,staff,partnership,C1,one plan",
        "I1,staff,innovation,C1,new ways",
        "I2,person,partnership,C1,they talked",
        "I2,person,partnership,C1,and shared",
        "I2,person,innovation,C2,they talked",  # the second coder's view is for the agreement only
        "I3,,investment,C1,money",  # no role on record
    )
    table = themes_by_role(found).set_index("theme")
    assert table.index.tolist() == ["partnership", "innovation", "investment"]
    assert table.loc["partnership"].to_dict() == {"not recorded": 0, "person": 2, "staff": 1, "all": 3}
    assert table.loc["innovation", "all"] == 1
    assert table.loc["investment", "not recorded"] == 1


def test_themes_together_are_counted_in_interviews(tmp_path):
    _, found = coded(
        tmp_path,
        "I1,staff,a,C1,x",
        "I1,staff,b,C1,y",
        "I1,staff,a,C1,z",  # twice in one interview counts once
        "I2,staff,a,C1,x",
        "I2,staff,b,C1,y",
        "I3,staff,c,C1,x",
    )
    table = themes_together(found).set_index("pair")
    assert table["interviews"].to_dict() == {"a and b": 2, "a and c": 0, "b and c": 0}
    assert_close(table.loc["a and b", "share"], 2 / 3, decimals=9)


def test_kappa_and_its_interval_are_those_of_r():
    counts = {("a", "a"): 44, ("a", "b"): 5, ("a", "c"): 1, ("b", "a"): 7, ("b", "b"): 20, ("b", "c"): 3}
    counts |= {("c", "a"): 9, ("c", "b"): 5, ("c", "c"): 6}
    pairs = pd.DataFrame([pair for pair, times in counts.items() for _ in range(times)], columns=["first", "second"])
    row = agreement(Coded(pd.DataFrame(), pairs.assign(interview_id="I1"), 2)).iloc[0]
    assert_close(row[["kappa", "low", "high"]], VALUES[["kappa", "kappa_low", "kappa_high"]], decimals=9)
    assert row[["excerpts", "agreed", "interviews"]].tolist() == [100, 70, 1]
    assert_close(row["share"], 0.7, decimals=9)


def test_agreement_is_of_the_excerpts_that_both_read(tmp_path):
    _, found = coded(
        tmp_path,
        "I1,staff,a,C1,one",
        "I1,staff,a,C2,one",
        "I2,staff,a,C1,one",  # the same words in another interview are another excerpt
        "I2,staff,b,C2,one",
        "I3,staff,b,C1,two",  # read once
    )
    row = agreement(found).iloc[0]
    assert row[["excerpts", "interviews", "agreed"]].tolist() == [2, 2, 1]


def test_full_agreement_has_no_interval_of_no_width(tmp_path):
    rows = [f"I{n},staff,{theme},{coder},x" for n, theme in enumerate("abab") for coder in ("C1", "C2")]
    row = agreement(coded(tmp_path, *rows)[1]).iloc[0]
    assert_close(row["kappa"], 1, decimals=9)
    assert row[["low", "high"]].isna().all()


def test_no_second_coder_and_a_single_theme_have_no_kappa(tmp_path):
    _, alone = coded(tmp_path, "I1,staff,a,C1,one", "I2,staff,b,C1,two")
    assert agreement(alone).empty
    assert "nothing is known about their agreement" in show_agreement(make_safe(agreement(alone), counts=[])).text
    _, same = coded(tmp_path / "b", "I1,staff,a,C1,one", "I1,staff,a,C2,one")
    row = agreement(same).iloc[0]
    assert row["share"] == 1
    assert pd.isna(row["kappa"])


def test_one_coder_gives_one_excerpt_one_theme(tmp_path):
    with pytest.raises(DataError, match="coder C1 gave one excerpt two themes, one of them 'b'; split the excerpt"):
        coded(tmp_path, "I1,staff,a,C1,one", "I1,staff,b,C1,one")


FREE = [
    "We tried it.",
    "I had 12 weeks. We tried it and I'm glad.",
    "They said: it works!",
    "And then? We tried it.",
]
KEPT_BACK = [
    "Karen helped me.",  # a name at the beginning, nowhere in small letters
    "We asked Karen for it.",
    "We asked KAREN for it.",
    "We asked McDonald for it.",
    "We live in Derby now.",
    "Call 07700 900123 for it.",
    "We tried it on 14/03/1988.",
    "We tried it in 1988.",  # more than two digits
    "We live at 12a now.",
    "We asked darren@example.org for it.",
    "We asked www.example.org for it.",
    "We asked for it, case SYN-R1.",
    "We asked for s1 and got it.",  # an identifier of a sentence in small letters
    "We asked for it (Karen).",
    "We tried it. Karen did not.",
]
EVERYDAY = "we they and call asked had it"


@pytest.mark.parametrize("text", FREE)
def test_words_that_name_nobody_may_be_quoted(tmp_path, text):
    extract, found = coded(tmp_path, f'I1,staff,a,C1,"{text}"', f"I2,staff,b,C1,{EVERYDAY}")
    row = quotes(extract, found).iloc[0]
    assert (row["excerpt"], row["withheld"]) == (text, 0)


@pytest.mark.parametrize("text", KEPT_BACK)
def test_words_that_may_tell_who_it_is_are_withheld(tmp_path, text):
    extract, found = coded(tmp_path, f'I1,staff,a,C1,"{text}"', f"I2,staff,b,C1,{EVERYDAY}")
    row = quotes(extract, found).iloc[0]
    assert (row["excerpt"], row["withheld"], row["excerpts"]) == ("", 1, 1)


def test_an_identifier_without_digits_is_found_in_the_tables(tmp_path):
    extract, found = coded(tmp_path, "zeta,staff,a,C1,we asked Zeta for it", "omega,staff,b,C1,we asked zeta for it")
    assert quotes(extract, found, allowed=("Zeta",))["excerpt"].tolist() == ["", ""]
    assert quotes(extract, found)["withheld"].tolist() == [1, 1]


def test_a_word_may_be_declared_harmless(tmp_path):
    extract, found = coded(tmp_path, 'I1,staff,a,C1,"We got Level 1."', f"I2,staff,b,C1,{EVERYDAY}")
    assert quotes(extract, found)["excerpt"].iloc[0] == ""
    assert quotes(extract, found, allowed=("Level",))["excerpt"].iloc[0] == "We got Level 1."


def test_the_longest_quotes_come_first_and_are_not_repeated(tmp_path):
    rows = ["I1,staff,a,C1,one", "I2,staff,a,C1,three words here", "I3,staff,a,C1,three words here"]
    extract, found = coded(tmp_path, *rows, "I3,staff,a,C1,two words")
    assert quotes(extract, found, each=2)["excerpt"].tolist() == ["three words here", "two words"]
    assert quotes(extract, found, each=5)["excerpt"].tolist() == ["three words here", "two words", "one"]


@pytest.mark.parametrize(("interviews", "role"), [(9, "somebody"), (10, "staff")])
def test_a_role_of_few_people_is_not_named(tmp_path, interviews, role):
    extract, found = coded(tmp_path, *(f"I{n},staff,a,C1,words {n}" for n in range(1, interviews + 1)))
    safe = make_quotes_safe(quotes(extract, found))
    assert safe["role"].tolist() == [role]
    assert "interviews" not in safe


def test_quotes_are_escaped_and_the_withheld_counted(tmp_path):
    extract, found = coded(tmp_path, "I1,staff,a,C1,less < more", "I1,staff,a,C1,see Karen")
    shown = show_quotes(make_quotes_safe(quotes(extract, found)))
    assert "less &lt; more" in shown.html
    assert "Karen" not in shown.html
    assert "1 of 2 excerpts are not quoted" in shown.text


def test_a_small_cell_cannot_be_worked_out_from_totals():
    table = pd.DataFrame({"theme": ["a", "b", "c"], "person": [30, 20, 40], "staff": [4, 25, 30]})
    table["all"] = table["person"] + table["staff"]
    safe = make_themes_safe(table)
    hidden = pd.DataFrame(safe[["person", "staff", "all"]] == CONFIDENTIAL)
    assert hidden.loc[0, "staff"]
    assert hidden.loc[0, ["person", "all"]].any()
    assert hidden["staff"].sum() >= 2  # the role's other themes would give it away


def test_an_extract_without_interviews_says_so(tmp_path):
    extract = loaded(tmp_path / "extract", people=PEOPLE, sentences=SENTENCES)
    found = coded_interviews(extract)
    themes = make_themes_safe(themes_by_role(found))
    together = make_safe(themes_together(found), counts={"interviews": "of"}, within="pair")
    assert "no interviews" in show_themes(themes, together, caption="T").text
    assert "no excerpts" in show_quotes(make_quotes_safe(quotes(extract, found))).text
    assert agreement(found).empty
