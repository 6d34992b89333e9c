"""What is read and written: nothing outside the inbox and the folders of runs, whatever a name holds."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from include.analysis.files import write_json
from tests.exports import write_export
from tests.plugins.mounted import API, Mounted, mounted, of_job, set_state, start, status_of

CSV = b"Comentario Final,Nota\nmuy lento,3\nexcelente,9\n"
UNREACHABLE = "Comentario Final\nsecreto\n"


@pytest.fixture(scope="module")
def planted(airflow: Mounted) -> Iterator[Path]:
    """Files that nobody may reach, and what might lead to them."""
    outside = airflow.inbox.parent / "secret.csv"
    outside.write_text(UNREACHABLE, encoding="utf-8")
    (airflow.inbox / "link.csv").symlink_to(outside)
    (airflow.inbox / "folder.csv").mkdir()
    (airflow.inbox / "out").symlink_to(outside.parent)
    (airflow.inbox / "device.csv").symlink_to("/dev/zero")
    os.mkfifo(airflow.inbox / "pipe.csv")
    (airflow.inbox.parent / "inbox-of-others").mkdir()
    (airflow.inbox.parent / "inbox-of-others" / "x.csv").write_text(UNREACHABLE, encoding="utf-8")
    yield outside
    for name in ("link.csv", "device.csv", "out", "pipe.csv"):
        (airflow.inbox / name).unlink()


HOSTILE = [
    "../secret.csv", "..", ".", "/", "./../secret.csv", "x/../../secret.csv", "..\\secret.csv", "%2e%2e/secret.csv",
    "..%2fsecret.csv", "%2e%2e%2fsecret.csv", "..%252fsecret.csv", "link.csv", "out/secret.csv", "device.csv",
    "pipe.csv", "folder.csv", "{outside}", "{inbox}/../secret.csv", "{inbox}-of-others/x.csv", "/etc/passwd",
    "//etc/passwd", "/proc/self/environ", "/dev/zero", "/dev/stdin", "file:///etc/passwd", "s3://bucket/x.csv",
    "http://127.0.0.1/x.csv", "~/secret.csv", "a\0.csv", "\0", "abril.csv\0", "abril.csv\n", "a\u2028b.csv",
    "nothing.csv", " ", "x" * 1024, "C:\\secret.csv", "uploads/../../secret.csv", "\ud800.csv",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name)[:30])
def test_no_name_leads_out_of_the_inbox(airflow: Mounted, planted: Path, export: Path, name: str) -> None:
    name = name.format(outside=planted, inbox=airflow.inbox)
    client = airflow.client("uma")
    answers = [client.get(f"{API}/preview", params={"file": name.encode("utf-8", "surrogatepass")})]
    answers.append(client.post(f"{API}/batch/process", content=json.dumps({"input_path": name})))
    for answer in answers:
        assert answer.status_code in {404, 422}, answer.text
        assert "secreto" not in answer.text
        assert str(airflow.inbox) not in answer.text
        assert "/etc" not in answer.json()["detail"]


def test_files_of_the_inbox_are_taken_by_name_and_by_path(airflow: Mounted, planted: Path, export: Path) -> None:
    client = airflow.client("uma")
    for name in ("abril.csv", str(export), "./abril.csv"):
        answer = client.get(f"{API}/preview", params={"file": name})
        assert answer.status_code == 200, answer.text
        assert answer.json()["file"] == "abril.csv"


def test_the_list_holds_what_can_be_taken(airflow: Mounted, planted: Path, export: Path) -> None:
    client = airflow.client("vera")
    listed = client.get(f"{API}/inbox").json()
    names = [one["name"] for one in listed["files"]]
    assert "abril.csv" in names
    assert not {"link.csv", "device.csv", "pipe.csv", "folder.csv", "out"} & set(names)
    assert listed["total_entries"] == len(names)
    page = client.get(f"{API}/inbox", params={"limit": 1, "offset": 1}).json()
    assert [one["name"] for one in page["files"]] == names[1:2]
    assert page["total_entries"] == len(names)


def send(client: Any, name: str, content: bytes) -> Any:
    return client.post(f"{API}/uploads", params={"name": name}, content=content)


def test_an_upload_is_named_by_us_and_can_be_analysed(airflow: Mounted) -> None:
    client = airflow.client("uma")
    answer = send(client, "../../Encuesta de MARZO ñandutí.CSV", CSV)
    assert answer.status_code == 201, answer.text
    upload = answer.json()["upload_id"]
    assert upload.startswith("encuesta-de-marzo-nanduti-") and upload.endswith(".csv")
    assert (airflow.inbox / "uploads" / upload).read_bytes() == CSV
    assert [path for path in (airflow.inbox / "uploads").iterdir() if path.name.startswith(".")] == []
    job = start(client, upload_id=upload)
    run = client.get(f"/api/v2/dags/comment_analysis/dagRuns/{job}").json()
    assert run["conf"] == {"input_path": str(airflow.inbox / "uploads" / upload)}
    assert any(
        one["name"] == f"uploads/{upload}" and one["uploaded"] for one in client.get(f"{API}/inbox").json()["files"]
    )


def workbook(folder: Path) -> bytes:
    return write_export(folder / "x.xlsx", 3).read_bytes()


def test_types_are_those_of_the_content(airflow: Mounted, tmp_path: Path) -> None:
    client, book = airflow.client("uma"), workbook(tmp_path)
    good = {"a.csv": CSV, "a.txt": CSV, "a.tsv": CSV, "a.csv.gz": gzip.compress(CSV), "a.xlsx": book}
    for name, content in good.items():
        assert send(client, name, content).status_code == 201, name
    bad = {
        "a.csv": book, "b.csv": b"\x89PNG\r\n\x1a\n" + b"x" * 100, "c.csv": gzip.compress(CSV), "a.xlsx": CSV,
        "a.xls": book, "a.csv.gz": CSV, "a.exe": b"MZ", "a": CSV, ".csv.exe": CSV, "a.pdf": b"%PDF-1.7",
        "d.csv": b"%PDF-1.7 x", "e.csv": b"<!doctype html><table></table>", "a\0.csv": CSV, "a\n.csv": CSV,
    }  # fmt: skip
    for name, content in bad.items():
        answer = send(client, name, content)
        assert answer.status_code == 415, (name, answer.text)
        assert str(airflow.inbox.parent) not in answer.text
    assert send(client, "empty.csv", b"").status_code == 422
    assert list((airflow.inbox / "uploads").glob(".*")) == []


@pytest.mark.parametrize(
    ("job", "status"),
    [
        ("..", 404),
        ("%2e%2e", 422),
        ("..%2f..%2fx", 404),
        ("nothing", 404),
        ("a%00b", 422),
        ("a%20b", 422),
        ("x" * 300, 422),
    ],
)
def test_only_jobs_have_folders(airflow: Mounted, job: str, status: int) -> None:
    client = airflow.client("uma")
    for rest in ("results", "files", "report", "comments", "files/results.json"):
        answer = client.get(f"{API}/runs/{job}/{rest}")
        assert answer.status_code == status, (rest, answer.text)
    assert client.get(f"{API}/batch/status/{job}").status_code == status


def test_only_results_are_given_out_and_no_link_leads_out_of_them(
    airflow: Mounted, export: Path, planted: Path
) -> None:
    client = airflow.client("uma")
    job = start(client, input_path=export.name)
    folder = airflow.folder(job)
    write_json(folder / "results.json", {"status": "success", "summary": {}})
    (folder / "comments.csv").symlink_to(planted)
    (folder / "report.xlsx").symlink_to("/dev/zero")
    for name in ("comments.csv", "report.xlsx", "report.html"):
        assert client.get(of_job(job, f"/files/{name}")).status_code == 404
    for name in ("run.json", "..%2fx", "%2e%2e%2frun.json", "batches", "results.json%00"):
        assert client.get(of_job(job, f"/files/{name}")).status_code in {404, 422}, name
    assert [one["name"] for one in client.get(of_job(job, "/files")).json()["files"]] == ["results.json"]


def test_a_file_that_is_too_large_is_refused_before_and_while_it_comes(database: None, tmp_path: Path) -> None:
    with mounted(tmp_path, {"COMMENT_ANALYSIS_UPLOAD_MB": "0.001"}) as airflow:
        client = airflow.client("uma")
        read: list[int] = []

        def body() -> Iterator[bytes]:
            for number in range(1000):
                read.append(number)
                yield b"x" * 1000

        assert send(client, "a.csv", b"x" * 2000).status_code == 413
        assert client.post(f"{API}/uploads", params={"name": "a.csv"}, content=body()).status_code == 413
        declared = {"Content-Length": "-1"}
        assert client.post(f"{API}/uploads", params={"name": "a.csv"}, content=b"", headers=declared).status_code == 413
        assert list((tmp_path / "inbox" / "uploads").iterdir()) == []


def test_documents_are_small(airflow: Mounted) -> None:
    client = airflow.client("uma")
    assert client.post(f"{API}/batch/process", content=b"[" * 70_000).status_code == 413
    assert client.post(f"{API}/batch/process", content=iter([b"{}"])).status_code == 411


def test_ranges_of_a_file(airflow: Mounted, finished: str) -> None:
    client = airflow.client("vera")
    address = of_job(finished, "/files/report.xlsx")
    whole = client.get(address)
    content = (airflow.folder(finished) / "report.xlsx").read_bytes()
    assert whole.content == content
    assert whole.headers["content-disposition"] == 'attachment; filename="report.xlsx"'
    assert whole.headers["accept-ranges"] == "bytes"
    part = client.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(content)}"
    assert client.get(address, headers={"Range": "bytes=-5"}).content == content[-5:]
    beyond = client.get(address, headers={"Range": f"bytes={len(content)}-"})
    assert beyond.status_code == 416
    stale = client.get(address, headers={"Range": "bytes=10-19", "If-Range": '"other"'})
    assert (stale.status_code, stale.content) == (200, content)


def test_the_report_is_of_no_origin_and_runs_nothing(airflow: Mounted, finished: str) -> None:
    answer = airflow.client("vera").get(of_job(finished, "/report"))
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and policy.endswith("sandbox") and "frame-ancestors 'self'" in policy
    assert "<script>alert" not in answer.text


def test_a_preview_tells_how_an_export_is_read_and_can_be_corrected(airflow: Mounted, tmp_path: Path) -> None:
    client = airflow.client("uma")
    text = "Fecha;Opinión\n2025-01-01;el número es 0981 123 456\n2025-01-02;muy caro, che\n"
    (airflow.inbox / "raro.csv").write_bytes(text.encode("cp1252"))
    missing = client.get(f"{API}/preview", params={"file": "raro.csv", "text_column": "Texto"})
    assert (missing.status_code, missing.json()["code"]) == (422, "text_column_not_found")
    assert missing.json()["detail"].startswith("raro.csv: there is no column 'Texto'")
    found = client.get(f"{API}/preview", params={"file": "raro.csv", "text_column": "Opinión", "batch_size": 10}).json()
    assert (found["encoding"], found["delimiter"], found["text_column"]) == ("cp1252", ";", "Opinión")
    assert found["rows"] == [["2025-01-01", "el número es [teléfono]"], ["2025-01-02", "muy caro, che"]]
    assert (found["estimated_rows"], found["batch_size"], found["planned_batches"]) == (2, 10, 1)
    (airflow.inbox / "libro.xlsx").write_bytes(workbook(tmp_path))
    book = client.get(f"{API}/preview", params={"file": "libro.xlsx"}).json()
    assert (book["sheet"], book["sheets"], book["estimated_rows"]) == ("Comentarios", ["Comentarios"], 3)


def test_no_answer_tells_where_anything_is(airflow: Mounted, finished: str, export: Path) -> None:
    client = airflow.client("uma")
    failed = start(client, input_path=export.name)
    write_json(
        airflow.folder(failed) / "errors" / "find_input.json",
        {
            "task": "x",
            "kind": "user",
            "type": "X",
            "message": f"{export}: no; see {airflow.output}/x/y.json or /etc/a/b.c",
        },
    )
    set_state(failed, "failed")
    message = client.get(status_of(failed)).json()["message"]
    assert message == "abril.csv: no; see x/y.json or b.c"
    for path in (
        of_job(finished, "/results"),
        of_job(finished, "/files/results.json"),
        of_job(finished, "/files"),
        of_job(finished, "/report"),
        of_job(finished, "/files/comments.csv"),
        of_job(finished, "/comments"),
        status_of(finished),
        f"{API}/runs",
    ):
        text = client.get(path).text
        assert str(airflow.inbox.parent) not in text
        assert quote(str(airflow.inbox.parent)) not in text


def test_what_nobody_expected_is_told_without_a_trace(
    airflow: Mounted, finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("password=hunter2 at /srv/secret")

    monkeypatch.setattr("comment_page.routes.results.results.told", fail)
    answer = airflow.client("uma").get(of_job(finished, "/results"))
    assert answer.status_code == 500
    assert answer.json() == {
        "detail": "something went wrong on the server; its log says what",
        "code": "internal_error",
    }
