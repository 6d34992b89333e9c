"""Columns of texts as Arrow strings, and the bytes in which they lie one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.arrays import Flags

Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint32]
Offsets = npt.NDArray[np.int64]
Texts: TypeAlias = Iterable[str | None] | pa.Array | pa.ChunkedArray

BLOCK_BYTES = 1 << 20

FOLLOWS_MASK, FOLLOWS = 0xC0, 0x80
"""Bits of a byte, and what they are in all bytes of a character but its first, in UTF-8."""


def string_array(values: Sequence[str | None]) -> pa.StringArray:
    """Strings as one Arrow array; lone surrogates, which are not text in any encoding, become question marks."""
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([v if v is None else v.encode("utf-8", "replace").decode("utf-8") for v in values], pa.string())


def text_array(texts: Texts) -> pa.StringArray:
    """Texts as one Arrow string array; what is missing (None, NaN) becomes null."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    if isinstance(texts, pa.Array):
        return texts if pa.types.is_string(texts.type) else texts.cast(pa.string())
    return string_array([text if isinstance(text, str) else None for text in texts])


def filled(texts: pa.StringArray) -> pa.StringArray:
    """The texts with "" for each that is missing; Arrow copies all of them even where none is."""
    return texts.fill_null("") if texts.null_count else texts


def byte_offsets(texts: pa.StringArray) -> npt.NDArray[np.int32]:
    """Where the bytes of each text begin among those of the array, and where the last one ends."""
    if not len(texts):
        return np.zeros(1, np.int32)
    return np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]


def contents(texts: pa.StringArray) -> pa.Buffer:
    """The bytes of all texts, one after another, as they lie in memory."""
    offsets, data = byte_offsets(texts), texts.buffers()[2]
    return pa.py_buffer(b"") if data is None else data[int(offsets[0]) : int(offsets[-1])]


def content_offsets(texts: pa.StringArray) -> Offsets:
    """Where each text begins in its `contents`, and where the last one ends."""
    offsets: Offsets = byte_offsets(texts).astype(np.int64)
    offsets -= offsets[0]
    return offsets


def byte_at(texts: pa.StringArray, place: int) -> Bytes:
    """The byte of each text at a place; 0 where it has none."""
    begins = content_offsets(texts)
    long_enough = np.flatnonzero(np.diff(begins) > place)
    found = np.zeros(len(texts), np.uint8)
    found[long_enough] = np.frombuffer(contents(texts), np.uint8)[begins[long_enough] + place]
    return found


def blocks(texts: pa.StringArray, size: int = BLOCK_BYTES) -> Iterator[pa.StringArray]:
    """Cut an array into runs of texts of about `size` bytes, so that work on them stays in the processor's cache."""
    ends = byte_offsets(texts)
    start = 0
    while start < len(texts):
        stop = max(start + 1, int(np.searchsorted(ends, int(ends[start]) + size, side="right")) - 1)
        yield texts[start:stop]
        start = stop


def code_points(texts: pa.StringArray) -> tuple[Codes, Offsets]:
    """The code points of texts, none of them missing, one after another; where each begins, and where the last ends."""
    raw = contents(texts).to_pybytes()
    codes = np.frombuffer(raw.decode("utf-8").encode("utf-32-le"), np.uint32)
    offsets = content_offsets(texts)
    if len(codes) == len(raw):
        return codes, offsets
    following = np.flatnonzero((np.frombuffer(raw, np.uint8) & FOLLOWS_MASK) == FOLLOWS)
    return codes, offsets - np.searchsorted(following, offsets)


def strings_between(raw: Bytes, offsets: Offsets) -> pa.StringArray:
    """The Arrow strings that stand in `raw` between neighbouring `offsets`."""
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(raw))


def distinct(texts: Texts) -> tuple[pa.StringArray, Offsets]:
    """The different texts (missing ones as ""), and for each text which of them it is: score once, take back."""
    coded = filled(text_array(texts)).dictionary_encode()
    return coded.dictionary, coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def blank(texts: pa.StringArray) -> Flags:
    """Which texts hold nothing but white space; missing ones too."""
    bare = pc.equal(pc.utf8_trim_whitespace(filled(texts)), "")
    flags: Flags = bare.to_numpy(zero_copy_only=False).astype(bool)
    return flags


def twice(texts: pa.StringArray, character: str) -> Flags:
    """Which texts hold an ASCII character twice running; none of the texts is missing."""
    begins = content_offsets(texts)
    hit = np.frombuffer(contents(texts), np.uint8) == ord(character)
    second = np.flatnonzero(hit[1:] & hit[:-1]) + 1
    holder = np.searchsorted(begins, second, side="right") - 1
    found = np.zeros(len(texts), bool)
    found[holder[begins[holder] < second]] = True
    return found
