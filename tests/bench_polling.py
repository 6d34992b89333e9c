"""`make bench-polling`: how much slower a run gets when many follow its progress.

A whole Airflow runs the DAG over the same export again and again, in turn with nobody and with clients that ask for the
status as the page does. The clients have the lowest priority, for in truth they are other machines. What their
questions cost Airflow's API server is measured beside, and judged by: a run that has the whole machine to itself gets
slower by that share, and from one run to the next its time differs by more.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import psutil

from include.local_airflow.home import HOST
from tests.dags.deployment import Deployment, Run, deployment
from tests.exports import write_export

RUN_SECONDS = 600
LOWEST_PRIORITY = 19
GOAL = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-polling", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=3.0, help="between two questions of a client; the page's 3")
    parser.add_argument("--runs", type=int, default=5, help="of each kind")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="comment-analysis-polling-") as folder:
        export = write_export(Path(folder) / "export.csv", arguments.rows)
        with deployment(Path(folder) / "airflow", own={"COMMENT_ANALYSIS_SCHEDULE": "off"}) as airflow:
            compare(airflow, export, arguments)


def compare(airflow: Deployment, export: Path, arguments: argparse.Namespace) -> None:
    """Run alternately, print what is found."""
    times: dict[bool, list[float]] = {False: [], True: []}
    shares: dict[bool, list[float]] = {False: [], True: []}
    asked = 0
    watch_run(airflow, airflow.trigger(export))  # imports and caches
    for turn in range(2 * arguments.runs):
        followed = bool(turn % 2)
        run = airflow.trigger(export)
        with polling(airflow, run, arguments if followed else None) as count:
            seconds, share = watch_run(airflow, run)
        times[followed].append(seconds)
        shares[followed].append(share)
        asked += count.value
    alone, followed_time = (statistics.median(times[kind]) for kind in (False, True))
    cost = (statistics.median(shares[True]) - statistics.median(shares[False])) / (os.cpu_count() or 1)
    slower = followed_time / alone - 1
    rate = asked / sum(times[True])
    print(f"{arguments.rows:,} rows, {os.cpu_count()} cores, medians of {arguments.runs} runs each")
    print(f"  nobody asks                      {alone:8.2f} s   ({spread(times[False])})")
    asking = f"{arguments.clients} clients, {rate:.1f} answers a second"
    print(f"  {asking:<33}{followed_time:8.2f} s   ({spread(times[True])})")
    print(f"  slower by                        {100 * slower:8.1f} %")
    print(f"  the API server takes of the cores{100 * cost:8.1f} %   goal: less than {100 * GOAL:.0f} %")
    sys.exit(cost >= GOAL)


def spread(seconds: list[float]) -> str:
    return f"{min(seconds):.2f} to {max(seconds):.2f}"


def watch_run(airflow: Deployment, run: Run) -> tuple[float, float]:
    """Seconds that a run took, and how many cores the API server kept busy meanwhile."""
    server = psutil.Process(airflow.components.running["api-server"].pid)
    before, began = processor_seconds(server), time.perf_counter()
    while (record := run.record())["state"] not in {"success", "failed"}:
        assert time.perf_counter() - began < RUN_SECONDS, f"the run is {record['state']} after {RUN_SECONDS} seconds"
        time.sleep(1)
    assert record["state"] == "success", airflow.logs()
    share = (processor_seconds(server) - before) / (time.perf_counter() - began)
    started, ended = (datetime.fromisoformat(record[name]) for name in ("start_date", "end_date"))
    return (ended - started).total_seconds(), share


def processor_seconds(process: psutil.Process) -> float:
    """Of a process and those that it has started."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in times)


@contextmanager
def polling(airflow: Deployment, run: Run, arguments: argparse.Namespace | None) -> Iterator[Any]:
    """Clients that follow a run, in a process of their own; gives the number of answers they had in the end."""
    context = multiprocessing.get_context("spawn")
    count, stop = context.Value("q", 0), context.Event()
    if arguments is None:
        yield count
        return
    path = f"/comment-analysis/api/batch/status/{run.id}"
    values = (f"http://{HOST}:{airflow.port}{path}", airflow.token, arguments.clients, arguments.seconds, count, stop)
    clients = context.Process(target=follow, args=values, daemon=True)
    clients.start()
    try:
        yield count
    finally:
        stop.set()
        clients.join(30)
        assert clients.exitcode == 0, "a client had no answer"


def follow(url: str, token: str, clients: int, seconds: float, count: Any, stop: Event) -> None:
    """Ask as so many pages do, each in its own rhythm, until told to stop."""
    import asyncio

    import httpx

    os.nice(LOWEST_PRIORITY)

    async def page(number: int, client: httpx.AsyncClient) -> None:
        await asyncio.sleep(seconds * number / clients)
        while not stop.is_set():
            asked = time.perf_counter()
            answer = await client.get(url)
            answer.raise_for_status()
            count.value += 1
            await asyncio.sleep(max(0.0, asked + seconds - time.perf_counter()))

    async def pages() -> None:
        limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(headers=headers, limits=limits, timeout=60) as client:
            await asyncio.gather(*(page(number, client) for number in range(clients)))

    asyncio.run(pages())


if __name__ == "__main__":
    main()
