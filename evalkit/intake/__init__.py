"""What comes in: files checked against declared tables, with every rejected row accounted for."""

from evalkit.intake.dictionary import data_dictionary
from evalkit.intake.engine import to_pandas
from evalkit.intake.extract import Extract, load
from evalkit.intake.rejections import describe, write_rejected
from evalkit.intake.settings import Settings
from evalkit.intake.tables import TABLES

__all__ = ["TABLES", "Extract", "Settings", "data_dictionary", "describe", "load", "to_pandas", "write_rejected"]
