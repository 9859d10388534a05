"""The people and the values that reference/make_reference.R wrote."""

from pathlib import Path

import pandas as pd

_FOLDER = Path(__file__).parent / "reference"
PEOPLE = pd.read_csv(_FOLDER / "statistics_people.csv")
VALUES = pd.read_csv(_FOLDER / "statistics_values.csv", index_col="name")["value"].to_dict()
