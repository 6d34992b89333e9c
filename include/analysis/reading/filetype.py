"""What an input file is, by its name and by its content; where the two disagree it is refused."""

from __future__ import annotations

import mmap
import os
import stat
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path

from include.analysis.errors import CorruptInput, InputNotFound, InputUnreadable, NoRows, UnsupportedInput
from include.analysis.suffixes import SUFFIXES

HEAD_BYTES = 4096

_NAMES = ", ".join(SUFFIXES)
_TEXT = {".csv": "csv", ".txt": "csv", ".tsv": "tsv"}
_WORKBOOKS = {".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xls"}

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_GZIP = b"\x1f\x8b"
_OTHERS = {
    b"%PDF-": "a PDF",
    b"PAR1": "a Parquet file",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"Rar!\x1a\x07": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\x28\xb5\x2f\xfd": "Zstandard-compressed",
    b"\xfd7zXZ\x00": "xz-compressed",
    b"SQLite format 3\x00": "a SQLite database",
}
_MARKUP = (b"<!doctype", b"<html", b"<head", b"<body", b"<table", b"<?xml", b"<meta", b"<style")

_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, bytes that are not UTF-8, line ends

MAX_WORKBOOK_BYTES = 4 * 1024**3
MAX_WORKBOOK_RATIO = 200
_SMALL_WORKBOOK_BYTES = 256 * 1024**2


@dataclass(frozen=True)
class FileType:
    """`format` is "csv", "tsv", "xlsx" or "xls"; `compression` is "gzip" or None; `size` is in bytes."""

    format: str
    compression: str | None
    size: int


def identify(path: Path) -> FileType:
    """The type of a file, checked by name and content.

    Raises:
        InputNotFound, InputUnreadable, NoRows (0 bytes), UnsupportedInput, CorruptInput
    """
    size = _size(path)
    format_, compression = named_type(path)
    if not size:
        raise NoRows(f"{path} is empty (0 bytes); an export with a header and at least one comment is needed")
    head = _head(path)
    if compression:
        _check_gzip(path, head)
    elif format_ in _TEXT.values():
        refuse_what_is_not_text(path, head)
    else:
        _check_workbook(path, format_, head)
    return FileType(format_, compression, size)


def _size(path: Path) -> int:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL character in the name
        raise InputNotFound(f"{_shown(path)} does not exist; give the path of an export ({_NAMES})") from None
    except OSError as error:
        raise _unreadable(path, error) from None
    if stat.S_ISDIR(status.st_mode):
        raise InputNotFound(f"{path} is a folder; give the path of one file ({_NAMES})")
    if not stat.S_ISREG(status.st_mode):
        raise InputNotFound(f"{path} is not a regular file; give the path of an export ({_NAMES})")
    if any(unicodedata.category(character) in _UNPRINTABLE for character in str(path)):
        raise UnsupportedInput(f"{_shown(path)}: its name holds characters that cannot be shown; rename it")
    return status.st_size


def _shown(path: Path) -> str:
    return "".join(c if c.isprintable() else "?" for c in str(path))


def _unreadable(path: Path, error: OSError) -> InputUnreadable:
    return InputUnreadable(
        f"{_shown(path)} cannot be read ({error.strerror}); give the user '{_user()}' permission to read it"
    )


def _user() -> str:
    return os.environ.get("USER") or str(os.geteuid())


def named_type(path: Path) -> tuple[str, str | None]:
    """The format and compression that the name of a file tells.

    Raises UnsupportedInput.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    last = suffixes[-1] if suffixes else ""
    if last == ".gz" and suffixes[0] in _TEXT:
        return _TEXT[suffixes[0]], "gzip"
    if last in _TEXT:
        return _TEXT[last], None
    if last in _WORKBOOKS:
        return _WORKBOOKS[last], None
    what = f"its type is {last}" if last else "its name has no type"
    raise UnsupportedInput(f"{_shown(path)} is not read: {what}; the types that are read are {_NAMES}")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except PermissionError as error:
        raise _unreadable(path, error) from None


def _check_gzip(path: Path, head: bytes) -> None:
    if head.startswith(_GZIP):
        return
    refuse_what_is_not_text(path, head)
    raise UnsupportedInput(f"{path} is not compressed, whatever its name says; rename it to '{path.stem}'")


def refuse_what_is_not_text(path: Path, head: bytes) -> None:
    """Raise UnsupportedInput when a file (or what a compressed one holds) begins like something else than text."""
    if head.startswith(_GZIP):
        raise UnsupportedInput(f"{path} is gzip-compressed inside; name it after its content, like 'export.csv.gz'")
    if head.startswith(_ZIP):
        raise UnsupportedInput(f"{path} is {_zip_content(path)}")
    if head.startswith(_OLE):
        raise UnsupportedInput(f"{path} is {_ole_advice(path)}")
    for signature, what in _OTHERS.items():
        if head.startswith(signature):
            raise UnsupportedInput(f"{path} is {what}, not text; export the comments as CSV or .xlsx")
    if _is_markup(head):
        raise UnsupportedInput(f"{path} is a web page or XML, not a table; open it in Excel and save it as .xlsx")


def _is_markup(head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_MARKUP)


def _zip_content(path: Path) -> str:
    """What a ZIP file really is, and what to do with it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "a damaged ZIP file, not text; export it again"
    if "xl/workbook.xml" in names:
        return f"an Excel workbook, not text; rename it to '{path.stem}.xlsx'"
    if "xl/workbook.bin" in names:
        return "an Excel binary workbook (.xlsb); open it in Excel and save it as .xlsx"
    if "content.xml" in names:
        return "an OpenDocument file; open it and save it as .xlsx"
    return "a ZIP archive; extract the export and give that file"


def _ole_advice(path: Path) -> str:
    if _holds(path, "EncryptedPackage"):
        return "a workbook protected with a password; save it without the password, as .xlsx"
    if _holds(path, "Workbook") or _holds(path, "Book"):
        return f"an Excel 97-2003 workbook; rename it to '{path.stem}.xls'"
    return "a Microsoft Office document, not a table; export the comments as CSV or .xlsx"


def _holds(path: Path, stream: str) -> bool:
    """Whether an OLE container has a stream of this name (names are in UTF-16 in its directory)."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(f"{stream}\0".encode("utf-16-le")) >= 0


def _check_workbook(path: Path, format_: str, head: bytes) -> None:
    if head.startswith(_OLE):
        _check_ole(path, format_)
    elif head.startswith(_ZIP):
        _check_zip(path, format_)
    else:
        refuse_what_is_not_text(path, head)
        if _looks_like_text(head):
            raise UnsupportedInput(f"{path} is a text file, not a workbook; rename it to '{path.stem}.csv'")
        raise CorruptInput(f"{path} is not a valid {path.suffix} workbook; export it again")


def _looks_like_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not any(byte < 32 and byte not in b"\t\n\v\f\r" for byte in head)


def _check_ole(path: Path, format_: str) -> None:
    if _holds(path, "EncryptedPackage"):
        raise CorruptInput(f"{path} is protected with a password; save it without the password")
    if format_ != "xls":
        raise UnsupportedInput(f"{path} is {_ole_advice(path)}")


def _check_zip(path: Path, format_: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise CorruptInput(f"{path} is damaged: its ZIP directory cannot be read; export it again") from None
    if format_ != "xlsx" or not any(entry.filename.lower() == "xl/workbook.xml" for entry in entries):
        raise UnsupportedInput(f"{path} is {_zip_content(path)}")
    _refuse_bomb(path, sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries))


def _refuse_bomb(path: Path, unpacked: int, packed: int) -> None:
    if unpacked > MAX_WORKBOOK_BYTES:
        raise UnsupportedInput(
            f"{path} unpacks to {unpacked / 1024**3:,.1f} GiB; workbooks up to "
            f"{MAX_WORKBOOK_BYTES / 1024**3:,.0f} GiB are read: export it as CSV"
        )
    if unpacked > _SMALL_WORKBOOK_BYTES and unpacked > MAX_WORKBOOK_RATIO * packed:
        raise UnsupportedInput(
            f"{path} unpacks to {unpacked / max(packed, 1):,.0f} times its size, which no export does "
            f"(the limit is {MAX_WORKBOOK_RATIO} times): export it as CSV"
        )
