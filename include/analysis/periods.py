"""The counts of the history by day, ISO week and month."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from include.analysis.arrays import Integers
from include.analysis.day_record import DayRecord

DAY, WEEK, MONTH = "day", "week", "month"
PERIODS = (DAY, WEEK, MONTH)
WITHOUT_VERSION = -1


class Measure(NamedTuple):
    """Something that is counted: what kind of thing (`emotions`, `themes`, ...), and which."""

    kind: str
    name: str


WITH_TEXT = Measure("comments", "with_text")
DUPLICATES = Measure("duplicates", "duplicates")
REPEATS = Measure("repeats", "repeats")


@dataclass(frozen=True)
class Series:
    """Counts of every measure for every period that has a day in the history, in order.

    `numbers` count the periods of the calendar, so that neighbours differ by one (see `number_of`). Of shape (periods,)
    are `numbers`, `days` (how many days of the period the history has) and `over` (whether the history goes on to the
    period's end). Of shape (periods, measures) are `counts`, `of` (the comments that were asked, 0 where nobody asked),
    and `versions`: equal numbers, where the answers come from the same version of the analysis; WITHOUT_VERSION where
    they come from several, or from none.
    """

    period: str
    measures: tuple[Measure, ...]
    numbers: Integers
    days: Integers
    over: npt.NDArray[np.bool_]
    counts: Integers
    of: Integers
    versions: Integers

    def start(self, index: int) -> datetime.date:
        """The first day of a period."""
        return start_of(self.period, int(self.numbers[index]))

    def end(self, index: int) -> datetime.date:
        """The last day of a period."""
        return end_of(self.period, int(self.numbers[index]))


def number_of(period: str, day: datetime.date) -> int:
    """The number of the period that a day is in, counted from the year 1 (which began on a Monday), months from 0."""
    if period == MONTH:
        return 12 * day.year + day.month - 1
    return day.toordinal() if period == DAY else (day.toordinal() - 1) // 7


def start_of(period: str, number: int) -> datetime.date:
    """The first day of a period."""
    if period == MONTH:
        return datetime.date(number // 12, number % 12 + 1, 1)
    return datetime.date.fromordinal(number if period == DAY else 7 * number + 1)


def end_of(period: str, number: int) -> datetime.date:
    """The last day of a period."""
    return start_of(period, number + 1) - datetime.timedelta(1)


def series_of_days(records: Sequence[DayRecord], repeats: Mapping[datetime.date, int]) -> Series:
    """The days of the history (all records, in order); `repeats`: comments of each day that repeat earlier days'."""
    measures = measures_of(records)
    versions = {print_: number for number, print_ in enumerate(sorted(_fingerprints(records)))}
    asked = {kind: np.array([_asked(record, kind) for record in records], np.int64) for kind in _kinds(measures)}
    used = {kind: np.array([_version(record, kind, versions) for record in records], np.int64) for kind in asked}
    shape = len(records), len(measures)
    return Series(
        period=DAY,
        measures=measures,
        numbers=np.array([record.day.toordinal() for record in records], np.int64),
        days=np.ones(len(records), np.int64),
        over=np.ones(len(records), bool),
        counts=np.array([[_count(r, m, repeats) for m in measures] for r in records], np.int64).reshape(shape),
        of=np.array([asked[m.kind] for m in measures], np.int64).T.reshape(shape),
        versions=np.array([used[m.kind] for m in measures], np.int64).T.reshape(shape),
    )


def measures_of(records: Sequence[DayRecord]) -> tuple[Measure, ...]:
    """Everything that is counted on some day of the history."""
    tallied = {
        Measure(kind, name) for record in records for kind, tally in record.tallies.items() for name in tally.counts
    }
    return (WITH_TEXT, REPEATS, *sorted(tallied))


def _kinds(measures: Sequence[Measure]) -> list[str]:
    return list(dict.fromkeys(measure.kind for measure in measures))


def _fingerprints(records: Sequence[DayRecord]) -> set[str]:
    return {fingerprint for record in records for fingerprint in record.fingerprints.values()}


def _count(record: DayRecord, measure: Measure, repeats: Mapping[datetime.date, int]) -> int:
    if measure == WITH_TEXT:
        return record.rows_with_text
    if measure == REPEATS:
        return repeats[record.day]
    tally = record.tallies.get(measure.kind)
    return tally.counts.get(measure.name, 0) if tally else 0


def _asked(record: DayRecord, kind: str) -> int:
    if kind in (WITH_TEXT.kind, REPEATS.kind):
        return record.rows
    return record.tallies[kind].of if kind in record.tallies else 0


def _version(record: DayRecord, kind: str, versions: Mapping[str, int]) -> int:
    return versions.get(record.fingerprints.get(kind, ""), WITHOUT_VERSION)


def grouped(days: Series, period: str) -> Series:
    """The days put together to weeks or months."""
    ordinals = days.numbers.tolist()
    of_days = np.array([number_of(period, datetime.date.fromordinal(day)) for day in ordinals], np.int64)
    numbers, starts = np.unique(of_days, return_index=True)
    last = ordinals[-1] if ordinals else 0

    def by_period(values: Integers, combine: Callable[[Integers, Integers], Integers]) -> Integers:
        return combine(values, starts) if len(starts) else values

    asked = days.of > 0
    lowest = by_period(np.where(asked, days.versions, np.iinfo(np.int64).max), np.minimum.reduceat)
    highest = by_period(np.where(asked, days.versions, WITHOUT_VERSION), np.maximum.reduceat)
    return Series(
        period=period,
        measures=days.measures,
        numbers=numbers,
        days=by_period(days.days, np.add.reduceat),
        over=np.array([end_of(period, number).toordinal() <= last for number in numbers.tolist()], bool),
        counts=by_period(days.counts, np.add.reduceat),
        of=by_period(days.of, np.add.reduceat),
        versions=np.where(lowest == highest, highest, WITHOUT_VERSION),
    )
