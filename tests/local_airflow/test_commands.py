"""The commands themselves, with a real Airflow in a home of their own: a run, the UI, bad arguments, interruptions."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from include.local_airflow.home import PROJECT

SAMPLE = PROJECT / "sample" / "comments.csv"

SLEEPING_DAG = """
import os, time
from pathlib import Path
from airflow.sdk import DAG, task

with DAG("comment_analysis", schedule=None):
    @task
    def sleep(n: int) -> None:
        Path(os.environ["COMMENT_ANALYSIS_RUN_FOLDER"], f"sleeping-{n}").touch()
        time.sleep(300)

    sleep.expand(n=[0, 1])
"""

RUN_A_DAG = """
import sys
from pathlib import Path
from include.local_airflow.home import Home
from include.local_airflow.processes import Interrupted, interrupt_by_signals
from include.local_airflow.run import Request, run
interrupt_by_signals()
try:
    run(Request({}, Path(sys.argv[3]), 2), Home(Path(sys.argv[1]), Path(sys.argv[2])))
except Interrupted as interruption:
    sys.exit(interruption.status)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("airflow") / "home"


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "include.local_airflow", *arguments],
        cwd=PROJECT,
        env={**os.environ, "COMMENT_ANALYSIS_AIRFLOW_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(home: Path, *arguments: str) -> tuple[int, str, str]:
    process = start(home, *arguments)
    out, err = process.communicate(timeout=200)
    return process.returncode, out, err


def wait_for(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def descendants(process: subprocess.Popen[Any]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Of some processes, and of all in their sessions, those that still live."""
    pids = {process.pid for process in processes}
    found = []
    for process in psutil.process_iter():
        try:
            concerned = process in processes or os.getsid(process.pid) in pids
            if concerned and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (OSError, psutil.Error):
            continue
    return found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "FILE"),
        (["run", "no such file.csv"], "no such file.csv"),
        (["run", str(SAMPLE), "--batch-size", "x"], "--batch-size"),
        (["run", str(SAMPLE), "--batch-size", "1"], "batch_size"),
        (["run", str(SAMPLE), "--analyses", "moods"], "moods"),
        (["run", str(SAMPLE), "--text-column", "Nadie"], "Nadie"),
        (["run", str(SAMPLE), "--out", "/dev/null/results"], "/dev/null"),
        (["fly"], "fly"),
    ],
)
def test_unusable_arguments_are_one_line_and_status_2_before_airflow_starts(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    status, out, err = finish(tmp_path / "home", *arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert said in err
    assert not (tmp_path / "home").exists()


def test_an_interrupted_first_start_is_done_again(tmp_path: Path) -> None:
    process = start(tmp_path / "home", "run", str(SAMPLE), "--out", str(tmp_path / "out"))
    wait_for((tmp_path / "home" / "logs" / "migrate.log").exists)
    time.sleep(1)
    started = descendants(process)
    process.terminate()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 143
    assert out == ""
    assert err.splitlines()[1:] == ["interrupted; the same command goes on from here"]
    assert started
    assert not living(started)
    assert not list((tmp_path / "home").glob("template-*.db"))


@pytest.mark.slow
def test_a_run_ends_with_the_place_of_the_results(home: Path, tmp_path: Path) -> None:
    export, results = tmp_path / "mi exportación.csv", tmp_path / "los resultados"
    shutil.copy(SAMPLE, export)
    status, out, err = finish(home, "run", str(export), "--out", str(results))
    assert status == 0, err
    assert out.splitlines()[-1].startswith(f"Results: {results} (report.html, report.xlsx, comments.csv, ")
    assert json.loads((results / "results.json").read_text())["status"] == "success"
    assert err.splitlines()[0] == "Starting Airflow"
    assert "Traceback" not in err
    assert not list(home.glob("run-*.db*"))


@pytest.mark.slow
def test_no_process_is_left_when_a_run_is_interrupted_or_its_launcher_killed(home: Path, tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "sleeping.py").write_text(SLEEPING_DAG)
    folders = [tmp_path / "interrupted", tmp_path / "killed"]
    launched = []
    for folder in folders:
        folder.mkdir()
        command = [sys.executable, "-c", RUN_A_DAG, str(home), str(dags), str(folder)]
        launched.append(subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL))
    try:
        wait_for(lambda: all(len(list(folder.glob("sleeping-*"))) == 2 for folder in folders))
        started = [descendants(process) for process in launched]
        assert all(len(processes) >= 6 for processes in started), "server, dag, two workers, two tasks"
        launched[0].send_signal(signal.SIGINT)
        assert launched[0].wait(30) == 130
        assert not living(started[0])
        launched[1].kill()
        launched[1].wait()
        wait_for(lambda: not living(started[1]), seconds=5)
    finally:
        for process in launched:
            process.kill()


@pytest.fixture
def ui(home: Path) -> Iterator[subprocess.Popen[str]]:
    process = start(home, "ui", "--port", "0")
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_the_ui_lets_its_user_in_lists_the_dag_and_ends_whole(home: Path, ui: subprocess.Popen[str]) -> None:
    assert ui.stdout
    assert ui.stdout.readline() == "Starting Airflow ...\n"
    line = ui.stdout.readline()
    login = re.fullmatch(r"Airflow is at (http://127\.0\.0\.1:\d+)  user: (admin)  password: (\S+)\n", line)
    assert login, line
    address, user, password = login.groups()

    with pytest.raises(urllib.error.HTTPError) as refusal:
        call(f"{address}/api/v2/dags")
    assert refusal.value.code == 401
    token = call(f"{address}/auth/token", {"username": user, "password": password})["access_token"]
    listed: dict[str, Any] = {}
    dags = ("comment_analysis", "comment_housekeeping", "comment_trends")
    wait_for(
        lambda: bool(listed.update(call(f"{address}/api/v2/dags", token=token)) or len(listed["dags"]) == len(dags))
    )
    assert [(dag["dag_id"], dag["is_paused"]) for dag in listed["dags"]] == [(dag, False) for dag in dags]

    status, _, err = finish(home, "ui")
    assert (status, err.count("\n")) == (1, 1)
    started = descendants(ui)
    ui.send_signal(signal.SIGHUP)
    assert ui.wait(30) == 129
    assert not living(started)


def call(url: str, body: dict[str, str] | None = None, token: str = "") -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310
        url,
        data=json.dumps(body).encode() if body else None,
        headers={"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found
