"""The exceptions of evalkit: one family, each with a sentence a user can act on."""

from __future__ import annotations


class EvalkitError(Exception):
    """Anything evalkit refuses; its text is shown to the user as it is, without a traceback."""


class DataError(EvalkitError):
    """The data are wrong: names the file, row, column, value and rule where it can."""


class SpecError(EvalkitError):
    """The specification of an evaluation or its parameters are wrong."""


class ReportError(EvalkitError):
    """A notebook failed while it ran, or its report could not be written."""
