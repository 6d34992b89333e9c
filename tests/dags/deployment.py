"""A whole Airflow for tests: its components can be killed and started again, and its runs are told over its API."""

from __future__ import annotations

import http.client
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode

from include.airflow_secrets import USER
from include.analysis.files import read_json
from include.analysis.run_folder import RunFolder
from include.analysis.settings import Settings
from include.local_airflow.database import ui_database
from include.local_airflow.errors import tail
from include.local_airflow.home import HOST, Home
from include.local_airflow.processes import Children
from include.local_airflow.run import DAG_ID
from include.local_airflow.ui import Components, start_components
from tests.conftest import PROJECT

COMPONENTS = ("api-server", "scheduler", "dag-processor")
DAG_PATH = f"/api/v2/dags/{DAG_ID}"
ENDED = ("success", "failed")
POLL_SECONDS = 0.25
ANSWER_SECONDS = 60

DAG_THAT_RETRIES_AT_ONCE = f"""
import sys
from datetime import timedelta

sys.path.insert(0, {str(PROJECT)!r})
from dags.comment_analysis import dag  # of Airflow
from dags.comment_trends import dag as trends

for task in dag.tasks:
    task.retry_delay = timedelta(0)
    task.retry_exponential_backoff = 0
"""


def wait_for(condition: Callable[[], object], what: str, seconds: float = 120) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} seconds: {what}"
        time.sleep(POLL_SECONDS)


@dataclass
class Airflow:
    """A running Airflow, told over its API."""

    port: int
    components: Components
    output: Path
    token: str = field(default="", init=False)
    triggered: int = field(default=0, init=False)

    def log_in(self, password: str) -> None:
        answer = self.call("POST", "/auth/token", {"username": USER, "password": password})
        self.token = answer["access_token"]

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the API answers; anything but success is an error."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        connection = http.client.HTTPConnection(HOST, self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            answer = response.read().decode()
        finally:
            connection.close()
        assert response.status < 300, f"{method} {path}: {response.status} {answer}"
        return json.loads(answer)

    def lists_the_dag(self) -> bool:
        return any(dag["dag_id"] == DAG_ID for dag in self.call("GET", "/api/v2/dags")["dags"])

    def trigger(self, export: Path, **conf: Any) -> Run:
        """Start a run over an export."""
        return self.start_by_hand(input_path=str(export), **conf)

    def start_by_hand(self, **conf: Any) -> Run:
        """Start a run."""
        self.triggered += 1
        run = Run(self, f"test-{self.triggered}")
        self.call("POST", f"{DAG_PATH}/dagRuns", {"dag_run_id": run.id, "logical_date": None, "conf": conf})
        return run

    def run_of(self, day: date) -> Run | None:
        """The run of a day, by its logical date; None when there is none yet."""
        moment = quote(f"{day}T00:00:00Z")
        query = f"logical_date_gte={moment}&logical_date_lte={moment}"
        found = self.call("GET", f"{DAG_PATH}/dagRuns?{query}")["dag_runs"]
        return Run(self, found[0]["dag_run_id"]) if found else None

    def runs_in(self, state: str) -> int:
        """How many runs of the DAG are in a state."""
        return int(self.call("GET", f"{DAG_PATH}/dagRuns?state={state}&limit=1")["total_entries"])

    def logs(self) -> str:
        """The ends of the components' logs."""
        files = sorted(self.components.logs.glob("*.log"))
        return "\n\n".join(f"--- {path.stem}\n{tail(path, lines=40)}" for path in files)


@dataclass
class Deployment(Airflow):
    """An Airflow on the database of a home, whose components can be killed and started again."""

    home: Home
    database: Path

    def backfill(self, first: date, last: date, conf: Mapping[str, Any] | None = None, **options: Any) -> None:
        """Backfill some days, and wait for the end of their runs.

        Airflow notes that end twice a minute, and lets no other backfill begin before: here it is noted at once.
        """
        dates = {"from_date": f"{first}T00:00:00Z", "to_date": f"{last}T00:00:00Z"}
        body = {"dag_id": DAG_ID, **dates, "dag_run_conf": conf or {}, "max_active_runs": 2, **options}
        made = self.call("POST", "/api/v2/backfills", body)
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        for run in filter(None, map(self.run_of, days)):
            run.wait(240)
        with sqlite3.connect(self.database, timeout=60) as connection:
            connection.execute("update backfill set completed_at = updated_at where id = ?", (made["id"],))

    def kill(self, name: str) -> None:
        """Kill a component with all that it started, as a power cut does."""
        self.components.kill(name)

    def kill_main_process(self, name: str) -> None:
        """Kill a component's own process; what it started lives on."""
        process = self.components.running.pop(name)
        process.kill()
        process.wait()

    def start(self, name: str) -> None:
        """Start a component that was killed."""
        self.components.start(name)

    def start_missing(self) -> None:
        """Start what a test that failed has left killed."""
        for name in COMPONENTS:
            if name not in self.components.running:
                self.start(name)


@dataclass(frozen=True)
class Run:
    """A DAG run: what Airflow says of it, and what it has on disk."""

    airflow: Airflow
    id: str

    @property
    def path(self) -> str:
        return f"{DAG_PATH}/dagRuns/{quote(self.id)}"

    @property
    def folder(self) -> Path:
        return RunFolder.of_run(self.id, Settings(output_root=self.airflow.output)).path

    def record(self) -> dict[str, Any]:
        """The run as the API shows it."""
        found: dict[str, Any] = self.airflow.call("GET", self.path)
        return found

    def wait(self, seconds: float = 180) -> str:
        """Wait for the end of the run; returns its state."""
        deadline = time.monotonic() + seconds
        while (state := str(self.record()["state"])) not in ENDED:
            late = f"{self.id} is {state} after {seconds:.0f} seconds" if time.monotonic() > deadline else None
            failure = late or self.airflow.components.blame()
            assert not failure, f"{failure}\n\n{self.airflow.logs()}"
            time.sleep(POLL_SECONDS)
        return state

    def instance(self, task: str, batch: int = -1) -> dict[str, Any]:
        """The task instance of a batch (-1 for a task that has none), as the API shows it."""
        mapped = "" if batch < 0 else f"/{batch}"
        found: dict[str, Any] = self.airflow.call("GET", f"{self.path}/taskInstances/{quote(task)}{mapped}")
        return found

    def progress(self, task: str, batch: int = -1) -> tuple[str, int]:
        """The state of a task instance, and the number of its try."""
        found = self.instance(task, batch)
        return found["state"], found["try_number"]

    def log(self, task: str, batch: int = -1, number: int = 1) -> str:
        """The log of a try of a task instance."""
        query = urlencode({"map_index": batch, "full_content": "true"})
        answer = self.airflow.call("GET", f"{self.path}/taskInstances/{quote(task)}/logs/{number}?{query}")
        return "\n".join(str(line["event"]) for line in answer["content"])

    def clear(self, task: str, batch: int) -> None:
        """Clear the task instance of a batch, and what comes after it."""
        body = {
            "dag_run_id": self.id, "task_ids": [[task, batch]], "include_downstream": True, "only_failed": False,
            "dry_run": False,
        }  # fmt: skip
        self.airflow.call("POST", f"{DAG_PATH}/clearTaskInstances", body)

    def parts(self, analysis: str, batch: int = 0) -> list[tuple[int, int]]:
        """The first and the last row of each part of a batch."""
        names = [path.stem for path in self.folder.glob(f"parts/{analysis}-*/{batch:05d}-*/[0-9]*.parquet")]
        return sorted((int(start), int(stop) - 1) for start, _, stop in (name.partition("-") for name in names))

    def attempts(self, analysis: str, batch: int = 0) -> list[dict[str, Any]]:
        """How each try of a batch went."""
        return [read_json(path) for path in sorted(self.folder.glob(f"attempts/{analysis}/{batch:05d}-*.json"))]

    def results(self) -> dict[str, Any]:
        """The content of results.json."""
        found: dict[str, Any] = read_json(self.folder / "results.json")
        return found


class OwnChildren(Children):
    """Children that end one by one: signals and other children of the test process are left alone."""

    def __enter__(self) -> OwnChildren:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in tuple(self._started):
            self.end(child)


@contextmanager
def deployment(
    folder: Path,
    names: Iterable[str] = COMPONENTS,
    dags: Path | None = None,
    own: Mapping[str, str] | None = None,
) -> Iterator[Deployment]:
    """Airflow in a home of its own, by default with the project's DAGs that retry without waiting.

    It takes the settings of the project from the environment and from `own`. All processes end with the context.
    """
    output = folder / "runs"
    home = Home(folder / "home", dags or dags_that_retry_at_once(folder / "dags"))
    home.prepare()
    with OwnChildren() as children:
        database = ui_database(home, children)
        own = {"COMMENT_ANALYSIS_OUTPUT": str(output), **(own or {})}
        port, components = start_components(home, database, home.logs, 0, children, names, own)
        airflow = Deployment(port, components, output, home, database)
        airflow.log_in(home.password)
        wait_for(airflow.lists_the_dag, "Airflow lists the DAG")
        yield airflow


def dags_that_retry_at_once(folder: Path) -> Path:
    """A folder with the project's DAGs, whose tasks do not wait before a retry."""
    folder.mkdir(parents=True)
    (folder / "retries_at_once.py").write_text(DAG_THAT_RETRIES_AT_ONCE, encoding="utf-8")
    return folder
