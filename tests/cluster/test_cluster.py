"""The cluster of docker-compose.yaml at work: whatever is killed, the run ends well and with the same bytes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from include.airflow_secrets import USER
from tests.analysis.test_batch_processor import make_export, with_custom
from tests.cluster.native import Containers, containers
from tests.dags.deployment import Airflow, Run, wait_for
from tests.dags.orders import assert_as_in_a_calm_run, give, wait_until_held, withdraw

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not find_spec("celery"), reason="needs requirements-cluster.lock: make cluster-test"),
]
ANALYSES = ["duplicates", "obedient"]
ROWS, BATCH_SIZE = 400, 100
OUTAGE_SECONDS = 120
RUN_SECONDS = 300


@dataclass
class Cluster(Airflow):
    """The cluster, told over its API; while that is away, questions are asked again."""

    components: Containers

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        deadline = time.monotonic() + OUTAGE_SECONDS
        while method == "GET" and time.monotonic() < deadline:
            with suppress(OSError, HTTPException, AssertionError):
                return super().call(method, path, body)
            time.sleep(0.5)
        return super().call(method, path, body)

    def worker_of(self, run: Run, batch: int) -> str:
        """The worker that has the task of a batch."""
        pid = run.instance("obedient", batch)["pid"]
        return next(name for name in self.workers if pid in self.components.pids(name))

    @property
    def workers(self) -> list[str]:
        """The workers that are there."""
        return [name for name in self.components.running if name.startswith("worker")]


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where files tell the analyses what to do."""
    return tmp_path_factory.mktemp("orders")


@pytest.fixture(scope="module")
def cluster(orders: Path) -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as environment:
        with_custom(environment, "obedient")  # for the engine that is compared with
        environment.setenv("TEST_MARKERS", str(orders))
        dot_env = {
            "WORKER_CONCURRENCY": "1",
            "COMMENT_ANALYSIS_SCHEDULE": "off",
            "COMMENT_ANALYSIS_EXTRA": "obedient=tests.analysis.custom:Obedient",
            "TEST_MARKERS": str(orders),
        }
        with containers(dot_env, workers=2, extra=("tests",)) as started:
            place = started.place
            airflow = Cluster(place.api, started, place.airflow / "runs")
            airflow.log_in(json.loads((place.airflow / "login/passwords.json").read_text())[USER])
            wait_for(airflow.lists_the_dag, "Airflow lists the DAG")
            yield airflow


@pytest.fixture(autouse=True)
def a_test_that_fails_disturbs_no_other(cluster: Cluster, orders: Path) -> Iterator[None]:
    yield
    withdraw(orders, "*")
    for name in ("worker-1", "worker-2"):
        if name not in cluster.components.running:
            cluster.components.start(name)
            cluster.components.wait_until_healthy(name)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return make_export(tmp_path / "export.csv", ROWS)


def begin(cluster: Cluster, orders: Path, export: Path) -> Run:
    """Start a run, and let it come to where both workers are in the middle of a batch, and what comes next waits."""
    give(orders, "hold-100", "hold-200")
    run = cluster.trigger(export, batch_size=BATCH_SIZE, analyses=ANALYSES)
    wait_until_held(orders, 2)
    assert [run.progress("obedient", batch) for batch in (0, 1)] == [("running", 1)] * 2
    assert len(run.parts("obedient", 0)) > 0
    return run


def wait_for_a_start(run: Run, moment: float, batch: int | None = None) -> float:
    """Wait until a task (of a batch, when one is given) is queued and begins, both after a moment; returns how long
    after it that was, in seconds.
    """

    def started() -> float | None:
        found = run.airflow.call("GET", f"{run.path}/taskInstances?limit=100")["task_instances"]
        wanted = [one for one in found if batch is None or (one["task_id"], one["map_index"]) == ("obedient", batch)]
        times = [(seconds(one["queued_when"]), seconds(one["start_date"])) for one in wanted]
        return min((start - moment for queued, start in times if min(queued, start) > moment), default=None)

    wait_for(started, "a task begins", RUN_SECONDS)
    return started() or 0.0


def seconds(moment: str | None) -> float:
    return datetime.fromisoformat(moment).timestamp() if moment else 0.0


def assert_recovers(run: Run, export: Path, out: Path) -> None:
    assert run.wait(RUN_SECONDS) == "success"
    assert_as_in_a_calm_run(run, export, out, ANALYSES)


def test_tasks_of_a_lost_worker_are_done_by_another(
    cluster: Cluster, orders: Path, export: Path, tmp_path: Path, delays: list[str]
) -> None:
    run = begin(cluster, orders, export)
    lost = cluster.worker_of(run, 0)
    assert cluster.worker_of(run, 1) != lost
    cluster.components.kill(lost)
    killed = time.time()
    withdraw(orders, "hold-*")
    again = wait_for_a_start(run, killed, batch=0)
    assert_recovers(run, export, tmp_path / "calm")
    assert run.progress("obedient", 0) == ("success", 2)
    assert [one["outcome"] for one in run.attempts("obedient", 0)] == ["running", "done"]
    assert run.progress("obedient", 1) == ("success", 1)
    delays.append(f"worker killed: its task ran again on another after {again:.0f} s")
    assert again < 75


@pytest.mark.parametrize("service", ["redis", "postgres", "scheduler", "api-server"])
def test_a_run_outlives_the_restart_of(
    service: str, cluster: Cluster, orders: Path, export: Path, tmp_path: Path, delays: list[str]
) -> None:
    if service in cluster.components.place.listening:
        pytest.skip(f"{service} is not the tests' own")
    run = begin(cluster, orders, export)
    cluster.components.crash(service)
    killed = time.time()
    withdraw(orders, "hold-*")
    delay = wait_for_a_start(run, killed)
    assert_recovers(run, export, tmp_path / "calm")
    assert cluster.components.restarts[service] > 0
    delays.append(f"{service} killed: the next task was queued and ran after {delay:.0f} s; {retried(run)}")


def retried(run: Run) -> str:
    """How many tasks were tried again."""
    again = [batch for batch in range(ROWS // BATCH_SIZE) if run.progress("obedient", batch)[1] > 1]
    return f"{len(again)} of {ROWS // BATCH_SIZE} tasks tried again"
