"""Names of columns and categories as a reader knows them."""

from __future__ import annotations

import re

NAMES = {
    "propensity (logit)": "All together (logit of the propensity)",
    "logit predicted": "Score (log-odds)",
    "total sanctions": "Sanctions so far",
    "years since first sanction": "Years since the first sanction",
    "offence group": "Offence",
    "other services": "Other services in hand",
    "month": "Month of supervision",
    "half year": "Half-year",
    "sentence length": "Estimated length of the sentence",
    "log days in custody": "Days in custody (logarithm)",
}
"""What the columns of a matched comparison are called; others by their own name."""

CATEGORIES = {"missing": "Not recorded", "rare": "Rare ones together"}
"""What a comparison calls people of whom something is not known, and categories with few people."""

JOINED = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b")


def readable(name: str) -> str:
    """A column, or `column: category`, as a label: 'ethnicity: asian' becomes 'Ethnicity: Asian'."""
    plain = JOINED.sub(lambda found: found.group().replace("_", " "), name)
    column, colon, category = plain.partition(": ")
    return f"{NAMES.get(column, capital(column))}{colon}{CATEGORIES.get(category, capital(category))}"


def capital(text: str) -> str:
    """A text with a capital at its beginning, and everything else as it is."""
    return text[:1].upper() + text[1:]
