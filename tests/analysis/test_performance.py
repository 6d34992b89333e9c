"""The performance monitor measures what the task does, and neither disturbs nor outlives it."""

from __future__ import annotations

import json
import os
import signal
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psutil
import pytest

from include.analysis.figures import metrics
from include.analysis.memory import MemoryManager
from include.analysis.performance import THREAD_NAME, PerformanceMonitor, Span

MEGABYTES = 1 << 20


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert watchers() == []


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD_NAME]


def resident() -> float:
    return psutil.Process().memory_info().rss / MEGABYTES


def block(megabytes: float) -> bytes:
    """Memory in use; given back to the system when it is dropped."""
    return b"x" * int(megabytes * MEGABYTES)


def reach_a_peak(above: float) -> None:
    """Take the process to its highest memory so far, and come back."""
    held = block(MemoryManager.peak_mb() - resident() + above)
    del held


def do(monitor: PerformanceMonitor, rows: int, seconds: float = 0.0) -> Span:
    """A slice of so many rows, from its begin to its stored part."""
    with monitor.slice(rows) as span:
        time.sleep(seconds)
    monitor.slice_done(span)
    return span


def burn(seconds: float) -> float:
    """Keep one core busy; returns the processor seconds that took."""
    began, began_cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        sum(range(1000))
    return time.process_time() - began_cpu


class TestWork:
    def test_rows_slices_and_speed(self) -> None:
        before = datetime.now(UTC)
        with PerformanceMonitor() as monitor:
            began = time.perf_counter()
            do(monitor, 100, 0.2)
            do(monitor, 50, 0.1)
            time.sleep(0.2)
            elapsed = time.perf_counter() - began
        figures = monitor.figures()
        assert (figures["rows"], figures["slices"]) == (150, 2)
        assert figures["average_slice_seconds"] == pytest.approx(0.15, abs=0.05)
        assert elapsed <= figures["seconds"] < elapsed + 0.5
        assert figures["items_per_second"] == pytest.approx(150 / figures["seconds"], rel=0.001)
        started = datetime.fromisoformat(figures["started"])
        assert started.utcoffset() == timedelta(0)
        assert before - timedelta(seconds=0.01) <= started <= datetime.now(UTC)
        assert json.loads(json.dumps(figures)) == figures

    def test_nothing_done(self) -> None:
        with PerformanceMonitor() as monitor:
            pass
        figures = monitor.figures()
        assert (figures["rows"], figures["items_per_second"], figures["average_slice_seconds"]) == (0, 0.0, 0.0)
        assert figures["errors"] == {}

    def test_counts_of_many_threads(self) -> None:
        with PerformanceMonitor(interval=0.001) as monitor:
            threads = [
                threading.Thread(
                    target=lambda: [(monitor.slice_done(Span(1)), monitor.error(OSError())) for _ in range(500)]
                )
                for _ in range(8)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        figures = monitor.figures()
        assert (figures["rows"], figures["slices"], figures["errors"]) == (4000, 4000, {"OSError": 4000})

    def test_errors_by_type(self) -> None:
        with PerformanceMonitor() as monitor:
            for error in (ValueError("a"), MemoryError(), ValueError("b")):
                monitor.error(error)
        assert monitor.figures()["errors"] == {"MemoryError": 1, "ValueError": 2}

    def test_the_error_that_ends_the_task_counts_once_and_goes_on(self) -> None:
        monitor = PerformanceMonitor()

        def tell_and_raise() -> None:
            try:
                raise KeyError("x")
            except KeyError as error:
                monitor.error(error)
                raise

        with pytest.raises(KeyError), monitor:
            tell_and_raise()
        assert monitor.figures()["errors"] == {"KeyError": 1}
        again = PerformanceMonitor()
        with pytest.raises(OSError, match="disk"), again:
            raise OSError("disk")
        assert again.figures()["errors"] == {"OSError": 1}

    def test_an_error_counts_in_the_next_task_too(self) -> None:
        error = ValueError()
        first, second = PerformanceMonitor(), PerformanceMonitor()
        for monitor in (first, second):
            with monitor:
                monitor.error(error)
        assert first.figures()["errors"] == second.figures()["errors"] == {"ValueError": 1}


class TestSlices:
    def test_a_slice_has_its_own_figures(self) -> None:
        with PerformanceMonitor(interval=0.02) as monitor:
            held = block(50)
            monitor.error(KeyError())
            with monitor.slice(40) as span:
                more = block(80)
                monitor.error(ValueError())
                burn(0.3)
            monitor.slice_done(span)
            burn(0.1)
            later = do(monitor, 2)
        figures, whole = span.figures(), monitor.figures()
        assert (figures["rows"], figures["errors"]) == (40, {"ValueError": 1})
        assert (whole["rows"], whole["slices"]) == (42, 2)
        assert whole["errors"] == {"KeyError": 1, "ValueError": 1}
        assert later.figures()["errors"] == {}
        assert 0.3 <= figures["seconds"] < whole["seconds"]
        assert figures["items_per_second"] == pytest.approx(40 / figures["seconds"], rel=0.001)
        assert figures["memory_mb"]["delta"] == pytest.approx(80, abs=15)
        assert figures["cpu_percent"]["average"] > 20
        assert 2 < figures["samples"] < whole["samples"]
        assert json.loads(json.dumps(figures)) == figures
        del held, more

    def test_a_slice_that_fails_counts_for_nothing_but_its_error(self) -> None:
        with PerformanceMonitor() as monitor:
            with pytest.raises(MemoryError) as caught, monitor.slice(9):
                raise MemoryError
            monitor.error(caught.value)
            span = do(monitor, 1)
        assert (monitor.figures()["rows"], monitor.figures()["slices"]) == (1, 1)
        assert monitor.figures()["errors"] == {"MemoryError": 1}
        assert span.figures()["errors"] == {}


class TestMemory:
    def test_a_peak_between_samples_is_seen(self) -> None:
        with PerformanceMonitor(interval=60) as monitor:
            peak = MemoryManager.peak_mb() + 100
            reach_a_peak(above=100)
        memory = monitor.figures()["memory_mb"]
        assert memory["peak"] == pytest.approx(peak, abs=20)
        assert memory["start"] == pytest.approx(resident(), abs=20)
        assert abs(memory["delta"]) < 20
        assert monitor.figures()["samples"] == 2

    def test_a_peak_of_an_earlier_task_does_not_count(self) -> None:
        reach_a_peak(above=200)
        with PerformanceMonitor(interval=0.01) as monitor:
            time.sleep(0.1)
        memory = monitor.figures()["memory_mb"]
        assert memory["peak"] < memory["start"] + 50 < MemoryManager.peak_mb()

    def test_a_peak_below_an_earlier_one_is_sampled(self) -> None:
        reach_a_peak(above=200)
        with PerformanceMonitor(interval=0.02) as monitor:
            held = block(100)
            time.sleep(0.4)
            del held
            time.sleep(0.4)
        memory = monitor.figures()["memory_mb"]
        assert memory["start"] + 90 < memory["peak"] < memory["start"] + 150
        assert memory["start"] + 20 < memory["average"] < memory["start"] + 80
        assert abs(memory["delta"]) < 20

    def test_the_average_is_over_time(self) -> None:
        """Few samples while little is used, many while much is, must not weigh more than their time."""
        with PerformanceMonitor(interval=60) as monitor:
            time.sleep(0.2)
            held = block(100)
        memory = monitor.figures()["memory_mb"]
        del held
        assert memory["average"] == pytest.approx(memory["start"] + 50, abs=15)
        assert memory["delta"] == pytest.approx(100, abs=15)


class TestProcessor:
    def test_a_busy_task(self) -> None:
        with PerformanceMonitor(interval=0.1) as monitor:
            used = burn(0.8)
        figures = monitor.figures()
        assert figures["cpu_percent"]["average"] == pytest.approx(100 * used / figures["seconds"], abs=10)
        assert figures["cpu_percent"]["peak"] >= figures["cpu_percent"]["average"] > 20

    def test_a_waiting_task(self) -> None:
        with PerformanceMonitor(interval=0.1) as monitor:
            time.sleep(0.5)
        assert monitor.figures()["cpu_percent"]["average"] < 20

    def test_a_burst_is_the_peak(self) -> None:
        with PerformanceMonitor(interval=0.1) as monitor:
            used = burn(0.5)
            time.sleep(1.0)
        cpu = monitor.figures()["cpu_percent"]
        assert cpu["average"] < 50
        assert cpu["peak"] >= 0.8 * 100 * used / 0.5 > cpu["average"]


class TestThread:
    def test_samples_are_taken_at_the_interval(self) -> None:
        with PerformanceMonitor(interval=0.05) as monitor:
            assert [thread.daemon for thread in watchers()] == [True]
            time.sleep(0.5)
        assert 6 <= monitor.figures()["samples"] <= 12

    def test_stopping_is_immediate_and_final(self) -> None:
        monitor = PerformanceMonitor(interval=60)
        monitor.start()
        began = time.perf_counter()
        monitor.stop()
        assert time.perf_counter() - began < 1
        assert watchers() == []
        figures = monitor.figures()
        burn(0.05)
        monitor.stop()
        assert monitor.figures() == figures

    def test_stop_without_start_is_nothing(self) -> None:
        monitor = PerformanceMonitor()
        monitor.stop()
        assert (monitor.figures()["seconds"], monitor.figures()["started"]) == (0.0, None)

    def test_one_monitor_is_for_one_task(self) -> None:
        with PerformanceMonitor() as monitor:
            with pytest.raises(RuntimeError):
                monitor.start()
            assert len(watchers()) == 1
        with pytest.raises(RuntimeError):
            monitor.start()

    @pytest.mark.parametrize("interval", [0, -1])
    def test_an_interval_is_positive(self, interval: float) -> None:
        with pytest.raises(ValueError, match="interval"):
            PerformanceMonitor(interval)

    def test_figures_of_a_running_task(self) -> None:
        with PerformanceMonitor(interval=0.02) as monitor:
            do(monitor, 5)
            time.sleep(0.1)
            first = monitor.figures()
            time.sleep(0.1)
            second = monitor.figures()
        assert first["rows"] == second["rows"] == 5
        assert 0 < first["seconds"] < second["seconds"] < monitor.figures()["seconds"]
        assert first["samples"] < second["samples"]

    def test_the_work_goes_on_when_measuring_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        works, calls = psutil.Process.memory_info, []

        def sometimes(process: psutil.Process) -> Any:
            calls.append(0)
            if len(calls) % 2 == 0:
                raise psutil.AccessDenied
            return works(process)

        monkeypatch.setattr(psutil.Process, "memory_info", sometimes)
        with PerformanceMonitor(interval=0.02) as monitor:
            do(monitor, 7)
            time.sleep(0.4)
        figures = monitor.figures()
        assert figures["rows"] == 7
        assert len(calls) > 6
        assert figures["samples"] == (len(calls) + 1) // 2
        assert figures["memory_mb"]["peak"] > 0

    def test_the_work_goes_on_when_nothing_can_be_measured(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*_: object) -> None:
            raise psutil.NoSuchProcess(0)

        monkeypatch.setattr(psutil, "Process", fails)
        with PerformanceMonitor(interval=0.01) as monitor:
            do(monitor, 7)
            time.sleep(0.05)
        figures = monitor.figures()
        assert (figures["rows"], figures["samples"]) == (7, 0)
        assert not any("memory" in name or "cpu" in name for _, name, _, _ in metrics(figures, "themes"))

    def test_the_work_goes_on_when_no_thread_can_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", fails)
            with PerformanceMonitor() as monitor:
                do(monitor, 7)
        assert (monitor.figures()["rows"], monitor.figures()["samples"]) == (7, 4)

    def test_a_fork_in_the_middle_of_a_sample(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The child has the locks as they were, and no thread that would let go of them."""
        works, in_sample = psutil.Process.memory_info, threading.Event()

        def slow(process: psutil.Process) -> Any:
            if threading.current_thread().name == THREAD_NAME:
                in_sample.set()
                time.sleep(0.3)
            return works(process)

        monkeypatch.setattr(psutil.Process, "memory_info", slow)
        with PerformanceMonitor(interval=0.01) as monitor:
            assert in_sample.wait(5)
            child = os.fork()
            if child == 0:
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.alarm(10)
                os._exit(_use_in_child(monitor))
            _, status = os.waitpid(child, 0)
            assert len(watchers()) == 1
        assert os.waitstatus_to_exitcode(status) == 0
        assert monitor.figures()["rows"] == 0


def _use_in_child(monitor: PerformanceMonitor) -> int:
    try:
        do(monitor, 3)
        monitor.error(ValueError())
        samples = monitor.figures()["samples"]
        monitor.stop()
        with PerformanceMonitor(interval=0.01) as own:
            time.sleep(0.1)
            running = len(watchers())
        good = (
            running == 1
            and monitor.figures()["rows"] == 3
            and monitor.figures()["samples"] == samples  # of the parent, and none of the parent from here
            and own.figures()["samples"] > 1
            and own.figures()["memory_mb"]["start"] == pytest.approx(resident(), rel=0.3)
        )
        return 0 if good and not watchers() else 1
    except BaseException:
        return 2


@pytest.mark.slow
@pytest.mark.parametrize(("interval", "percent"), [(0.5, 2), (0.1, 5)])
def test_the_cost_is_at_most_a_few_percent(interval: float, percent: float, capsys: pytest.CaptureFixture[str]) -> None:
    """Wall and processor time of the same work with and without a monitor, in turns, so that both share the noise."""
    numbers = np.random.default_rng(7).random(200_000)

    def work(rounds: int) -> None:
        for _ in range(rounds):
            np.sort(numbers)

    work(20)
    rounds = int(20 * 1.5 / _times(lambda: work(20), None)[0])
    costs = [100.0]
    for _ in range(5):  # a machine that is busy with something else may need more than one try
        if max(costs) >= percent:
            costs = _costs(lambda: work(rounds), interval)
            with capsys.disabled():
                print(f"\nmonitor every {interval} s: {costs[0]:+.2f} % wall, {costs[1]:+.2f} % processor")
    assert max(costs) < percent


def _costs(work: Callable[[], None], interval: float, pairs: int = 7) -> list[float]:
    """What a monitor adds to wall and processor time, in percent: medians of pairs with and without, in turns."""
    added: list[list[float]] = [[], []]
    for turn in range(pairs):
        timed: dict[bool, tuple[float, float]] = {}
        for watched in (turn % 2 == 0, turn % 2 == 1):
            timed[watched] = _times(work, PerformanceMonitor(interval) if watched else None)
        for costs, with_it, without in zip(added, timed[True], timed[False], strict=True):
            costs.append(100 * (with_it / without - 1))
    return [statistics.median(costs) for costs in added]


def _times(work: Callable[[], None], monitor: PerformanceMonitor | None) -> tuple[float, float]:
    began, began_cpu = time.perf_counter(), time.process_time()
    with monitor or nullcontext():
        work()
    return time.perf_counter() - began, time.process_time() - began_cpu
