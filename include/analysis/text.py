"""From raw comments to folded characters, normal forms and tokens, a whole column at a time.

Everything works on one flat array of Unicode code points for the column, with the offsets of the comments in it, so
no Python runs per character or per row. What a code point becomes is asked of `unicodedata` once, when it is first
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

Codes = npt.NDArray[np.uint32]
Offsets = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]
Texts: TypeAlias = Iterable[str | None] | pa.Array | pa.ChunkedArray
Values = TypeVar("Values", bound=npt.NDArray[Any])

SPACE = 32
BLOCK_BYTES = 1 << 19

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

# Classes of folded code points.
GAP, WORD, MARK, SYMBOL = 0, 1, 2, 3
CLAUSE_MARKS = frozenset('.,;:!?¡¿…()[]{}|/\n\r\u2028\u2029—–"«»“”')


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


def blocks(texts: pa.StringArray, size: int = BLOCK_BYTES) -> Iterator[pa.StringArray]:
    """Cut an array into runs of texts of about `size` bytes, so that work on them stays in the processor's cache."""
    ends = byte_offsets(texts)
    start = 0
    while start < len(texts):
        stop = max(start + 1, int(np.searchsorted(ends, int(ends[start]) + size, side="right")) - 1)
        yield texts[start:stop]
        start = stop


_NEWER = frozenset(code for first, last in NEWER_THAN_UNICODE_14 for code in range(first, last + 1))
AS_UNICODE_14 = dict.fromkeys(_NEWER, " ")
"""For `str.translate`, before characters are classed by other means than the tables below."""


class _CodePointTables:
    """Per code point: what it folds to and the class of what it folds to, filled as code points are met."""

    def __init__(self) -> None:
        size = sys.maxunicode + 1
        self.length = np.full(size, -1, np.int8)  # -1: not met yet
        self.single = np.zeros(size, np.uint32)  # the fold, where it is one code point
        self.kind = np.full(size, -1, np.int8)  # -1: not known yet
        self.shown = np.arange(size, dtype=np.uint32)  # in tokens: gaps are spaces, and all marks the same
        self.longer: dict[int, Codes] = {}  # the fold, where it is more than one

    @staticmethod
    def fold_character(character: str) -> str:
        if ord(character) in _NEWER:
            return character
        decomposed = unicodedata.normalize("NFKD", character)
        return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()

    @staticmethod
    def class_of(character: str) -> int:
        newer = ord(character) in _NEWER
        if character.isalnum() and not newer:
            return WORD
        if character in CLAUSE_MARKS:
            return MARK
        category = "Cn" if newer else unicodedata.category(character)
        # Unassigned code points among the emojis are emojis newer than the tables.
        is_emoji = category == "So" or (category == "Cn" and 0x1F000 <= ord(character) < 0x20000)
        return SYMBOL if is_emoji or (category == "Sk" and ord(character) > 0xA8) else GAP

    def lengths(self, places: Places) -> npt.NDArray[np.int8]:
        """How many code points each one folds to."""
        lengths = self.length.take(places)
        if lengths.min(initial=0) < 0:
            self._meet(np.unique(places[lengths < 0]).tolist())
            lengths = self.length.take(places)
        return lengths

    def _meet(self, codes: list[int]) -> None:
        for code in codes:
            folded = self.fold_character(chr(code))
            self.length[code] = len(folded)
            if len(folded) == 1:
                self.single[code] = ord(folded)
            elif folded:
                self.longer[code] = np.array([ord(c) for c in folded], np.uint32)

    def classes(self, folded: Codes) -> npt.NDArray[np.int8]:
        places = folded.astype(np.intp)
        kinds = self.kind.take(places)
        if kinds.min(initial=0) < 0:
            for code in np.unique(places[kinds < 0]).tolist():
                self.kind[code] = self.class_of(chr(code))
                self.shown[code] = {GAP: SPACE, MARK: ord(CLAUSE_MARK)}.get(int(self.kind[code]), code)
            kinds = self.kind.take(places)
        return kinds


_TABLES = _CodePointTables()


@dataclass(frozen=True)
class FoldedText:
    """A column of comments, NFKD-decomposed, without combining marks, casefolded.

    `codes` holds the code points of all comments one after another; comment i is `codes[offsets[i]:offsets[i + 1]]`.
    A null comment is empty.
    """

    codes: Codes
    offsets: Offsets

    @cached_property
    def classes(self) -> npt.NDArray[np.int8]:
        """GAP, WORD, MARK or SYMBOL, one per code point."""
        return _TABLES.classes(self.codes)


def fold(texts: Texts) -> FoldedText:
    """Decompose (NFKD), drop combining marks and casefold a column of comments."""
    codes, offsets = _code_points(text_array(texts))
    places = codes.astype(np.intp)
    lengths, single = _TABLES.lengths(places), _TABLES.single.take(places)
    special = np.flatnonzero(lengths != 1)
    if not len(special):
        return FoldedText(single, offsets)
    folded = np.repeat(single, lengths)
    growth = np.concatenate(([0], np.cumsum(lengths[special] - 1, dtype=np.int64)))
    for index in np.flatnonzero(lengths[special] > 1).tolist():
        fold_of_one = _TABLES.longer[int(codes[special[index]])]
        begin = int(special[index] + growth[index])
        folded[begin : begin + len(fold_of_one)] = fold_of_one
    return FoldedText(folded, offsets + growth[np.searchsorted(special, offsets)])


def _code_points(texts: pa.StringArray) -> tuple[Codes, Offsets]:
    texts = filled(texts)
    raw = contents(texts).to_pybytes()
    codes = np.frombuffer(raw.decode("utf-8").encode("utf-32-le"), np.uint32)
    offsets = byte_offsets(texts)
    relative = offsets.astype(np.int64) - offsets[0]
    if len(codes) == len(raw):
        return codes, relative
    return codes, _kept_before(np.frombuffer(raw, np.uint8) & 0xC0 != 0x80, relative)


def _kept_before(kept: Flags, positions: Offsets) -> Offsets:
    """How many of `kept` are true before each position; cheap where most are, as in text."""
    return positions - np.searchsorted(np.flatnonzero(~kept), positions)


def _strings(codes: Codes, offsets: Offsets) -> pa.StringArray:
    """The Arrow strings that stand in `codes` between neighbouring `offsets`."""
    beyond = np.flatnonzero(codes > 0x7F)
    raw = codes.tobytes().decode("utf-32-le").encode("utf-8") if len(beyond) else codes.astype(np.uint8).tobytes()
    if len(beyond):
        # A code point takes one byte more for each of these limits that it passes.
        bytes_more = sum((codes[beyond] > limit).astype(np.int64) for limit in (0x7F, 0x7FF, 0xFFFF))
        more_at = np.bincount(np.searchsorted(offsets, beyond, side="right"), bytes_more, len(offsets) + 1)
        offsets = offsets + np.cumsum(more_at[:-1]).astype(np.int64)
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(raw))


def normal_forms(texts: Texts) -> pa.StringArray:
    """The normal form of each comment: two comments are exact duplicates when theirs are equal and not empty.

    NFKD, combining marks dropped, casefolded, every run of characters that are not letters or digits (`str.isalnum`,
    of Unicode 14) made one space, stripped. Null becomes the empty string.
    """
    folded = fold(texts)
    codes, offsets = folded.codes, folded.offsets
    word = folded.classes == WORD
    starts = np.flatnonzero(_run_starts(word, offsets))
    first_words = np.searchsorted(starts, offsets[:-1])
    follows_a_word = np.ones(len(starts) + 1, bool)
    follows_a_word[first_words] = False
    kept = word.copy()
    kept[starts[follows_a_word[:-1]] - 1] = True  # the gap before each word but the first of a comment
    return _strings(np.where(word, codes, np.uint32(SPACE))[kept], _kept_before(kept, offsets))


def _run_starts(member: Flags, offsets: Offsets) -> Flags:
    """Where runs of `member` begin; no run crosses the border of a comment."""
    goes_on = np.empty(len(member) + 1, bool)
    goes_on[:1] = False
    goes_on[1:] = member
    goes_on[offsets] = False
    return member & ~goes_on[:-1]


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
    kinds = folded.classes
    begins = np.flatnonzero(_run_starts(kinds == WORD, folded.offsets) | (kinds > WORD))
    codes = _TABLES.shown.take(folded.codes)
    # Each token is cut with the gap after it, which is taken off once for each different one.
    coded = _strings(codes, np.append(begins, len(codes))).dictionary_encode()
    vocabulary = pc.utf8_rtrim(coded.dictionary, " ").dictionary_encode()
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
    begins = byte_offsets(texts) - byte_offsets(texts)[0]
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
