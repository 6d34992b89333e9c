"""`make bench`: how fast the analysers, the engine and the whole DAG are, and how much memory the steps take.

Each speed is the median of several runs into fresh folders; memory is the peak resident memory of the one process that
does the step. The read floor (pandas reading the same file) is measured beside, to compare machines by.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.exports import comments, write_export

PROJECT = Path(__file__).resolve().parents[1]
REPLACED_SYSTEM = 1_965  # rows/s on 2 cores, of the system that this one replaces


def timed(run: Callable[[Path], None], folder: Path, runs: int) -> tuple[float, dict[str, Any]]:
    """Median wall seconds of several runs, and the results of the last."""
    seconds = []
    for _ in range(runs):
        shutil.rmtree(folder, ignore_errors=True)
        began = time.perf_counter()
        run(folder)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), json.loads((folder / "results.json").read_text(encoding="utf-8"))


def engine(export: Path, workers: int, *arguments: str) -> Callable[[Path], None]:
    command = [sys.executable, "-m", "include.analysis", str(export), "--workers", str(workers), *arguments, "--out"]
    return lambda folder: _run([*command, str(folder)])


def dag(export: Path, workers: int) -> Callable[[Path], None]:
    command = [sys.executable, "-m", "include.local_airflow", "run", "--workers", str(workers), "--out"]
    return lambda folder: _run([*command, str(folder), "--", str(export)])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stderr}")


def read_floor(export: Path, runs: int) -> float:
    import pandas as pd

    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        pd.read_csv(export)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the speed runs")
    parser.add_argument("--memory-rows", type=int, default=1_000_000, help="rows of the memory run; 0: leave it out")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=["analysers"], help="leave out the runs of the engine and the DAG")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="comment-analysis-bench-"))
    try:
        print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
        analysers(arguments)
        if arguments.only == "analysers":
            return
        speeds(folder, arguments)
        if arguments.memory_rows:
            memory(folder, arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def analysers(arguments: argparse.Namespace) -> None:
    """How many different comments a second one core scores: with the words of the comments new, and met before."""
    from include.analysis.emotions import EmotionAnalyzer
    from include.analysis.themes import ThemeAnalyzer

    texts = list(dict.fromkeys(filter(str.strip, comments(arguments.rows))))
    print(f"\n{len(texts):,} different comments, one core, best of {arguments.runs} runs (processor time)")
    for name, analyse in (("emotions", EmotionAnalyzer().score), ("themes", ThemeAnalyzer().mentions)):
        seconds = []
        for _ in range(1 + arguments.runs):
            began = time.process_time()
            analyse(texts)
            seconds.append(time.process_time() - began)
        cold, warm = len(texts) / seconds[0], len(texts) / min(seconds[1:])
        print(f"  {name:<34}{cold:12,.0f} comments/s with new words {warm:12,.0f} comments/s after")


def speeds(folder: Path, arguments: argparse.Namespace) -> None:
    rows, runs = arguments.rows, arguments.runs
    export = write_export(folder / "speed.csv", rows)
    size = export.stat().st_size / 1e6
    print(f"\n{rows:,} rows, {size:.1f} MB CSV, {arguments.workers} workers, median of {runs} runs")
    floor = read_floor(export, runs)
    print(f"  {'pandas.read_csv alone':<34}{floor:8.2f} s {rows / floor:12,.0f} rows/s")
    for name, run in (("engine", engine), ("whole DAG, Airflow's start included", dag)):
        seconds, results = timed(run(export, arguments.workers), folder / "out", runs)
        print(f"  {name:<34}{seconds:8.2f} s {rows / seconds:12,.0f} rows/s", end="")
        print(f"   {rows / seconds / REPLACED_SYSTEM:.1f} x the replaced system")
    inside = results["performance"]["total_processing_time"]
    print(f"  {'whole DAG, from its first task on':<34}{inside:8.2f} s {rows / inside:12,.0f} rows/s   (last run)")
    for many in filter(None, (rows, arguments.memory_rows)):
        near_duplicates(folder, many, arguments)


def near_duplicates(folder: Path, rows: int, arguments: argparse.Namespace) -> None:
    """What finding near-duplicates takes of a run of the engine: it is on because that is less than the rest."""
    from include.analysis.settings import DEFAULT_ANALYSES

    export = write_export(folder / "near.csv", rows)
    others = ",".join(name for name in DEFAULT_ANALYSES if name != "near_duplicates")
    run = engine(export, arguments.workers), engine(export, arguments.workers, "--analyses", others)
    whole, rest = (timed(one, folder / "out", arguments.runs if rows < 500_000 else 1)[0] for one in run)
    name = f"near-duplicates in {rows:,} rows"
    print(f"  {name:<34}{whole - rest:8.2f} s of {whole:.2f} s, {(whole - rest) / rest:.2f} of the rest")


def memory(folder: Path, arguments: argparse.Namespace) -> None:
    rows = arguments.memory_rows
    export = write_export(folder / "memory.csv", rows)
    size = export.stat().st_size / 1e6
    print(f"\n{rows:,} rows, {size:.1f} MB CSV, whole DAG: peak memory of the task that took most, MiB")
    seconds, results = timed(dag(export, arguments.workers), folder / "out", 1)
    for step, peak in results["performance"]["peak_memory_mb"].items():
        print(f"  {step:<34}{peak:8.1f}")
    report = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    print(f"  {'report':<34}{report['peak_memory_mb']:8.1f}")
    took = results["performance"]["step_seconds"]
    analyses = sum(took[name] for name in results["versions"]["analyses"])
    print(f"  in {seconds:.1f} s, {rows / seconds:,.0f} rows/s, {results['summary']['total_batches']} batches")
    print(f"  of these {report['seconds']:.1f} s for the report; the analyses took {analyses:.1f} s in all tasks")


if __name__ == "__main__":
    main()
