"""Days out of a column of texts, a whole column at a time.

    2025-01-31   2025/1/31   31/01/2025   31-01-2025   31.01.2025   1/2/25

with or without a time of day and its zone behind, and spaces around. The day is the one that is written: a zone does
not move it. Years of two digits are 20YY. Where day and month could be either, the day comes first (as in Paraguay),
unless the column itself proves the opposite (`DayOrder`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.strings import filled, text_array

DAY_FIRST, MONTH_FIRST = "day-first", "month-first"
FIRST_YEAR, LAST_YEAR = 1900, 2099
"""Other years are slips of the pen, or marks for "never"."""

_LONGEST_DATE = len("2025-01-31")
_BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_AROUND = _BLANKS + "\u200b\u200e\u200f\ufeff"  # and marks that nobody sees
_SPACE = r"[\s\x{a0}\x{2009}\x{202f}]"
_DATE = (
    r"(?:(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P<mark2>[-/.])(?P<day>\d{1,2})"
    r"|(?P<first>\d{1,2})(?P<mark3>[-/.])(?P<second>\d{1,2})(?P<mark4>[-/.])(?P<last>\d{4}|\d{2}))"
)
_CLOCK = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?"
_HALF = rf"(?:{_SPACE}*(?:[AaPp]\.?{_SPACE}*[Mm]\.?|[Hh][Ss]?\.?))?"
_ZONE = rf"(?:{_SPACE}*(?:[Zz]|[A-Z]{{2,5}}|(?:UTC|GMT)?[+-]\d{{1,2}}(?::?\d{{2}})?))?"
_TIME = rf"(?:[Tt]|{_SPACE}+|{_SPACE}*,{_SPACE}*){_CLOCK}{_HALF}{_ZONE}"
_WHOLE = rf"^{_DATE}(?:{_TIME})?$"

Days = npt.NDArray[np.int64]
"""Days since 1970-01-01."""
NO_DAY = np.iinfo(np.int32).min


@dataclass(frozen=True)
class Dates:
    """The days of a column (date32, null where a text is no date), read in both orders."""

    day_first: pa.Array
    month_first: pa.Array

    def in_order(self, month_first: bool) -> pa.Array:
        """The days, read in one order."""
        return self.month_first if month_first else self.day_first


@dataclass
class DayOrder:
    """What the dates of a column tell of their order: how many are dates in one order only."""

    only_day_first: int = 0
    only_month_first: int = 0

    def add(self, dates: Dates) -> None:
        """Take more of the column into account."""
        no_day_first, no_month_first = dates.day_first.is_null(), dates.month_first.is_null()
        self.only_day_first += pc.sum(pc.and_not(no_month_first, no_day_first)).as_py() or 0
        self.only_month_first += pc.sum(pc.and_not(no_day_first, no_month_first)).as_py() or 0

    @property
    def month_first(self) -> bool:
        """Whether it is proven: some dates are none with the day first, and none needs it first."""
        return self.only_month_first > 0 and self.only_day_first == 0

    @property
    def name(self) -> str:
        """ "day-first" or "month-first"."""
        return MONTH_FIRST if self.month_first else DAY_FIRST


def day_order(texts: pa.Array | pa.ChunkedArray) -> str:
    """The order of the dates in a column: "month-first" when they prove it, otherwise "day-first"."""
    order = DayOrder()
    order.add(read_dates(texts))
    return order.name


def parse_days(texts: pa.Array | pa.ChunkedArray, month_first: bool = False) -> pa.Array:
    """The day of each text (date32), null where it is no date of the years 1900 to 2099."""
    return read_dates(texts).in_order(month_first)


def read_dates(texts: pa.Array | pa.ChunkedArray) -> Dates:
    """The day of each text, in both orders."""
    chunks = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
    read = [_read(text_array(chunk)) for chunk in chunks]
    none = pa.array([], pa.date32())
    return Dates(
        pa.concat_arrays([none, *(one.day_first for one in read)]),
        pa.concat_arrays([none, *(one.month_first for one in read)]),
    )


def _read(texts: pa.StringArray) -> Dates:
    """Whether a text is a date at all is asked of each; what date, once for each different beginning."""
    bare = pc.utf8_trim(filled(texts), _AROUND)
    beginnings = pc.utf8_slice_codeunits(bare, 0, _LONGEST_DATE).dictionary_encode()
    which = beginnings.indices.to_numpy()
    is_date = pc.match_substring_regex(bare, _WHOLE).to_numpy(zero_copy_only=False)
    day_first, month_first = _days_of(beginnings.dictionary)
    return Dates(*(_date_array(np.where(is_date, days[which], NO_DAY)) for days in (day_first, month_first)))


def _date_array(days: Days) -> pa.Array:
    return pa.array(days.astype(np.int32), mask=days == NO_DAY).cast(pa.date32())


def _days_of(beginnings: pa.StringArray) -> tuple[Days, Days]:
    """The days that texts begin with, day first and month first; NO_DAY where there is none."""
    found = pc.extract_regex(beginnings, f"^{_DATE}")
    field = dict(zip(("year", "mark", "month", "mark2", "day", "first", "mark3", "second", "mark4", "last"),
                     found.flatten(), strict=True))  # fmt: skip
    one_mark = pc.and_(pc.equal(field["mark"], field["mark2"]), pc.equal(field["mark3"], field["mark4"]))
    is_short = pc.equal(pc.binary_length(field["last"]), 2)
    number = {name: _numbers(field[name]) for name in ("year", "month", "day", "first", "second", "last")}
    year_first = number["year"] > 0
    year = np.where(year_first, number["year"], number["last"] + np.where(_flags(is_short), 2000, 0))
    year[~_flags(one_mark)] = 0
    day_first, month_first = (
        _days(
            year, np.where(year_first, number["month"], number[month]), np.where(year_first, number["day"], number[day])
        )
        for day, month in (("first", "second"), ("second", "first"))
    )
    return day_first, month_first


def _numbers(digits: pa.StringArray) -> Days:
    """Numbers; 0 for what is missing."""
    present = pc.if_else(pc.equal(digits, ""), None, digits).fill_null("0")
    numbers: Days = present.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return numbers


def _flags(values: pa.BooleanArray) -> npt.NDArray[np.bool_]:
    flags: npt.NDArray[np.bool_] = values.fill_null(False).to_numpy(zero_copy_only=False)
    return flags


def _days(year: Days, month: Days, day: Days) -> Days:
    """Days since 1970-01-01 of dates of the calendar, NO_DAY for others."""
    months = (year - 1970) * 12 + month - 1
    first = months.astype("M8[M]").astype("M8[D]").astype(np.int64)
    after = (months + 1).astype("M8[M]").astype("M8[D]").astype(np.int64)
    days = first + day - 1
    exists = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1) & (days < after)
    return np.where(exists, days, NO_DAY)
