"""Gives damaged exports to the reader, for a minute: only rows or the named errors may come out.

The inputs are small valid files that were damaged at random, always the same ones for the same seed. They are read in
a child process, for native code may end the process that it runs in, or never return. An input that does either, or
raises what is not a UserError, is kept, and its path is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import gzip
import io
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

import openpyxl

from include.analysis.errors import UserError
from include.analysis.reading import ReadOptions, open_source

XLS = Path(__file__).parent / "analysis" / "reading" / "data" / "comments.xls"
SECONDS_PER_INPUT = 5.0
MEMORY = 8 * 1024**3
MOST_CRASHES = 20

ROWS = [
    ["Fecha", "Nota", "Comentario Final"],
    *[[f"2025-01-{day:02d}", day, text] for day, text in enumerate(
        ["Se corta, todas las noches", 'dijo "hola"\ny se fue', "ñandú 👍; bien", "", "Mba'éichapa\tche", "=1+1"], 1
    )],
]  # fmt: skip
TOKENS = (
    b'"', b'""', b",", b";", b"\t", b"|", b"\0", b"\n", b"\r", b"\r\n", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe",
    b"\xe2\x80\xa8", b"\x1a", b"<", b">", b"&#0;", b"&x;", b"]]>", b"<!DOCTYPE x>", b"-1", b"65535", b"4294967295",
    b"1048576", b"99999999999999999999", b"XFD1048576", b"ZZZZZZ1", b"1e999", b"NaN", b"Comentario Final", b"../",
)  # fmt: skip
WEIGHTS = {".csv": 6, ".tsv": 3, ".csv.gz": 3, ".xlsx": 4, ".xls": 2}
OPTIONS = (
    *[ReadOptions()] * 8,
    ReadOptions(encoding="utf-8"),
    ReadOptions(encoding="utf-16"),
    ReadOptions(encoding="cp1252", delimiter=";"),
    ReadOptions(delimiter="tab"),
    ReadOptions(text_column="Nota"),
    ReadOptions(sheet="Datos"),
)


@dataclass(frozen=True)
class Input:
    """A file to read, and how."""

    suffix: str
    content: bytes
    options: ReadOptions


@dataclass
class Report:
    """What has come out."""

    tried: int = 0
    read: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    crashes: dict[str, Path] = field(default_factory=dict)  # what happened, and the first input that it happened to

    def add(self, outcome: str) -> bool:
        """Count an outcome; False for one that must not be."""
        self.tried += 1
        if outcome == "read":
            self.read += 1
        elif outcome.startswith("refused "):
            self.refused[outcome.removeprefix("refused ")] += 1
        else:
            return False
        return True

    def lines(self) -> list[str]:
        refused = ", ".join(f"{name} {number:,}" for name, number in self.refused.most_common())
        crashes = [f"crash: {what}\n  kept: {path}" for what, path in self.crashes.items()]
        return [
            f"inputs tried: {self.tried:,}",
            f"read: {self.read:,}",
            f"refused: {sum(self.refused.values()):,} ({refused})",
            *(crashes or ["no crash"]),
        ]


@cache
def seeds() -> dict[str, tuple[bytes, ...]]:
    """Small valid files, by type."""
    comma, semicolon, tab = (
        "\r\n".join(separator.join(_quoted(cell, separator) for cell in row) for row in ROWS) + "\r\n"
        for separator in ",;\t"
    )
    csv = (comma.encode(), semicolon.encode("cp1252", "replace"), comma.encode("utf-16"), comma.encode("utf-8-sig"))
    return {
        ".csv": csv,
        ".tsv": (tab.encode(), tab.encode("utf-16-le")),
        ".csv.gz": csv,  # compressed after the damage, or before it
        ".xlsx": (_workbook(),),
        ".xls": (XLS.read_bytes(),),
    }


def _quoted(cell: object, separator: str) -> str:
    text = str(cell)
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if any(c in text for c in f'"\n{separator}') else text


def _workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Portada"
    sheet = book.create_sheet("Datos")
    for row in ROWS:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return _zipped([member for member in _members(file.getvalue()) if not member[0].startswith("docProps/")])


def _members(content: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def _zipped(members: Sequence[tuple[str, bytes]]) -> bytes:
    """A ZIP file without the time of day in it, so that the inputs are the same in every run."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
        warnings.simplefilter("ignore")  # names that are there twice
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def make_input(seed: int, number: int) -> Input:
    """The input of this number: the same for the same seed."""
    pick = Random(f"{seed}/{number}")
    suffix = pick.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
    content = pick.choice(seeds()[suffix])
    options = pick.choice(OPTIONS)
    if suffix == ".xlsx" and pick.random() < 0.8:
        content = _damaged_members(content, pick)
    elif suffix == ".csv.gz" and pick.random() < 0.5:
        content = gzip.compress(damaged(content, pick), 1, mtime=0)
    else:
        content = damaged(gzip.compress(content, 1, mtime=0) if suffix == ".csv.gz" else content, pick)
    return Input(suffix, content, options)


def damaged(content: bytes, pick: Random) -> bytes:
    """The content with one to four damages."""
    for _ in range(pick.choice([1, 1, 1, 2, 4])):
        content = pick.choice(DAMAGES)(content, pick)
    return content


def _flip_bits(content: bytes, pick: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(pick.choice([1, 1, 3, 20]) if changed else 0):
        changed[pick.randrange(len(changed))] ^= 1 << pick.randrange(8)
    return bytes(changed)


def _truncate(content: bytes, pick: Random) -> bytes:
    return content[: pick.randrange(len(content) + 1)]


def _splice(content: bytes, pick: Random) -> bytes:
    """A piece of the content put in at another place, at times often, at times in the place of what was there."""
    start, stop, at = (pick.randrange(len(content) + 1) for _ in range(3))
    piece = content[start:stop] * pick.choice([1, 1, 2, 50])
    return content[:at] + piece + content[at + pick.choice([0, len(piece)]) :]


def _remove(content: bytes, pick: Random) -> bytes:
    at = pick.randrange(len(content) + 1)
    return content[:at] + content[at + pick.choice([1, 2, 8, 64]) :]


def _insert(content: bytes, pick: Random) -> bytes:
    at = pick.randrange(len(content) + 1)
    return content[:at] + pick.choice(TOKENS) * pick.choice([1, 1, 1, 2, 600]) + content[at:]


def _replace_number(content: bytes, pick: Random) -> bytes:
    """A number, or a cell's place, that stands in the text, changed to an extreme one."""
    places = [at for at in range(len(content)) if content[at : at + 1].isdigit()]
    if not places:
        return content
    at = end = pick.choice(places)
    while content[end : end + 1].isdigit():
        end += 1
    return content[:at] + pick.choice([b"0", b"-1", b"65536", b"1048577", b"99999999", b"4294967295"]) + content[end:]


def _set_word(content: bytes, pick: Random) -> bytes:
    """Four bytes changed to an extreme number, as it stands in binary headers."""
    at = pick.randrange(len(content) + 1)
    return content[:at] + pick.choice([b"\0" * 4, b"\xff" * 4, b"\xff\xff\xff\x7f", b"\0\0\1\0"]) + content[at + 4 :]


DAMAGES: Sequence[Callable[[bytes, Random], bytes]] = (
    _flip_bits, _truncate, _splice, _remove, _insert, _insert, _replace_number, _set_word,
)  # fmt: skip


def _damaged_members(content: bytes, pick: Random) -> bytes:
    """A workbook zipped anew with one part damaged, missing, twice there, or in the place of another."""
    members = _members(content)
    at = pick.choices(range(len(members)), [6 if "/sheet" in name else 1 for name, _ in members])[0]
    name, data = members[at]
    action = pick.choice(["damage"] * 12 + ["drop", "repeat", "swap"])
    members[at : at + 1] = {
        "drop": lambda: [],
        "damage": lambda: [(name, damaged(data, pick))],
        "repeat": lambda: [(name, data), (name, damaged(data, pick))],
        "swap": lambda: [(name, pick.choice(members)[1])],
    }[action]()
    return _zipped(members)


def read_all(path: Path, options: ReadOptions) -> None:
    """Read an input as a run does, and check what every reader promises."""
    source = open_source(path, options)
    rows = 0
    for table in source.chunks():
        assert table.column_names == list(source.info.columns), "other columns than were announced"
        assert all(not column.null_count for column in table.columns), "nulls"
        rows += table.num_rows
    assert rows == source.quality.rows > 0, "rows were not counted right"


Read = Callable[[Path, ReadOptions], None]


def outcome_of(path: Path, options: ReadOptions, read: Read) -> str:
    """`read`, `refused` and by which error, or what must not be."""
    try:
        read(path, options)
    except UserError as error:
        message = str(error)
        if path.name not in message or not message.isprintable():
            return f"{type(error).__name__} does not name the file in one line: {message!r}"
        return f"refused {type(error).__name__}"
    except BaseException as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {place.name} ({Path(place.filename).name}:{place.lineno}): {error}"[:500]
    return "read"


def _work(results: Connection, seed: int, first: int, until: float, folder: Path, read: Read, limit: float) -> None:
    """What the child does: inputs one after the other, each outcome told. The alarm ends it in native code, too."""
    faulthandler.disable()  # the tests turn it on: it would print every process that is ended here
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the workbook library prints its panics
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    for number in count(first):
        if time.monotonic() >= until:
            return
        given = make_input(seed, number)
        path = folder / f"input{given.suffix}"
        path.write_bytes(given.content)
        signal.setitimer(signal.ITIMER_REAL, limit)
        outcome = outcome_of(path, given.options, read)
        signal.setitimer(signal.ITIMER_REAL, 0)
        results.send((number, outcome))


def fuzz(seed: int, seconds: float, kept: Path, read: Read = read_all, limit: float = SECONDS_PER_INPUT) -> Report:
    """Read damaged inputs for so long; inputs that crash the reader are put in the folder `kept`."""
    report = Report()
    until = time.monotonic() + seconds
    seeds()
    with tempfile.TemporaryDirectory(prefix="fuzz-reader-") as folder:
        while time.monotonic() < until and len(report.crashes) < MOST_CRASHES:
            _one_child(report, seed, until, Path(folder), kept, read, limit)
    return report


def _one_child(report: Report, seed: int, until: float, folder: Path, kept: Path, read: Read, limit: float) -> None:
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(sender, seed, report.tried, until, folder, read, limit), daemon=True)
    child.start()
    sender.close()
    try:
        with contextlib.suppress(EOFError):
            while len(report.crashes) < MOST_CRASHES:
                number, outcome = receiver.recv()
                if not report.add(outcome):
                    _keep(report, seed, number, outcome, kept)
            child.kill()
    finally:
        _end_group(child.pid)
        child.join()
    if child.exitcode and len(report.crashes) < MOST_CRASHES:
        _keep(report, seed, report.tried, _how_it_died(child.exitcode, limit), kept)
        report.tried += 1


def _end_group(pid: int | None) -> None:
    """End what a child has started, and the child."""
    with contextlib.suppress(ProcessLookupError):  # nothing is left, or it has no group yet
        if pid:
            os.killpg(pid, signal.SIGKILL)


def _how_it_died(exitcode: int, limit: float) -> str:
    if exitcode == -signal.SIGALRM:
        return f"not read in {limit:g} seconds"
    return f"the process ended with {signal.Signals(-exitcode).name if exitcode < 0 else f'status {exitcode}'}"


def _keep(report: Report, seed: int, number: int, what: str, kept: Path) -> None:
    """Keep an input that did what no other did before."""
    if what in report.crashes:
        return
    given = make_input(seed, number)
    kept.mkdir(parents=True, exist_ok=True)
    report.crashes[what] = kept / f"{seed}-{number}{given.suffix}"
    report.crashes[what].write_bytes(given.content)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 without a crash, 1 with one."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_reader", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="which inputs (default: 1)")
    parser.add_argument("--keep", type=Path, help="folder for inputs that crash (default: a temporary one)")
    arguments = parser.parse_args(argv)
    kept = arguments.keep or Path(tempfile.gettempdir()) / f"fuzz-reader-crashes-{os.getpid()}"
    report = fuzz(arguments.seed, arguments.seconds, kept)
    print("\n".join(report.lines()))
    return 1 if report.crashes else 0


if __name__ == "__main__":
    sys.exit(main())
