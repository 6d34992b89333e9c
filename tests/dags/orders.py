"""Orders to the analysis `obedient` (tests/analysis/custom.py), and what must be true of a run in spite of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from include.analysis import BatchProcessor
from tests.analysis.test_batch_processor import comparable
from tests.dags.deployment import Run, wait_for


def give(orders: Path, *names: str) -> None:
    for name in names:
        (orders / name).touch()


def withdraw(orders: Path, pattern: str) -> None:
    for path in orders.glob(pattern):
        path.unlink()


def wait_until_held(orders: Path, tasks: int) -> None:
    wait_for(lambda: len(list(orders.glob("held-*"))) == tasks, f"{tasks} tasks are in the middle of their batch")


def assert_as_in_a_calm_run(run: Run, export: Path, out: Path, analyses: list[str], **params: Any) -> dict[str, Any]:
    """Compare what a run gives with what the engine gives undisturbed; returns the results of that."""
    calm: dict[str, Any] = BatchProcessor(n_workers=1, **params).process_parallel(export, analyses, out=out)
    results = run.results()
    assert results["status"] == "success"
    assert comparable(results) == comparable(calm)
    for name in ("comments.parquet", "comments.csv"):
        assert (run.folder / name).read_bytes() == (out / name).read_bytes()
    return calm
