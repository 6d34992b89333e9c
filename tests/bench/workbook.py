"""Reading a workbook and splitting it, against the library's row iterator alone; each in a process of its own."""

from __future__ import annotations

import statistics

from tests.bench.children import probe
from tests.bench.session import Session, say
from tests.bench.table import Figure, Row, Target, ratio

GROUP = "xlsx"
LIMIT_MB = 700


def reading(session: Session) -> list[Row]:
    export = session.export(session.rows, ".xlsx")
    alone, split = [], []
    for turn in range(session.long_runs):
        say(f"xlsx, turn {turn + 1} of {session.long_runs}")
        alone.append(probe("read_calamine", export))
        split.append(probe("split", export))
    seconds = [[one["seconds"] for one in found] for found in (split, alone)]
    peaks = [max(one["peak_mb"] for one in found) for found in (split, alone)]
    ours, theirs = (Figure(statistics.median(taken), "s") for taken in seconds)
    return [
        Row(GROUP, "XLSX read and split / calamine's rows", Figure(ratio(*seconds), "x"), Target(1.5), (ours,),
            (theirs,), session.long_runs),
        Row(GROUP, "XLSX read and split, peak", Figure(peaks[0], "MB"), Target(LIMIT_MB),
            reference=(Figure(peaks[1], "MB"),), runs=session.long_runs),
    ]  # fmt: skip
