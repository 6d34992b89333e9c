"""`make run` as a new user runs it: from a fresh copy of the project, with nothing set up."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT

MAKE_VARIABLES = {
    "ARGS", "COMMENTS_FILE", "COMMENTS_OUT", "FILE", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", "OUT",
    "PYTHON", "VENV",
}  # fmt: skip


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # The tests themselves may run under make, whose variables would reach this one.
    environment = {name: value for name, value in os.environ.items() if name not in MAKE_VARIABLES}
    return subprocess.run(
        ["make", f"PYTHON={sys.executable}", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the project, without anything that was made in it."""
    folder = tmp_path_factory.mktemp("fresh") / "a copy"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(PROJECT / name, folder / name)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_make_run_sets_up_runs_and_is_quick_the_second_time(copy: Path, tmp_path: Path) -> None:
    done = make(copy, "run")
    assert done.returncode == 0, done.stderr
    assert "Setting up (once) ..." in done.stderr
    folder = copy / "results"
    assert done.stdout.splitlines()[-1].startswith(f"Results: {folder} (report.html, report.xlsx, comments.csv, ")
    with (copy / "sample/comments.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (folder / "comments.csv").open(newline="", encoding="utf-8-sig") as file:
        answered = list(csv.DictReader(file))
    assert [row["ID Cliente"] for row in answered] == [row["ID Cliente"] for row in rows]
    assert {row["emotion"] for row in answered} >= {"neutral", "joy", "anger"}
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert results["status"] == "success"
    assert results["duplicates"]["groups"][0]["count"] > 2

    again = make(copy, "run", f"OUT={tmp_path / 'mis resultados'}", "ARGS=--batch-size 20 --workers 2")
    assert again.returncode == 0, again.stderr
    assert "Setting up" not in again.stderr
    other = json.loads((tmp_path / "mis resultados" / "results.json").read_text(encoding="utf-8"))
    assert other["summary"]["total_batches"] == 6
    assert (tmp_path / "mis resultados" / "comments.parquet").read_bytes() == (folder / "comments.parquet").read_bytes()

    wrong = make(copy, "run", "FILE=nada.csv")
    assert wrong.returncode == 2
    [line] = [line for line in wrong.stderr.splitlines() if not line.startswith("make")]
    assert line.startswith("error: ")
    assert "nada.csv does not exist" in line


def test_make_help_lists_the_targets(copy: Path) -> None:
    done = make(copy, "help")
    assert {"make run", "make ui", "make test", "make lint", "make bench"} <= {
        line[:10].strip() for line in done.stdout.splitlines()
    }
