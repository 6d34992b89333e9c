import csv
import datetime as dt
import hashlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.analysis.errors import (
    AnalysisError,
    DateColumnNotFound,
    InputNotFound,
    NoDates,
    NoRows,
    NoRowsOfDay,
    OutputUnwritable,
    TextColumnNotFound,
)
from include.analysis.planning import plan_batches
from include.analysis.reading import ReadOptions, Source, by_day, locking, open_day, open_source, partition
from include.analysis.run_folder import RunFolder
from include.analysis.splitting import Splitter
from tests.conftest import PROJECT

from .helpers import rows_of, workbook, write

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
DETECT = ReadOptions()
NOBODY: frozenset[str] = frozenset()
JAN = [dt.date(2025, 1, day) for day in range(1, 32)]
EXPORT = """Fecha,Comentario
2025-01-03 10:00:00,tres
2025-01-01 23:59:59,uno
,uno sin fecha
2025-01-03,otra vez tres
31/02/2025,tres sin fecha
2025-01-01,otra vez uno
"""


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def opened(path: Path, day: dt.date, cache: Path, date_column: str | None = None) -> Source:
    return open_day([path], day, DETECT, NOBODY, cache, date_column)


def texts(source: Source) -> list[str]:
    position = source.info.columns.index(source.info.text_column)
    return [row[position] for row in rows_of(source)]


def folders(cache: Path) -> list[Path]:
    return [path for path in cache.iterdir() if not path.name.startswith(".")]


def leftovers(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.name.endswith((".partial", ".tmp", ".arrow"))]


def forbid_partitioning(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the export was read again")

    monkeypatch.setattr(by_day, "partition", never)


def test_days(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path, "all.csv", EXPORT)
    first, third = (opened(path, JAN[day], cache) for day in (0, 2))
    assert texts(first) == ["uno", "uno sin fecha", "otra vez uno"]
    assert rows_of(third, 1) == [
        ("2025-01-03 10:00:00", "tres"),
        ("2025-01-03", "otra vez tres"),
        ("31/02/2025", "tres sin fecha"),
    ]
    assert (first.estimated_rows, third.estimated_rows) == (3, 3)
    assert 10 < first.bytes_per_row < 60
    whole = open_source(path).info.to_dict()
    info = first.info.to_dict()
    assert info == {
        **whole,
        "detected": [*whole["detected"], "date_column"],
        "date_column": "Fecha",
        "date_order": "day-first",
        "day": "2025-01-01",
    }
    assert json.loads(json.dumps(info)) == info
    assert [path.suffix for path in sorted(folders(cache)[0].iterdir())] == [".parquet", ".parquet", ".json"]


def test_quality_of_a_day(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path, "all.csv", EXPORT + "\n2025-01-01\n")
    source = opened(path, JAN[0], cache)
    assert len(rows_of(source)) == 4
    expected = open_source(path)
    rows_of(expected)
    assert (expected.quality.ragged_rows, expected.quality.blank_lines) == (1, 1)
    for _ in range(2):
        assert source.quality.to_dict() == {
            **expected.quality.to_dict(),
            "rows": 4,
            "undated_rows": 1,
            "export_rows": 7,
        }
        rows_of(source)


def test_the_export_is_read_once(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "all.csv", EXPORT)
    opened(path, JAN[0], cache)
    forbid_partitioning(monkeypatch)
    assert texts(opened(path, JAN[2], cache))[0] == "tres"
    monkeypatch.chdir(tmp_path)
    assert texts(opened(Path("all.csv"), JAN[2], cache))[0] == "tres"
    with pytest.raises(NoRowsOfDay):
        opened(path, JAN[1], cache)


@pytest.mark.parametrize("change", ["options", "reserved", "column", "content", "touch", "format"])
def test_what_the_days_depend_on(tmp_path: Path, cache: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "all.csv", EXPORT)
    arguments: dict[str, Any] = {"options": DETECT, "reserved": NOBODY, "date_column": None}
    open_day([path], JAN[0], cache=cache, **arguments)
    before = folders(cache)
    if change == "options":
        arguments["options"] = ReadOptions(encoding="utf-8")
    elif change == "reserved":
        arguments["reserved"] = frozenset({"Fecha"})
    elif change == "column":
        arguments["date_column"] = "Fecha"
    elif change == "content":
        write(tmp_path, "all.csv", EXPORT.replace("uno\n", "un0\n") + "2025-01-01,nuevo\n")
    elif change == "touch":
        os.utime(path, ns=(1, 1))
    else:
        monkeypatch.setattr(by_day, "FORMAT", by_day.FORMAT + 1)
    source = open_day([path], JAN[0], cache=cache, **arguments)
    if change == "content":
        assert texts(source) == ["un0", "uno sin fecha", "otra vez un0", "nuevo"]
    if change == "reserved":
        assert source.info.date_column == "Fecha (original)"
    superseded = change in ("content", "touch", "format")
    assert len(folders(cache)) == (1 if superseded else 2)
    assert (before[0] in folders(cache)) != superseded
    assert leftovers(cache) == []


def test_the_date_column_is_named(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path, "all.csv", "Visita,row,Comentario\n01/02/2025,2025-03-04,x\n")
    with pytest.raises(DateColumnNotFound, match=r"all\.csv: no column is known to be the date; name it with date_col"):
        opened(path, JAN[0], cache)
    assert leftovers(cache) == []
    assert opened(path, dt.date(2025, 2, 1), cache, "visita").info.detected == ("text_column", "encoding", "delimiter")
    source = open_day([path], dt.date(2025, 3, 4), DETECT, frozenset({"row"}), cache, "row")
    assert source.info.date_column == "row (original)"
    with pytest.raises(DateColumnNotFound, match=r"all\.csv: there is no column 'Fecha' for the date; the columns are"):
        opened(path, JAN[0], cache, "Fecha")


def test_a_day_without_rows(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path, "all.csv", EXPORT)
    with pytest.raises(
        NoRowsOfDay, match=r"all\.csv has no rows of 2025-01-02; its rows are of 2025-01-01 to 2025-01-03"
    ):
        opened(path, JAN[1], cache)
    assert issubclass(NoRowsOfDay, NoRows)


def test_rows_without_a_date_at_the_start(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "FLUSH_ROWS", 2)
    rows = [f",sin fecha {number}" for number in range(5)] + [
        "2025-01-02,dos",
        "2025-01-01,uno",
        ",uno",
        "2025-01-02,d",
        "2025-01-03,t",
    ]
    path = write(tmp_path, "all.csv", "Fecha,Comentario\n" + "\n".join(rows))
    monkeypatch.setattr(Source, "chunks", _one_by_one(Source.chunks))
    second, first = opened(path, JAN[1], cache), opened(path, JAN[0], cache)
    assert texts(second) == [*(f"sin fecha {number}" for number in range(5)), "dos", "d"]
    assert texts(first) == ["uno", "uno"]
    assert (second.quality.undated_rows, first.quality.undated_rows) == (5, 1)


def _one_by_one(chunks: Callable[..., Any]) -> Callable[..., Any]:
    return lambda source, rows=1: chunks(source, 1)


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (["", " ", ""], "where every cell is empty"),
        (["", "llamar al 0981 123 456", "x"], "not like 'llamar al [teléfono]'"),
        (["x" * 100], f"not like '{'x' * 39}…'"),
        (["45688"], "not like '45688'"),
    ],
)
def test_no_date_at_all(tmp_path: Path, cache: Path, cells: Sequence[str], says: str) -> None:
    path = write(tmp_path, "all.csv", "Fecha,Comentario\n" + "".join(f"{cell},hola\n" for cell in cells))
    with pytest.raises(NoDates) as error:
        opened(path, JAN[0], cache)
    assert str(error.value) == (
        f"{path}: no row has a date in column 'Fecha'; dates are written like 2025-01-31 or 31/01/2025, {says}; "
        "name another column with date_column"
    )
    assert leftovers(cache) == folders(cache) == []


def test_no_rows_and_no_file(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(NoRows, match="0 bytes"):
        opened(write(tmp_path, "a.csv", ""), JAN[0], cache)
    with pytest.raises(NoRows, match="has a header and no rows"):
        opened(write(tmp_path, "b.csv", "Fecha,Comentario\n"), JAN[0], cache)
    with pytest.raises(InputNotFound, match=r"c\.csv does not exist"):
        opened(tmp_path / "c.csv", JAN[0], cache)
    with pytest.raises(TextColumnNotFound):
        opened(write(tmp_path, "d.csv", "Fecha,x\n2025-01-01,2\n"), JAN[0], cache)


def test_the_whole_column_decides_the_order(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof that months come first stands in the last row, far from where the first days are attributed."""
    monkeypatch.setattr(partition, "FLUSH_BYTES", 1)
    monkeypatch.setattr(Source, "chunks", _one_by_one(Source.chunks))
    path = write(tmp_path, "all.csv", "Fecha,Comentario\n2/1/2025,a\n3/1/2025,b\n2/1/2025,c\n12/31/2025,d\n")
    source = opened(path, dt.date(2025, 2, 1), cache)
    assert texts(source) == ["a", "c"]
    assert source.info.date_order == "month-first"
    assert texts(opened(path, dt.date(2025, 12, 31), cache)) == ["d"]
    write(tmp_path, "all.csv", "Fecha,Comentario\n2/1/2025,a\n12/31/2025,b\n31/12/2025,c\n")
    source = opened(path, dt.date(2025, 1, 2), cache)
    assert source.info.date_order == "day-first"
    assert texts(source) == ["a", "b"]


def test_a_second_pass_only_where_the_order_matters(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = []
    fill = partition.Spool.fill
    monkeypatch.setattr(partition, "FLUSH_ROWS", 1)
    monkeypatch.setattr(Source, "chunks", _one_by_one(Source.chunks))
    monkeypatch.setattr(partition.Spool, "fill", lambda spool, order: passes.append(order) or fill(spool, order))
    for name, cells in {"a": ["2025-01-02", "12/31/2025"], "b": ["1/2/2025", "31/12/2025"]}.items():
        path = write(tmp_path, f"{name}.csv", "Fecha,Comentario\n" + "".join(f"{cell},x\n" for cell in cells))
        with pytest.raises(NoRowsOfDay):
            opened(path, JAN[30], cache)
    assert passes == [None, None]


def test_workbooks(tmp_path: Path, cache: Path) -> None:
    rows = [["Fecha", "Comentario"], [dt.date(2025, 1, 1), "a"], [dt.datetime(2025, 1, 2, 8, 5), "b"], ["1/1/25", "c"]]
    source = opened(workbook(tmp_path / "all.xlsx", Datos=rows), JAN[0], cache)
    assert texts(source) == ["a", "c"]
    assert (source.info.format, source.info.sheet) == ("xlsx", "Datos")


def test_several_files(tmp_path: Path, cache: Path) -> None:
    paths = [
        write(tmp_path, "2024.csv", "Fecha,Comentario\n2024-12-31,a\n2025-01-01,b\n"),
        write(tmp_path, "leer.csv", ""),
        workbook(
            tmp_path / "2025.xlsx", Datos=[["Opinión", "Marca temporal"], ["c", None], ["d", dt.date(2025, 1, 2)]]
        ),
        write(tmp_path, "mas.csv", "Texto,Fecha,Date\ne,2025-01-01,2020-01-01\n"),
    ]
    source = open_day(paths, JAN[0], DETECT, NOBODY, cache)
    assert rows_of(source) == [("2025-01-01", "b", ""), ("", "c", ""), ("2025-01-01", "e", "2020-01-01")]
    assert source.info.columns == ("Fecha", "Comentario", "Date")
    assert source.info.date_column == "Fecha"
    assert source.info.paths == tuple(paths)
    assert [one.date_column for one in source.info.files] == ["Fecha", None, "Fecha", "Fecha"]
    assert (source.quality.undated_rows, source.quality.empty_files) == (1, ["leer.csv"])
    with pytest.raises(NoRowsOfDay, match=r"2024\.csv and 3 more has no rows of 2025-01-05"):
        open_day(paths, JAN[4], DETECT, NOBODY, cache)
    paths[1].write_text("Fecha,Texto\n2025-01-05,f\n")
    assert texts(open_day(paths, JAN[4], DETECT, NOBODY, cache)) == ["f", "c"]


def test_the_digest_is_of_the_day_and_its_rows(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path, "all.csv", EXPORT)

    def digest(day: dt.date) -> str:
        source = opened(path, day, cache)
        assert source.content_digest is None
        rows_of(source)
        assert source.content_digest is not None
        return source.content_digest

    first, third = digest(JAN[0]), digest(JAN[2])
    assert first != third
    write(tmp_path, "all.csv", EXPORT.replace("otra vez tres", "otra vez cuatro") + "2025-01-04,nuevo\n")
    assert digest(JAN[0]) == first
    assert digest(JAN[2]) != third
    write(tmp_path, "all.csv", EXPORT.replace("Fecha", "Date"))
    assert digest(JAN[0]) != first
    write(tmp_path, "all.csv", "Fecha,Comentario\n1/2/2025,ab\n")
    day_first = digest(dt.date(2025, 2, 1))
    write(tmp_path, "all.csv", "Fecha,Comentario\n1/2/2025,ab\n12/31/2025,c\n")
    assert digest(JAN[1]) != day_first


def test_the_signature_of_a_split_depends_on_the_day_and_the_export(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path, "all.csv", EXPORT)

    def signature(day: dt.date) -> Any:
        return Splitter(RunFolder(tmp_path), opened(path, day, cache), plan_batches(1, 1, 512, 1)).signature()

    first = signature(JAN[0])
    assert [one["path"] for one in first["files"]] == [str(path)]
    assert json.loads(json.dumps(first)) == first == signature(JAN[0])
    assert signature(JAN[2]) != first
    os.utime(path, ns=(1, 1))
    assert signature(JAN[0]) != first


def test_what_vanished_from_the_cache_is_made_again(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path, "all.csv", EXPORT)
    opened(path, JAN[0], cache)
    damages: list[Callable[[Path], object]] = [
        lambda folder: (folder / "2025-01-01.parquet").unlink(),
        lambda folder: (folder / "2025-01-01.parquet").write_bytes(b"PAR1"),
        lambda folder: (folder / "index.json").unlink(),
        lambda folder: (folder / "index.json").write_text('{"info": {'),
        lambda folder: (folder / "index.json").write_text('{"days": {}}'),
        shutil.rmtree,
    ]
    for damage in damages:
        damage(folders(cache)[0])
        assert len(texts(opened(path, JAN[0], cache))) == 3
        assert leftovers(cache) == []
        assert len(folders(cache)) == 1


def test_an_export_that_changes_while_it_is_read(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "all.csv", EXPORT)
    works = by_day.partition

    def still_written(*arguments: Any) -> Any:
        found = works(*arguments)
        write(tmp_path, "all.csv", EXPORT + "2025-01-01,nuevo\n")
        return found

    monkeypatch.setattr(by_day, "partition", still_written)
    with pytest.raises(AnalysisError, match=r"all\.csv was changed while it was read; try again"):
        opened(path, JAN[0], cache)
    assert folders(cache) == leftovers(cache) == []
    monkeypatch.setattr(by_day, "partition", works)
    assert texts(opened(path, JAN[0], cache))[-1] == "nuevo"


def test_another_finishes_first(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where there are no locks: what the other has put in place stays, and is used."""
    path = write(tmp_path, "all.csv", EXPORT)
    monkeypatch.setattr(locking, "_lock", lambda _: False)
    works, made = by_day.partition, []

    def overtaken(*arguments: Any) -> Any:
        found = works(*arguments)
        if not made:
            made.append(None)
            opened(path, JAN[0], cache)
            made[0] = folders(cache)[0].stat().st_ino
        return found

    monkeypatch.setattr(by_day, "partition", overtaken)
    assert len(texts(opened(path, JAN[0], cache))) == 3
    assert [folder.stat().st_ino for folder in folders(cache)] == made
    assert leftovers(cache) == []


def test_leftovers(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, host = write(tmp_path, "all.csv", EXPORT), socket.gethostname()
    opened(path, JAN[0], cache)
    name = folders(cache)[0].name
    own, elsewhere, forgotten, of_another = (
        cache / f".{name}.{host}-1-abc.partial",
        cache / f".{name}.faraway-1-abc.partial",
        cache / ".other_csv-0-0.faraway-1-abc.partial",
        cache / f".other_csv-0-0.{host}-1-abc.partial",
    )

    def leave() -> None:
        shutil.rmtree(folders(cache)[0])
        for folder in (own, elsewhere, forgotten, of_another):
            folder.mkdir(exist_ok=True)
            (folder / "spool.arrow").write_bytes(b"x")
        long_ago = time.time() - 100_000
        os.utime(forgotten, (long_ago, long_ago))

    leave()
    opened(path, JAN[0], cache)
    assert [folder.exists() for folder in (own, elsewhere, forgotten, of_another)] == [False, True, False, True]
    monkeypatch.setattr(locking, "_lock", lambda _: False)
    leave()
    opened(path, JAN[0], cache)
    assert [folder.exists() for folder in (own, elsewhere, forgotten, of_another)] == [True, True, False, True]


CHILD = """
import datetime, sys, time
from pathlib import Path
from include.analysis.reading import ReadOptions, by_day, open_day
real, path, cache, day, slow = by_day.partition, *sys.argv[1:]

def partition(source, folder):
    print("reads", flush=True)
    if slow == "slow":
        chunks = source.chunks
        source.chunks = lambda: (table for table in chunks(1) if not time.sleep(0.2))
    return real(source, folder)

by_day.partition = partition
sys.stdin.readline()
source = open_day([Path(path)], datetime.date.fromisoformat(day), ReadOptions(), frozenset(), Path(cache))
print("rows", sum(table.num_rows for table in source.chunks()))
"""


def child(path: Path, cache: Path, day: dt.date, slow: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), str(cache), str(day), slow],
        cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.timeout(120)
def test_several_processes_at_once_share_the_work(tmp_path: Path, cache: Path) -> None:
    rows = "".join(f"2025-01-{1 + number % 4:02d},comentario {number}\n" for number in range(20_000))
    path = write(tmp_path, "all.csv", "Fecha,Comentario\n" + rows)
    children = [child(path, cache, JAN[number]) for number in range(3)]
    for one in children:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    out = "".join(one.communicate()[0] for one in children)
    assert [one.returncode for one in children] == [0] * 3
    assert out.count("rows 5000") == 3
    assert out.count("reads") == 1
    assert len(folders(cache)) == 1
    assert leftovers(cache) == []


@pytest.mark.timeout(120)
def test_after_a_killed_process_another_succeeds(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path, "all.csv", "Fecha,Comentario\n" + "2025-01-01,uno\n2025-01-02,dos\n" * 500)
    killed, waiting = child(path, cache, JAN[0], "slow"), child(path, cache, JAN[0])
    assert killed.stdin is not None
    assert killed.stdout is not None
    assert waiting.stdin is not None
    killed.stdin.write("go\n")
    killed.stdin.flush()
    assert killed.stdout.readline() == "reads\n"
    until = time.monotonic() + 60
    while not leftovers(cache) and time.monotonic() < until:
        time.sleep(0.01)
    waiting.stdin.write("go\n")
    waiting.stdin.flush()
    time.sleep(0.5)
    assert waiting.poll() is None
    assert leftovers(cache)
    killed.send_signal(signal.SIGKILL)
    out = waiting.communicate()[0]
    assert killed.wait() == -signal.SIGKILL
    assert out == "reads\nrows 500\n"
    assert leftovers(cache) == []
    assert len(folders(cache)) == 1


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    path = write(tmp_path, "all.csv", EXPORT)
    for cache in (path, path / "cache"):
        with pytest.raises(
            OutputUnwritable, match=r"cannot be kept in .*(exists|directory).*; free some space or name"
        ):
            opened(path, JAN[0], cache)


def test_a_full_disk(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path, "all.csv", "Fecha,Comentario\n" + "2025-01-01,comentario\n" * 20_000)

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    code = (
        "import datetime, sys; from pathlib import Path; from include.analysis.reading import *\n"
        "open_day([Path(sys.argv[1])], datetime.date(2025, 1, 1), ReadOptions(), frozenset(), Path(sys.argv[2]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(cache)],
        cwd=PROJECT, capture_output=True, text=True, check=False, preexec_fn=limited,
    )  # fmt: skip
    assert f"OutputUnwritable: the days of an export cannot be kept in {cache} (File too large); free" in done.stderr
    assert folders(cache) == leftovers(cache) == []


def test_many_days_with_few_open_files(tmp_path: Path, cache: Path) -> None:
    start = dt.date(2015, 1, 1)
    days = [start + dt.timedelta(days=number * 7 % 307) for number in range(600)]
    path = write(tmp_path, "all.csv", "Fecha,Comentario\n" + "".join(f"{day:%d/%m/%Y},{day}\n" for day in days))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 100  # noqa: PTH208
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 20, hard))
    try:
        source = opened(path, start, cache)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert texts(source) == [str(day) for day in days if day == start]
    index = json.loads((folders(cache)[0] / "index.json").read_text())
    assert len(index["days"]) == 307
    assert sum(day["rows"] for day in index["days"].values()) == 600


def test_groups_of_a_day_are_bounded(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(
        tmp_path, "all.csv", "Fecha,Comentario\n" + "".join(f"2025-01-01,{number}\n" for number in range(1000))
    )
    whole = opened(path, JAN[0], tmp_path / "other cache")
    monkeypatch.setattr(partition, "GROUP_ROWS", 100)
    monkeypatch.setattr(partition, "FLUSH_ROWS", 10)
    monkeypatch.setattr(Source, "chunks", lambda source, rows=10, chunks=Source.chunks: chunks(source, 10))
    cut = opened(path, JAN[0], cache)
    file = pq.ParquetFile(folders(cache)[0] / "2025-01-01.parquet")
    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [100] * 10
    assert rows_of(cut) == rows_of(whole)
    assert cut.content_digest == whole.content_digest is not None
    path.write_text(path.read_text().replace(",0\n", ",cero\n"))
    changed = opened(path, JAN[0], cache)
    rows_of(changed)
    assert changed.content_digest != cut.content_digest


DATES = st.sampled_from(
    ["2025-01-01", "02/01/2025", "2025-01-03 10:00", " 4/1/25", "", "ayer", "31/02/2025", "13/1/25"]
)
ROWS = st.lists(st.tuples(DATES, st.text("abñ,\n\"'", max_size=4)), min_size=1, max_size=30)
DAY_OF = {"2025-01-01": 1, "02/01/2025": 2, "2025-01-03 10:00": 3, " 4/1/25": 4, "13/1/25": 13}


@QUICK
@given(ROWS, st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_the_days_are_the_whole(
    tmp_path: Path, rows: list[tuple[str, str]], chunk: int, flush: int, group: int
) -> None:
    path = tmp_path / "all.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("Fecha", "Comentario"), *rows])
    cache = tmp_path / hashlib.blake2b(repr((rows, chunk, flush, group)).encode()).hexdigest()[:16]
    shutil.rmtree(cache, ignore_errors=True)
    own = [DAY_OF.get(date) for date, _ in rows]
    previous = next((day for day in own if day), None)
    options = ReadOptions(encoding="utf-8", delimiter=",")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partition, "FLUSH_ROWS", flush)
        patch.setattr(partition, "GROUP_ROWS", group)
        patch.setattr(Source, "chunks", lambda source, rows=chunk, chunks=Source.chunks: chunks(source, chunk))
        if previous is None:
            with pytest.raises(NoDates):
                open_day([path], JAN[0], options, NOBODY, cache)
            return
        expected: dict[int, list[tuple[str, str]]] = {}
        undated: dict[int, int] = {}
        for day, row in zip(own, rows, strict=True):
            previous = day or previous
            expected.setdefault(previous, []).append(row)
            undated[previous] = undated.get(previous, 0) + (day is None)
        for number, day in enumerate(JAN, start=1):
            if number not in expected:
                with pytest.raises(NoRowsOfDay):
                    open_day([path], day, options, NOBODY, cache)
                continue
            source = open_day([path], day, options, NOBODY, cache)
            assert rows_of(source, chunk) == expected[number]
            assert source.estimated_rows == len(expected[number])
            assert source.quality.undated_rows == undated[number]
            assert source.quality.export_rows == len(rows)
