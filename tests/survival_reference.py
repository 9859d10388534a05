"""The people and the values that reference/make_reference_survival.R wrote, and the Rossi study."""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

_FOLDER = Path(__file__).parent / "reference"
PEOPLE = pd.read_csv(_FOLDER / "survival_people.csv")
VALUES = pd.read_csv(_FOLDER / "survival_values.csv", index_col="name")["value"].to_dict()


def rossi():
    """432 men released from prison, half of them given financial aid; read from lifelines, which is not imported."""
    package = Path(find_spec("lifelines").origin).parent
    return pd.read_csv(package / "datasets" / "rossi.csv")
