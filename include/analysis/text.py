"""From raw comments to normal forms and tokens, a whole column at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.arrays import Flags
from include.analysis.folding import CLAUSE_MARK, GAP, HOLE, Places, fold, without_holes
from include.analysis.strings import Offsets, Texts, blocks, distinct, strings_between, text_array

Values = TypeVar("Values", bound=npt.NDArray[Any])


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
    return strings_between(without_holes(shown), offsets - np.searchsorted(np.flatnonzero(shown == HOLE), offsets))


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
    coded = strings_between(folded.utf8, np.append(begins, len(folded.utf8))).dictionary_encode()
    vocabulary = pc.utf8_rtrim(coded.dictionary, GAP).dictionary_encode()
    return Tokens(
        ids=vocabulary.indices.to_numpy(zero_copy_only=False)[coded.indices.to_numpy(zero_copy_only=False)],
        offsets=np.searchsorted(begins, folded.offsets),
        vocabulary=vocabulary.dictionary.to_pylist(),
        texts=texts,
    )


def by_distinct_text(function: Callable[[Tokens], Values], texts: Texts) -> Values:
    """What `function` says of each text (its first axis), asked once for each different text, in blocks."""
    different, which = distinct(texts)
    found = [function(tokenise(block)) for block in blocks(different)]
    return cast(Values, np.concatenate(found)[which]) if found else function(tokenise(different))
