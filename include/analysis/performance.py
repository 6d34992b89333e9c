"""What one task takes: its time, rows, memory, processor and errors, and the same of each of its slices.

Memory is resident memory in MiB. Processor time is a percentage of one core: two busy threads are 200 %.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

import psutil

from include.analysis.figures import ratio
from include.analysis.memory import MEBIBYTE, MemoryManager

log = logging.getLogger(__name__)

THREAD_NAME = "performance-monitor"
SECONDS_TO_END = 5.0

_numbers = count(1)


class PerformanceMonitor:
    """Samples the memory and processor use of this process, in the background, while a task works.

    A context manager; one monitor watches one task. `interval` is the time between samples in seconds. Measuring never
    disturbs the work: when it fails, the figures have fewer samples. All methods may be called from any thread, but one
    slice at a time is watched.
    Raises ValueError when the interval is not positive.
    """

    def __init__(self, interval: float = 0.5) -> None:
        if interval <= 0:
            raise ValueError(f"the interval is {interval} s; it must be more than 0")
        self.interval = interval
        self._number = next(_numbers)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._gauge = _Gauge()
        self._task = Span()
        self._slice: Span | None = None
        self._slices = 0
        self._slice_seconds = 0.0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if exception is not None:
            self.error(exception)
        self.stop()

    def start(self) -> None:
        """Begin to watch. Raises RuntimeError the second time."""
        if self._task.started:
            raise RuntimeError("a PerformanceMonitor watches one task; make another one for the next")
        self._task.begin()
        self._sample()
        _watching.add(self)
        thread = threading.Thread(target=self._watch, name=THREAD_NAME, daemon=True)
        try:
            thread.start()
            self._thread = thread
        except (RuntimeError, MemoryError) as error:
            log.warning("no samples between start and end of the task: %s", error)

    def stop(self) -> None:
        """End watching, at once; the figures are final then. Does nothing the second time, or when not begun."""
        if not self._task.running:
            return
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(SECONDS_TO_END)
        _watching.discard(self)
        self._sample()
        self._task.end()

    @contextmanager
    def slice(self, rows: int) -> Iterator[Span]:
        """Watch a slice of so many rows; its own figures are complete when the block ends."""
        span = Span(rows)
        span.begin()
        with self._lock:
            self._slice = span
        self._sample()
        try:
            yield span
        finally:
            self._sample()
            span.end()
            with self._lock:
                self._slice = None

    def slice_done(self, span: Span) -> None:
        """Count a slice whose part is stored."""
        with self._lock:
            self._task.rows += span.rows
            self._slices += 1
            self._slice_seconds += span.seconds

    def error(self, exception: BaseException) -> None:
        """Count an error by its type; the same exception counts once, however often it is told.

        The exception that ends the `with` block is counted without being told. None is kept: it would hold the memory
        of the slice that failed.
        """
        with self._lock:
            if getattr(exception, "_counted_by", None) == self._number:
                return
            with suppress(AttributeError, TypeError):
                exception._counted_by = self._number  # type: ignore[attr-defined]
            for span in self._spans():
                span.errors[type(exception).__name__] += 1

    def figures(self) -> dict[str, Any]:
        """The figures so far, or of the whole task when it has ended; fit for JSON.

        Those of `Span.figures`, and `slices` and `average_slice_seconds`.
        """
        with self._lock:
            return {
                **self._task.figures(),
                "slices": self._slices,
                "average_slice_seconds": round(ratio(self._slice_seconds, self._slices), 6),
            }

    def _spans(self) -> list[Span]:
        return [self._task] if self._slice is None else [self._task, self._slice]

    def _watch(self) -> None:
        while not self._stopping.wait(self.interval):
            self._sample(with_cpu=True)

    def _sample(self, with_cpu: bool = False) -> None:
        """Take a sample. Without the processor at starts and ends: over a few milliseconds its clock is too coarse."""
        try:
            with self._lock:
                reading = self._gauge.read(with_cpu)
                for span in self._spans():
                    span.add(*reading)
        except Exception as error:
            log.debug("a sample failed: %s", error)

    def _forget_in_child(self) -> None:
        """In a process that was forked while this monitor watched its parent: the thread is not here, locks may be."""
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = None
        self._gauge.ended = True


class _Gauge:
    """Reads the memory and the processor use of this process."""

    def __init__(self) -> None:
        self.process: psutil.Process | None = None
        self.ended = False

    def read(self, with_cpu: bool) -> tuple[float, float, float | None]:
        """When (perf_counter), memory in MiB, and percent of a core since the last reading with it."""
        if self.ended:
            raise RuntimeError("this process is not the one that was watched")
        if self.process is None:
            self.process = psutil.Process()
            self.process.cpu_percent()  # the first call only begins its count
        memory = self.process.memory_info().rss / MEBIBYTE
        return time.perf_counter(), memory, self.process.cpu_percent() if with_cpu else None


class Span:
    """A stretch of work, and what the samples in it say of memory and processor, summed up as they come."""

    def __init__(self, rows: int = 0) -> None:
        self.rows = rows
        self.errors: Counter[str] = Counter()
        self.started = ""
        self._began = self._began_cpu = 0.0
        self._ended: tuple[float, float] | None = None
        self._samples = 0
        self._first = self._last = self._highest = 0.0
        self._first_at = self._last_at = 0.0
        self._area = 0.0  # memory times seconds
        self._high_water = 0.0
        self._peak_cpu = 0.0

    def begin(self) -> None:
        self.started = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._began, self._began_cpu = time.perf_counter(), time.process_time()
        self._high_water = MemoryManager.peak_mb()

    def end(self) -> None:
        self._ended = time.perf_counter(), time.process_time()

    @property
    def running(self) -> bool:
        return bool(self.started) and self._ended is None

    @property
    def seconds(self) -> float:
        """Wall clock, so far or of the whole span."""
        return ((self._ended[0] if self._ended else time.perf_counter()) - self._began) if self.started else 0.0

    def add(self, now: float, memory: float, cpu: float | None) -> None:
        """Take in a reading of the gauge."""
        if self._samples == 0:
            self._first, self._first_at = memory, now
        else:
            self._area += (self._last + memory) / 2 * (now - self._last_at)
        self._last, self._last_at = memory, now
        self._highest = max(self._highest, memory, self._new_high_water())
        self._samples += 1
        self._peak_cpu = max(self._peak_cpu, cpu or 0.0)

    def _new_high_water(self) -> float:
        """The peak that the system has seen, between samples too, when it is of this span.

        The system tells the peak since the process began. When that has grown during the span, it is the span's own;
        when not, the span stayed below an earlier one, and the samples are all there is.
        """
        peak = MemoryManager.peak_mb()
        return peak if peak > self._high_water else 0.0

    def figures(self) -> dict[str, Any]:
        """What was measured, fit for JSON.

        `started` (ISO 8601, UTC), `seconds` (wall clock), `rows`, `items_per_second` (rows by `seconds`), `errors`
        {type: count}, `memory_mb` {`start`, `average` (over time), `peak`, `delta` (end minus start)}, `cpu_percent`
        {`average` (exact: processor time by `seconds`), `peak` (of one sample)}, `samples` (0: memory could not be
        measured).
        """
        seconds = self.seconds
        cpu_seconds = (self._ended[1] if self._ended else time.process_time()) - self._began_cpu
        cpu = ratio(100 * cpu_seconds, seconds)
        sampled = self._last_at - self._first_at
        return {
            "started": self.started or None,
            "seconds": round(seconds, 6),
            "rows": self.rows,
            "items_per_second": round(ratio(self.rows, seconds), 3),
            "errors": dict(sorted(self.errors.items())),
            "memory_mb": {
                "start": round(self._first, 3),
                "average": round(self._area / sampled if sampled else self._first, 3),
                "peak": round(self._highest, 3),
                "delta": round(self._last - self._first, 3),
            },
            "cpu_percent": {"average": round(cpu, 1), "peak": round(max(cpu, self._peak_cpu), 1)},
            "samples": self._samples,
        }


_watching: WeakSet[PerformanceMonitor] = WeakSet()


def _forget_in_child() -> None:
    for monitor in list(_watching):
        monitor._forget_in_child()
    _watching.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
