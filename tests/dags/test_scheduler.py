"""Recovery under a real scheduler: power cuts, orphans, tasks cleared by hand, and memory that really runs out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from include.airflow_secrets import USER
from tests.analysis.test_batch_processor import make_export, with_custom
from tests.dags.deployment import Deployment, Run, deployment, wait_for
from tests.dags.orders import assert_as_in_a_calm_run, give, wait_until_held, withdraw

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where files tell the analyses what to do."""
    return tmp_path_factory.mktemp("orders")


@pytest.fixture(scope="module")
def airflow(orders: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with pytest.MonkeyPatch.context() as environment:
        with_custom(environment, "obedient", "hungry")
        environment.setenv("TEST_MARKERS", str(orders))
        environment.setenv("COMMENT_ANALYSIS_SCHEDULE", "off")
        with deployment(tmp_path_factory.mktemp("airflow")) as running:
            yield running


@pytest.fixture(autouse=True)
def a_test_that_fails_disturbs_no_other(airflow: Deployment, orders: Path) -> Iterator[None]:
    yield
    withdraw(orders, "*")
    airflow.start_missing()


def test_tasks_that_a_power_cut_ended_are_taken_up_again(airflow: Deployment, orders: Path, tmp_path: Path) -> None:
    export, analyses = make_export(tmp_path / "export.csv", 400), ["duplicates", "obedient"]
    give(orders, "hold-100", "hold-300")
    run = airflow.trigger(export, batch_size=200, analyses=analyses)
    wait_until_held(orders, 2)
    airflow.kill("scheduler")
    for batch, held in ((0, 100), (1, 300)):
        assert run.progress("obedient", batch) == ("running", 1)
        assert len(run.parts("obedient", batch)) > 0
        assert all(last < held for _, last in run.parts("obedient", batch))

    withdraw(orders, "hold-*")
    airflow.start("scheduler")
    assert run.wait() == "success"
    for batch in (0, 1):
        assert run.progress("obedient", batch) == ("success", 2)
        killed, retried = run.attempts("obedient", batch)
        assert (killed["number"], killed["outcome"]) == (1, "running")
        assert (retried["number"], retried["outcome"], retried["slice_rows"]) == (2, "done", 100)
        assert 0 < retried["rows_skipped"] < 200
    assert_as_in_a_calm_run(run, export, tmp_path / "calm", analyses)


def test_orphans_of_a_killed_scheduler_end_their_tasks_or_share_them_with_a_retry(
    airflow: Deployment, orders: Path, tmp_path: Path
) -> None:
    export, analyses = make_export(tmp_path / "export.csv", 400), ["duplicates", "obedient"]
    give(orders, "hold-100", "hold-300")
    run = airflow.trigger(export, batch_size=200, analyses=analyses)
    wait_until_held(orders, 2)
    airflow.kill_main_process("scheduler")
    withdraw(orders, "hold-100")
    wait_for(lambda: run.progress("obedient", 0) == ("success", 1), "a worker ends its task without a scheduler")

    worker_of(run, 1).kill()  # it would end the task when Airflow has given that up
    airflow.start("scheduler")
    wait_until_held(orders, 3)
    assert run.progress("obedient", 1) == ("running", 2)
    withdraw(orders, "hold-300")
    assert run.wait() == "success"
    assert run.progress("obedient", 0) == ("success", 1)
    assert [one["outcome"] for one in run.attempts("obedient", 0)] == ["done"]
    assert [one["outcome"] for one in run.attempts("obedient", 1)] == ["done", "done"]
    written = sum(last - first + 1 for first, last in run.parts("obedient", 1))
    assert written > 200, "both tries wrote parts of the same rows"
    assert_as_in_a_calm_run(run, export, tmp_path / "calm", analyses)


def test_the_task_of_a_killed_worker_is_tried_again_at_once(airflow: Deployment, orders: Path, tmp_path: Path) -> None:
    export, analyses = make_export(tmp_path / "export.csv", 100), ["obedient"]
    give(orders, "hold-100")
    run = airflow.trigger(export, batch_size=100, analyses=analyses)
    wait_until_held(orders, 1)
    task = psutil.Process(run.instance("obedient", 0)["pid"])
    worker_of(run, 0).kill()
    task.kill()
    withdraw(orders, "hold-100")
    assert run.wait(seconds=150) == "success"  # a heartbeat would be missed after 300
    assert [one["outcome"] for one in run.attempts("obedient")] == ["running", "done"]
    assert_as_in_a_calm_run(run, export, tmp_path / "calm", analyses)


def worker_of(run: Run, batch: int) -> psutil.Process:
    """The process of the executor that started a task, and watches over it."""
    worker = psutil.Process(run.instance("obedient", batch)["pid"]).parent()
    assert worker is not None
    assert "LocalExecutor" in worker.cmdline()[0]
    return worker


def test_a_cleared_task_has_its_tries_and_its_slices_again(airflow: Deployment, orders: Path, tmp_path: Path) -> None:
    export, analyses = make_export(tmp_path / "export.csv", 160), ["duplicates", "obedient"]
    give(orders, "refuse-160.1", "refuse-160.2", "refuse-160.3", "refuse-160.4")
    run = airflow.trigger(export, batch_size=80, analyses=analyses)
    assert run.wait() == "success"
    assert run.progress("obedient", 1) == ("failed", 4)
    tries = run.attempts("obedient", 1)
    assert [one["slice_rows"] for one in tries] == [80, 40, 20, 10]
    assert [one["rows_done"] for one in tries] == [0, 40, 20, 10]
    results = run.results()
    assert results["status"] == "partial_success"
    assert results["errors"] == {"obedient": {"1": {"rows": [[151, 160]], "error": "OSError: no quiero", "tries": 4}}}
    assert "Comment analysis: partial_success" in run.record()["note"]

    give(orders, "refuse-160.5")
    run.clear("obedient", 1)
    assert run.wait() == "success"
    cleared = run.instance("obedient", 1)
    assert (cleared["state"], cleared["try_number"], cleared["max_tries"]) == ("success", 6, 7)
    failed, done = run.attempts("obedient", 1)[4:]
    assert (failed["slice_rows"], failed["rows_skipped"], failed["error"]) == (80, 70, "OSError: no quiero")
    assert (done["slice_rows"], done["rows_skipped"], done["rows_done"]) == (40, 70, 10)
    assert run.progress("obedient", 0) == ("success", 1)
    assert run.progress("aggregate") == ("success", 2)
    assert_as_in_a_calm_run(run, export, tmp_path / "calm", analyses)
    assert "Comment analysis: success" in run.record()["note"]


def test_memory_that_runs_out_shrinks_the_slices(airflow: Deployment, tmp_path: Path) -> None:
    export, analyses = make_export(tmp_path / "export.csv", 200), ["duplicates", "hungry"]
    run = airflow.trigger(export, batch_size=200, analyses=analyses, max_memory_mb=256)
    assert run.wait() == "success"
    assert run.progress("hungry", 0) == ("success", 1)
    results = run.results()
    first = next(shrink for shrink in results["recovery"]["shrinks"] if shrink["analysis"] == "hungry")
    assert (first["batch"], first["try"], first["from"], first["to"]) == (0, 1, 200, 50)
    assert first["reason"].startswith("MemoryError: Unable to allocate")
    assert "slices of 50 rows now, not 200 (MemoryError: Unable to allocate" in run.log("hungry", 0)
    assert results["performance"]["peak_memory_mb"]["hungry"] < 400, "what the whole batch would have taken"
    calm = assert_as_in_a_calm_run(run, export, tmp_path / "calm", analyses, max_memory_mb=4096)
    assert calm["recovery"]["shrinks"] == []


def test_requests_at_once_do_not_wait_for_each_other_for_ever(airflow: Deployment) -> None:
    keys = [f"key-{number}" for number in range(60)]
    began = time.monotonic()
    with ThreadPoolExecutor(4) as callers:
        list(callers.map(lambda key: airflow.call("POST", "/api/v2/variables", {"key": key, "value": "1"}), keys))
    assert time.monotonic() - began < 30
    log = airflow.call("GET", "/api/v2/eventLogs?event=post_variable&limit=100")["event_logs"]
    assert sorted(json.loads(entry["extra"])["key"] for entry in log) == sorted(keys), "who did what is written down"
    assert {entry["owner"] for entry in log} == {USER}
