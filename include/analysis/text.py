"""From raw comments to folded characters, normal forms and tokens, a whole column at a time.

Everything works on one flat array of Unicode code points for the column, with the offsets of the comments in it, so
no Python runs per character or per row. What a code point becomes is asked of `unicodedata` once, when it is first
met, and remembered in tables indexed by code point.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Codes = npt.NDArray[np.uint32]
Offsets = npt.NDArray[np.int64]

SPACE = 32

# Classes of folded code points.
GAP, WORD, MARK, SYMBOL = 0, 1, 2, 3
CLAUSE_MARKS = frozenset('.,;:!?¡¿…()[]{}|/\n\r\u2028\u2029—–"«»“”')


def text_array(texts: Iterable[str | None] | pa.Array | pa.ChunkedArray) -> pa.StringArray:
    """Texts as one Arrow string array; what is missing (None, NaN) becomes null."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    if isinstance(texts, pa.Array):
        return texts if pa.types.is_string(texts.type) else texts.cast(pa.string())
    values = [text if isinstance(text, str) else None for text in texts]
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:  # lone surrogates are not text in any encoding
        return pa.array([v if v is None else v.encode("utf-8", "replace").decode("utf-8") for v in values], pa.string())


class _CodePointTables:
    """Per code point: what it folds to and the class of what it folds to, filled as code points are met."""

    def __init__(self) -> None:
        size = sys.maxunicode + 1
        self.length = np.full(size, -1, np.int8)  # -1: not met yet
        self.single = np.zeros(size, np.uint32)  # the fold, where it is one code point
        self.kind = np.zeros(size, np.int8)
        self.kind_known = np.zeros(size, bool)
        self.longer: dict[int, Codes] = {}  # the fold, where it is more than one

    @staticmethod
    def fold_character(character: str) -> str:
        decomposed = unicodedata.normalize("NFKD", character)
        return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()

    @staticmethod
    def class_of(character: str) -> int:
        if character.isalnum():
            return WORD
        if character in CLAUSE_MARKS:
            return MARK
        category = unicodedata.category(character)
        return SYMBOL if category in ("So", "Sk") and ord(character) > 0xA8 else GAP

    def meet(self, codes: Codes) -> None:
        for code in np.unique(codes[self.length[codes] < 0]).tolist():
            folded = self.fold_character(chr(code))
            self.length[code] = len(folded)
            if len(folded) == 1:
                self.single[code] = ord(folded)
            elif folded:
                self.longer[code] = np.array([ord(c) for c in folded], np.uint32)

    def classes(self, folded: Codes) -> npt.NDArray[np.int8]:
        for code in np.unique(folded[~self.kind_known[folded]]).tolist():
            self.kind[code] = self.class_of(chr(code))
            self.kind_known[code] = True
        return self.kind[folded]


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


def fold(texts: Iterable[str | None] | pa.Array) -> FoldedText:
    """Decompose (NFKD), drop combining marks and casefold a column of comments."""
    codes, offsets = _code_points(text_array(texts))
    _TABLES.meet(codes)
    lengths = _TABLES.length[codes]
    if (lengths == 1).all():
        return FoldedText(_TABLES.single[codes], offsets)
    ends = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
    folded = np.repeat(_TABLES.single[codes], lengths)
    for place in np.flatnonzero(lengths > 1).tolist():
        folded[ends[place] : ends[place + 1]] = _TABLES.longer[int(codes[place])]
    return FoldedText(folded, ends[offsets])


def _code_points(texts: pa.StringArray) -> tuple[Codes, Offsets]:
    texts = texts.fill_null("")
    byte_offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    start, stop = (int(byte_offsets[0]), int(byte_offsets[-1])) if len(byte_offsets) else (0, 0)
    data = texts.buffers()[2]
    raw = data[start:stop].to_pybytes() if data is not None else b""
    codes = np.frombuffer(raw.decode("utf-8").encode("utf-32-le"), np.uint32)
    if not len(byte_offsets):
        return codes, np.zeros(1, np.int64)
    relative = byte_offsets.astype(np.int64) - start
    if len(codes) == len(raw):
        return codes, relative
    first_bytes = np.frombuffer(raw, np.uint8) & 0xC0 != 0x80
    characters = np.concatenate(([0], np.cumsum(first_bytes, dtype=np.int64)))
    return codes, characters[relative]


def _strings(codes: Codes, offsets: Offsets) -> pa.StringArray:
    """The Arrow strings that stand in `codes` between neighbouring `offsets`."""
    raw = codes.tobytes().decode("utf-32-le").encode("utf-8")
    if len(raw) != len(codes):
        widths = 1 + (codes > 0x7F).astype(np.int64) + (codes > 0x7FF) + (codes > 0xFFFF)
        offsets = np.concatenate(([0], np.cumsum(widths)))[offsets]
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(raw))


def normal_forms(texts: Iterable[str | None] | pa.Array) -> pa.StringArray:
    """The normal form of each comment: two comments are exact duplicates when theirs are equal and not empty.

    NFKD, combining marks dropped, casefolded, every run of characters that are not letters or digits (`str.isalnum`)
    made one space, stripped. Null becomes the empty string.
    """
    folded = fold(texts)
    codes, offsets = folded.codes, folded.offsets
    word = folded.classes == WORD
    begins = np.zeros(len(codes) + 1, bool)
    begins[offsets] = True
    previous_is_word = np.concatenate(([False], word[:-1])) & ~begins[:-1]
    kept = word | previous_is_word
    kept_before = np.concatenate(([0], np.cumsum(kept, dtype=np.int64)))
    kept_codes = np.where(word, codes, np.uint32(SPACE))[kept]
    kept_offsets = kept_before[offsets]
    filled = kept_offsets[1:] > kept_offsets[:-1]
    last = kept_offsets[1:][filled] - 1
    trailing = last[kept_codes[last] == SPACE]
    if len(trailing):
        stays = np.ones(len(kept_codes), bool)
        stays[trailing] = False
        kept_codes = kept_codes[stays]
        kept_offsets = np.concatenate(([0], np.cumsum(stays, dtype=np.int64)))[kept_offsets]
    return _strings(kept_codes, kept_offsets)


def normal_form(text: str) -> str:
    """The normal form of one text (see `normal_forms`)."""
    result: str = normal_forms([text])[0].as_py()
    return result


@dataclass(frozen=True)
class Tokens:
    """A column of comments as words, clause marks and symbols (emojis among them).

    `ids` are positions in `vocabulary`; comment i has the tokens `ids[offsets[i]:offsets[i + 1]]`. Every clause mark
    is the token ".", so phrases and negations can stop at it.
    """

    ids: npt.NDArray[np.int32]
    offsets: Offsets
    vocabulary: Sequence[str]

    @cached_property
    def owner(self) -> npt.NDArray[np.int64]:
        """The comment that each token belongs to."""
        counts = np.diff(self.offsets)
        return np.repeat(np.arange(len(counts)), counts)


def tokenise(texts: Iterable[str | None] | pa.Array) -> Tokens:
    """Cut comments into folded words (runs of letters and digits), clause marks (".") and single symbols."""
    folded = fold(texts)
    kinds, offsets = folded.classes, folded.offsets
    codes = np.where(kinds == MARK, np.uint32(ord(".")), folded.codes)
    begins = np.zeros(len(codes) + 1, bool)
    begins[offsets] = True
    starts = (kinds != GAP) & (begins[:-1] | (kinds != WORD) | (np.concatenate(([GAP], kinds[:-1])) != WORD))
    kept = kinds != GAP
    starts_kept = starts[kept]
    token_offsets = np.concatenate((np.flatnonzero(starts_kept), [len(starts_kept)])).astype(np.int64)
    tokens_before = np.concatenate(([0], np.cumsum(starts, dtype=np.int64)))
    coded = _strings(codes[kept], token_offsets).dictionary_encode()
    return Tokens(
        ids=coded.indices.to_numpy(zero_copy_only=False),
        offsets=tokens_before[offsets],
        vocabulary=coded.dictionary.to_pylist(),
    )
