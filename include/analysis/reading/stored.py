"""The bytes of a file: their state and digest, unpacked where they are compressed, and a sample of their start."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from include.analysis.errors import CorruptInput
from include.analysis.reading.filetype import FileType

SAMPLE_BYTES = 1024 * 1024
BLOCK_BYTES = 64 * 1024  # the strings of a block stay in the processor's cache: larger blocks are half as fast

_LONGEST_BYTES = 16 * SAMPLE_BYTES
_CLOSE_READS = 4096
_HASHED_BYTES = 1024 * 1024


def file_states(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The path, size and time of the last change (nanoseconds) of each file: as long as these stay, so do its rows."""
    stats = [(path, path.stat()) for path in paths]
    return [{"path": str(path), "bytes": stat.st_size, "modified": stat.st_mtime_ns} for path, stat in stats]


def file_digest(path: Path) -> str:
    """BLAKE2b (16 bytes, hexadecimal) of the bytes of a file."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(_HASHED_BYTES):
            digest.update(block)
    return digest.hexdigest()


class RawFile:
    """A file read from start to end, its bytes counted and hashed as they pass; `most` bounds each read."""

    def __init__(self, file: BinaryIO, most: int | None = None) -> None:
        self._file = file
        self._most = most
        self.position = 0
        self.digest = hashlib.blake2b(digest_size=16)

    def read(self, size: int) -> bytes:
        data = self._file.read(size if self._most is None else min(size, self._most))
        self.position += len(data)
        self.digest.update(data)
        return data


@contextmanager
def unpacked(path: Path, compression: str | None, raw: RawFile) -> Iterator[Callable[[int], bytes]]:
    """A function that reads so many bytes of the content of a file, fewer at its end.

    Raises:
        CorruptInput: the compressed data are damaged or cut short.
    """
    if compression is None:
        yield raw.read
        return
    try:
        with gzip.GzipFile(fileobj=raw, mode="rb") as file:  # type: ignore[call-overload]
            yield file.read
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CorruptInput(f"{path} is damaged: its gzip data are cut short or broken ({error})") from None


@dataclass(frozen=True)
class Sample:
    """The start of a file: its content, whether that is all of it, and the size of the content of the whole file."""

    content: bytes
    whole: bool
    total_bytes: int


def read_sample(path: Path, kind: FileType) -> Sample:
    """About 1 MiB from the start of a file, or as much more as it takes to reach the end of the first line."""
    with path.open("rb") as file:
        raw = RawFile(file, _CLOSE_READS)
        pieces, size = [], 0
        with unpacked(path, kind.compression, raw) as read:
            lines = False
            while (size <= SAMPLE_BYTES or (not lines and size <= _LONGEST_BYTES)) and (piece := read(BLOCK_BYTES)):
                pieces.append(piece)
                size += len(piece)
                lines = lines or b"\n" in piece or b"\r" in piece
            whole = not read(1)
    if whole:
        return Sample(b"".join(pieces), whole, size)
    packed_share = kind.size / raw.position if kind.compression else kind.size / size
    return Sample(b"".join(pieces), whole, round(size * packed_share))
