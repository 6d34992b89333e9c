"""Jobs: started once, followed, listed; their comments filtered and paged."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from include.analysis import pipeline
from include.analysis.configuration import validate
from include.analysis.run_folder import RunFolder
from tests.analysis.made_runs import write_comments
from tests.plugins.mounted import API, Mounted, of_job, set_state, start, status_of


def test_a_job_is_a_run_of_the_dag_with_its_parameters(airflow: Mounted, export: Path) -> None:
    client = airflow.client("uma")
    body = {"input_path": export.name, "analyses": ["themes"], "batch_size": 10, "n_workers": 2, "max_memory_mb": 128,
            "text_column": "Comentario Final", "encoding": "utf-8", "delimiter": ","}  # fmt: skip
    answer = client.post(f"{API}/batch/process", json=body)
    job = answer.json()
    assert answer.status_code == 202
    assert (job["state"], job["status_url"]) == ("queued", status_of(job["job_id"]))
    run = client.get(f"/api/v2/dags/comment_analysis/dagRuns/{job['job_id']}").json()
    assert (run["run_type"], run["triggering_user_name"], run["logical_date"]) == ("manual", "uma", None)
    workers = body.pop("n_workers")
    assert run["conf"] == {**body, "input_path": str(export), "workers": workers}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"batch_size": 9}, "batch_size"),
        ({"batch_size": "many"}, "batch_size"),
        ({"n_workers": 0}, "n_workers"),
        ({"max_memory_mb": 1}, "max_memory_mb"),
        ({"analyses": ["sentiment"]}, "unknown analysis 'sentiment'; there are: duplicates"),
        ({"analyses": ["themes", "themes"]}, "once"),
        ({"input_path": "abril.csv", "upload_id": "x-1.csv"}, "not both"),
        ({"upload_id": "../x.csv"}, "upload_id"),
        ({"unknown": 1}, "unknown"),
        ([], ""),
    ],
)
def test_what_cannot_be_used_is_told(airflow: Mounted, export: Path, body: Any, said: str) -> None:
    answer = airflow.client("uma").post(f"{API}/batch/process", json=body)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_the_same_key_starts_one_job(airflow: Mounted, export: Path) -> None:
    client, other = airflow.client("uma"), airflow.client("ana")
    key = {"Idempotency-Key": "2025-03-01/1"}
    body = {"input_path": export.name, "batch_size": 20}
    before = client.get(f"{API}/runs").json()["total_entries"]
    first, second = (client.post(f"{API}/batch/process", json=body, headers=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    different = client.post(f"{API}/batch/process", json={**body, "batch_size": 30}, headers=key)
    fewer = client.post(f"{API}/batch/process", json={"input_path": export.name}, headers=key)
    assert (different.status_code, fewer.status_code) == (409, 409)
    assert client.get(f"{API}/runs").json()["total_entries"] == before + 1
    assert other.post(f"{API}/batch/process", json=body, headers=key).json()["job_id"] != first.json()["job_id"]
    set_state(first.json()["job_id"], "failed")
    assert client.post(f"{API}/batch/process", json=body, headers=key).json()["state"] == "failed"


def test_status_follows_the_folder_of_the_run(airflow: Mounted) -> None:
    client = airflow.client("uma")
    export = write_comments(airflow.inbox / "mayo.csv", ["muy lento", "excelente", "muy lento"] * 100)
    job = start(client, input_path=export.name)
    queued = client.get(status_of(job)).json()
    assert (queued["state"], queued["airflow_state"], queued["phase"], queued["percentage"]) == ("queued",) * 3 + (0,)
    run = RunFolder(airflow.folder(job))
    config = validate({"input_path": str(export), "analyses": ["duplicates", "themes"], "batch_size": 100})
    set_state(job, "running")
    pipeline.begin(run, config)
    assert now(client, job)["phase"] == "splitting"
    batches = list(pipeline.split(run))
    for name in config.analyses:
        pipeline.analyse(str(run.path), 0, name)
    pipeline.analyse(str(run.path), 1, "duplicates", retry=1, number=2)
    seen = now(client, job)
    assert (seen["state"], seen["phase"], seen["percentage"]) == ("running", "analysing", 50.0)
    assert (seen["processed"], seen["total"]) == (150, 300)
    assert (seen["batches_completed"], seen["batches_total"], seen["retries"], seen["error_count"]) == (1, 3, 1, 0)
    assert seen["duplicates_found"] == 198
    assert seen["items_per_second"] > 0 and seen["eta_seconds"] > 0
    assert seen["average_batch_time"] > 0 and seen["memory_mb"] > 50
    for batch in batches:
        for name in config.analyses:
            pipeline.analyse(str(run.path), batch.index, name)
    pipeline.aggregate(run)
    assert (now(client, job)["phase"], now(client, job)["percentage"]) == ("reporting", 99.0)
    set_state(job, "success")
    done = now(client, job)
    assert (done["state"], done["airflow_state"], done["percentage"], done["processed"]) == ("success",) * 2 + (
        100,
        300,
    )
    assert (done["duplicates_found"], done["batches_completed"]) == (298, 3)


def now(client: Any, job: str) -> dict[str, Any]:
    """The status of a job that is not the one of the last second."""
    from comment_page.routes.batch import recent

    recent.forget(job)
    found: dict[str, Any] = client.get(status_of(job)).json()
    return found


def test_runs_that_did_not_end_well(airflow: Mounted, export: Path) -> None:
    client = airflow.client("uma")
    skipped = start(client, input_path=export.name)
    RunFolder(airflow.folder(skipped)).record_skip(f"there is no export in {airflow.inbox}")
    set_state(skipped, "success")
    found = client.get(status_of(skipped)).json()
    assert (found["state"], found["message"]) == ("skipped", "there is no export in the server's folder")
    lacking = start(client, input_path=export.name)
    folder = airflow.folder(lacking)
    folder.mkdir(parents=True)
    recovery = {"retried_batches": 1, "recovered_batches": 0, "rows_without_answer": {"themes": 3}, "quarantine": {},
                "retries": [{}]}  # fmt: skip
    results = {
        "status": "partial_success", "input": {"name": "x.csv"}, "recovery": recovery,
        "summary": {"total_processed": 9, "total_batches": 1, "error_count": 2},
        "performance": {"items_per_second": 1, "average_batch_time": 1, "peak_memory_mb": {"themes": 2.0}},
        "errors": {"themes": {"1": {"error": "OSError: no"}}},
    }  # fmt: skip
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    set_state(lacking, "success")
    found = client.get(status_of(lacking)).json()
    assert (found["state"], found["error_count"], found["retries"]) == ("partial_success", 2, 1)
    assert "without an answer of themes: 3 rows (1 batch failed: OSError: no)" in found["message"]
    listed = {run["job_id"]: run for run in client.get(f"{API}/runs?limit=200").json()["runs"]}
    assert (listed[lacking]["state"], listed[lacking]["rows"]) == ("partial_success", 9)
    assert (listed[skipped]["state"], listed[skipped]["input_name"]) == ("skipped", "abril.csv")


def test_runs_that_were_started_elsewhere_are_jobs_too(airflow: Mounted, export: Path) -> None:
    client = airflow.client("uma")
    body = {"logical_date": None, "conf": {"input_path": str(export)}}
    job = client.post("/api/v2/dags/comment_analysis/dagRuns", json=body).json()["dag_run_id"]
    assert "+" in job and ":" in job
    found = client.get(status_of(job)).json()
    assert (found["job_id"], found["state"], found["input_name"]) == (job, "queued", "abril.csv")
    assert client.post(f"{API}/batch/cancel/{job}").json()["state"] == "cancelled"


def test_jobs_are_listed_page_by_page(airflow: Mounted, finished: str, export: Path) -> None:
    client = airflow.client("vera")
    for _ in range(3):
        start(airflow.client("uma"), input_path=export.name)
    whole = client.get(f"{API}/runs?limit=200").json()
    assert whole["total_entries"] == len(whole["runs"])
    pages = [client.get(f"{API}/runs?limit=2&offset={offset}").json() for offset in (0, 2)]
    assert [run["job_id"] for page in pages for run in page["runs"]] == [run["job_id"] for run in whole["runs"][:4]]
    done = client.get(f"{API}/runs?state=success&limit=200").json()
    assert finished in [run["job_id"] for run in done["runs"]]
    assert {run["airflow_state"] for run in done["runs"]} == {"success"}


def comments(client: Any, job: str, **query: Any) -> dict[str, Any]:
    answer = client.get(of_job(job, "/comments"), params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_comments_are_filtered_and_paged(airflow: Mounted, finished: str) -> None:
    client = airflow.client("vera")
    first = comments(client, finished, limit=3)
    assert first["total_entries"] == 1200
    assert [one["row"] for one in first["comments"]] == [1, 2, 3]
    assert first["comments"][2]["text"] == "La factura llegó con error, mi teléfono es [teléfono]"
    assert [one["row"] for one in comments(client, finished, limit=2, offset=1199)["comments"]] == [1200]
    assert comments(client, finished, offset=5000)["comments"] == []
    joy = comments(client, finished, emotion="joy", limit=200)
    assert joy["total_entries"] == 400
    assert {one["emotion"] for one in joy["comments"]} == {"joy"}
    assert joy["comments"][1]["duplicate_of"] == 1
    speed = comments(client, finished, theme="speed", text="velocidad!", limit=200)
    assert speed["total_entries"] == 200
    assert all("speed" in one["themes"] for one in speed["comments"])
    assert comments(client, finished, text="PESIMA CONEXION")["total_entries"] == 200
    assert comments(client, finished, text="<script>")["total_entries"] == 200
    assert comments(client, finished, theme="spee")["total_entries"] == 0
    assert comments(client, finished, emotion="hope")["comments"] == []


def test_comments_are_read_a_row_group_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from comment_page.services.comments import CommentsFile, Filter

    rows = 1000
    emotions = ["joy" if row % 7 == 0 else "neutral" for row in range(rows)]
    table = pa.table(
        {"Texto": [f"número {row}" for row in range(rows)], "row": range(1, rows + 1), "emotion": emotions}
    )
    path = tmp_path / "comments.parquet"
    pq.write_table(table, path, row_group_size=64)
    read: list[int] = []
    original = pq.ParquetFile.read_row_group
    monkeypatch.setattr(
        pq.ParquetFile, "read_row_group", lambda self, i, **k: (read.append(i), original(self, i, **k))[1]
    )
    file = CommentsFile(path, 1, "Texto")
    expected = [row + 1 for row in range(rows) if row % 7 == 0]
    for offset in range(0, 150, 40):
        read.clear()
        found, total = file.page(Filter(emotion="joy"), 40, offset)
        assert [one.row for one in found] == expected[offset : offset + 40]
        assert total == len(expected)
        if offset:
            assert len(read) <= 6, "the groups of the page alone: what matches was counted before"
    read.clear()
    found, total = file.page(Filter(), 10, 900)
    assert ([one.row for one in found], total, read) == (list(range(901, 911)), rows, [14])
    assert file.page(Filter(text="NUMERO 99"), 200, 0)[1] == 11
    assert file.page(Filter(theme="speed"), 10, 0) == ([], 0)


def test_status_is_looked_up_once_a_second_however_many_ask(
    airflow: Mounted, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from comment_page.routes import batch

    client = airflow.client("uma")
    job = start(client, input_path=export.name)
    looked: list[float] = []
    original = batch.job_status
    monkeypatch.setattr(batch, "job_status", lambda run: (looked.append(time.monotonic()), original(run))[1])
    with client:
        began = time.monotonic()
        for _ in range(20):
            assert client.get(status_of(job)).status_code == 200
        assert len(looked) <= 1 + (time.monotonic() - began)


def test_options_are_in_the_language_and_for_the_caller(airflow: Mounted) -> None:
    viewer = airflow.client("vera").get(f"{API}/options").json()
    assert (viewer["may_start"], viewer["may_cancel"], viewer["language"]) == (False, False, "es")
    user = airflow.client("uma").get(f"{API}/options?lang=en").json()
    assert (user["may_start"], user["may_cancel"], user["batch_size"]) == (True, True, [10, 5_000_000])
    assert {"id": "anger", "name": "Enojo"} in viewer["emotions"]
    assert {"id": "billing", "name": "Facturación y cobros"} in viewer["themes"] or len(viewer["themes"]) == 13
    assert {"id": "anger", "name": "Anger"} in user["emotions"]
