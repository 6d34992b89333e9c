"""Figures of many tasks merge like sums, and become metrics."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.analysis.figures import merge_figures, metrics
from include.analysis.performance import PerformanceMonitor


def task(**given: Any) -> dict[str, Any]:
    figures = {
        "started": "2026-01-02T00:00:00.000+00:00",
        "seconds": 2.0,
        "rows": 100,
        "slices": 1,
        "items_per_second": 50.0,
        "average_slice_seconds": 1.5,
        "errors": {},
        "memory_mb": {"start": 100.0, "average": 120.0, "peak": 150.0, "delta": 10.0},
        "cpu_percent": {"average": 90.0, "peak": 99.0},
        "samples": 6,
    }
    return {**figures, **given}


class TestMerge:
    def test_two_tasks(self) -> None:
        other = task(
            started="2026-01-01T00:00:00.000+00:00",
            seconds=6.0,
            rows=20,
            slices=4,
            average_slice_seconds=0.5,
            errors={"ValueError": 1},
            memory_mb={"start": 100.0, "average": 200.0, "peak": 140.0, "delta": 50.0},
            cpu_percent={"average": 10.0, "peak": 180.0},
            samples=14,
        )
        assert merge_figures([task(errors={"OSError": 1, "ValueError": 2}), other]) == {
            "tasks": 2,
            "started": "2026-01-01T00:00:00.000+00:00",
            "seconds": 8.0,
            "rows": 120,
            "slices": 5,
            "items_per_second": 15.0,
            "average_slice_seconds": 0.7,
            "errors": {"OSError": 1, "ValueError": 3},
            "memory_mb": {"average": 180.0, "peak": 150.0, "average_delta": 30.0, "max_delta": 50.0},
            "cpu_percent": {"average": 30.0, "peak": 180.0},
            "samples": 20,
        }

    def test_none(self) -> None:
        merged = merge_figures([])
        assert (merged["tasks"], merged["started"], merged["items_per_second"]) == (0, None, 0.0)
        assert merged["memory_mb"] == {"average": 0.0, "peak": 0.0, "average_delta": 0.0, "max_delta": 0.0}

    def test_memory_that_shrank_everywhere(self) -> None:
        memory = {"start": 100.0, "average": 90.0, "peak": 100.0, "delta": -20.0}
        assert merge_figures([task(memory_mb=memory)] * 2)["memory_mb"]["max_delta"] == -20.0

    def test_a_task_without_samples_has_no_say_in_memory(self) -> None:
        nothing = {"start": 0.0, "average": 0.0, "peak": 0.0, "delta": 0.0}
        blind = task(samples=0, memory_mb=nothing, cpu_percent={"average": 0.0, "peak": 0.0}, seconds=50.0)
        merged = merge_figures([task(), blind])
        assert merged["memory_mb"] == {"average": 120.0, "peak": 150.0, "average_delta": 10.0, "max_delta": 10.0}
        assert merged["cpu_percent"] == {"average": 90.0, "peak": 99.0}
        assert (merged["tasks"], merged["rows"], merged["seconds"]) == (2, 200, 52.0)

    def test_of_real_monitors(self) -> None:
        found = []
        for _ in range(2):
            with PerformanceMonitor(interval=0.02) as monitor:
                with monitor.slice(10) as span:
                    time.sleep(0.1)
                monitor.slice_done(span)
            found.append(monitor.figures())
        merged = merge_figures(found)
        assert (merged["tasks"], merged["rows"], merged["slices"]) == (2, 20, 2)
        assert merged["memory_mb"]["peak"] == max(one["memory_mb"]["peak"] for one in found)

    sizes = st.floats(0, 1e4).map(lambda value: round(value, 3))
    tasks = st.builds(
        task,
        started=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(
            lambda when: when.replace(tzinfo=UTC).isoformat(timespec="milliseconds")
        ),
        seconds=st.floats(0.01, 1e4).map(lambda value: round(value, 6)),
        rows=st.integers(0, 10**6),
        slices=st.integers(0, 50),
        average_slice_seconds=sizes,
        errors=st.dictionaries(st.sampled_from(["OSError", "ValueError"]), st.integers(1, 9)),
        memory_mb=st.fixed_dictionaries(
            {"start": sizes, "average": sizes, "peak": sizes, "delta": st.floats(-1e4, 1e4).map(lambda v: round(v, 3))}
        ),
        cpu_percent=st.fixed_dictionaries({"average": sizes, "peak": sizes}),
        samples=st.integers(1, 99),
    )

    @given(st.lists(tasks, max_size=8), st.data())
    @settings(max_examples=50, deadline=None)
    def test_order_and_groups_do_not_matter(self, found: list[dict[str, Any]], data: st.DataObject) -> None:
        whole = merge_figures(found)
        assert merge_figures(data.draw(st.permutations(found))) == whole
        cuts = sorted(data.draw(st.lists(st.integers(0, len(found)), max_size=3)))
        groups = [merge_figures(found[low:high]) for low, high in pairwise([0, *cuts, len(found)])]
        assert flat(merge_figures(groups)) == pytest.approx(flat(whole), rel=1e-6, abs=0.11)


def flat(figures: dict[str, Any]) -> dict[str, Any]:
    """Without nesting, and without the text, for comparing numbers."""
    pairs = [
        (f"{key}.{inner}", number)
        for key, value in figures.items()
        for inner, number in (value.items() if isinstance(value, dict) else [("", value)])
    ]
    return {key: float(number) for key, number in pairs if key != "started."}


def test_metrics_of_a_task() -> None:
    of_themes = {"analysis": "themes"}
    assert metrics(task(errors={"MemoryError": 2, "ValueError": 1}), "themes") == [
        ("timing", "comment_analysis.task.duration", 2000.0, of_themes),
        ("incr", "comment_analysis.task.rows", 100, of_themes),
        ("incr", "comment_analysis.task.slices", 1, of_themes),
        ("gauge", "comment_analysis.task.items_per_second", 50.0, of_themes),
        ("gauge", "comment_analysis.task.memory_peak_mb", 150.0, of_themes),
        ("gauge", "comment_analysis.task.memory_delta_mb", 10.0, of_themes),
        ("gauge", "comment_analysis.task.cpu_percent", 90.0, of_themes),
        ("incr", "comment_analysis.task.errors", 2, {"analysis": "themes", "error": "MemoryError"}),
        ("incr", "comment_analysis.task.errors", 1, {"analysis": "themes", "error": "ValueError"}),
    ]
