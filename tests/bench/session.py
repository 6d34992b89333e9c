"""What is measured once for all rows of the table: exports, and whole runs in turn with what they are compared to."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from include.analysis.settings import DEFAULT_ANALYSES
from tests.bench.children import Ended, probe, python

BASIC = ("duplicates", "emotions", "themes")
FEW_ROWS = 10
TIMES_LARGER = 10


@dataclass(frozen=True)
class Run:
    """A run of the engine or the DAG, and what it left; `to_results` is when `results.json` was there, in seconds."""

    seconds: float
    to_results: float
    results: dict[str, Any]
    report: dict[str, Any]

    @classmethod
    def of(cls, ended: Ended, folder: Path) -> Run:
        file = folder / "results.json"
        read = [json.loads((folder / name).read_text(encoding="utf-8")) for name in ("results.json", "report.json")]
        return cls(ended.seconds, file.stat().st_mtime - ended.began, *read)

    @property
    def own_seconds(self) -> float:
        """From the first step of the run to its results, as the run tells it."""
        return float(self.results["performance"]["total_processing_time"])

    @property
    def peaks(self) -> dict[str, float]:
        """The peak memory of each step, MiB."""
        return {**self.results["performance"]["peak_memory_mb"], "report": self.report["peak_memory_mb"]}


@dataclass
class Measured:
    """What was measured of one subject, a turn after another."""

    seconds: list[float] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def to_results(self) -> list[float]:
        return [run.to_results for run in self.runs]

    def own_seconds(self) -> list[float]:
        return [run.own_seconds for run in self.runs]


@dataclass
class Session:
    """The measuring of one command. `subjects` are those of SUBJECTS that the wanted rows need."""

    folder: Path
    rows: int
    runs: int
    long_runs: int
    workers: int
    subjects: Collection[str] = ()
    store: bool = False

    def export(self, rows: int, suffix: str = ".csv") -> Path:
        """An export of so many generated rows, made when it is first asked for."""
        path = self.folder / f"{rows}{suffix}"
        if not path.exists():
            say(f"making {rows:,} rows of {suffix}")
            python("-m", "tests.exports", str(path), str(rows))
        return path

    @cached_property
    def measured(self) -> dict[str, Measured]:
        """The subjects, in turn, so that what else the machine does meets all of them."""
        found = {name: Measured() for name in SUBJECTS if name in self.subjects}
        for turn in range(self.long_runs):
            for name, measured in found.items():
                say(f"{name}, turn {turn + 1} of {self.long_runs}")
                SUBJECTS[name](self, measured)
        return found

    def engine(self, rows: int, analyses: Collection[str], out: str) -> Run:
        """`python -m include.analysis` into a fresh folder."""
        export, folder = self.export(rows), self._fresh(out)
        options = ["--workers", str(self.workers), "--analyses", ",".join(analyses), "--out", str(folder)]
        return Run.of(python("-m", "include.analysis", *options, str(export)), folder)

    def dag(self, rows: int, out: str) -> Run:
        """The whole DAG by the command of `make run`, with all analyses."""
        export, folder = self.export(rows), self._fresh(out)
        options = ["--workers", str(self.workers), "--out", str(folder), "--", str(export)]
        return Run.of(python("-m", "include.local_airflow", "run", *options), folder)

    def _fresh(self, out: str) -> Path:
        """A folder that is not there yet."""
        folder = self.folder / out
        shutil.rmtree(folder, ignore_errors=True)
        return folder


def say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def measure_pandas(session: Session, measured: Measured) -> None:
    measured.seconds.append(typical("read_pandas", session))


def measure_polars(session: Session, measured: Measured) -> None:
    measured.seconds.append(typical("read_polars", session))


def typical(reader: str, session: Session) -> float:
    """A reader takes so little time that several readings make one figure."""
    export = session.export(session.rows)
    return statistics.median(probe(reader, export)["seconds"] for _ in range(session.runs))


def measure_basic(session: Session, measured: Measured) -> None:
    keep(measured, session.engine(session.rows, BASIC, "basic"))


def measure_comments(session: Session, measured: Measured) -> None:
    measured.seconds.append(probe("write_comments", session.folder / "basic")["seconds"])


def measure_all(session: Session, measured: Measured) -> None:
    keep(measured, session.engine(session.rows, DEFAULT_ANALYSES, "all"))


def measure_start(session: Session, measured: Measured) -> None:
    keep(measured, session.dag(FEW_ROWS, "start"))


def measure_dag(session: Session, measured: Measured) -> None:
    keep(measured, session.dag(session.rows, "dag"))


def keep(measured: Measured, run: Run) -> None:
    measured.seconds.append(run.seconds)
    measured.runs.append(run)


SUBJECTS: dict[str, Callable[[Session, Measured], None]] = {
    "pandas": measure_pandas,
    "polars": measure_polars,
    "basic": measure_basic,
    "comments": measure_comments,  # of the run before
    "all": measure_all,
    "start": measure_start,
    "dag": measure_dag,
}
