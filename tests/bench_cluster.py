"""`make bench-cluster`: how much faster a cluster is with more workers, and a plan for a file that is too large to try.

The cluster of docker-compose.yaml runs as processes of this machine (see `tests.cluster`), once for each number of
workers, each worker with one task at a time and one core of its own as far as there are cores. What one row and one
task cost there, and how often the database commits for a task, is what the plan is computed from.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from include.airflow_secrets import USER
from include.analysis.files import read_json
from include.analysis.planning import plan_batches
from include.analysis.settings import DEFAULT_ANALYSES
from include.local_airflow.home import HOST
from tests.bench import PROJECT
from tests.cluster import servers
from tests.cluster.native import Containers, containers
from tests.dags.deployment import Airflow, Run, wait_for
from tests.exports import write_export

RUN_SECONDS = 3600
IDLE_SECONDS = 15
SERIAL = ("find_input", "split", "aggregate", "report")
COMMITS = "select sum(xact_commit)::bigint from pg_stat_database"
SIZE = "select pg_database_size('airflow')"


@dataclass(frozen=True)
class Measured:
    """One run on a cluster: seconds of the whole run, of its steps one after another, and of the analyses together.

    `work` is what of its time each step says that it worked; the rest of a task is what Airflow takes for any task.
    `task_seconds` is what all tasks of the analyses took together. `commits` and `database_bytes` are what the run did
    to Airflow's database, `idle_commits` how often it commits in a second when nothing runs.
    """

    rows: int
    workers: int
    cores: str
    batches: int
    tasks: int
    seconds: float
    steps: dict[str, float]
    work: dict[str, float]
    parallel_seconds: float
    task_seconds: float
    commits: float
    idle_commits: float
    database_bytes: int
    folder_bytes: int

    @property
    def rate(self) -> float:
        """Rows a second of the whole run."""
        return self.rows / self.seconds

    @property
    def work_seconds(self) -> float:
        """What the analyses worked in all tasks."""
        return sum(self.work[name] for name in DEFAULT_ANALYSES)

    @property
    def commits_of_task(self) -> float:
        """How often the database commits for a task, what it does anyway left out."""
        return max(0.0, self.commits - self.idle_commits * self.seconds) / self.tasks

    @property
    def parallel_rate(self) -> float:
        """Rows a second while the analyses run."""
        return self.rows / self.parallel_seconds


def measure(export: Path, rows: int, workers: int, batch_size: int) -> Measured:
    """Run the DAG over an export on a cluster of so many workers."""
    with containers({"WORKER_CONCURRENCY": "1", "COMMENT_ANALYSIS_SCHEDULE": "off"}, workers) as started:
        cores = pin(started, workers)
        place = started.place
        airflow = Airflow(place.api, started, place.airflow / "runs")
        airflow.log_in(json.loads((place.airflow / "login/passwords.json").read_text(encoding="utf-8"))[USER])
        wait_for(airflow.lists_the_dag, "Airflow lists the DAG")
        before = asked(started, COMMITS)
        time.sleep(IDLE_SECONDS)
        commits, size = (asked(started, question) for question in (COMMITS, SIZE))
        idle = (commits - before) / IDLE_SECONDS
        run = airflow.trigger(export, batch_size=batch_size, workers=workers)
        state = run.wait(RUN_SECONDS)
        if state != "success":
            sys.exit(f"the run ended as {state}; logs in {started.logs}\n{airflow.logs()}")
        found = of_run(run, rows, workers, cores)
        grown = max(0, asked(started, SIZE) - size)
        return replace(found, commits=asked(started, COMMITS) - commits, idle_commits=idle, database_bytes=grown)


def pin(started: Containers, workers: int) -> str:
    """Give each worker a core, as far as there are cores; returns which."""
    there = sorted(os.sched_getaffinity(0))
    given = {f"worker-{n + 1}": there[n % len(there)] for n in range(workers)}
    for name, core in given.items():
        for pid in started.pids(name):
            with suppress(psutil.Error):
                psutil.Process(pid).cpu_affinity([core])
    return ", ".join(f"{name} core {core}" for name, core in given.items()) + f"; the other services all {len(there)}"


def asked(started: Containers, question: str) -> int:
    """The number that PostgreSQL answers."""
    password = (started.place.airflow / "secrets" / "postgres-password").read_text(encoding="utf-8").strip()
    command = [
        "psql",
        "-h",
        HOST,
        "-p",
        str(started.place.postgres),
        "-U",
        "airflow",
        "-d",
        "airflow",
        "-Atc",
        question,
    ]
    environment = {**os.environ, "PATH": servers.search_path(), "PGPASSWORD": password}
    return int(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def of_run(run: Run, rows: int, workers: int, cores: str) -> Measured:
    """What Airflow and the run folder say of a run that has ended."""
    instances = list(all_instances(run))
    analyses = [one for one in instances if one["task_id"] in DEFAULT_ANALYSES]
    work = run.results()["performance"]["step_seconds"]
    return Measured(
        rows=rows,
        workers=workers,
        cores=cores,
        batches=len(list(run.folder.glob("batches/*.parquet"))),
        tasks=len(instances),
        seconds=between([run.record()]),
        steps={name: between(one for one in instances if one["task_id"] == name) for name in SERIAL},
        parallel_seconds=between(analyses),
        work={"find_input": 0.0, **work, "report": read_json(run.folder / "report.json")["seconds"]},
        task_seconds=sum(between([one]) for one in analyses),
        commits=0,
        idle_commits=0.0,
        database_bytes=0,
        folder_bytes=sum(path.stat().st_size for path in run.folder.rglob("*") if path.is_file()),
    )


def all_instances(run: Run) -> Iterable[dict[str, Any]]:
    """The task instances of a run that ran."""
    offset = 0
    while page := run.airflow.call("GET", f"{run.path}/taskInstances?limit=100&offset={offset}")["task_instances"]:
        offset += len(page)
        yield from (one for one in page if one["start_date"] and one["end_date"])


def between(records: Iterable[dict[str, Any]]) -> float:
    """Seconds from the first start to the last end."""
    listed = list(records)
    starts, ends = ([datetime.fromisoformat(one[name]) for one in listed] for name in ("start_date", "end_date"))
    return (max(ends) - min(starts)).total_seconds() if listed else 0.0


@dataclass(frozen=True)
class Plan:
    """What a large file would take, by what a small one took.

    What steps work grows with the rows; what Airflow takes for a task, with the tasks.
    """

    rows: int
    workers: int
    batches: int
    batch_size: int
    tasks: int
    seconds: dict[str, float]
    commits_per_second: float
    database_bytes: float
    folder_bytes: float

    @classmethod
    def of(cls, one: Measured, rows: int, workers: int, bytes_per_row: float) -> Plan:
        """By a run on one worker."""
        analyses = len(DEFAULT_ANALYSES)
        batch_size = plan_batches(rows, bytes_per_row, 512, workers, analyses).batch_size
        batches = -(-rows // batch_size)
        tasks = batches * analyses + len(SERIAL)
        growth = rows / one.rows
        per_task = (one.parallel_seconds - one.work_seconds) / (one.batches * analyses)
        seconds = {name: one.steps[name] - one.work[name] + one.work[name] * growth for name in SERIAL}
        seconds["analyses"] = (one.work_seconds * growth + per_task * batches * analyses) / workers
        whole = sum(seconds.values())
        return cls(
            rows=rows,
            workers=workers,
            batches=batches,
            batch_size=batch_size,
            tasks=tasks,
            seconds=seconds,
            commits_per_second=one.idle_commits + one.commits_of_task * tasks / whole,
            database_bytes=one.database_bytes / one.tasks * tasks,
            folder_bytes=one.folder_bytes * growth,
        )

    def lines(self) -> Iterable[str]:
        """The plan for people."""
        whole = sum(self.seconds.values())
        yield f"{self.rows:,} rows on {self.workers} workers with a core each (computed, not run)"
        yield f"  {self.batches:,} batches of {self.batch_size:,} rows, {self.tasks:,} task instances"
        for name in ("find_input", "split", "analyses", "aggregate", "report"):
            who = "all workers" if name == "analyses" else "one process"
            share = self.seconds[name] / whole
            yield f"  {name:<12}{self.seconds[name] / 60:9.1f} min  {share:4.0%}  {who}"
        yield f"  {'in all':<12}{whole / 60:9.1f} min       {self.rows / whole:,.0f} rows/s"
        yield f"  database: {self.commits_per_second:,.0f} commits/s, {self.database_bytes / 1e6:,.0f} MB for the run"
        yield f"  shared disk: {self.folder_bytes / 1e9:,.0f} GB for the run folder"
        first = max((name for name in self.seconds if name != "analyses"), key=self.seconds.__getitem__)
        more = self.seconds["analyses"] / whole
        yield f"  what limits it first: {first}, which is one process; twice the workers would save {more / 2:.0%}"


def table(measured: Sequence[Measured]) -> Iterable[str]:
    """The runs, and their ratios to the first."""
    first = measured[0]
    yield f"{first.rows:,} rows, {first.batches} batches, {first.tasks} tasks; {os.cpu_count()} cores"
    for one in measured:
        yield f"  {one.workers} worker{'s' * (one.workers > 1)}: {one.cores}"
        yield f"    whole run  {one.seconds:8.1f} s {one.rate:10,.0f} rows/s   {one.rate / first.rate:5.2f} x"
        ratio = one.parallel_rate / first.parallel_rate
        yield f"    analyses   {one.parallel_seconds:8.1f} s {one.parallel_rate:10,.0f} rows/s   {ratio:5.2f} x"
        steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in one.steps.items())
        overhead = (one.task_seconds - one.work_seconds) / (one.batches * len(DEFAULT_ANALYSES))
        yield f"    one process: {steps}; a task costs {overhead:.2f} s besides its work"
        size = one.database_bytes / one.tasks
        yield f"    database: {one.commits_of_task:.0f} commits and {size:,.0f} bytes a task"
        yield f"    and {one.idle_commits:.0f} commits a second when nothing runs"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-cluster", description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--batch-size", type=int, default=50_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--plan-rows", type=int, default=100_000_000)
    parser.add_argument("--plan-workers", type=int, default=20)
    given = parser.parse_args()
    os.chdir(PROJECT)
    with tempfile.TemporaryDirectory(prefix="comment-analysis-bench-") as folder:
        export = write_export(Path(folder) / "export.csv", given.rows)
        size = export.stat().st_size
        measured = [measure(export, given.rows, workers, given.batch_size) for workers in given.workers]
    print(*table(measured), "", sep="\n")
    print(*Plan.of(measured[0], given.plan_rows, given.plan_workers, size / given.rows).lines(), sep="\n")


if __name__ == "__main__":
    main()
