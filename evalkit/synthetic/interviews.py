"""The table interviews: coded excerpts in made-up words, some of them coded twice, some with an identifier in them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evalkit.synthetic import truth
from evalkit.synthetic.draws import pick, to_ids

ROLES = {"person on supervision": 20, "staff": 18, "partner organisation": 12}
"""Role -> interviews."""

EXCERPTS = 12
"""Of each interview."""

SECOND_CODED = 0.4
"""Share of the excerpts that a second coder read as well."""

THEMES = {
    "person on supervision": {
        "focus on the person": 45,
        "lived experience": 30,
        "innovation": 8,
        "partnership": 10,
        "investment": 7,
    },
    "staff": {
        "focus on the person": 25,
        "lived experience": 15,
        "innovation": 25,
        "partnership": 20,
        "investment": 15,
    },
    "partner organisation": {
        "focus on the person": 15,
        "lived experience": 10,
        "innovation": 20,
        "partnership": 35,
        "investment": 20,
    },
}
"""Role -> theme -> how much is said of it."""

WORDS = {
    "focus on the person": (
        ("they asked what I wanted", "the plan was about the person", "somebody listened", "we took it step by step"),
        ("and it was not just a form", "before anything else", "which was new to me", "every time we met"),
    ),
    "lived experience": (
        ("the mentor had been there before", "people trust those who know it", "it helps when they have lived it"),
        ("and knew what to say", "more than any leaflet", "from the first meeting on", "and it shows"),
    ),
    "innovation": (
        ("we tried a new way of working", "the course was different", "they let us change things"),
        ("and kept what worked", "after a short trial", "with the help of the team", "when the old way was stuck"),
    ),
    "partnership": (
        ("the services talked to each other", "housing and work sat at one table", "we shared one plan"),
        ("so nobody had to ask twice", "most of the time", "from the start", "which took some time"),
    ),
    "investment": (
        ("there was money for training", "they paid for the tools and the card", "it takes time and staff"),
        ("and that made people come", "for once", "for those who needed it", "which has to be planned"),
    ),
}
"""Theme -> beginnings and ends of sentences."""

GIVEAWAYS = (
    "my worker Karen Holt was there for me",
    "call me on 07700 900123 if you want more",
    "write to darren.smith@example.org about it",
    "I was born on 14/03/1988 and never had a job",
    "he lives at 12 Mill Lane now",
    "her case is SYN-R000123 in the system",
)
"""Words that no report may quote; nobody of that name exists."""


def interview_table(rng: np.random.Generator) -> pd.DataFrame:
    """The table interviews: fifty interviews of twelve excerpts, coded by C1, and a share of them by C2 as well."""
    role = np.repeat(list(ROLES), list(ROLES.values()))
    interview = np.repeat(np.arange(len(role)), EXCERPTS)
    role = role[interview]
    theme = np.empty(len(role), dtype=object)
    for name, shares in THEMES.items():
        theme[role == name] = pick(rng, shares, int((role == name).sum()))
    words = _sentences(rng, interview, theme)
    for place, number in enumerate(rng.permutation(len(words))[: truth.WITH_IDENTIFIER]):
        words[number] = f"{words[number]} {GIVEAWAYS[place % len(GIVEAWAYS)]}."
    first = pd.DataFrame(
        {
            "interview_id": to_ids("SYN-T", interview),
            "role": role,
            "theme": theme,
            "coder": "C1",
            "excerpt": words,
        }
    )
    return _coded_twice(rng, first)


def _sentences(rng: np.random.Generator, interview: np.ndarray, themes: np.ndarray) -> list[str]:
    """A sentence on each theme; nobody says the same words twice in one interview."""
    said: dict[tuple[int, str], None] = {}
    for number, theme in zip(interview, themes, strict=True):
        text = _sentence(rng, theme)
        while (int(number), text) in said:
            text = _sentence(rng, theme)
        said[int(number), text] = None
    return [text for _, text in said]


def _sentence(rng: np.random.Generator, theme: str) -> str:
    begins, ends = WORDS[theme]
    text = f"{begins[rng.integers(len(begins))]} {ends[rng.integers(len(ends))]}."
    return text[0].upper() + text[1:]


def _coded_twice(rng: np.random.Generator, first: pd.DataFrame) -> pd.DataFrame:
    """The rows of the first coder, then those the second read as well: the planted share agreed, others by chance."""
    read = first[rng.random(len(first)) < SECOND_CODED]
    chance = pick(rng, {str(theme): number for theme, number in first["theme"].value_counts().items()}, len(read))
    theme = read["theme"].where(rng.random(len(read)) < truth.THEMES_AGREED, pd.Series(chance, index=read.index))
    return pd.concat([first, read.assign(theme=theme, coder="C2")], ignore_index=True)
