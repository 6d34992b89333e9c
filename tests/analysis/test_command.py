"""`python -m include.analysis` as its user sees it: exit status, one line for a mistake, a bar on a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import psutil
import pytest

from tests.analysis.test_batch_processor import comparable, make_export
from tests.conftest import PROJECT

COMMAND = [sys.executable, "-m", "include.analysis"]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], cwd=PROJECT, capture_output=True, text=True, check=False)


def test_a_run_ends_with_a_summary_and_the_place_of_the_results(tmp_path: Path) -> None:
    export = make_export(tmp_path / "export.csv", 300)
    done = run(export, "--out", tmp_path / "out", "--batch-size", "100", "--workers", "2")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("success: 300 comments in")
    assert lines[-1].startswith(f"Results: {tmp_path / 'out'} (report.html, report.xlsx, comments.csv, ")
    assert done.stderr.splitlines() == ["splitting", "analysing", "aggregating", "reporting", "finished"]
    assert json.loads((tmp_path / "out/results.json").read_text())["summary"]["total_batches"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.csv"], "missing.csv does not exist"),
        (["EXPORT", "--batch-size", "3"], "batch_size must be a whole number from 10 to 5,000,000, not 3"),
        (["EXPORT", "--batch-size", "many"], "argument --batch-size: invalid int value: 'many'"),
        (["EXPORT", "--analyses", "colours"], "unknown analysis 'colours'; there are: duplicates, emotions, themes"),
        (["EXPORT", "--text-column", "Texto"], "Texto"),
        (["EXPORT", "--encoding", "klingon"], "klingon"),
        (["EXPORT", "--out", "EXPORT"], "cannot be written"),
        ([], "the following arguments are required: FILE"),
    ],
)
def test_a_mistake_is_told_in_one_line(arguments: list[str], message: str, tmp_path: Path) -> None:
    export = make_export(tmp_path / "export.csv", 20)
    given = [str(export) if argument == "EXPORT" else argument for argument in arguments]
    done = run(*given, *([] if "--out" in given else ["--out", str(tmp_path / "out")]))
    assert done.returncode == 2
    [line] = [line for line in done.stderr.splitlines() if line != "splitting"]
    assert line.startswith("error: ")
    assert message in line
    assert not (tmp_path / "out" / "results.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_leaves_no_process_and_goes_on(number: signal.Signals, tmp_path: Path) -> None:
    export = make_export(tmp_path / "export.csv", 12_000)
    arguments = [export, "--out", tmp_path / "out", "--batch-size", "400", "--workers", "2"]
    process = subprocess.Popen([*COMMAND, *map(str, arguments)], cwd=PROJECT, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("out/parts/**/*.parquet")):
        assert process.poll() is None
        time.sleep(0.01)
    descendants = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, errors = process.communicate()
    assert process.returncode == (128 + number if number != signal.SIGKILL else -number)
    assert "Traceback" not in errors
    _, alive = psutil.wait_procs(descendants, timeout=5)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []
    assert not (tmp_path / "out" / "results.json").exists()

    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("out/parts/**/[0-9]*.parquet")}
    assert run(*arguments).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert run(*arguments[:1], "--out", tmp_path / "calm").returncode == 0
    resumed, calm = (json.loads((tmp_path / name / "results.json").read_text()) for name in ("out", "calm"))
    assert comparable(resumed) == comparable(calm)


def test_a_terminal_gets_a_bar_with_rate_and_time_left(tmp_path: Path) -> None:
    export = make_export(tmp_path / "export.csv", 20_000)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    arguments = [str(export), "--out", str(tmp_path / "out"), "--batch-size", "500"]
    process = subprocess.Popen([*COMMAND, *arguments], cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 65_536)
        except OSError:
            break
    os.close(ours)
    assert process.wait() == 0
    bars = [bar for bar in shown.decode().split("\r") if bar.startswith("analysing") and "%" in bar]
    assert any(" rows/s" in bar and "<" in bar for bar in bars)
