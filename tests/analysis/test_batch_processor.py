"""Whole runs without Airflow: the same answers whatever the batches, and nothing lost whatever dies."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from include.analysis import BatchProcessor
from include.analysis.errors import NoRows, SettingError
from include.analysis.progress import FINISHED, Progress
from include.analysis.text import normal_form

PHRASES = [
    "Excelente servicio", "excelente SERVICIO!", "Se corta el internet todas las noches", "muy caro", "", "   ", "...",
    "👍", "No funciona el wifi", "no me quejo, anda bien", "Mba'éichapa, mbegue la internet", "La factura vino mal 😡",
    "el técnico nunca vino", "=1+1", "todo bien", "TODO BIEN", 'dijo "hola"\ny se fue', "quiero dar de baja",
]  # fmt: skip
TIMINGS = ("processing_time", "total_batches")


def make_export(path: Path, rows: int, seed: int = 1) -> Path:
    pick = random.Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Fecha", "ID Cliente", "Comentario Final"])
        for row in range(rows):
            text = pick.choice(PHRASES) + (f" {pick.randrange(rows)}" if pick.random() < 0.5 else "")
            writer.writerow([f"2025-01-{1 + row % 28:02d}", f"{row:07d}", text])
    return path


def comparable(results: dict[str, Any]) -> str:
    """What must not depend on how the run was cut, as JSON."""
    kept = {key: value for key, value in results.items() if key not in ("performance", "recovery")}
    kept["input"] = {key: value for key, value in kept["input"].items() if key != "path"}
    kept["summary"] = {key: value for key, value in kept["summary"].items() if key not in TIMINGS}
    if "duplicates" in kept:
        batching = ("batch_duplicates", "cross_batch_duplicates")
        kept["duplicates"] = {key: value for key, value in kept["duplicates"].items() if key not in batching}
    return json.dumps(kept, ensure_ascii=False)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_export(tmp_path_factory.mktemp("export") / "export.csv", 1000)


@pytest.fixture(scope="module")
def calm(export: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A run with nothing unusual, in one batch."""
    out = tmp_path_factory.mktemp("calm")
    return out, BatchProcessor(n_workers=1).process_parallel(export, out=out)


@pytest.mark.parametrize(("batch_size", "workers"), [(10, 2), (137, 2), (1000, 1), (None, 2)])
def test_the_results_do_not_depend_on_the_batches(
    batch_size: int | None, workers: int, export: Path, calm: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    results = BatchProcessor(batch_size, workers).process_parallel(export, out=tmp_path)
    assert results["summary"]["total_batches"] == (-(-1000 // batch_size) if batch_size else 1)
    assert comparable(results) == comparable(calm[1])
    for name in ("comments.parquet", "comments.csv"):
        assert (tmp_path / name).read_bytes() == (calm[0] / name).read_bytes()


def test_duplicates_are_the_truth_of_the_whole_file(export: Path, calm: tuple[Path, dict[str, Any]]) -> None:
    folder, results = calm
    frame = pd.read_csv(export, dtype=str, keep_default_na=False)
    forms = frame["Comentario Final"].map(normal_form)
    repeated = forms.ne("") & forms.duplicated()
    assert results["duplicates"]["total_duplicates"] == repeated.sum()
    assert results["duplicates"]["total_unique"] == forms[forms.ne("")].nunique()
    firsts = forms.map({form: row for row, form in reversed(list(enumerate(forms, 1)))})
    found = pq.read_table(folder / "comments.parquet").to_pandas()
    assert found["duplicate_of"].fillna(0).astype(int).tolist() == firsts.where(repeated, 0).tolist()


def test_every_row_comes_back_in_order_with_its_columns(export: Path, calm: tuple[Path, dict[str, Any]]) -> None:
    frame = pd.read_csv(export, dtype=str, keep_default_na=False)
    found = pq.read_table(calm[0] / "comments.parquet").to_pandas()
    pd.testing.assert_frame_equal(found[list(frame.columns)].astype(object), frame.astype(object))
    assert found["row"].tolist() == list(range(1, 1001))
    assert list(found.columns) == [
        *frame.columns, "row", "duplicate_of", "emotion", "anger", "disgust", "fear", "joy", "sadness", "surprise",
        "themes", "near_duplicate_of",
    ]  # fmt: skip
    from_csv = pd.read_csv(calm[0] / "comments.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert len(from_csv) == 1000
    assert from_csv["ID Cliente"].tolist() == frame["ID Cliente"].tolist()
    assert set(from_csv["Comentario Final"]) - set(frame["Comentario Final"]) <= {
        "'" + text for text in frame["Comentario Final"] if text.startswith("=")
    }


def test_results_file_says_what_is_returned(calm: tuple[Path, dict[str, Any]]) -> None:
    folder, results = calm
    assert json.loads((folder / "results.json").read_text()) == results
    assert list(results) == [
        "status", "input", "data_quality", "summary", "duplicates", "emotions", "themes", "near_duplicates",
        "performance", "recovery", "errors", "versions",
    ]  # fmt: skip
    assert results["status"] == "success"
    assert results["summary"]["total_processed"] == 1000
    assert results["summary"]["error_count"] == 0
    blank = sum(
        not (text or "").strip() for text in pd.read_csv(results["input"]["path"])["Comentario Final"].fillna("")
    )
    assert results["data_quality"]["blank_comments"] == blank
    assert results["emotions"]["total_analyzed_comments"] == 1000 - blank
    assert results["performance"]["success_rate"] == 100
    assert results["recovery"]["retried_batches"] == 0


def test_a_data_frame_gives_the_same_answers(export: Path, calm: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    frame = pd.read_csv(export, dtype=str)
    results = BatchProcessor(300, 2).process_parallel(frame, out=tmp_path)
    assert (tmp_path / "comments.parquet").read_bytes() == (calm[0] / "comments.parquet").read_bytes()
    assert results["themes"] == calm[1]["themes"]


def test_selected_analyses_and_progress(export: Path) -> None:
    seen: list[Progress] = []
    results = BatchProcessor(100, 2).process_parallel(export, ["themes"], seen.append)
    assert "themes" in results
    assert "emotions" not in results
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert seen[-1] == Progress(FINISHED, 1000, 1000, 1000)


def with_custom(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    entries = ",".join(f"{name}=tests.analysis.custom:{name.capitalize()}" for name in names)
    monkeypatch.setenv("COMMENT_ANALYSIS_EXTRA", entries)


def test_a_custom_analysis_gets_its_column_and_section(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_custom(monkeypatch, "letters")
    results = BatchProcessor(300, 2).process_parallel(export, out=tmp_path)
    texts = pd.read_csv(export, dtype=str, keep_default_na=False)["Comentario Final"]
    assert results["letters"] == {"letters": texts.str.len().sum()}
    found = pq.read_table(tmp_path / "comments.parquet").to_pandas()
    assert found["letters"].tolist() == texts.str.len().tolist()


def test_a_poison_row_is_quarantined_and_everything_else_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_custom(monkeypatch, "poisoned")
    export = make_export(tmp_path / "export.csv", 500)
    with export.open("a", encoding="utf-8") as file:
        file.write("2025-01-01,x,tiene veneno\n2025-01-01,y,hola\n")
    results = BatchProcessor(200, 2).process_parallel(export, ["poisoned", "themes"], out=tmp_path / "out")
    assert results["status"] == "partial_success"
    assert results["recovery"]["quarantine"] == {"poisoned": [{"row": 501, "error": "ValueError: no puedo con veneno"}]}
    assert results["recovery"]["rows_without_answer"] == {"themes": 0, "poisoned": 1}
    found = pq.read_table(tmp_path / "out" / "comments.parquet").to_pandas()
    assert found["letters"].isna().sum() == 1
    assert found["letters"].iloc[501] == 4
    assert results["poisoned"]["letters"] == found["letters"].sum()
    quarantine = pd.read_csv(tmp_path / "out" / "quarantine.csv", encoding="utf-8-sig")
    assert quarantine.to_dict("records") == [
        {"batch": 2, "row": 501, "analysis": "poisoned", "error": "ValueError: no puedo con veneno"}
    ]


def test_an_analysis_that_always_fails_leaves_the_others(
    export: Path, calm: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_custom(monkeypatch, "broken")
    results = BatchProcessor(500, 2).process_parallel(export, out=tmp_path)
    assert results["status"] == "partial_success"
    assert results["broken"] == {}
    assert results["themes"] == calm[1]["themes"]
    assert {key: value["rows"] for key, value in results["errors"]["broken"].items()} == {
        "0": [[1, 500]],
        "1": [[501, 1000]],
    }
    assert results["errors"]["broken"]["0"]["error"] == "ValueError: nunca funciona"
    assert results["recovery"]["final_failures"] == 2


def test_when_no_analysis_gives_an_answer_the_run_has_failed(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_custom(monkeypatch, "broken")
    assert BatchProcessor(500, 2).process_parallel(export, ["broken"])["status"] == "failed"


def test_memory_errors_shrink_the_slices(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_custom(monkeypatch, "greedy", "letters")
    results = BatchProcessor(1000, 1).process_parallel(export, ["greedy", "letters"], out=tmp_path)
    assert results["status"] == "success"
    assert results["greedy"] == results["letters"]
    # A worker begins with what the process of the tests holds, which may come near the limit by itself.
    assert results["recovery"]["shrinks"][0]["reason"] == "MemoryError"


def test_a_killed_worker_loses_nothing(
    export: Path, calm: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_custom(monkeypatch, "deadly", "letters")
    monkeypatch.setenv("TEST_MARKERS", str(tmp_path))
    (tmp_path / "reduce").touch()
    results = BatchProcessor(250, 2).process_parallel(export, out=tmp_path / "out")
    assert (tmp_path / "analyse").exists()
    assert results["status"] == "success"
    assert results["deadly"] == results["letters"]
    assert results["duplicates"]["total_duplicates"] == calm[1]["duplicates"]["total_duplicates"]
    assert results["recovery"]["retried_batches"] >= 1
    assert results["recovery"]["recovered_batches"] == results["recovery"]["retried_batches"]
    retry = next(one for one in results["recovery"]["retries"] if one["analysis"] == "deadly" and one["number"] == 2)
    assert retry["slice_rows"] == 125
    assert 0 < retry["rows_skipped"] < 250


def test_a_second_run_into_the_same_folder_takes_what_is_there(export: Path, tmp_path: Path) -> None:
    processor = BatchProcessor(250, 2)
    first = processor.process_parallel(export, out=tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("parts/**/*.parquet")}
    [removed, *_] = before
    removed.unlink()
    second = processor.process_parallel(export, out=tmp_path)
    after = {path: path.stat().st_mtime_ns for path in tmp_path.glob("parts/**/*.parquet")}
    assert set(after) == set(before)
    assert {path for path in before if before[path] != after[path]} == {removed}
    assert comparable(first) == comparable(second)


def test_another_file_into_the_same_folder_gets_its_own_answers(tmp_path: Path) -> None:
    processor = BatchProcessor(100, 1)
    processor.process_parallel(make_export(tmp_path / "a.csv", 300, seed=1), out=tmp_path / "out")
    second = processor.process_parallel(make_export(tmp_path / "b.csv", 250, seed=2), out=tmp_path / "out")
    fresh = processor.process_parallel(tmp_path / "b.csv", out=tmp_path / "fresh")
    assert comparable(second) == comparable(fresh)
    assert (tmp_path / "out/comments.parquet").read_bytes() == (tmp_path / "fresh/comments.parquet").read_bytes()
    assert not (tmp_path / "out/quarantine.csv").exists()


def test_a_failed_run_leaves_no_earlier_results(tmp_path: Path) -> None:
    processor = BatchProcessor(100, 1)
    processor.process_parallel(make_export(tmp_path / "a.csv", 30), out=tmp_path / "out")
    (tmp_path / "a.csv").write_text("Comentario Final\n")
    with pytest.raises(NoRows):
        processor.process_parallel(tmp_path / "a.csv", out=tmp_path / "out")
    assert not (tmp_path / "out/results.json").exists()
    assert not (tmp_path / "out/comments.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 5}, "batch_size must be a whole number from 10 to 5,000,000, not 5"),
        ({"n_workers": 0}, "workers must be a whole number from 1 to 256, not 0"),
        ({"batch_size": "x"}, "batch_size must be a whole number"),
        ({"colour": "red"}, "unknown parameter 'colour'"),
    ],
)
def test_arguments_are_checked_at_once(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        BatchProcessor(**arguments)


def test_an_unknown_analysis_is_refused(export: Path) -> None:
    with pytest.raises(SettingError, match="unknown analysis 'colours'; there are: duplicates, emotions, themes"):
        BatchProcessor().process_parallel(export, ["colours"])


def test_an_error_that_quotes_a_comment_is_masked(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_custom(monkeypatch, "broken")
    monkeypatch.setenv("TEST_QUOTE", "Juan, llamar al 0981 123 456")
    results = BatchProcessor(1000, 1).process_parallel(export, ["broken", "themes"])
    assert results["errors"]["broken"]["0"]["error"] == "ValueError: nunca funciona Juan, llamar al [teléfono]"
