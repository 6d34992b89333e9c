"""`make bench-days`: a year of daily exports, backfilled by one command on the embedded Airflow (SQLite).

What is printed: how the runs ended, what the history holds of them, the wall time from the command to the end of the
last run, and what it takes on disk.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from include.analysis.files import read_json
from include.analysis.history import History
from include.analysis.housekeeping import size_of
from include.local_airflow.run import DAG_ID
from include.local_airflow.ui import COMPONENTS
from tests.conftest import PROJECT
from tests.dags.deployment import Deployment, deployment
from tests.exports import write_export

ENDED = {"success", "failed"}
POLL_SECONDS = 5.0
LONGEST_WAIT = 300.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-days", description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--rows", type=int, default=1_000, help="rows of each day's export")
    parser.add_argument("--first", type=date.fromisoformat, default=date(2025, 1, 1), help="the first day")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="comment-analysis-days-"))
    try:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("COMMENT_ANALYSIS_INBOX", str(folder / "inbox"))
            environment.setenv("COMMENT_ANALYSIS_READY", "0")
            environment.setenv("COMMENT_ANALYSIS_SCHEDULE", "off")
            return measure(folder, arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(folder: Path, arguments: argparse.Namespace) -> int:
    """Backfill the days and print what it took; returns 1 unless every day ended well and is in the history."""
    days = [arguments.first + timedelta(days=number) for number in range(arguments.days)]
    (folder / "inbox").mkdir()
    for number, day in enumerate(days):
        write_export(folder / "inbox" / f"comments_{day}.csv", arguments.rows, seed=number)
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, SQLite")
    print(f"{arguments.days:,} days of {arguments.rows:,} rows, {days[0]} to {days[-1]}", flush=True)
    with deployment(folder, COMPONENTS, dags=PROJECT / "dags") as airflow:
        before, began = database_bytes(airflow), time.perf_counter()
        backfill(airflow, days[0], days[-1])
        states = wait(airflow, len(days))
        seconds = time.perf_counter() - began
        whole = wait_for_trends(airflow, len(days))
        records = History(airflow.output / "history").days()
        print(f"  runs                {', '.join(f'{state} {count:,}' for state, count in sorted(states.items()))}")
        print(f"  history             {len(records):,} days, {sum(record.rows for record in records):,} rows")
        print(f"  wall time           {seconds / 60:.1f} min, {seconds / len(days):.2f} s a day")
        print(f"  trends complete     {whole:.0f} s after the last run")
        print(f"  Airflow's database  {before / 1e6:.1f} MB before, {database_bytes(airflow) / 1e6:.1f} MB after")
        print(f"  output folder       {size_of(airflow.output) / 1e6:.1f} MB")
    kept = [record.day for record in records] == days and all(record.rows == arguments.rows for record in records)
    return 0 if states == {"success": len(days)} and kept else 1


def backfill(airflow: Deployment, first: date, last: date) -> None:
    """What `make airflow ARGS="backfill create ..."` runs."""
    command = [sys.executable, "-m", "include.local_airflow", "airflow", "backfill", "create", "--dag-id", DAG_ID]
    dates = ["--from-date", str(first), "--to-date", str(last)]
    own = {"COMMENT_ANALYSIS_AIRFLOW_HOME": str(airflow.home.path)}
    done = subprocess.run([*command, *dates], cwd=PROJECT, env={**os.environ, **own}, capture_output=True, check=False)
    if done.returncode:
        sys.exit(done.stdout.decode() + done.stderr.decode())


def wait(airflow: Deployment, runs: int) -> Counter[str]:
    """Wait until all runs have ended; returns how many are in which state."""
    began, shown = time.monotonic(), 0
    while True:
        if failure := airflow.components.blame():
            sys.exit(f"{failure.explanation()}\n\n{airflow.logs()}")
        states = {state: airflow.runs_in(state) for state in ("queued", "running", *ENDED)}
        done = sum(states[state] for state in ENDED)
        if done == runs:
            return Counter({state: count for state, count in states.items() if count})
        if done >= shown + runs / 10:
            shown = done
            print(
                f"  {done:,} of {runs:,} after {(time.monotonic() - began) / 60:.1f} min", file=sys.stderr, flush=True
            )
        time.sleep(POLL_SECONDS)


def wait_for_trends(airflow: Deployment, days: int) -> float:
    """Wait until the trends know all days; returns for how many seconds."""
    began, file = time.monotonic(), airflow.output / "trends" / "trends.json"
    while not file.exists() or read_json(file)["span"]["days"] < days:
        if time.monotonic() > began + LONGEST_WAIT:
            sys.exit(f"the trends were not brought up to date within {LONGEST_WAIT:.0f} s\n\n{airflow.logs()}")
        time.sleep(1)
    return time.monotonic() - began


def database_bytes(airflow: Deployment) -> int:
    """The size of Airflow's database, with its write-ahead log."""
    return sum(path.stat().st_size for path in airflow.database.parent.glob(f"{airflow.database.name}*"))


if __name__ == "__main__":
    sys.exit(main())
