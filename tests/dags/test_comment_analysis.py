"""The DAG, imported and run by a real Airflow."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.analysis.run_folder import RESULT_FILES
from include.analysis.settings import DEFAULT_ANALYSES
from tests.analysis.test_bad_input import REFUSALS, Refusal
from tests.analysis.test_batch_processor import comparable, make_export, with_custom
from tests.dags.in_process import DAG_FILE, load, note_of, run, states

FOUND_ON_THE_WAY = ("wrong encoding, far down", "damaged gzip, far down")
REFUSED_PARAMS = {
    "unknown analysis": "'colours' is not one of",
    "batch size too small": "9 is less than the minimum of 10",
    "batch size too large": "5000001 is greater than the maximum of 5000000",
    "batch size no number": "'many' is not of type",
}


@pytest.fixture
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("COMMENT_ANALYSIS_RUN_FOLDER", str(tmp_path / "run"))
    yield tmp_path / "run"


def conf_of(refusal: Refusal, folder: Path) -> dict[str, Any]:
    """The params that say what the options of a refusal say."""
    options = {
        name.removeprefix("--").replace("-", "_"): value
        for name, value in zip(refusal.options[::2], refusal.options[1::2], strict=True)
    }
    typed: dict[str, Any] = dict(options)
    if options.get("batch_size", "").isdigit():
        typed["batch_size"] = int(options["batch_size"])
    if "analyses" in options:
        typed["analyses"] = options["analyses"].split(",")
    return {"input_path": str(folder / refusal.name), **typed}


def test_importing_the_dag_loads_nothing_heavy() -> None:
    code = (
        "import sys, airflow.sdk; before = set(sys.modules)\n"
        f"import runpy; runpy.run_path({str(DAG_FILE)!r})\n"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "pandas", "pyarrow", "python_calamine", "psutil"}
    assert not heavy & set(json.loads(done.stdout.splitlines()[-1].replace("'", '"')))


def test_every_task_retries_soon_and_every_param_is_described() -> None:
    dag = load()
    assert {task.retries for task in dag.tasks} == {3}
    assert {task.retry_delay.total_seconds() for task in dag.tasks} == {2}
    assert list(dag.params) == [
        "input_path", "date", "analyses", "text_column", "by_date", "date_column", "again", "sheet", "encoding",
        "delimiter", "batch_size", "workers", "max_memory_mb",
    ]  # fmt: skip
    for name in dag.params:
        param = dag.params.get_param(name)
        assert param.schema["title"]
        assert param.description
        assert param.value in ([*DEFAULT_ANALYSES], False, None)


def test_bounds_of_the_params_are_those_of_the_engine() -> None:
    from include.analysis import configuration

    params = load().params
    for name, bounds in {
        "batch_size": configuration.BATCH_SIZE_BOUNDS,
        "workers": configuration.WORKERS_BOUNDS,
        "max_memory_mb": configuration.MEMORY_BOUNDS,
    }.items():
        schema = params.get_param(name).schema
        assert (schema["minimum"], schema["maximum"]) == bounds


@pytest.mark.slow
@pytest.mark.usefixtures("database")
class TestRuns:
    def test_a_run_gives_what_the_engine_gives(self, run_folder: Path, tmp_path: Path) -> None:
        from include.analysis import BatchProcessor

        export = make_export(tmp_path / "export.csv", 250)
        dag_run = run({"input_path": str(export), "batch_size": 100})
        assert dag_run.state == "success"
        assert states(dag_run) == {
            "find_input": ["success"],
            "split": ["success"],
            "duplicates": ["success"] * 3,
            "emotions": ["success"] * 3,
            "themes": ["success"] * 3,
            "near_duplicates": ["success"] * 3,
            "aggregate": ["success"],
            "keep_day": ["skipped"],
            "report": ["success"],
        }
        assert (run_folder / "report.html").exists()
        results = json.loads((run_folder / "results.json").read_text())
        engine = BatchProcessor(n_workers=1).process_parallel(export, out=tmp_path / "engine")
        assert comparable(results) == comparable(engine)
        for name in ("comments.parquet", "comments.csv"):
            assert (run_folder / name).read_bytes() == (tmp_path / "engine" / name).read_bytes()

    def test_a_report_that_fails_loses_no_results(
        self, run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(*_: object) -> None:
            raise ValueError("sin tinta")

        monkeypatch.setattr("include.analysis.report.build", fails)
        dag_run = run({"input_path": str(make_export(tmp_path / "export.csv", 20)), "analyses": ["themes"]})
        assert (dag_run.state, states(dag_run)["report"]) == ("failed", ["failed"])
        assert json.loads((run_folder / "results.json").read_text())["status"] == "success"
        assert "report: not built (sin tinta)" in note_of(dag_run)

    def test_mapped_tasks_show_their_rows(self, run_folder: Path, tmp_path: Path) -> None:
        export = make_export(tmp_path / "export.csv", 150)
        dag_run = run({"input_path": str(export), "batch_size": 100, "analyses": ["duplicates"]})
        labels = {
            one.map_index: one.rendered_map_index for one in dag_run.get_task_instances() if one.task_id == "duplicates"
        }
        assert labels == {0: "rows 1–100", 1: "rows 101–150"}

    def test_unselected_analyses_are_skipped(self, run_folder: Path, tmp_path: Path) -> None:
        export = make_export(tmp_path / "export.csv", 50)
        dag_run = run({"input_path": str(export), "analyses": ["themes"]})
        found = states(dag_run)
        assert (found["duplicates"], found["emotions"], found["themes"]) == (["skipped"], ["skipped"], ["success"])
        assert dag_run.state == "success"
        results = json.loads((run_folder / "results.json").read_text())
        assert "emotions" not in results
        assert results["themes"]["analysed_comments"] > 0

    def test_a_custom_analysis_has_its_own_tasks(
        self, run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_custom(monkeypatch, "letters")
        export = make_export(tmp_path / "export.csv", 50)
        dag_run = run({"input_path": str(export), "analyses": ["letters"], "batch_size": 20})
        assert states(dag_run)["letters"] == ["success"] * 3
        assert json.loads((run_folder / "results.json").read_text())["letters"]["letters"] > 0

    def test_an_analysis_that_fails_for_good_leaves_a_partial_success(
        self, run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_custom(monkeypatch, "broken")
        export = make_export(tmp_path / "export.csv", 50)
        dag_run = run({"input_path": str(export), "analyses": ["broken", "themes"]})
        found = states(dag_run)
        assert (found["broken"], found["themes"], found["aggregate"]) == (["failed"], ["success"], ["success"])
        assert dag_run.state == "success"
        results = json.loads((run_folder / "results.json").read_text())
        assert results["status"] == "partial_success"
        assert results["errors"]["broken"]["0"] == {
            "rows": [[1, 50]], "error": "ValueError: nunca funciona", "tries": 4,
        }  # fmt: skip
        assert "Comment analysis: partial_success: 50 comments in" in note_of(dag_run)
        assert "retried: 1 batch of an analysis; recovered: 0" in note_of(dag_run)
        assert "without an answer of broken: 50 rows (1 batch failed: ValueError: nunca funciona)" in note_of(dag_run)
        assert f"Results: {run_folder} (" in note_of(dag_run)

    @pytest.mark.parametrize("case", [name for name in REFUSALS if name not in REFUSED_PARAMS])
    def test_unusable_input_fails_at_once_and_says_why_last(
        self, case: str, run_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        refusal = REFUSALS[case]
        refusal.make(tmp_path / refusal.name)
        dag_run = run(conf_of(refusal, tmp_path))
        first = "split" if case in FOUND_ON_THE_WAY else "find_input"
        found = states(dag_run)
        assert (found[first], found["themes"], found["aggregate"]) == (["failed"], ["upstream_failed"], ["failed"])
        assert dag_run.state == "failed"
        assert {one.try_number for one in dag_run.get_task_instances() if one.state == "failed"} == {1}
        last_words = [record.getMessage() for record in caplog.records if record.name == "airflow.task"]
        assert len(last_words) == 2  # of the task, and of the aggregate that has nothing to do
        for words in refusal.says:
            assert words in last_words[0]
        assert [name for name in RESULT_FILES if (run_folder / name).exists()] == []
        recorded = json.loads((run_folder / "errors" / f"{first}.json").read_text())
        assert (recorded["kind"], recorded["message"]) == ("user", last_words[0])
        assert note_of(dag_run).split("  \n")[:2] == ["Comment analysis: failed", f"{first}: {last_words[0]}  "]

    @pytest.mark.parametrize("case", REFUSED_PARAMS)
    def test_bad_params_are_refused_before_anything_runs(self, case: str, run_folder: Path, tmp_path: Path) -> None:
        from airflow.sdk.exceptions import ParamValidationError

        refusal = REFUSALS[case]
        refusal.make(tmp_path / refusal.name)
        with pytest.raises(ParamValidationError, match=REFUSED_PARAMS[case]):
            run(conf_of(refusal, tmp_path))
        assert not run_folder.exists()

    def test_an_output_folder_that_cannot_be_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        export = make_export(tmp_path / "export.csv", 20)
        monkeypatch.setenv("COMMENT_ANALYSIS_RUN_FOLDER", str(export / "run"))
        found = states(run({"input_path": str(export)}))
        assert found["find_input"] == ["failed"]
        assert f"cannot be written to {export / 'run'} (Not a directory); name a folder" in caplog.text
