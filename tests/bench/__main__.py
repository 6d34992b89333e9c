"""`make bench`: prints each target of the project beside what it is now, and saves it as JSON.

Every value is the median of several runs, and a ratio that of the ratios of what was measured in the same turn.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import PROJECT
from tests.bench.children import ChildFailed
from tests.bench.groups import GROUPS, Group
from tests.bench.machine import machine, versions
from tests.bench.session import Session, say
from tests.bench.table import Row, table

RUNS, QUICK_RUNS = 5, 1
ROWS, QUICK_ROWS = 1_000_000, 50_000


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse(argv)
    names = chosen(arguments)
    folder = Path(tempfile.mkdtemp(prefix="comment-analysis-bench-"))
    try:
        rows = measure(session_of(arguments, names, folder), names, arguments)
    except ChildFailed as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"interrupted; what was measured is in {arguments.json}", file=sys.stderr)
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(heading(arguments))
    print(table(rows))
    return 0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, help=f"rows of the exports (default: {ROWS:,}; quick: {QUICK_ROWS:,})")
    parser.add_argument("--runs", type=int, help=f"of what is quick; half as many of the rest (default: {RUNS})")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="fewer rows and runs: under two minutes on two cores")
    parser.add_argument("--large", action="store_true", help="ten times the rows, too: many minutes")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=GROUPS, help=f"of {', '.join(GROUPS)}")
    parser.add_argument("--store", action="store_true", help="let CI compare with the ratios of now")
    parser.add_argument("--json", type=Path, default=PROJECT / "bench.json", help="where to save it (bench.json)")
    arguments = parser.parse_args(argv)
    arguments.rows = arguments.rows or (QUICK_ROWS if arguments.quick else ROWS)
    arguments.runs = arguments.runs or (QUICK_RUNS if arguments.quick else RUNS)
    return arguments


def chosen(arguments: argparse.Namespace) -> list[str]:
    """The groups to measure: those named, or the usual ones, and what other arguments ask for."""
    asked = {"large": arguments.large, "guard": arguments.store}
    named = arguments.only or [name for name, group in GROUPS.items() if usual(group, arguments.quick)]
    return [name for name in GROUPS if name in named or asked.get(name)]


def usual(group: Group, quick: bool) -> bool:
    return not group.on_demand and not (quick and group.slow)


def session_of(arguments: argparse.Namespace, names: Sequence[str], folder: Path) -> Session:
    subjects = {subject for name in names for subject in GROUPS[name].subjects}
    long_runs = (arguments.runs + 1) // 2
    return Session(folder, arguments.rows, arguments.runs, long_runs, arguments.workers, subjects, arguments.store)


def measure(session: Session, names: Sequence[str], arguments: argparse.Namespace) -> list[Row]:
    """Measure group after group; what there is so far is saved after each."""
    rows: list[Row] = []
    for name in names:
        say(name)
        rows += GROUPS[name].rows(session)
        save(rows, arguments)
    return rows


def save(rows: Sequence[Row], arguments: argparse.Namespace) -> None:
    content = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": arguments.rows,
        "runs": arguments.runs,
        "workers": arguments.workers,
        "machine": machine(),
        "versions": versions(),
        "table": [row.to_dict() for row in rows],
    }
    arguments.json.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def heading(arguments: argparse.Namespace) -> str:
    of, made = machine(), versions()
    meant = "" if arguments.rows == ROWS else f"; the targets are meant for {ROWS:,} rows"
    return (
        f"{of['cores']} cores, {of['model']}, {of['memory_mb']:,} MB, load {of['load']}; "
        + ", ".join(f"{name} {version}" for name, version in made.items())
        + f"\n{arguments.rows:,} generated rows, {arguments.workers} workers, "
        f"medians of up to {arguments.runs} runs{meant}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
