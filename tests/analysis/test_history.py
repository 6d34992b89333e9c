"""The history holds what the runs said, whole, and nothing that depends on who recorded it when."""

from __future__ import annotations

import datetime
import json
import os
import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis import BatchProcessor
from include.analysis.analysis import Analysis, Part, Rows
from include.analysis.column_digest import ColumnDigest
from include.analysis.duplicates import coded_forms, keys_of
from include.analysis.emotions import EMOTIONS
from include.analysis.errors import AnalysisError
from include.analysis.files import read_json, write_json
from include.analysis.history import METADATA_KEY, DayWriter, History, HistoryChanged
from include.analysis.leftovers import SECONDS_PER_DAY, remove_leftovers
from include.analysis.registry import load_analysis
from include.analysis.run_folder import RunFolder
from include.analysis.settings import DEFAULT_ANALYSES
from tests.analysis.made_runs import bare_run, made_run, write_comments
from tests.analysis.test_batch_processor import make_export

DAY = datetime.date(2025, 3, 14)
NEXT = datetime.date(2025, 3, 15)
TEXTS = ["Muy caro", "muy CARO!", "", "👍", "no anda el wifi", "Excelente servicio", "   ", "=1+1"]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_export(tmp_path_factory.mktemp("export") / "export.csv", 400)


@pytest.fixture(scope="module")
def run(export: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    out = tmp_path_factory.mktemp("run") / "out"
    BatchProcessor(150, 2).process_parallel(export, out=out)
    return RunFolder(out)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run of the duplicates alone."""
    return made_run(tmp_path_factory.mktemp("small") / "out", TEXTS, ["duplicates"])


def test_a_day_has_the_text_its_key_and_every_answer(run: RunFolder, tmp_path: Path) -> None:
    history = History(tmp_path)
    history.record(DAY, run, "scheduled")
    [path] = tmp_path.rglob("*.parquet")
    assert path == tmp_path / "day=2025-03-14" / "comments.parquet" == history.path_of(DAY)
    given, kept = pq.read_table(run.path / "comments.parquet"), pq.ParquetFile(path).read()
    answers = given.column_names[given.column_names.index("row") + 1 :]
    assert kept.column_names == ["row", "text", "key", *answers]
    assert kept.column("text").equals(given.column("Comentario Final"))
    assert (
        kept.column("key")
        .combine_chunks()
        .equals(keys_of(coded_forms(given.column("Comentario Final").combine_chunks())))
    )
    assert kept.schema.field("key").type == pa.binary(16)
    assert 0 < kept.column("key").null_count < kept.num_rows
    for name in ["row", *answers]:
        assert kept.column(name).equals(given.column(name))


def test_the_record_says_what_the_results_say_and_the_rows_agree(run: RunFolder, export: Path, tmp_path: Path) -> None:
    stat = export.stat()
    record = History(tmp_path).record(DAY, run, "scheduled", [(export, stat.st_size, stat.st_mtime_ns)])
    results, rows = read_json(run.results_file), pq.read_table(run.path / "comments.parquet").to_pandas()
    told = rows[rows["Comentario Final"].str.strip() != ""]
    assert (record.day, record.run_id, record.folder, record.status) == (DAY, "scheduled", str(run.path), "success")
    assert (record.rows, record.rows_with_text) == (400, len(told))
    assert record.tallies["duplicates"].of == 400
    assert record.tallies["duplicates"].counts == {"duplicates": rows["duplicate_of"].notna().sum()}
    assert record.tallies["emotions"].of == record.tallies["themes"].of == len(told)
    assert record.tallies["emotions"].counts == {
        emotion: (told["emotion"] == emotion).sum() for emotion in (*EMOTIONS, "neutral")
    }
    assert (
        record.tallies["themes"].counts
        == told["themes"][told["themes"] != ""].str.split(";").explode().value_counts().to_dict()
    )
    assert record.unanswered == {"duplicates": 0, "emotions": 0, "themes": 0, "near_duplicates": 0}
    assert [(one.name, one.bytes, one.modified) for one in record.inputs] == [
        ("export.csv", stat.st_size, stat.st_mtime_ns)
    ]
    assert record.content_digest == results["input"]["content_digest"]
    assert record.fingerprints == {name: load_analysis(name).fingerprint() for name in DEFAULT_ANALYSES}


def test_pandas_and_pyarrow_read_the_history_as_one_table(run: RunFolder, tmp_path: Path) -> None:
    history = History(tmp_path)
    for day in (NEXT, DAY):
        history.record(day, run, "id")
    (history.path_of(DAY).parent / ".comments.parquet.1-a.tmp").write_bytes(b"half")
    frame = pd.read_parquet(tmp_path)
    assert frame.groupby("day", observed=True).size().to_dict() == {"2025-03-14": 400, "2025-03-15": 400}
    dataset = ds.dataset(tmp_path, partitioning="hive")
    assert dataset.to_table(filter=ds.field("day") == "2025-03-15").num_rows == 400
    assert set(EMOTIONS) < set(dataset.schema.names)


def test_recording_twice_changes_nothing_and_the_digest_is_of_the_content_alone(
    small: RunFolder, tmp_path: Path
) -> None:
    history = History(tmp_path / "history")
    first = history.record(DAY, small, "one")
    before = history.path_of(DAY).read_bytes()
    assert history.record(DAY, small, "one") == first
    assert history.path_of(DAY).read_bytes() == before
    elsewhere = made_run(tmp_path / "elsewhere", TEXTS, ["duplicates"])
    again = history.record(DAY, elsewhere, "two")
    assert (again.digest, again.key_digest) == (first.digest, first.key_digest)
    assert again != first
    answered = history.record(DAY, made_run(tmp_path / "answered", TEXTS, ["themes"]), "three")
    assert answered.digest != first.digest
    assert answered.key_digest == first.key_digest
    other = history.record(DAY, made_run(tmp_path / "other", [*TEXTS[:-1], "=1+2"], ["duplicates"]), "four")
    assert other.digest != first.digest
    assert other.key_digest != first.key_digest


def test_the_digest_does_not_depend_on_row_groups(small: RunFolder, tmp_path: Path) -> None:
    history = History(tmp_path / "history")
    whole = history.record(DAY, small, "id")
    cut = bare_copy(small, tmp_path / "cut")
    table = pq.read_table(small.path / "comments.parquet")
    pq.write_table(table, cut.path / "comments.parquet", row_group_size=3)
    assert history.record(DAY, cut, "id").digest == whole.digest
    assert pq.read_metadata(history.path_of(DAY)).num_row_groups == 3


def bare_copy(run: RunFolder, folder: Path, **changes: Any) -> RunFolder:
    """The results of a run in another folder, with some entries of `results.json` changed."""
    folder.mkdir()
    (folder / "comments.parquet").write_bytes((run.path / "comments.parquet").read_bytes())
    write_json(folder / "results.json", {**read_json(run.results_file), **changes})
    return RunFolder(folder)


VALUES = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.string(): st.text(max_size=3),
    pa.binary(2): st.binary(min_size=2, max_size=2),
    pa.bool_(): st.booleans(),
    pa.float64(): st.floats(allow_nan=False),
    pa.list_(pa.int8()): st.lists(st.integers(0, 2), max_size=2),
    pa.time32("s"): st.times().map(lambda time: time.replace(microsecond=0)),
}


@given(data=st.data(), kind=st.sampled_from(list(VALUES)), cuts=st.lists(st.integers(0, 8), max_size=3))
def test_a_column_digest_is_of_the_values_however_they_are_cut(
    data: st.DataObject, kind: pa.DataType, cuts: list[int]
) -> None:
    columns = st.lists(st.none() | VALUES[kind], max_size=8)
    left, right = data.draw(columns), data.draw(columns)
    assert digest_of(left, kind, cuts) == digest_of(left, kind, [])
    assert (digest_of(left, kind, cuts) == digest_of(right, kind, [])) == (repr(left) == repr(right))


def digest_of(values: Sequence[Any], kind: pa.DataType, cuts: list[int]) -> str:
    whole, digest = pa.array(values, kind), ColumnDigest()
    bounds = [0, *sorted(min(cut, len(values)) for cut in cuts), len(values)]
    for start, stop in pairwise(bounds):
        digest.update(whole[start:stop])
    return digest.hexdigest()


def test_texts_are_not_mixed_up_with_their_neighbours() -> None:
    assert digest_of(["ab", "c"], pa.string(), []) != digest_of(["a", "bc"], pa.string(), [])
    assert digest_of([None, ""], pa.string(), []) != digest_of(["", None], pa.string(), [])


def test_days_are_in_order_and_can_be_removed(small: RunFolder, tmp_path: Path) -> None:
    history = History(tmp_path / "history")
    assert history.days() == []
    days = [datetime.date(2025, 3, 1), datetime.date(2024, 12, 31), datetime.date(2025, 1, 1)]
    records = {day: history.record(day, small, str(day)) for day in days}
    (history.root / "day=soon").mkdir()
    (history.root / "day=20250102").mkdir()
    (history.root / "day=2025-01-03").mkdir()
    (history.root / "trends.json").write_text("{}")
    assert history.days() == [records[day] for day in sorted(days)]
    assert history.day(days[0]) == records[days[0]]
    assert history.day(DAY) is None
    history.remove(days[1])
    history.remove(days[1])
    assert [record.day for record in history.days()] == [days[2], days[0]]
    assert not history.path_of(days[1]).parent.exists()


@pytest.mark.parametrize("broken", ["text", "foreign", "future", "another day"])
def test_a_file_that_is_no_day_is_named(broken: str, small: RunFolder, tmp_path: Path) -> None:
    history = History(tmp_path / "history")
    history.record(NEXT, small, "id")
    path = history.path_of(DAY)
    path.parent.mkdir()
    if broken == "text":
        path.write_text("half a file")
    elif broken == "foreign":
        pq.write_table(pa.table({"row": [1]}), path)
    elif broken == "another day":
        path.write_bytes(history.path_of(NEXT).read_bytes())
    else:
        record = json.loads(pq.read_metadata(history.path_of(NEXT)).metadata[METADATA_KEY])
        later = json.dumps({**record, "format": record["format"] + 1, "day": str(DAY)})
        pq.write_table(pa.table({"row": [1]}).replace_schema_metadata({METADATA_KEY: later}), path)
    with pytest.raises(AnalysisError, match=r"day=2025-03-14.* is not a day of the history .*analyse that day again"):
        history.days()
    history.record(DAY, small, "id")
    assert [record.day for record in history.days()] == [DAY, NEXT]


def test_only_runs_with_answers_are_recorded(small: RunFolder, tmp_path: Path) -> None:
    history = History(tmp_path / "history")
    with pytest.raises(AnalysisError, match=r"has no results\.json: the run has not ended"):
        history.record(DAY, RunFolder(tmp_path / "nowhere"), "id")
    with pytest.raises(AnalysisError, match="ended as failed: it has no answers to record"):
        history.record(DAY, bare_copy(small, tmp_path / "failed", status="failed"), "id")
    other_rows = bare_copy(small, tmp_path / "other", summary={"total_processed": 9})
    with pytest.raises(AnalysisError, match="began anew while it was recorded"):
        history.record(DAY, other_rows, "id")
    assert history.days() == []
    assert not list(history.root.rglob("*.*"))


@pytest.mark.parametrize("removed", [True, False])
def test_a_run_that_begins_anew_while_it_is_recorded_leaves_the_earlier_day(
    removed: bool, small: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, run = History(tmp_path / "history"), bare_copy(small, tmp_path / "run")
    earlier = history.record(DAY, run, "earlier")
    rows_of = DayWriter.rows_of

    def meanwhile(writer: DayWriter, group: int) -> pa.Table:
        results = read_json(run.results_file)
        run.remove_results()
        if not removed:
            write_json(run.results_file, results)
        return rows_of(writer, group)

    monkeypatch.setattr(DayWriter, "rows_of", meanwhile)
    with pytest.raises(AnalysisError, match="began anew while it was recorded"):
        history.record(DAY, run, "later")
    assert history.days() == [earlier]
    assert [path.name for path in history.path_of(DAY).parent.iterdir()] == ["comments.parquet"]


def test_the_same_input(small: RunFolder, tmp_path: Path) -> None:
    history = History(tmp_path)
    files = [("/in/a.csv", 10, 1_700_000_000_000_000_001), (Path("/in/b.csv"), 20, 5)]
    assert not history.same_input(DAY, files)
    record = history.record(DAY, small, "id", files)
    assert history.same_input(DAY, files)
    assert history.same_input(DAY, [("/elsewhere/b.csv", 20, 5), files[0]])
    assert not history.same_input(NEXT, files)
    assert not history.same_input(DAY, files[:1])
    assert not history.same_input(DAY, [*files, files[0]])
    assert not history.same_input(DAY, [("/in/c.csv", *files[0][1:]), files[1]])
    assert not history.same_input(DAY, [("/in/a.csv", 11, files[0][2]), files[1]])
    assert not history.same_input(DAY, [("/in/a.csv", 10, files[0][2] + 1), files[1]])
    assert history.same_input(DAY, files, record.fingerprints)
    assert not history.same_input(DAY, files, {**record.fingerprints, "duplicates": "duplicates-2"})
    history.record(DAY, small, "id")
    assert history.day(DAY).inputs[0].name == "out.csv"  # type: ignore[union-attr]
    assert not history.same_input(DAY, [])


class Clashing(Analysis):
    """Adds columns whose names mean something else in the history."""

    name = "clashing"
    version = "1"
    schema = pa.schema([("text", pa.int64()), ("day", pa.bool_()), ("long", pa.bool_())])

    def analyse(self, rows: Rows) -> Part:
        lengths = [len(text) for text in rows.texts.to_pylist()]
        columns = [lengths, [length > 3 for length in lengths], [length > 9 for length in lengths]]
        return Part({"rows": len(rows)}, pa.table(columns, schema=self.schema))

    def summarise(self, partial: dict[str, Any]) -> dict[str, Any]:
        return dict(partial)


def test_columns_of_a_custom_analysis_that_are_called_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMENT_ANALYSIS_EXTRA", "clashing=tests.analysis.test_history:Clashing")
    history = History(tmp_path / "history")
    record = history.record(DAY, made_run(tmp_path / "run", ["hola", "si"], ["clashing"]), "id")
    assert record.tallies == {}
    [row, *_] = ds.dataset(history.root, partitioning="hive").to_table().to_pylist()
    assert row == {
        "row": 1, "text": "hola", "key": keys_of(coded_forms(pa.array(["hola"])))[0].as_py(), "text (answer)": 4,
        "day (answer)": True, "long": False, "day": "2025-03-14",
    }  # fmt: skip


def test_a_run_that_lacks_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMENT_ANALYSIS_EXTRA", "poisoned=tests.analysis.custom:Poisoned")
    run = made_run(tmp_path / "run", ["hola", "tiene veneno", "chau"], ["duplicates", "poisoned"])
    record = History(tmp_path / "history").record(DAY, run, "id")
    assert (record.status, record.unanswered) == ("partial_success", {"duplicates": 0, "poisoned": 1})
    assert pd.read_parquet(tmp_path / "history")["letters"].isna().tolist() == [False, True, False]


def test_readers_see_the_old_day_or_the_new(tmp_path: Path) -> None:
    history = History(tmp_path / "history")
    runs = [bare_run(tmp_path / str(rows), [f"no {rows}"] * rows) for rows in (30, 50)]
    known = {history.record(DAY, run, "id").digest: len(pq.read_table(history.path_of(DAY))) for run in runs}
    done = threading.Event()

    def replace() -> None:
        for index in range(60):
            history.record(DAY, runs[index % 2], "id")
        done.set()

    thread = threading.Thread(target=replace)
    thread.start()
    reads = 0
    while not done.is_set():
        with pq.ParquetFile(history.path_of(DAY)) as file:
            texts = file.read(columns=["text"]).column("text").to_pylist()
        assert texts in (["no 30"] * 30, ["no 50"] * 50)
        assert history.days()[0].digest in known
        reads += 1
    thread.join()
    assert reads > 3


def test_keys_that_are_not_those_of_the_record_are_refused(small: RunFolder, tmp_path: Path) -> None:
    history = History(tmp_path / "history")
    record = history.record(DAY, small, "id")
    [table] = history.keys(record)
    assert table.column_names == ["row", "key"]
    assert table.column("row").to_pylist() == list(range(1, len(TEXTS) + 1))
    history.record(DAY, made_run(tmp_path / "other", ["otro"], ["duplicates"]), "id")
    with pytest.raises(HistoryChanged, match="replaced"):
        list(history.keys(record))
    history.remove(DAY)
    with pytest.raises(HistoryChanged, match="removed"):
        list(history.keys(record))


def test_a_text_column_whose_name_begins_that_of_another(tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text("Comentario.1,Comentario,Comentario.texto\na,hola,b\n", encoding="utf-8")
    BatchProcessor(n_workers=1, text_column="Comentario").process_parallel(export, ["duplicates"], out=tmp_path / "run")
    history = History(tmp_path / "history")
    history.record(DAY, RunFolder(tmp_path / "run"), "id")
    assert pd.read_parquet(history.root)["text"].tolist() == ["hola"]


def test_what_a_killed_process_left_goes_after_a_day(small: RunFolder, tmp_path: Path) -> None:
    history = History(tmp_path)
    history.record(DAY, small, "id")
    old, young = (history.path_of(DAY).with_name(f".comments.parquet.{name}.tmp") for name in ("old", "young"))
    for path, age in ((old, SECONDS_PER_DAY + 60), (young, SECONDS_PER_DAY - 600)):
        path.write_bytes(b"half")
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    history.record(DAY, small, "id")
    assert not old.exists()
    assert young.exists()


def test_leftovers_that_are_links_are_not_followed(tmp_path: Path) -> None:
    kept = write_comments(tmp_path / "kept" / "a.csv", ["hola"])
    folder = tmp_path / "folder"
    (folder / ".old").mkdir(parents=True)
    (folder / ".old" / "file").touch()
    (folder / ".link").symlink_to(kept.parent)
    remove_leftovers(folder, ".*", older_than=-1)
    assert list(folder.iterdir()) == []
    assert kept.exists()
