"""A whole run whose roots lie in an object store, every step on a machine that has no copy of anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from include.analysis import BatchProcessor, storage
from include.analysis.files import read_json
from include.analysis.inbox import Inbox
from include.analysis.settings import load_settings
from tests.analysis.test_batch_processor import comparable, make_export
from tests.conftest import PROJECT
from tests.dags.deployment import deployment, wait_for

pytestmark = pytest.mark.timeout(400)
ANALYSES = ["duplicates", "emotions"]


def step(call: str, *arguments: object) -> Any:
    """What a function of the pipeline answers in a process of its own, on a machine without copies."""
    code = (
        "import json, sys, os, shutil; from include.analysis import pipeline\n"
        "shutil.rmtree(os.environ['COMMENT_ANALYSIS_COPIES'], ignore_errors=True)\n"
        "arguments = json.loads(sys.argv[2])\n"
        "answer = getattr(pipeline, sys.argv[1])(*arguments)\n"
        "print(json.dumps(answer, default=str))"
    )
    command = [sys.executable, "-c", code, call, json.dumps(arguments)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def put(path: Path, key: str) -> None:
    boto3.client("s3").upload_file(str(path), "comments", key)


def objects(prefix: str = "") -> set[str]:
    found = boto3.resource("s3").Bucket("comments").objects.filter(Prefix=prefix)
    return {one.key for one in found}


def downloaded(key: str, to: Path) -> Path:
    boto3.client("s3").download_file("comments", key, str(to))
    return to


def run_of(run_id: str, **params: Any) -> str:
    folder: str = step("find_input", params, run_id)
    for index in range(len(step("split_all", folder))):
        for name in step("selected_analyses", folder):
            step("analyse", folder, index, name)
    step("aggregate_or_fail", run_id)
    return folder


def test_a_run_gives_the_bytes_of_one_on_a_disk(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export = make_export(tmp_path / "comments_2026-01-05.csv", 200)
    put(export, f"inbox/{export.name}")
    folder = run_of("r1", batch_size=120, analyses=ANALYSES, date="2026-01-05")
    assert folder == f"{bucket}/runs/r1"
    assert step("keep_day", "r1")["folder"] == folder
    assert f"{folder}/report.html" in step("report_of_run", "r1")

    calm = BatchProcessor(n_workers=1).process_parallel(export, ANALYSES, out=tmp_path / "calm")
    results = read_json(downloaded("runs/r1/results.json", tmp_path / "results.json"))
    assert comparable(results) == comparable(calm)
    for name in ("comments.parquet", "comments.csv", "comments_unique.csv"):
        assert downloaded(f"runs/r1/{name}", tmp_path / name).read_bytes() == (tmp_path / "calm" / name).read_bytes()
    assert not any(".tmp" in key or "/." in key for key in objects())
    assert {"runs/history/day=2026-01-05/comments.parquet", "runs/trends/trends.json"} <= objects("runs/")
    assert not objects("runs/r1/skipped.json")

    monkeypatch.setenv("COMMENT_ANALYSIS_KEEP_DAYS", "0")
    cleaned = step("clean")
    assert cleaned["removed"] == 3, "batches, parts and attempts"
    assert cleaned["bytes"] > 10_000
    assert not cleaned["errors"]
    assert not [key for key in objects("runs/r1/") if "/batches/" in key or "/parts/" in key or "/attempts/" in key]
    assert "runs/r1/results.json" in objects()


def test_a_try_on_another_machine_skips_what_is_stored(bucket: str, tmp_path: Path) -> None:
    put(make_export(tmp_path / "export.csv", 200), "inbox/export.csv")
    folder = step("find_input", {"analyses": ["emotions"]}, "r2")
    step("split_all", folder)
    assert step("analyse", folder, 0, "emotions", 2)["slices"] > 2
    lost = sorted(key for key in objects("runs/r2/parts/") if key.endswith(".parquet"))[1]
    boto3.client("s3").delete_object(Bucket="comments", Key=lost)

    again = step("analyse", folder, 0, "emotions", 2, 2)
    assert again["slices"] == 1
    assert again["rows"] + again["skipped"] == 200
    assert lost in objects("runs/r2/parts/")


def test_an_export_must_lie_below_the_inbox(bucket: str) -> None:
    command = "from include.analysis import pipeline; pipeline.find_input({'input_path': 's3://other/x.csv'}, 'r3')"
    done = subprocess.run([sys.executable, "-c", command], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert "SettingError: s3://other/x.csv is not below the inbox or the output root" in done.stderr


def test_an_export_that_changed_in_the_store_is_read_anew(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rows in (100, 150):
        put(make_export(tmp_path / "export.csv", rows), "inbox/export.csv")
        assert [path.name for path in Inbox.of(load_settings()).exports()] == ["export.csv"]
        path = storage.located(f"{bucket}/inbox/export.csv")
        storage.fetch(path)
        assert path.read_bytes() == (tmp_path / "export.csv").read_bytes()
    boto3.client("s3").delete_object(Bucket="comments", Key="inbox/export.csv")
    assert not Inbox.of(load_settings()).exports()


def test_airflow_opens_the_store_by_a_connection(bucket: str, tmp_path: Path) -> None:
    export = make_export(tmp_path / "export.csv", 200)
    put(export, "inbox/export.csv")
    own = {
        "COMMENT_ANALYSIS_INBOX": "s3://store@comments/inbox",
        "COMMENT_ANALYSIS_OUTPUT": "s3://store@comments/runs",
        "AIRFLOW_CONN_STORE": json.dumps(
            {
                "conn_type": "aws",
                "login": "key",
                "password": "secret",
                "extra": {"endpoint_url": os.environ["AWS_ENDPOINT_URL"], "region_name": "us-east-1"},
            }
        ),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # what the connection says has to do
    }
    with deployment(tmp_path / "airflow", own=own) as airflow:
        run = airflow.start_by_hand(input_path="s3://store@comments/inbox/export.csv", analyses=ANALYSES)
        assert run.wait() == "success", airflow.logs()
        wait_for(lambda: run.record()["note"], "the run has its note")
        note = run.record()["note"]
    assert f"s3://store@comments/runs/{run.id} (report.html, report.xlsx" in note
    calm = BatchProcessor(n_workers=1).process_parallel(export, ANALYSES, out=tmp_path / "calm")
    results = read_json(downloaded(f"runs/{run.id}/results.json", tmp_path / "results.json"))
    assert comparable(results) == comparable(calm)
