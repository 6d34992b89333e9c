"""What one task took: its time, rows, memory, processor and errors, and the same figures of many tasks together.

Memory is resident memory in MiB. Processor time is a percentage of one core: two busy threads are 200 %.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

import psutil

from include.analysis.memory import MEBIBYTE, MemoryManager

log = logging.getLogger(__name__)

Metric = tuple[str, str, float, dict[str, str]]
"""Kind (`timing`, in milliseconds; `gauge`; `incr`), name, value, tags."""

PREFIX = "comment_analysis.task"
THREAD_NAME = "performance-monitor"
SECONDS_TO_END = 5.0

_numbers = count(1)


class PerformanceMonitor:
    """Samples the memory and processor use of this process, in the background, while a task works.

    A context manager; one monitor watches one task. `interval` is the time between samples in seconds. Measuring never
    disturbs the work: when it fails, the figures have fewer samples. All methods may be called from any thread.
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
        self._readings = _Readings()
        self._started = ""
        self._began = self._began_cpu = 0.0
        self._ended: tuple[float, float] | None = None
        self._rows = self._slices = 0
        self._slice_seconds = 0.0
        self._errors: Counter[str] = Counter()

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
        if self._started:
            raise RuntimeError("a PerformanceMonitor watches one task; make another one for the next")
        self._started = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._began, self._began_cpu = time.perf_counter(), time.process_time()
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
        if not self._started or self._ended is not None:
            return
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(SECONDS_TO_END)
        _watching.discard(self)
        self._sample()
        self._ended = time.perf_counter(), time.process_time()

    def batch_done(self, rows: int, seconds: float) -> None:
        """Count a slice that is finished: its rows, and how long it took."""
        with self._lock:
            self._rows += rows
            self._slices += 1
            self._slice_seconds += seconds

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
            self._errors[type(exception).__name__] += 1

    def figures(self) -> dict[str, Any]:
        """The figures so far, or of the whole task when it has ended; fit for JSON.

        `started` (ISO 8601, UTC), `seconds` (wall clock), `rows`, `slices`, `items_per_second` (rows by `seconds`),
        `average_slice_seconds`, `errors` {type: count}, `memory_mb` {`start`, `average` (over time), `peak`, `delta`
        (end minus start)}, `cpu_percent` {`average` (exact: processor time by `seconds`), `peak` (of one sample)},
        `samples` (0: memory could not be measured).
        """
        ended, ended_cpu = self._ended or (time.perf_counter(), time.process_time())
        seconds = ended - self._began if self._started else 0.0
        with self._lock:
            cpu = _ratio(100 * (ended_cpu - self._began_cpu), seconds)
            return {
                "started": self._started or None,
                "seconds": round(seconds, 6),
                "rows": self._rows,
                "slices": self._slices,
                "items_per_second": round(_ratio(self._rows, seconds), 3),
                "average_slice_seconds": round(_ratio(self._slice_seconds, self._slices), 6),
                "errors": dict(sorted(self._errors.items())),
                "memory_mb": self._readings.memory_mb(),
                "cpu_percent": {
                    "average": round(cpu, 1),
                    "peak": round(max(cpu, self._readings.peak_cpu), 1),
                },
                "samples": self._readings.samples,
            }

    def _watch(self) -> None:
        while not self._stopping.wait(self.interval):
            self._sample(with_cpu=True)

    def _sample(self, with_cpu: bool = False) -> None:
        """Take a sample. Without the processor at start and end: over a few milliseconds its clock is too coarse."""
        try:
            with self._lock:
                self._readings.take(with_cpu)
        except Exception as error:
            log.debug("a sample failed: %s", error)

    def _forget_in_child(self) -> None:
        """In a process that was forked while this monitor watched its parent: the thread is not here, locks may be."""
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = None
        self._readings.process = None


class _Readings:
    """What the samples say of memory and processor, summed up as they come."""

    def __init__(self) -> None:
        self.process: psutil.Process | None = None
        self.samples = 0
        self.peak_cpu = 0.0
        self.first = self.last = self.highest = 0.0
        self.first_at = self.last_at = 0.0
        self.area = 0.0  # memory times seconds
        self.high_water = 0.0

    def take(self, with_cpu: bool) -> None:
        if self.samples == 0:
            self.process = psutil.Process()
            self.process.cpu_percent()  # the first call only begins its count
            self.high_water = MemoryManager.peak_mb()
        if self.process is None:
            return
        now, memory = time.perf_counter(), self.process.memory_info().rss / MEBIBYTE
        if self.samples == 0:
            self.first, self.first_at = memory, now
        else:
            self.area += (self.last + memory) / 2 * (now - self.last_at)
        self.last, self.last_at = memory, now
        self.highest = max(self.highest, memory, self.new_high_water())
        self.samples += 1
        if with_cpu:
            self.peak_cpu = max(self.peak_cpu, self.process.cpu_percent())

    def new_high_water(self) -> float:
        """The peak that the system has seen, between samples too, when it is of this task.

        The system tells the peak since the process began. When that has grown during the task, it is the task's own;
        when not, the task stayed below an earlier one, and the samples are all there is.
        """
        peak = MemoryManager.peak_mb()
        return peak if peak > self.high_water else 0.0

    def memory_mb(self) -> dict[str, float]:
        seconds = self.last_at - self.first_at
        return {
            "start": round(self.first, 3),
            "average": round(self.area / seconds if seconds else self.first, 3),
            "peak": round(self.highest, 3),
            "delta": round(self.last - self.first, 3),
        }


_watching: WeakSet[PerformanceMonitor] = WeakSet()


def _forget_in_child() -> None:
    for monitor in list(_watching):
        monitor._forget_in_child()
    _watching.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)


def merge_figures(figures: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The figures of many tasks together. Takes what it returns, too: figures may be merged in groups, in any order.

    `tasks`, `seconds`, `rows`, `slices`, `samples` and `errors` are sums; `started` is the first; peaks and
    `memory_mb.max_delta` are the largest. Averages are weighted by what they are an average over: memory and processor
    by seconds, `average_slice_seconds` by slices, `memory_mb.average_delta` by tasks; so that merging in groups differs
    by the rounding of the last digit alone. Tasks without samples do not count for memory and processor.
    `items_per_second` is rows by the summed seconds: the speed of one task, not of the tasks that ran at once.
    """
    tasks = [_merged_form(one) for one in figures]
    measured = [one for one in tasks if one["samples"]]
    errors: Counter[str] = Counter()
    for one in tasks:
        errors.update(one["errors"])
    seconds = math.fsum(one["seconds"] for one in tasks)
    rows = sum(one["rows"] for one in tasks)
    memory, cpu = [one["memory_mb"] for one in measured], [one["cpu_percent"] for one in measured]
    weights = [one["seconds"] for one in measured]
    return {
        "tasks": sum(one["tasks"] for one in tasks),
        "started": min((one["started"] for one in tasks if one["started"]), default=None),
        "seconds": round(seconds, 6),
        "rows": rows,
        "slices": sum(one["slices"] for one in tasks),
        "items_per_second": round(_ratio(rows, seconds), 3),
        "average_slice_seconds": round(
            _weighted([one["average_slice_seconds"] for one in tasks], [one["slices"] for one in tasks]), 6
        ),
        "errors": dict(sorted(errors.items())),
        "memory_mb": {
            "average": round(_weighted([one["average"] for one in memory], weights), 3),
            "peak": max((one["peak"] for one in memory), default=0.0),
            "average_delta": round(
                _weighted([one["average_delta"] for one in memory], [one["tasks"] for one in measured]), 3
            ),
            "max_delta": max((one["max_delta"] for one in memory), default=0.0),
        },
        "cpu_percent": {
            "average": round(_weighted([one["average"] for one in cpu], weights), 1),
            "peak": max((one["peak"] for one in cpu), default=0.0),
        },
        "samples": sum(one["samples"] for one in tasks),
    }


def _merged_form(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures of one task as those of a group of one."""
    if "tasks" in figures:
        return figures
    delta = figures["memory_mb"]["delta"]
    memory = {**figures["memory_mb"], "average_delta": delta, "max_delta": delta}
    return {**figures, "tasks": 1, "memory_mb": memory}


def metrics(figures: dict[str, Any], analysis: str) -> list[Metric]:
    """What to send to a metrics service about one task, from the figures of its monitor.

    The duration is in milliseconds, as StatsD and OpenTelemetry take timings. Rows, slices and errors are counts to add
    up. The tags name the analysis, and for errors their type.
    """
    tags = {"analysis": analysis}
    found: list[Metric] = [
        ("timing", f"{PREFIX}.duration", 1000 * figures["seconds"], tags),
        ("incr", f"{PREFIX}.rows", figures["rows"], tags),
        ("incr", f"{PREFIX}.slices", figures["slices"], tags),
        ("gauge", f"{PREFIX}.items_per_second", figures["items_per_second"], tags),
    ]
    if figures["samples"]:
        found += [
            ("gauge", f"{PREFIX}.memory_peak_mb", figures["memory_mb"]["peak"], tags),
            ("gauge", f"{PREFIX}.memory_delta_mb", figures["memory_mb"]["delta"], tags),
            ("gauge", f"{PREFIX}.cpu_percent", figures["cpu_percent"]["average"], tags),
        ]
    found += [
        ("incr", f"{PREFIX}.errors", times, {**tags, "error": error}) for error, times in figures["errors"].items()
    ]
    return found


def _ratio(amount: float, by: float) -> float:
    return amount / by if by else 0.0


def _weighted(values: Sequence[float], weights: Sequence[float]) -> float:
    """The weighted average; the sums are exact, so it does not depend on the order."""
    return _ratio(math.fsum(value * weight for value, weight in zip(values, weights, strict=True)), math.fsum(weights))
