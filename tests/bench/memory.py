"""The memory of the DAG's tasks, each a process of its own, and whether ten times the rows take more than that."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from tests.bench.session import BASIC, TIMES_LARGER, Run, Session, say
from tests.bench.table import Figure, Row, Target

GROUP, LARGE = "memory", "large"
LIMIT_MB = 512
FLAT = 1.1


def of_tasks(session: Session) -> list[Row]:
    return [_highest(GROUP, session.rows, peaks_of(session.measured["dag"].runs), session.long_runs)]


def peaks_of(runs: Sequence[Run]) -> dict[str, float]:
    """The highest peak of each step in any of the runs."""
    return {step: max(run.peaks[step] for run in runs) for step in runs[0].peaks}


def _highest(group: str, rows: int, peaks: Mapping[str, float], runs: int = 1) -> Row:
    ordered = sorted(peaks.items(), key=lambda step: -step[1])
    steps = tuple(Figure(peak, "MB", step) for step, peak in ordered)
    return Row(group, f"peak of any task, {rows:,} rows", Figure(max(peaks.values()), "MB"), Target(LIMIT_MB), steps,
               runs=runs)  # fmt: skip


def of_large(session: Session) -> list[Row]:
    """One run of the engine and one of the DAG over ten times the rows."""
    rows = TIMES_LARGER * session.rows
    say(f"engine, {rows:,} rows")
    engine = session.engine(rows, BASIC, "large")
    say(f"dag, {rows:,} rows")
    dag = session.dag(rows, "large")
    small, peaks = peaks_of(session.measured["dag"].runs), dag.peaks
    step = max(peaks, key=lambda name: peaks[name] / small[name])
    return [
        _highest(LARGE, rows, peaks),
        Row(LARGE, f"peak of a task for {TIMES_LARGER} times the rows, that grew most: {step}",
            Figure(peaks[step] / small[step], "x"), Target(FLAT),
            (Figure(peaks[step], "MB"),), (Figure(small[step], "MB"),)),
        _longer("engine, to its results", [engine.to_results], session.measured["basic"].to_results()),
        _longer("DAG, from its first task on", [dag.own_seconds], session.measured["dag"].own_seconds()),
    ]  # fmt: skip


def _longer(what: str, large: Sequence[float], small: Sequence[float]) -> Row:
    longer, shorter = statistics.median(large), statistics.median(small)
    return Row(LARGE, f"{what}, for {TIMES_LARGER} times the rows", Figure(longer / shorter, "x"),
               Target(1.05 * TIMES_LARGER), (Figure(longer, "s"),), (Figure(shorter, "s"),))  # fmt: skip
