"""From raw comments to folded characters, normal forms and tokens, a whole column at a time.

Everything works on one flat array of bytes (UTF-8) for the column, with the offsets of the comments in it, so no Python
runs per character or per row. What a character beyond ASCII becomes is asked of `unicodedata` once, when it is first
met, and remembered in tables indexed by code point.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.arrays import Flags

Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint32]
Offsets = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]
Texts: TypeAlias = Iterable[str | None] | pa.Array | pa.ChunkedArray
Values = TypeVar("Values", bound=npt.NDArray[Any])

GAP = " "
BLOCK_BYTES = 1 << 20

FIRST_BEYOND = 0x80
FOLLOWS_MASK, FOLLOWS = 0xC0, 0x80
"""Bits of a byte, and what they are in all bytes of a character but its first, in UTF-8."""
LONGEST_CHARACTER = 4
HOLE = 0xFF
"""A byte that UTF-8 never has."""

# Code points that came with Unicode 15.0 and 15.1, as ranges. Python 3.12 and 3.13 know them, 3.11 does not, and that
# is all that their tables say differently of folding and classes: they are read as not assigned, as 3.11 reads them.
# fmt: off
NEWER_THAN_UNICODE_14 = (
    (0x00CF3, 0x00CF3), (0x00ECE, 0x00ECE), (0x02FFC, 0x02FFF), (0x031EF, 0x031EF), (0x10EFD, 0x10EFF),
    (0x1123F, 0x11241), (0x11B00, 0x11B09), (0x11F00, 0x11F59), (0x1342F, 0x1342F), (0x13439, 0x13455),
    (0x1B132, 0x1B132), (0x1B155, 0x1B155), (0x1D2C0, 0x1D2D3), (0x1DF25, 0x1DF2A), (0x1E030, 0x1E08F),
    (0x1E4D0, 0x1E4F9), (0x1F6DC, 0x1F6DC), (0x1F774, 0x1F77F), (0x1F7D9, 0x1F7D9), (0x1FA75, 0x1FA77),
    (0x1FA87, 0x1FA88), (0x1FAAD, 0x1FAAF), (0x1FABB, 0x1FABF), (0x1FACE, 0x1FACF), (0x1FADA, 0x1FADB),
    (0x1FAE8, 0x1FAE8), (0x1FAF7, 0x1FAF8), (0x2B739, 0x2B739), (0x2EBF0, 0x2EE5D), (0x31350, 0x323AF),
)
# fmt: on

CLAUSE_MARK = "."
"""What every mark that ends a clause is as a token."""

CLAUSE_MARKS = frozenset('.,;:!?¡¿…()[]{}|/\n\r\u2028\u2029—–"«»“”')

_NEWER = frozenset(code for first, last in NEWER_THAN_UNICODE_14 for code in range(first, last + 1))
AS_UNICODE_14 = dict.fromkeys(_NEWER, " ")
"""For `str.translate`, before characters are classed by other means than the tables below."""


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


def fold_character(character: str) -> str:
    """Decomposed (NFKD), without combining marks, casefolded; folded once more it stays as it is."""
    if ord(character) in _NEWER:
        return character
    decomposed = unicodedata.normalize("NFKD", character)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def _shown(character: str) -> tuple[str, bool]:
    """What a folded character is in `FoldedText`, and whether it is a symbol."""
    newer = ord(character) in _NEWER
    if character.isalnum() and not newer:
        return character, False
    if character in CLAUSE_MARKS:
        return CLAUSE_MARK, False
    category = "Cn" if newer else unicodedata.category(character)
    # Unassigned code points among the emojis are emojis newer than the tables.
    is_emoji = category == "So" or (category == "Cn" and 0x1F000 <= ord(character) < 0x20000)
    is_symbol = is_emoji or (category == "Sk" and ord(character) > 0xA8)
    return (character, True) if is_symbol else (GAP, False)


_ASCII = bytes(ord(_shown(fold_character(chr(code)))[0]) for code in range(FIRST_BEYOND))
_OF_BYTES = _ASCII + bytes(range(FIRST_BEYOND, 256))
"""For `bytes.translate`: what ASCII characters are when folded."""


class _CharactersBeyondAscii:
    """Per code point the bytes that it becomes, filled as code points are met; most become fewer, none of these more.

    `utf8` has as many as UTF-8 has for the code point, those that are not needed are HOLE; `symbol` tells which of
    them are of symbols. `longer` are those that become more bytes, with what they fold to.
    """

    def __init__(self) -> None:
        size = sys.maxunicode + 1
        self.utf8 = np.zeros((size, LONGEST_CHARACTER), np.uint8)  # 0: not met yet
        self.symbol = np.zeros((size, LONGEST_CHARACTER), bool)
        self.longer: dict[int, str] = {}

    def meet(self, codes: Codes) -> None:
        """See that all of these are known."""
        fresh = codes[self.utf8[codes, 0] == 0]
        for code in np.unique(fresh).tolist():
            folded = fold_character(chr(code))
            shown = [_shown(character) for character in folded]
            raw = "".join(character for character, _ in shown).encode()
            if len(folded.encode()) > len(chr(code).encode()):
                self.longer[code] = folded
            else:
                of_symbols = [is_symbol for character, is_symbol in shown for _ in character.encode()]
                self.utf8[code] = np.frombuffer(raw.ljust(LONGEST_CHARACTER, bytes([HOLE])), np.uint8)
                self.symbol[code, : len(raw)] = of_symbols


_BEYOND_ASCII = _CharactersBeyondAscii()


@dataclass(frozen=True)
class FoldedText:
    """A column of comments, NFKD-decomposed, without combining marks, casefolded, in UTF-8.

    `utf8` holds all comments one after another; comment i is `utf8[offsets[i]:offsets[i + 1]]`. Letters, digits and
    symbols (at the places `symbols`) are themselves, each mark that ends a clause is CLAUSE_MARK, all else GAP. A null
    comment is empty.
    """

    utf8: Bytes
    offsets: Offsets
    symbols: Places

    @cached_property
    def word(self) -> Flags:
        """Which bytes are of letters and digits."""
        word = self.utf8 > ord(CLAUSE_MARK)
        word[self.symbols] = False
        return word

    @cached_property
    def word_begins(self) -> Flags:
        """Where runs of letters and digits begin; none crosses the border of a comment."""
        goes_on = np.empty(len(self.word) + 1, bool)
        goes_on[:1] = False
        goes_on[1:] = self.word
        goes_on[self.offsets] = False
        begins: Flags = self.word & ~goes_on[:-1]
        return begins

    @property
    def token_begins(self) -> Flags:
        """Where words, clause marks and symbols begin."""
        begins: Flags = self.word_begins | (self.utf8 == ord(CLAUSE_MARK))
        begins[self.symbols[(self.utf8[self.symbols] & FOLLOWS_MASK) != FOLLOWS]] = True
        return begins


def fold(texts: Texts) -> FoldedText:
    """Decompose (NFKD), drop combining marks and casefold a column of comments."""
    column = filled(text_array(texts))
    return _folded(contents(column).to_pybytes(), content_offsets(column))


def _folded(raw: bytes, offsets: Offsets) -> FoldedText:
    folded = np.frombuffer(bytearray(raw).translate(_OF_BYTES), np.uint8)
    if raw.isascii():
        return FoldedText(folded, offsets, np.zeros(0, np.intp))
    beyond = np.flatnonzero(folded >= FIRST_BEYOND)
    some = folded[beyond]
    codes = np.frombuffer(some.tobytes().decode().encode("utf-32-le"), np.uint32)
    _BEYOND_ASCII.meet(codes)
    leads = np.flatnonzero((some & FOLLOWS_MASK) != FOLLOWS)
    longer = _BEYOND_ASCII.utf8[codes, 0] == 0
    if longer.any():
        return _folded(*_lengthened(raw, offsets, beyond[leads[longer]], codes[longer]))
    own = np.arange(LONGEST_CHARACTER) < np.diff(leads, append=len(beyond))[:, None]
    folded[beyond] = _BEYOND_ASCII.utf8.take(codes, axis=0)[own]
    symbols = beyond[_BEYOND_ASCII.symbol.take(codes, axis=0)[own]]
    holes = beyond[folded[beyond] == HOLE]
    offsets, symbols = (places - np.searchsorted(holes, places) for places in (offsets, symbols))
    return FoldedText(_without_holes(folded), offsets, symbols)


def _without_holes(raw: Bytes) -> Bytes:
    return np.frombuffer(raw.tobytes().replace(bytes([HOLE]), b""), np.uint8)


def _lengthened(raw: bytes, offsets: Offsets, places: Places, codes: Codes) -> tuple[bytes, Offsets]:
    """The texts with the characters at these places, which take more bytes when they are folded, folded."""
    longer = _BEYOND_ASCII.longer
    growth = [len(longer[code].encode()) - len(chr(code).encode()) for code in codes.tolist()]
    grown = np.concatenate(([0], np.cumsum(growth)))
    return raw.decode().translate(longer).encode(), offsets + grown[np.searchsorted(places, offsets)]


def code_points(texts: pa.StringArray) -> tuple[Codes, Offsets]:
    """The code points of texts, none of them missing, one after another; where each begins, and where the last ends."""
    raw = contents(texts).to_pybytes()
    codes = np.frombuffer(raw.decode("utf-8").encode("utf-32-le"), np.uint32)
    offsets = content_offsets(texts)
    if len(codes) == len(raw):
        return codes, offsets
    following = np.flatnonzero((np.frombuffer(raw, np.uint8) & FOLLOWS_MASK) == FOLLOWS)
    return codes, offsets - np.searchsorted(following, offsets)


def _strings(raw: Bytes, offsets: Offsets) -> pa.StringArray:
    """The Arrow strings that stand in `raw` between neighbouring `offsets`."""
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(raw))


def normal_forms(texts: Texts) -> pa.StringArray:
    """The normal form of each comment: two comments are exact duplicates when theirs are equal and not empty.

    NFKD, combining marks dropped, casefolded, every run of characters that are not letters or digits (`str.isalnum`,
    of Unicode 14) made one space, stripped. Null becomes the empty string.
    """
    folded = fold(texts)
    word, offsets = folded.word, folded.offsets
    starts = np.append(np.flatnonzero(folded.word_begins), 0)
    before_word = np.append(folded.word_begins[1:], False)
    before_word[starts[np.searchsorted(starts[:-1], offsets[:-1])] - 1] = False  # nothing before the first of a comment
    shown = folded.utf8 | (~word).view(np.uint8) * np.uint8(HOLE)
    shown[np.flatnonzero(before_word)] = ord(GAP)
    return _strings(_without_holes(shown), offsets - np.searchsorted(np.flatnonzero(shown == HOLE), offsets))


def normal_form(text: str) -> str:
    """The normal form of one text (see `normal_forms`)."""
    result: str = normal_forms([text])[0].as_py()
    return result


@dataclass(frozen=True)
class Tokens:
    """A column of comments (`texts`) as words, clause marks and symbols (emojis among them).

    `ids` are positions in `vocabulary`; comment i has the tokens `ids[offsets[i]:offsets[i + 1]]`. Every clause mark
    is the token ".", so phrases and negations can stop at it.
    """

    ids: npt.NDArray[np.int32]
    offsets: Offsets
    vocabulary: Sequence[str]
    texts: pa.StringArray

    @cached_property
    def owner(self) -> npt.NDArray[np.int64]:
        """The comment that each token belongs to."""
        counts = np.diff(self.offsets)
        return np.repeat(np.arange(len(counts)), counts)

    @cached_property
    def clause_marks(self) -> npt.NDArray[np.int64]:
        """The positions of the clause marks, ascending."""
        words = list(self.vocabulary)
        return np.flatnonzero(self.ids == words.index(CLAUSE_MARK)) if CLAUSE_MARK in words else np.zeros(0, np.int64)

    @cached_property
    def _by_word(self) -> Places:
        """The positions of the tokens, those of each word together, in order."""
        few = len(self.vocabulary) <= 1 << 16  # numpy has a linear sort for small numbers
        return np.argsort(self.ids.astype(np.uint16) if few else self.ids, kind="stable")

    def first_mentions(self, read: Flags | None = None) -> Flags:
        """Which of the tokens in `read`, by default all, are the first there of their word in their comment."""
        order = self._by_word if read is None else self._by_word[read[self._by_word]]
        words, owners = self.ids.take(order), self.owner.take(order)
        again = (words[1:] == words[:-1]) & (owners[1:] == owners[:-1])
        first = np.ones(len(self.ids), bool) if read is None else read.copy()
        first[order[1:][again]] = False
        return first


def tokenise(texts: Texts) -> Tokens:
    """Cut comments into folded words (runs of letters and digits), clause marks (".") and single symbols."""
    texts = text_array(texts)
    folded = fold(texts)
    begins = np.flatnonzero(folded.token_begins)
    # Each token is cut with the gap after it, which is taken off once for each different one.
    coded = _strings(folded.utf8, np.append(begins, len(folded.utf8))).dictionary_encode()
    vocabulary = pc.utf8_rtrim(coded.dictionary, GAP).dictionary_encode()
    return Tokens(
        ids=vocabulary.indices.to_numpy(zero_copy_only=False)[coded.indices.to_numpy(zero_copy_only=False)],
        offsets=np.searchsorted(begins, folded.offsets),
        vocabulary=vocabulary.dictionary.to_pylist(),
        texts=texts,
    )


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


def by_distinct_text(function: Callable[[Tokens], Values], texts: Texts) -> Values:
    """What `function` says of each text (its first axis), asked once for each different text, in blocks."""
    different, which = distinct(texts)
    found = [function(tokenise(block)) for block in blocks(different)]
    return cast(Values, np.concatenate(found)[which]) if found else function(tokenise(different))
