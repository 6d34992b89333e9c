"""What people really give to the command: each unusable input is refused in one line that says what would be right,
and each odd one that can be read is read, with a word in `results.json` on what was done about it.
"""

from __future__ import annotations

import csv
import ctypes
import gzip
import io
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from include.analysis.__main__ import main
from include.analysis.progress import AGGREGATING, ANALYSING, SPLITTING
from include.analysis.reading import ReadOptions
from include.analysis.run_folder import RESULT_FILES
from tests import fuzz_reader
from tests.analysis.reading.helpers import workbook
from tests.analysis.test_batch_processor import make_export
from tests.conftest import PROJECT

pytestmark = pytest.mark.timeout(120)

COMMAND = [sys.executable, "-m", "include.analysis"]
HEADER = ["Fecha", "Nota", "Comentario Final"]
ROW = ["2025-01-01", 9, "Muy buen servicio, ñandú"]
CSV = "Fecha,Nota,Comentario Final\n2025-01-01,9,Muy buen servicio\n"
SECONDS = 60  # no refusal takes this long
FIRST_MEBIBYTE = 1_100_000  # and a little more: the reader samples this much before it starts
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


@dataclass(frozen=True)
class Done:
    """How the command ended."""

    status: int
    out: str
    err: str

    def complaint(self) -> str:
        """The one line on stderr besides the progress."""
        lines = [line for line in self.err.splitlines() if not line.startswith((SPLITTING, ANALYSING, AGGREGATING))]
        assert len(lines) == 1, self.err
        return lines[0]


Command = Callable[..., Done]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """The command, run in this process: a tenth of the time of a new one."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.getsignal(number) for number in numbers]

    def run(*arguments: object) -> Done:
        capsys.readouterr()
        try:
            status = main([*map(str, arguments), "--workers", "1"])
        except SystemExit as stop:  # of the parser of arguments
            status = int(stop.code or 0)
        return Done(status, *capsys.readouterr())

    yield run
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)


def run_alone(
    *arguments: object,
    before: Callable[[], None] | None = None,
    wrapper: Sequence[str] = (),
    signals: bool = True,
    seconds: float = SECONDS,
) -> Done:
    """The command in a process of its own; `before` runs in it first."""
    done = subprocess.run(
        [*wrapper, *COMMAND, *map(str, arguments)], cwd=PROJECT, capture_output=True, text=True, check=False,
        timeout=seconds, preexec_fn=before, restore_signals=signals,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def check_refused(done: Done, out: Path, *says: str) -> None:
    assert done.status == 2, done
    complaint = done.complaint()
    assert complaint.startswith("error: ")
    for words in says:
        assert words in complaint
    assert done.out == ""
    assert [name for name in RESULT_FILES if (out / name).exists()] == []
    assert not out.is_dir() or not list(out.rglob("*.tmp")), "half-written files"


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def workbook_bytes(folder: Path, **sheets: list[list[Any]]) -> bytes:
    return workbook(folder / "made.xlsx", **(sheets or {"Datos": [HEADER, ROW]})).read_bytes()


def ole_container(*streams: str) -> bytes:
    """A compound file, as Office writes encrypted workbooks in, with empty streams of these names."""
    free, end, fat = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0, 0)
    header += struct.pack("<108I", *[free] * 108)
    sectors = struct.pack("<128I", fat, end, *[free] * 126)
    directory = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0")
        + struct.pack("<HBBIII36xIQ", 2 * len(name) + 2, kind, 1, free, right, child, end, 0)
        for name, kind, right, child in [
            ("Root Entry", 5, free, 1 if streams else free),
            *((name, 2, at + 1 if at < len(streams) else free, free) for at, name in enumerate(streams, 1)),
        ]
    )
    return header + sectors + directory.ljust(512, b"\0")


def zip_bomb(path: Path) -> Path:
    """Half a GiB of a sheet in half a MiB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _ in range(512):
                sheet.write(bytes(1024 * 1024))
    return path


def far_cell(path: Path) -> Path:
    """A workbook of 5 KB with a cell in the last corner of a sheet that declares no size."""
    good = io.BytesIO(workbook_bytes(path.parent))
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            data = source.read(name).replace(b'<dimension ref="A1:C2" />', b"")
            target.writestr(name, data.replace(b'r="C2"', b'r="XFD1048576"'))
    return path


def long_csv(tail: bytes) -> bytes:
    """More than what is sampled at the start, and something at the end."""
    line = b"2025-01-01,9,se corta el internet\n"
    return b"Fecha,Nota,Comentario Final\n" + line * (FIRST_MEBIBYTE // len(line)) + tail


def cut_gzip() -> bytes:
    pick = fuzz_reader.Random(1)  # what does not compress reaches beyond the sample
    text = "".join(f"2025-01-01,9,internet {pick.getrandbits(512):x}\n" for _ in range(12_000))
    return gzip.compress(f"Fecha,Nota,Comentario Final\n{text}".encode(), 1)[:-5000]


@dataclass(frozen=True)
class Refusal:
    """A file (made in a folder), the options it is given with, and the words that the refusal has."""

    name: str
    make: Callable[[Path], object]
    says: tuple[str, ...]
    options: tuple[str, ...] = ()


def of(content: str | bytes | Callable[[], bytes]) -> Callable[[Path], object]:
    return lambda path: write(path, content() if callable(content) else content)


def book(**sheets: list[list[Any]]) -> Callable[[Path], object]:
    return lambda path: workbook(path, **sheets)


TYPES = "(.csv, .xlsx, .tsv, .xls, .txt, .xlsm, .csv.gz, .tsv.gz, .txt.gz)"
UNKNOWN_COLUMN = "no column is known to be the comments; name it with text_column (--text-column NAME); the columns are"
REFUSALS = {
    "missing": Refusal("a.csv", lambda path: None, ("a.csv does not exist; give the path of an export", TYPES)),
    "folder": Refusal("a.csv", Path.mkdir, ("a.csv is a folder; give the path of one file", TYPES)),
    "pipe": Refusal("a.csv", os.mkfifo, ("a.csv is not a regular file; give the path of an export", TYPES)),
    "0 bytes": Refusal("a.csv", of(""), ("is empty (0 bytes); an export with a header and at least one comment",)),
    "0 bytes, packed": Refusal("a.csv.gz", of(gzip.compress(b"")), ("a.csv.gz has a header and no rows",)),
    "header only": Refusal("a.csv", of(CSV.splitlines()[0]), ("has a header and no rows; an export with at least",)),
    "header only, sheet": Refusal("a.xlsx", book(Datos=[HEADER]), ("a.xlsx, sheet 'Datos', has a header and no rows",)),
    "no text column": Refusal("a.csv", of("Fecha,Nota\n1,2\n"), (f"a.csv: {UNKNOWN_COLUMN} 'Fecha', 'Nota'",)),
    "no text column, sheet": Refusal(
        "a.xlsx", book(Uno=[["Fecha", "Nota"], [1, 2]]), (f"a.xlsx, sheet 'Uno': {UNKNOWN_COLUMN} 'Fecha', 'Nota'",)
    ),
    "two text columns": Refusal(
        "a.csv",
        of("Comentario uno,Comentario dos\na,b\n"),
        ("several columns could be the comments; name it", "'Comentario uno', 'Comentario dos'"),
    ),
    "another column": Refusal(
        "a.csv",
        of(CSV),
        ("there is no column 'Texto'; the columns are 'Fecha', 'Nota', 'Comentario Final'",),
        ("--text-column", "Texto"),
    ),
    "unsupported type": Refusal(
        "a.pdf", of(CSV), ("a.pdf is not read: its type is .pdf; the types that are read are .csv, .xlsx",)
    ),
    "no type": Refusal("a", of(CSV), ("is not read: its name has no type; the types that are read are .csv, .xlsx",)),
    "truncated xlsx": Refusal(
        "a.xlsx",
        lambda path: write(path, workbook_bytes(path.parent)[:-2000]),
        ("a.xlsx is damaged: its ZIP directory cannot be read; export it again",),
    ),
    "encrypted xlsx": Refusal(
        "a.xlsx",
        of(ole_container("EncryptionInfo", "EncryptedPackage")),
        ("a.xlsx is protected with a password; save it without the password",),
    ),
    "csv named xlsx": Refusal("a.xlsx", of(CSV), ("is a text file, not a workbook; rename it to 'a.csv'",)),
    "xlsx named csv": Refusal(
        "a.csv",
        lambda path: write(path, workbook_bytes(path.parent)),
        ("is an Excel workbook, not text; rename it to 'a.xlsx'",),
    ),
    "zip bomb": Refusal("a.xlsx", zip_bomb, ("unpacks to 1,0", "(the limit is 200 times): export it as CSV")),
    "far cell": Refusal(
        "a.xlsx", far_cell, ("a.xlsx takes more than 4 GiB of memory to read", "or save it as CSV")
    ),
    "no such sheet": Refusal(
        "a.xlsx",
        book(Datos=[HEADER, ROW], Resumen=[["x"]]),
        ("a.xlsx has no sheet 'Hoja1'; its sheets are 'Datos', 'Resumen'",),
        ("--sheet", "Hoja1"),
    ),
    "wrong encoding": Refusal(
        "a.csv",
        of((CSV + "x,1,atención\n").encode("cp1252")),
        ("a.csv is not utf-8: near line 3", "it looks like cp1252; leave the encoding out to have it detected"),
        ("--encoding", "utf-8"),
    ),
    "wrong encoding, far down": Refusal(
        "a.csv",
        of(long_csv("x,1,atención\n".encode("cp1252"))),
        ("a.csv is not utf-8: near line 32,354", "leave the encoding out to have it detected"),
        ("--encoding", "utf-8", "--batch-size", "5000"),
    ),
    "unknown encoding": Refusal(
        "a.csv",
        of(CSV),
        ("encoding 'klingon' is not known; use utf-8, utf-16, cp1252 or latin-1, or leave it out",),
        ("--encoding", "klingon"),
    ),
    "long delimiter": Refusal(
        "a.csv", of(CSV), ("delimiter '::' is not one character; use one of , ; | or 'tab'",), ("--delimiter", "::")
    ),
    "damaged gzip, far down": Refusal(
        "a.csv.gz",
        of(cut_gzip),
        ("a.csv.gz is damaged: its gzip data are cut short or broken",),
        ("--batch-size", "1000"),
    ),
    "100,000 columns": Refusal(
        "a.csv",
        of(",".join(["Comentario", *(f"c{n}" for n in range(2, 100_001))]) + "\n" + "," * 99_999 + "\n"),
        ("a.csv has 100,000 columns; at most 16,384 are read: check the delimiter, or export fewer",),
    ),
    "unknown analysis": Refusal(
        "a.csv",
        of(CSV),
        ("unknown analysis 'colours'; there are: duplicates, emotions, themes",),
        ("--analyses", "themes,colours"),
    ),
    "batch size too small": Refusal(
        "a.csv", of(CSV), ("batch_size must be a whole number from 10 to 5,000,000, not 9",), ("--batch-size", "9")
    ),
    "batch size too large": Refusal(
        "a.csv", of(CSV), ("batch_size must be", "to 5,000,000, not 5000001"), ("--batch-size", "5000001")
    ),
    "batch size no number": Refusal(
        "a.csv", of(CSV), ("argument --batch-size: invalid int value: 'many'",), ("--batch-size", "many")
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_used_is_refused(case: str, tmp_path: Path, command: Command) -> None:
    refusal = REFUSALS[case]
    path, out = tmp_path / refusal.name, tmp_path / "out"
    refusal.make(path)
    began = time.monotonic()
    done = command(path, "--out", out, *refusal.options)
    check_refused(done, out, *refusal.says)
    assert time.monotonic() - began < SECONDS
    assert refusal.options or str(path) in done.complaint()


@pytest.mark.parametrize("case", ["missing", "encrypted xlsx", "far cell"])
def test_refusals_are_the_same_in_a_process_of_its_own(case: str, tmp_path: Path) -> None:
    refusal = REFUSALS[case]
    refusal.make(tmp_path / refusal.name)
    done = run_alone(tmp_path / refusal.name, "--out", tmp_path / "out", *refusal.options)
    check_refused(done, tmp_path / "out", *refusal.says)


def test_a_refusal_takes_away_the_results_of_an_earlier_run(tmp_path: Path, command: Command) -> None:
    path, out = write(tmp_path / "a.csv", CSV), tmp_path / "out"
    assert command(path, "--out", out).status == 0
    path.write_bytes(long_csv("x,1,atención\n".encode("cp1252")))
    check_refused(command(path, "--out", out, "--encoding", "utf-8"), out, "is not utf-8")


def without_override() -> None:
    """Make permissions hold for root, too, in this process and what it starts."""
    libc = ctypes.CDLL(None)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def run_with_permissions(locked: Path, *arguments: object) -> Done:
    """The command as someone for whom permissions hold; `locked` shows whether they do."""
    probe = ["test", "-w" if locked.is_dir() else "-r", str(locked)]
    if not subprocess.run(probe, preexec_fn=without_override, check=False).returncode:
        pytest.skip("root may read and write everything here, and cannot give that up")
    return run_alone(*arguments, before=without_override)


def test_no_permission_to_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", CSV)
    path.chmod(0)
    done = run_with_permissions(path, path, "--out", tmp_path / "out")
    check_refused(done, tmp_path / "out", f"{path} cannot be read (Permission denied)", "permission to read it")


def test_no_permission_to_write(tmp_path: Path) -> None:
    path, locked = write(tmp_path / "a.csv", CSV), tmp_path / "locked"
    locked.mkdir(mode=0o555)
    done = run_with_permissions(locked, path, "--out", locked / "out")
    check_refused(done, locked / "out", f"cannot be written to {locked / 'out'}", "Permission denied", "name a folder")


def test_an_output_folder_under_a_file(tmp_path: Path, command: Command) -> None:
    path = write(tmp_path / "a.csv", CSV)
    done = command(path, "--out", path / "out")
    check_refused(done, path / "out", f"cannot be written to {path / 'out'}", "Not a directory", "name a folder")


def no_larger_files(size: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then writing more fails, as it does on a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize(("step", "size"), [("begin", 200), ("split", 2_000), ("aggregate", 20_000)])
def test_no_room_for_a_file(step: str, size: int, tmp_path: Path, command: Command) -> None:
    path, out = make_export(tmp_path / "a.csv", 300), tmp_path / "out"
    done = run_alone(path, "--out", out, "--workers", "1", before=lambda: no_larger_files(size), signals=False)
    check_refused(done, out, f"cannot be written to {out}", "File too large", "name a")
    assert ("aggregating" in done.err) == (step == "aggregate")
    assert command(path, "--out", out).status == 0  # the same command goes on from there
    assert json.loads((out / "results.json").read_text())["summary"]["total_processed"] == 300


SMALL_DISK = """
mount -t tmpfs -o size="$1" none "$2" || exit 77
folder=$2; shift 2; "$@"; status=$?
find "$folder" -name "results.json" -o -name "comments.*" -o -name "*.tmp"
exit $status
"""


@pytest.mark.parametrize(("step", "size"), [("split", "100k"), ("analyse", "300k"), ("aggregate", "1500k")])
def test_a_full_disk(step: str, size: int, tmp_path: Path) -> None:
    if not shutil.which("unshare"):
        pytest.skip("needs unshare")
    path, disk = make_export(tmp_path / "a.csv", 20_000), tmp_path / "disk"
    disk.mkdir()
    wrapper = ["unshare", "-m", "sh", "-c", SMALL_DISK, "sh", size, str(disk)]
    done = run_alone(path, "--out", disk / "out", "--workers", "1", "--batch-size", "10000", wrapper=wrapper)
    if done.status == 77 or done.err.startswith("unshare:"):
        pytest.skip("no disk can be mounted here")
    check_refused(done, disk / "out", f"cannot be written to {disk / 'out'}", "No space left on device", "name a")
    assert ("aggregating" in done.err) == (step == "aggregate")


@dataclass(frozen=True)
class Results:
    """The results of a run that must go well."""

    json: dict[str, Any]
    rows: list[dict[str, str]] = field(repr=False)

    @property
    def comments(self) -> list[str]:
        return [row[self.json["input"]["text_column"]] for row in self.rows]


@pytest.fixture
def results(tmp_path: Path, command: Command) -> Callable[[Path], Results]:
    def of_file(path: Path) -> Results:
        out = tmp_path / "out"
        done = command(path, "--out", out)
        assert done.status == 0, done.err
        with (out / "comments.csv").open(encoding="utf-8-sig", newline="") as file:
            found = Results(json.loads((out / "results.json").read_text()), list(csv.DictReader(file)))
        assert found.json["status"] == "success"
        assert found.json["summary"]["total_processed"] == len(found.rows) == found.json["data_quality"]["rows"]
        return found

    return of_file


Analyse = Callable[[Path], Results]


def test_nul_bytes(tmp_path: Path, results: Analyse) -> None:
    found = results(write(tmp_path / "a.csv", "Nota,Comentario\n1,mu\0y ca\0ro\n2,\0\n"))
    assert found.comments == ["muy caro", ""]
    assert found.json["data_quality"]["removed_nul"] == 3
    assert found.json["themes"]["top_themes"][0]["theme"] == "price"


def test_all_comments_blank(tmp_path: Path, results: Analyse) -> None:
    found = results(write(tmp_path / "a.csv", "Nota,Comentario\n" + '1,\n2,"  "\n3,\n'))
    assert found.json["data_quality"]["blank_comments"] == 3
    assert found.json["duplicates"]["total_duplicates"] == found.json["duplicates"]["total_unique"] == 0
    assert found.json["emotions"]["total_analyzed_comments"] == 0
    assert found.json["themes"]["total_theme_mentions"] == 0
    assert [row["emotion"] for row in found.rows] == ["neutral"] * 3
    assert [row["duplicate_of"] for row in found.rows] == [""] * 3


def test_every_row_a_duplicate(tmp_path: Path, results: Analyse) -> None:
    found = results(write(tmp_path / "a.csv", "Nota,Comentario\n" + "1,se corta\n2,¡SE CORTA!\n" * 500))
    assert found.json["duplicates"]["total_unique"] == 1
    assert found.json["duplicates"]["total_duplicates"] == 999
    assert found.json["duplicates"]["duplicate_percentage"] == 99.9
    assert [row["duplicate_of"] for row in found.rows] == ["", *["1"] * 999]


def test_one_row(tmp_path: Path, results: Analyse) -> None:
    found = results(write(tmp_path / "a.csv", CSV.rstrip("\n")))
    assert found.comments == ["Muy buen servicio"]
    assert found.json["duplicates"]["total_unique"] == 1
    assert found.json["summary"]["total_batches"] == 1


def test_comments_on_the_second_sheet(tmp_path: Path, results: Analyse) -> None:
    found = results(workbook(tmp_path / "a.xlsx", Portada=[["Informe de marzo"], [1]], Datos=[HEADER, ROW, ROW]))
    assert found.json["input"]["sheet"] == "Datos"
    assert "sheet" in found.json["input"]["detected"]
    assert found.comments == [ROW[2]] * 2


def test_a_header_on_line_4(tmp_path: Path, results: Analyse) -> None:
    title = "Informe de comentarios;;\nMarzo 2025;;\n\n"
    found = results(write(tmp_path / "a.csv", title + "Fecha;Nota;Comentario Final\n2025-03-01;3;muy lento\n"))
    assert found.json["input"]["header_line"] == 4
    assert found.json["input"]["columns"] == ["Fecha", "Nota", "Comentario Final"]
    assert found.comments == ["muy lento"]


def test_column_names_that_are_there_twice(tmp_path: Path, results: Analyse) -> None:
    found = results(write(tmp_path / "a.csv", "Nota,Comentario,Nota,,row\n1,hola,2,3,x\n"))
    assert found.json["input"]["columns"] == ["Nota", "Comentario", "Nota_2", "column_4", "row (original)"]
    assert found.json["input"]["renamed_columns"] == {"Nota": "Nota_2", "": "column_4", "row": "row (original)"}
    assert {**found.rows[0], "themes": ""}.items() >= {"Nota": "1", "Nota_2": "2", "column_4": "3", "row": "1"}.items()
    assert found.rows[0]["row (original)"] == "x"


def test_mixed_types_in_a_column(tmp_path: Path, results: Analyse) -> None:
    values = [10, 2.5, "muy caro", True, None, "007"]
    found = results(
        workbook(tmp_path / "a.xlsx", Datos=[HEADER, *([value, n, value] for n, value in enumerate(values))])
    )
    assert found.comments == ["10", "2.5", "muy caro", "TRUE", "", "007"]
    assert [row["Fecha"] for row in found.rows] == found.comments
    assert found.json["data_quality"]["blank_comments"] == 1


def test_ragged_rows(tmp_path: Path, results: Analyse) -> None:
    found = results(write(tmp_path / "a.csv", "Nota,Comentario,Zona\n1,bien,A\n2\n3,caro, lento,malo,B\n\n4,ok,C\n"))
    quality = found.json["data_quality"]
    assert (quality["ragged_rows"], quality["blank_lines"]) == (2, 1)
    assert [(row["line"], row["row"], row["cells"]) for row in quality["ragged"]] == [(3, 2, 1), (4, 3, 5)]
    assert found.comments == ["bien", "", "caro, lento,malo", "ok"]
    assert [row["Zona"] for row in found.rows] == ["A", "", "B", "C"]


def full_sheet(path: Path, rows: int) -> Path:
    """A sheet of so many rows below its header, without the time that a library takes to write it."""
    good = io.BytesIO(workbook_bytes(path.parent))
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for name in source.namelist():
            if name != "xl/worksheets/sheet1.xml":
                target.writestr(name, source.read(name))
                continue
            with target.open(name, "w") as sheet:
                sheet.write(b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">')
                sheet.write(f'<dimension ref="A1:B{rows + 1}"/><sheetData>'.encode() + sheet_row(1, "Comentario"))
                for start in range(2, rows + 2, 10_000):
                    stop = min(start + 10_000, rows + 2)
                    sheet.write(b"".join(sheet_row(n, f"se corta en {n % 50_000}") for n in range(start, stop)))
                sheet.write(b"</sheetData></worksheet>")
    return path


def sheet_row(number: int, text: str) -> bytes:
    cells = f'<c r="A{number}"><v>{number}</v></c><c r="B{number}" t="inlineStr"><is><t>{text}</t></is></c>'
    return f'<row r="{number}">{cells}</row>'.encode()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_sheet_of_as_many_rows_as_excel_has(tmp_path: Path) -> None:
    code = (
        "import json, sys; from include.analysis import BatchProcessor\n"
        "results = BatchProcessor(n_workers=2).process_parallel(sys.argv[1], analyses=['duplicates'])\n"
        "print(json.dumps([results[part] for part in ('summary', 'duplicates', 'performance')]))"
    )
    path = full_sheet(tmp_path / "a.xlsx", 1_048_575)
    done = subprocess.run([sys.executable, "-c", code, str(path)], cwd=PROJECT, capture_output=True, check=True)
    summary, duplicates, performance = json.loads(done.stdout)
    assert summary["total_processed"] == 1_048_575
    assert duplicates["total_unique"] == 50_000
    assert max(performance["peak_memory_mb"].values()) < 900


def test_fuzzing_finds_nothing(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.fuzz_reader",
        "--seconds",
        "4",
        "--seed",
        "5",
        "--keep",
        str(tmp_path / "kept"),
    ]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    tried, read, refused, last = done.stdout.splitlines()
    assert int(tried.removeprefix("inputs tried: ").replace(",", "")) >= 5
    assert (read.startswith("read: "), refused.startswith("refused: "), last) == (True, True, "no crash")
    assert not (tmp_path / "kept").exists()


def raise_value_error(_: Path, __: ReadOptions) -> None:
    raise ValueError("planted")


def abort(_: Path, __: ReadOptions) -> None:
    os.abort()


def hang(_: Path, __: ReadOptions) -> None:
    time.sleep(SECONDS)


@pytest.mark.parametrize(
    ("planted", "what"),
    [
        (raise_value_error, "ValueError in raise_value_error"),
        (abort, "the process ended with SIGABRT"),
        (hang, "not read in 0.2 seconds"),
    ],
)
def test_fuzzing_finds_a_planted_defect(planted: fuzz_reader.Read, what: str, tmp_path: Path) -> None:
    report = fuzz_reader.fuzz(seed=3, seconds=0.5, kept=tmp_path / "kept", read=planted, limit=0.2)
    assert report.read == 0
    [(crash, kept)] = report.crashes.items()
    assert crash.startswith(what)
    assert kept.read_bytes() == fuzz_reader.make_input(3, 0).content
    assert report.lines()[-1] == f"crash: {crash}\n  kept: {kept}"


def test_fuzzing_with_a_crash_ends_with_status_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fuzz_reader, "open_source", raise_value_error)
    assert fuzz_reader.main(["--seconds", "0.2", "--keep", str(tmp_path / "kept")]) == 1
    assert str(tmp_path / "kept") in capsys.readouterr().out
