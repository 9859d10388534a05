"""The people, the matched pairs and the values that reference/make_reference_weighting.R wrote."""

from pathlib import Path

import pandas as pd

_FOLDER = Path(__file__).parent / "reference"
PEOPLE = pd.read_csv(_FOLDER / "weighting_people.csv", index_col="row").rename_axis(None)
PAIRS = pd.read_csv(_FOLDER / "weighting_pairs.csv")
VALUES = pd.read_csv(_FOLDER / "weighting_values.csv", index_col="name")["value"].to_dict()
COVARIATES = ("age", "female", "area", "score")
OPTIONS = {"single": {}, "double": {"ratio": 2}, "reused": {"replace": True}}
"""How each design of PAIRS was matched, beside the defaults and person='person'."""
