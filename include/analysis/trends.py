"""What the history tells: figures by day, week and month, what rose or fell, and what was said before.

    trends.json                      everything, for programs; a line for each period and each change
    trends.csv                       the same figures in long form, for spreadsheets
    repeats/day=YYYY-MM-DD.parquet   the comments of a day that repeat earlier days' (see `repeats`)

All of it depends on the history alone, to the byte: not on when and how often it was brought up to date, nor on the
order in which days came, were replaced or removed.
"""

from __future__ import annotations

import datetime
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from include.analysis import VERSION
from include.analysis.day_record import DayRecord
from include.analysis.files import complete_file
from include.analysis.history import History, HistoryChanged
from include.analysis.leftovers import remove_leftovers
from include.analysis.output import write_csv
from include.analysis.periods import DAY, MONTH, WEEK, WITH_TEXT, Series, grouped, series_of_days
from include.analysis.reading.locking import exclusive
from include.analysis.repeats import WINDOW, Repeats, RepeatsUpdate
from include.analysis.significance import Change, Rules, changes

log = logging.getLogger(__name__)

FORMAT = 1
"""Of `trends.json`; changes when programs that read it have to."""

LOCK = ".update.lock"
ONE_MEASURE = ("duplicates", "repeats")
"""Kinds with a single measure, whose count and share need no name."""


@dataclass(frozen=True)
class Summary:
    """What an update found: how many days there are, which days' repeats were computed, what went away, the changes."""

    days: int
    computed: tuple[datetime.date, ...]
    removed: tuple[str, ...]
    changes: tuple[Change, ...]


def update(history: History, out: Path, window: int = WINDOW, rules: Rules | None = None) -> Summary:
    """Bring the files in `out` up to date with the history, and return what there is to tell.

    Repeats are computed for those days alone that a change of the history concerns. Updates of the same folder wait for
    each other, and each looks at the history when its turn comes: all is right when the last one has ended.

    Raises AnalysisError when the history holds a file that is not of it.
    """
    rules = rules or Rules()
    out.mkdir(parents=True, exist_ok=True)
    with exclusive(out / LOCK):
        while True:
            records = history.days()
            try:
                repeats = Repeats(out / "repeats").update(history, records, window)
                break
            except HistoryChanged as change:
                log.info("%s; beginning again", change)
        all_series = all_periods(records, repeats)
        found = [change for series in all_series for change in changes(series, rules)]
        write_files(out, trends(records, all_series, found, window, rules), csv_table(all_series))
    return Summary(len(records), repeats.computed, repeats.removed, tuple(found))


def all_periods(records: Sequence[DayRecord], repeats: RepeatsUpdate) -> list[Series]:
    """The figures by day, week and month."""
    days = series_of_days(records, repeats.counts)
    return [days, *(grouped(days, period) for period in (WEEK, MONTH))]


def write_files(out: Path, document: dict[str, Any], table: pa.Table) -> None:
    """Write both files, each whole or not at all."""
    remove_leftovers(out, ".*.tmp")
    with complete_file(out / "trends.csv") as temporary:
        write_csv(temporary, table)
    with complete_file(out / "trends.json") as temporary:
        temporary.write_text(rendered(document), encoding="utf-8")


def trends(
    records: Sequence[DayRecord], all_series: Sequence[Series], found: Sequence[Change], window: int, rules: Rules
) -> dict[str, Any]:
    """The content of `trends.json`."""
    days = [record.day for record in records]
    held = set(days)
    return {
        "versions": {"comment_analysis": VERSION, "trends": FORMAT},
        "parameters": {"window_days": window, **rules.to_dict()},
        "span": {
            "first": str(days[0]) if days else None,
            "last": str(days[-1]) if days else None,
            "days": len(days),
            "gaps": gaps_between(days),
        },
        "analyses": used_analyses(records),
        **{series.period: list(period_entries(series, days, held)) for series in all_series},
        "changes": [change.to_dict() for change in found],
    }


def used_analyses(records: Sequence[DayRecord]) -> list[dict[str, Any]]:
    """Which analyses gave the answers, from which day on: an entry where they are others than the day before."""
    runs = groupby(records, key=lambda record: record.fingerprints)
    return [
        {"from": str(next(days).day), "fingerprints": dict(sorted(fingerprints.items()))} for fingerprints, days in runs
    ]


def gaps_between(days: Sequence[datetime.date]) -> list[list[str]]:
    """The days that are missing between the first and the last, as [first, last] of each gap; `days` is in order."""
    one = datetime.timedelta(1)
    return [[str(left + one), str(right - one)] for left, right in pairwise(days) if right - left > one]


def period_entries(series: Series, days: Sequence[datetime.date], held: set[datetime.date]) -> Iterator[dict[str, Any]]:
    """The figures of each period."""
    for index in range(len(series.numbers)):
        start, end = series.start(index), series.end(index)
        when: dict[str, Any] = {"start": str(start)}
        if series.period != DAY:
            within = [start + datetime.timedelta(i) for i in range((end - start).days + 1)]
            absent = [str(day) for day in within if day not in held and days[0] < day < days[-1]]
            when |= {"end": str(end), "days": int(series.days[index]), "missing": absent}
        yield {**when, **figures(series, index)}


def figures(series: Series, index: int) -> dict[str, Any]:
    """The counts and shares of one period, by kind of measure; kinds that nobody asked for are left out."""
    found: dict[str, Any] = {"comments": 0, WITH_TEXT.name: 0}
    columns = enumerate(series.measures)
    for kind, group in groupby(columns, key=lambda column: column[1].kind):
        members = list(group)
        of = int(series.of[index, members[0][0]])
        counts = {measure.name: int(series.counts[index, column]) for column, measure in members}
        shares = {name: round(count / of, 6) if of else 0.0 for name, count in counts.items()}
        if kind == WITH_TEXT.kind:
            found |= {"comments": of, **counts}
        elif of and kind in ONE_MEASURE:
            found[kind] = {"of": of, "count": counts[kind], "share": shares[kind]}
        elif of:
            found[kind] = {"of": of, "counts": counts, "shares": shares}
    return found


def csv_table(all_series: Sequence[Series]) -> pa.Table:
    """Everything in long form: a row for each period and measure that somebody asked for."""
    names = ("period", "start", "kind", "measure", "count", "comments", "share")
    return pa.concat_tables(pa.table(dict(zip(names, csv_columns(series), strict=True))) for series in all_series)


def csv_columns(series: Series) -> list[pa.Array]:
    rows, columns = np.nonzero(series.of)
    starts = pa.array([series.start(index) for index in range(len(series.numbers))], pa.date32())
    kinds, names = (pa.array([measure[i] for measure in series.measures], pa.string()) for i in range(2))
    count, of = series.counts[rows, columns], series.of[rows, columns]
    return [
        pa.array([series.period] * len(rows), pa.string()),
        starts.take(pa.array(rows)),
        kinds.take(pa.array(columns)),
        names.take(pa.array(columns)),
        pa.array(count),
        pa.array(of),
        pa.array(np.round(count / of, 6)),
    ]


def rendered(document: dict[str, Any]) -> str:
    """JSON that is read by line: each entry has one, and in a list of dictionaries each of these."""
    entries = []
    for key, value in document.items():
        several = isinstance(value, list) and value
        text = "[\n" + ",\n".join(map(_compact, value)) + "\n]" if several else _compact(value)
        entries.append(f"{_compact(key)}: {text}")
    return "{\n" + ",\n".join(entries) + "\n}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
