"""Cells of workbooks and DataFrames as strings."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

_WHOLE_NUMBERS = 1e21  # larger floats are written with an exponent
_SECOND = 1_000_000  # microseconds
_ROUNDING = 10_000  # spreadsheets keep times as fractions of a day, which are off by up to some milliseconds


def cell_texts(cells: Iterable[Any]) -> list[str]:
    """The text of each cell.

    Text is untouched; numbers lose a ".0" and nothing else; dates are YYYY-MM-DD, with their time
    YYYY-MM-DD HH:MM:SS; booleans are TRUE and FALSE; what is missing (None, NaN, NaT) is empty.
    """
    return [cell if cell.__class__ is str else cell_text(cell) for cell in cells]


def cell_text(cell: Any) -> str:
    """The text of one cell (see `cell_texts`)."""
    convert = _CONVERTERS.get(cell.__class__)
    return convert(cell) if convert is not None else _unusual(cell)


def _unusual(cell: Any) -> str:
    """Subclasses, the scalars of numpy and pandas, and whatever else stands in a column of objects."""
    if hasattr(cell, "item") and not hasattr(cell, "__len__"):
        cell = cell.item()
    for kind, convert in _CONVERTERS.items():
        if isinstance(cell, kind):
            return convert(cell)
    return str(cell)


def _float(value: float) -> str:
    if math.isnan(value):
        return ""
    if value.is_integer() and abs(value) < _WHOLE_NUMBERS:
        return str(int(value))
    return repr(float(value))


def _decimal(value: Decimal) -> str:
    if value.is_nan():
        return ""
    return str(int(value)) if value.is_finite() and value == value.to_integral_value() else str(value)


def _datetime(value: dt.datetime) -> str:
    off = value.microsecond % _SECOND
    if off and min(off, _SECOND - off) <= _ROUNDING and value.year < dt.MAXYEAR:
        value += dt.timedelta(microseconds=_SECOND - off if off > _SECOND // 2 else -off)
    return dt.datetime.isoformat(value, sep=" ")


def _duration(value: dt.timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _boolean(value: bool) -> str:
    return "TRUE" if value else "FALSE"


# Subclasses come before what they derive from.
_CONVERTERS: dict[type, Callable[[Any], str]] = {
    str: str,
    type(None): lambda _: "",
    bool: _boolean,
    float: _float,
    int: str,
    dt.datetime: _datetime,
    dt.date: dt.date.isoformat,
    dt.time: lambda value: value.isoformat("seconds"),
    dt.timedelta: _duration,
    Decimal: _decimal,
}
