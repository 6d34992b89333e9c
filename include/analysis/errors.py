"""The errors a user can cause, one type for each thing that can be wrong.

Each message is one line: what is wrong, where, and what would be right. Callers that face a user (the command line,
the DAG) print the message and nothing else.
"""

from __future__ import annotations


class AnalysisError(Exception):
    """Base of every error of this package."""


class UserError(AnalysisError):
    """Something the user gave cannot be used; trying again without a change cannot help (exit status 2)."""


class SettingError(UserError):
    """A parameter or a setting is unknown, of the wrong type or out of bounds."""


class InputNotFound(UserError):
    """The input path does not exist or is not a file."""


class AlreadyAnalysed(AnalysisError):
    """The day of a run was analysed before, from the same files."""


class ExportMissing(InputNotFound):
    """The inbox holds no export, or none of a day."""


class ExportUnfinished(InputNotFound):
    """An export in the inbox is not complete: it is still being written, as far as can be told."""


class InputUnreadable(UserError):
    """The input exists but may not be read."""


class UnsupportedInput(UserError):
    """The input is of a type that is not read here, or its content is not what its name says."""


class CorruptInput(UserError):
    """The input is damaged, encrypted, or otherwise not a valid file of its type."""


class EncodingMismatch(UserError):
    """The input does not decode in the encoding that was asked for."""


class NoRows(UserError):
    """The input holds no rows of comments (0 bytes, or a header alone)."""


class NoRowsOfDay(NoRows):
    """The export holds no rows of the day that was asked for."""


class TextColumnNotFound(UserError):
    """No column of the input is the text column."""


class DateColumnNotFound(UserError):
    """No column of the input is known to be the date of its rows."""


class NoDates(UserError):
    """No row has a date that is understood in the column of the dates."""


class SheetNotFound(UserError):
    """The workbook has no sheet of the name that was asked for."""


class OutputUnwritable(UserError):
    """The output folder cannot be created or written."""


class LexiconError(UserError):
    """A lexicon or taxonomy file cannot be used."""
