"""One analysis of one batch: slice by slice, skipping what is done, in smaller slices when it has to."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.analysis import storage
from include.analysis.analysis import Analysis, Part, Rows
from include.analysis.errors import UserError
from include.analysis.files import write_json
from include.analysis.memory import SMALLEST_SLICE, MemoryManager, keep_freed
from include.analysis.parts import Batch, PartStore
from include.analysis.performance import PerformanceMonitor, Span
from include.analysis.planning import rows_within_memory
from include.analysis.privacy import example
from include.analysis.registry import loaded_analysis
from include.analysis.run_folder import RunFolder
from include.analysis.settings import load_settings

log = logging.getLogger(__name__)

Report = Callable[[dict[str, Any], str], None]
"""Takes the figures of a task and the name of its analysis."""

PROBES = 50
"""An analysis that fails on this many rows of a batch, tried alone, is broken rather than the rows."""


def slice_limit(batch_size: int, retry: int) -> int:
    """The largest slice of retry n (0 is the first try): `max(10, batch_size // 2**n)`."""
    return max(SMALLEST_SLICE, batch_size >> retry)


def first_slice(run: RunFolder, batch: Batch, memory: MemoryManager, retry: int) -> tuple[int, str]:
    """The rows of a try's first slice, and why as many."""
    size = slice_limit(len(batch), retry)
    affordable = rows_within_memory(run.input["bytes_per_row"], memory.max_memory_mb)
    if affordable < size:
        return affordable, f"what {memory.max_memory_mb} MiB of memory hold"
    if retry == 0:
        return size, "the whole batch"
    return size, f"retry {retry}: the batch halved {'once' if retry == 1 else f'{retry} times'}"


@dataclass
class Attempt:
    """How one try of one analysis of one batch went; kept in the run folder for the report."""

    analysis: str
    batch: int
    number: int
    slice_rows: int
    slice_reason: str
    started: float = field(default_factory=time.time)
    seconds: float = 0.0
    peak_memory_mb: float = 0.0
    rows_done: int = 0
    rows_skipped: int = 0
    slices: int = 0
    shrinks: list[dict[str, Any]] = field(default_factory=list)
    outcome: str = "running"
    error: str | None = None
    figures: dict[str, Any] | None = None  # of the PerformanceMonitor; none when the process was killed

    @staticmethod
    def path(run: RunFolder, analysis: str, batch: int, number: int) -> Path:
        return run.attempts / analysis / f"{batch:05d}-{number:03d}.json"

    def save(self, run: RunFolder) -> None:
        write_json(self.path(run, self.analysis, self.batch, self.number), asdict(self))


def analyse_batch(
    run: RunFolder, batch: Batch, name: str, retry: int = 0, number: int = 1, report: Report | None = None
) -> dict[str, Any]:
    """Analyse the rows of a batch that have no part yet, and store a part for each slice.

    `retry` sets the size of the slices (see `slice_limit`), `number` tells the tries of a batch apart, and `report`
    gets the figures of the try, also when it fails.
    Returns counts. Raises what the analysis raises when it fails for good; finished parts stay.
    """
    keep_freed()
    analysis = loaded_analysis(name, load_settings())
    memory = MemoryManager(run.config.max_memory_mb)
    size, reason = first_slice(run, batch, memory, retry)
    attempt = Attempt(name, batch.index, number, size, reason)
    monitor = PerformanceMonitor()
    worker = BatchWorker(run, batch, analysis, memory, attempt, monitor)
    with run.needs_room():
        attempt.save(run)
        began = time.perf_counter()
        try:
            with monitor:
                worker.work()
            attempt.outcome = "done"
        except BaseException as error:
            attempt.outcome, attempt.error = "failed", _told(error)
            raise
        finally:
            attempt.seconds = time.perf_counter() - began
            attempt.peak_memory_mb = memory.peak_mb()
            attempt.figures = monitor.figures()
            if report is not None:
                report(attempt.figures, name)
            attempt.save(run)
    return {"batch": batch.index, "rows": attempt.rows_done, "skipped": attempt.rows_skipped, "slices": attempt.slices}


@dataclass
class BatchWorker:
    """The state of one try."""

    run: RunFolder
    batch: Batch
    analysis: Analysis
    memory: MemoryManager
    attempt: Attempt
    monitor: PerformanceMonitor

    def __post_init__(self) -> None:
        self.store = PartStore(self.run.parts, self.analysis, self.batch)
        self.known_to_work = False
        self.text_column = self.run.input["text_column"]

    def work(self) -> None:
        storage.fetch(folders=[self.store.folder])
        missing = self.store.missing()
        todo = sum(stop - start for start, stop in missing)
        self.attempt.rows_skipped = len(self.batch) - todo
        size = self.attempt.slice_rows
        log.info(
            "%s of %s: %d rows to do in slices of %d (%s); skipped: %d rows that have parts already",
            self.analysis.name, self.batch.label, todo, size, self.attempt.slice_reason, self.attempt.rows_skipped,
        )  # fmt: skip
        for start, stop in missing:
            while start < stop:
                taken = min(size, stop - start)
                if not self.try_slice(start, start + taken):
                    size = max(SMALLEST_SLICE, taken // 4)
                    continue
                start += taken  # noqa: PLW2901
                todo -= taken
                if todo:
                    size = self.adapt(size)

    def try_slice(self, start: int, stop: int) -> bool:
        """Analyse and store one slice; False when it should be tried again in smaller ones."""
        try:
            self.analyse_slice(start, stop)
        except (UserError, OSError):
            raise
        except Exception as error:
            self.monitor.error(error)
            self.memory.clean_up()
            if stop - start <= SMALLEST_SLICE:
                self.analyse_rows_alone(start, stop)
                return True
            self.note_shrink(stop - start, _told(error))
            return False
        return True

    def analyse_slice(self, start: int, stop: int) -> None:
        with self.monitor.slice(stop - start) as span, self.memory.bounded():
            part = self.checked(self.read(start, stop))
        self.finish_slice(start, stop, part, span, [])

    def analyse_rows_alone(self, start: int, stop: int) -> None:
        """Find the rows that an analysis fails on, and give the others their answers."""
        parts: list[Part] = []
        quarantine: list[dict[str, Any]] = []
        with self.monitor.slice(stop - start) as span:
            for row in range(start, stop):
                outcome = self.try_alone(row)
                if isinstance(outcome, Part):
                    parts.append(outcome)
                    self.known_to_work = True
                else:
                    log.warning("%s fails on row %d: %s", self.analysis.name, row, type(outcome).__name__)
                    quarantine.append({"row": row, "error": _told(outcome)})
                    parts.append(Part({}, _no_answer(self.analysis)))
        if not self.known_to_work:
            self.probe()
        partial = self.analysis.merge_all(part.partial for part in parts)
        answers = pa.concat_tables([part.answers for part in parts]).combine_chunks()
        self.finish_slice(start, stop, Part(partial, answers), span, quarantine)

    def try_alone(self, row: int) -> Part | Exception:
        try:
            return self.checked(self.read(row, row + 1))
        except (UserError, OSError):
            raise
        except Exception as error:
            self.monitor.error(error)
            return error

    def probe(self) -> None:
        """See whether the analysis works on any row of the batch.

        Raises what it raises, when it does not: then it has failed, and putting the batch in quarantine row by row
        would only take long to say so.
        """
        rows = range(self.batch.start, self.batch.stop, max(1, len(self.batch) // PROBES))
        outcomes = [self.try_alone(row) for row in rows]
        if not any(isinstance(outcome, Part) for outcome in outcomes):
            raise next(outcome for outcome in outcomes if isinstance(outcome, Exception))

    def read(self, start: int, stop: int) -> Rows:
        return self.batch.read(self.text_column, self.analysis.columns, start, stop)

    def checked(self, rows: Rows) -> Part:
        part = self.analysis.analyse(rows)
        if part.answers.num_rows != len(rows):
            raise ValueError(f"{self.analysis.name} answered {part.answers.num_rows} rows of {len(rows)}")
        return part

    def finish_slice(self, start: int, stop: int, part: Part, span: Span, quarantine: list[dict[str, Any]]) -> None:
        self.store.write(start, stop, part, span.figures(), quarantine)
        self.known_to_work = True
        self.attempt.slices += 1
        self.attempt.rows_done += stop - start
        self.monitor.slice_done(span)

    def adapt(self, size: int) -> int:
        """The size of the next slice, by the memory in use."""
        if self.memory.should_gc():
            self.memory.clean_up()
        adapted = self.memory.next_slice(size, self.attempt.slice_rows)
        if adapted < size:
            self.note_shrink(size, f"memory at {self.memory.percentage():.0f} % of the limit", adapted)
        return adapted

    def note_shrink(self, size: int, reason: str, adapted: int | None = None) -> None:
        adapted = adapted or max(SMALLEST_SLICE, size // 4)
        log.warning(
            "%s of %s: slices of %d rows now, not %d (%s)", self.analysis.name, self.batch.label, adapted, size, reason
        )
        self.attempt.shrinks.append({"from": size, "to": adapted, "reason": reason})


def _told(error: BaseException) -> str:
    """An error as it is shown: it may quote a comment, so personal data in it is masked."""
    return example(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def _no_answer(analysis: Analysis) -> pa.Table:
    return pa.table({field.name: pa.nulls(1, field.type) for field in analysis.part_schema})
