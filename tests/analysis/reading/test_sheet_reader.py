"""The process that reads a workbook ends in every case, and whatever it does is an error with a name."""

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from include.analysis.errors import AnalysisError, CorruptInput, UnsupportedInput
from include.analysis.reading import open_source, sheet_reader
from include.analysis.reading.sheet_reader import ReadingStopped, SheetReader
from include.analysis.reading.workbook import WorkbookSource, sheet_names
from include.analysis.sheets import process
from include.analysis.sheets.process import ANSWER, END, ERROR, MESSAGE, ROWS
from tests.conftest import PROJECT
from tests.workbooks import write_workbook

from .helpers import rows_of, workbook

pytestmark = [pytest.mark.timeout(60), pytest.mark.filterwarnings("error")]
HEADER = ["Fecha", "Nota", "Comentario Final"]
ROWS_OF_LARGE = 60_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More than fits between the processes."""
    path = tmp_path_factory.mktemp("large") / "a.xlsx"
    texts = (["2025-01-01", str(n), f"comentario {n} " * 20] for n in range(ROWS_OF_LARGE))
    write_workbook(path, [HEADER, *texts])
    return path


def small(folder: Path) -> Path:
    return workbook(folder / "a.xlsx", Datos=[HEADER, ["a", 1, "x"], [], ["b", 2, "y"]])


def opened(path: Path) -> tuple[WorkbookSource, SheetReader]:
    source = open_source(path)
    assert isinstance(source, WorkbookSource)
    assert source._reader is not None
    return source, source._reader


def ended(reader: SheetReader) -> bool:
    """It was waited for, and its pipes are closed."""
    child = reader._process
    assert child.stdin is not None
    assert child.stdout is not None
    return child.returncode is not None and child.stdin.closed and child.stdout.closed


def test_reading_to_the_end_ends_the_process(tmp_path: Path) -> None:
    source, reader = opened(small(tmp_path))
    assert not ended(reader)
    assert rows_of(source) == [("a", "1", "x"), ("b", "2", "y")]
    assert ended(reader)


def test_closing_the_rows_early_ends_the_process(large: Path) -> None:
    source, reader = opened(large)
    rows = source.chunks(10)
    assert next(rows).num_rows == 10
    assert not ended(reader)
    rows.close()  # type: ignore[attr-defined]
    assert ended(reader)
    assert len(rows_of(source)) == ROWS_OF_LARGE


def test_release_ends_the_process(tmp_path: Path) -> None:
    source, reader = opened(small(tmp_path))
    source.release()
    assert ended(reader)
    source.release()
    assert len(rows_of(source)) == 2


def test_a_source_that_is_forgotten_ends_its_process(tmp_path: Path) -> None:
    source, reader = opened(small(tmp_path))
    child = reader._process
    del source, reader
    gc.collect()
    assert child.returncode is not None


def test_an_error_while_opening_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(sheet_reader, "_start", lambda *given: started.append(start(*given)) or started[-1])
    for rows in ([["Fecha", "Nota"], [1, 2]], [HEADER], []):
        with pytest.raises(AnalysisError):
            open_source(workbook(tmp_path / "a.xlsx", Datos=rows))
    assert len(started) == 3
    assert all(child.returncode is not None for child in started)


start = sheet_reader._start


def test_two_readings_at_once(large: Path) -> None:
    source = open_source(large)
    for one, other in zip(source.chunks(), source.chunks(), strict=True):
        assert one.equals(other)


def test_readings_in_threads(tmp_path: Path) -> None:
    path = small(tmp_path)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(rows_of(open_source(path))))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2] * 4


def test_blank_rows_wherever_groups_end(tmp_path: Path) -> None:
    texts = [["", "", ""] if n % 3 == 0 or 60 <= n < 200 else ["a", str(n), "x"] for n in range(5_000)]
    write_workbook(tmp_path / "a.xlsx", [HEADER, *texts, *[["", "", ""]] * 10, ["z", "", "fin"]])
    source = open_source(tmp_path / "a.xlsx")
    filled = [tuple(row) for row in texts if any(row)]
    assert rows_of(source) == [*filled, ("z", "", "fin")]
    assert source.quality.blank_lines == 5_000 - len(filled) + 10


def test_texts_too_large_for_groups_of_many_rows(tmp_path: Path) -> None:
    texts = [["a", str(n), f"ñ{n}" * 10_000] for n in range(300)]
    write_workbook(tmp_path / "a.xlsx", [HEADER, *texts])
    assert rows_of(open_source(tmp_path / "a.xlsx")) == list(map(tuple, texts))


def test_groups_of_large_rows_get_smaller(tmp_path: Path) -> None:
    write_workbook(tmp_path / "a.xlsx", [HEADER, *[["a", "1", "x" * 30_000]] * 1_000])
    with CalamineWorkbook.from_path(tmp_path / "a.xlsx") as book:
        sizes = [sum(told[2]) for _, told, *_ in process._groups(book.get_sheet_by_index(0), 1)]
    assert sum(sizes) == 1_000 * 30_002
    assert max(sizes) < 2 * process._GROUP_BYTES


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_ended_from_outside_amid_the_rows(large: Path, number: signal.Signals) -> None:
    source, reader = opened(large)
    rows = source.chunks(10)
    next(rows)
    os.kill(reader._process.pid, number)
    with pytest.raises(ReadingStopped, match=r"the process that reads .*a\.xlsx was ended, as when memory runs out"):
        list(rows)
    assert ended(reader)
    assert len(rows_of(source)) == ROWS_OF_LARGE


def test_ended_by_the_library_amid_the_rows(large: Path) -> None:
    source, reader = opened(large)
    rows = source.chunks(10)
    next(rows)
    os.kill(reader._process.pid, signal.SIGABRT)
    with pytest.raises(UnsupportedInput, match=r"a\.xlsx takes more than 4 GiB of memory to read"):
        list(rows)
    assert ended(reader)


def test_it_ends_with_the_one_who_asked(large: Path) -> None:
    program = (
        "import os, sys, pathlib; from include.analysis.reading import open_source\n"
        "source = open_source(pathlib.Path(sys.argv[1])); pid = source._reader._process.pid\n"
        "if sys.argv[2] == 'amid': rows = source.chunks(10); next(rows)\n"
        "print(pid, flush=True); os.kill(os.getpid(), 9)"
    )
    for when in ("before", "amid"):
        command = [sys.executable, "-c", program, str(large), when]
        done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, check=False, timeout=50)
        assert done.returncode == -signal.SIGKILL
        until = time.monotonic() + 10
        while alive(int(done.stdout)):
            assert time.monotonic() < until, when
            time.sleep(0.02)


def alive(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def message(kind: bytes, what: object) -> bytes:
    content = json.dumps(what).encode()
    return MESSAGE.pack(kind, len(content)) + content


OPENED = message(ANSWER, ["Datos"]) + message(ANSWER, [2, [HEADER], [1]]) + message(ANSWER, [10, 1])
OFFSETS = b"".join(n.to_bytes(4, "little") for n in (0, 1))
GROUP = message(ROWS, [1, 0, [1, 1, 1]])


def says(what: bytes, then: str = "") -> str:
    return f"import os, time; os.write(1, {what!r}); {then}"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (says(b""), "its reading ended before its end"),
        (says(OPENED[:30]), "its reading ended before its end"),
        (says(OPENED), "its reading ended before its end"),
        (says(OPENED + GROUP), "its reading ended before its end"),
        (says(OPENED + GROUP + 3 * OFFSETS + b"ab"), "its reading ended before its end"),
        (says(OPENED + b"?" * 100), "it was not read as it should be"),
        (says(OPENED + GROUP + OFFSETS + OFFSETS[::-1] + OFFSETS + b"abc"), ".*offset.*"),
        (says(OPENED + GROUP + 3 * OFFSETS + b"a\xffc"), "Invalid UTF8.*"),
        (says(OPENED + message(ROWS, [1, 0, [1, 1]]) + 2 * OFFSETS + b"ab"), "its columns have changed"),
        (says(OPENED + message(ROWS, [1, 0, [2**40, 1, 1]])), r"\d+ bytes at once"),
        (says(OPENED + message(ERROR, ["damaged", "a cell"])), "a cell"),
        (says(OPENED, "time.sleep(60)"), "not read in 0.5 seconds"),
        (says(b"", "time.sleep(60)"), "not read in 0.5 seconds"),
        (says(OPENED, "os.close(1); time.sleep(60)"), "its reading stopped before its end"),
    ],
)
def test_nothing_else_is_taken_for_rows(
    program: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_reader, "_PROGRAM", program)
    monkeypatch.setattr(sheet_reader, "_SECONDS", 0.5)
    monkeypatch.setattr(sheet_reader, "_ENDING_SECONDS", 0.5)
    with pytest.raises(CorruptInput, match=rf"a\.xlsx is a damaged workbook \({reason}\); open it in Excel"):
        list(open_source(small(tmp_path)).chunks())


def test_what_is_said_as_it_should_be_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_reader, "_PROGRAM", says(OPENED + GROUP + 3 * OFFSETS + b"abc" + message(END, None)))
    assert rows_of(open_source(small(tmp_path))) == [("a", "b", "c")]


@pytest.mark.parametrize("told", [["memory"], ["password"], ["system", 5, "Input/output error"]])
def test_errors_of_the_process(told: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: dict[object, tuple[type[Exception], str]] = {
        "memory": (UnsupportedInput, "takes more than 4 GiB"),
        "password": (CorruptInput, "protected with a password"),
        "system": (OSError, "Input/output error"),
    }
    monkeypatch.setattr(sheet_reader, "_PROGRAM", says(message(ERROR, told)))
    kind, words = kinds[told[0]]
    with pytest.raises(kind, match=words):
        open_source(small(tmp_path))


def test_the_memory_of_the_process_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = small(tmp_path)
    rows = [HEADER, *([str(n), "1", f"comentario {n} " * 100] for n in range(20_000))]
    write_workbook(path, rows)
    limited: Callable[[Path, int], object] = lambda path, _: start(path, 0)  # noqa: E731
    monkeypatch.setattr(sheet_reader, "_start", limited)
    with pytest.raises((UnsupportedInput, CorruptInput)):
        open_source(path)


def test_names_of_sheets(tmp_path: Path) -> None:
    assert sheet_names(workbook(tmp_path / "a.xlsx", Uno=[[1]], Dos=[[2]]), "xlsx") == ["Uno", "Dos"]
    (tmp_path / "b.xlsx").write_bytes(b"PK\3\4")
    with pytest.raises(CorruptInput, match="is a damaged workbook"):
        sheet_names(tmp_path / "b.xlsx", "xlsx")
