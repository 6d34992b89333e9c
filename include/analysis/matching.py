"""Words, stems and phrases found in tokenised comments, a whole slice at a time.

Python runs once per distinct word of a slice; everything per comment and per token is an array operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.analysis.arrays import Flags, Integers, different
from include.analysis.phrase_syntax import GAP, LONGEST_GAP, LONGEST_MATCH, OR, parse_phrases
from include.analysis.spelling import Corrections, spellings, stem_forms, word_forms
from include.analysis.text import Tokens

LENGTH_BITS = LONGEST_MATCH.bit_length()
CACHED_WORDS = 400_000


@dataclass(frozen=True)
class Matches:
    """Where phrases were found, ordered by start, length and phrase; the four arrays are equally long.

    `phrase` is the index of the phrase, `owner` the comment, `start` the position of the first token among all tokens
    of the slice, `length` the number of tokens.
    """

    phrase: Integers
    owner: Integers
    start: Integers
    length: Integers

    def __len__(self) -> int:
        return len(self.phrase)

    @property
    def end(self) -> Integers:
        """The position after the last token of each match."""
        return self.start + self.length

    def only(self, kept: Flags | Integers) -> Matches:
        """The matches where `kept` is true, or those at the places `kept`."""
        places = np.flatnonzero(kept) if kept.dtype == bool else kept
        return Matches(*(column.take(places) for column in (self.phrase, self.owner, self.start, self.length)))

    def renumbered(self, by: int) -> Matches:
        """The same matches with `by` added to the numbers of their phrases."""
        return Matches(self.phrase + by, self.owner, self.start, self.length)

    def longest(self) -> Matches:
        """Without the matches that lie wholly inside a longer match; matches of equal extent stay together."""
        if not len(self):
            return self
        end = self.end
        firsts = np.flatnonzero(np.diff(self.start, prepend=-1))
        lasts = np.append(firsts[1:], len(self)) - 1  # of those that start together the longest
        group = np.repeat(np.arange(len(firsts)), lasts - firsts + 1)
        reach = np.maximum.accumulate(end.take(lasts))
        inside = end < end.take(lasts).take(group)
        later = group > 0
        inside |= later & (reach.take(group - later) >= end)
        return self.only(~inside)


@dataclass(frozen=True)
class _Lists:
    """Lists of integers, one after another: list i is `values[starts[i]:starts[i] + counts[i]]`."""

    starts: Integers
    counts: Integers
    values: Integers

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> _Lists:
        counts = np.fromiter(map(len, lists), np.int64, len(lists))
        return cls.sized(counts, np.fromiter(chain.from_iterable(lists), np.int64, int(counts.sum())))

    @classmethod
    def sized(cls, counts: Integers, values: Integers) -> _Lists:
        """Lists of these sizes, of values one after another."""
        return cls(np.cumsum(counts) - counts, counts, values)

    def expand(self, keys: npt.NDArray[np.integer[Any]]) -> tuple[Integers, Integers]:
        """Every value of the lists named by `keys`: which key (its position) and the value."""
        filled = np.flatnonzero((self.counts > 0)[keys])
        keys = keys[filled]
        counts = self.counts[keys]
        which = np.repeat(filled, counts)
        within = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        return which, self.values[np.repeat(self.starts[keys], counts) + within]


class PhraseMatcher:
    """Finds a fixed list of words, stems (`cort*`) and phrases of those in tokenised comments.

    A word of a phrase matches a word of a comment when it is one of its `spellings`; with `correct`, a word of a
    comment that matches nothing is also taken for a long word of the phrases that differs in one letter (see
    `spelling.Corrections`). Raises PhraseError for a phrase that `parse_phrases` does not take. A phrase that is
    listed twice is found twice.

    Words that match the same elements are one class. Each phrase is looked for at its anchor that is rarest in the
    tokens at hand, and from there to its ends. Anchors are the pairs of elements with no gap between them; where a
    phrase has none, each of its elements. A phrase of which an anchor does not occur costs nothing.
    """

    def __init__(self, phrases: Sequence[str], correct: bool = False) -> None:
        self.phrases = tuple(phrases)
        parsed = parse_phrases(self.phrases)
        words = dict.fromkeys(element for element in chain.from_iterable(parsed) if element != GAP)
        atoms = {element: i for i, element in enumerate(words)}
        self._index_atoms(atoms)
        self._lay_out(parsed, atoms)
        self._corrections = Corrections(self._words) if correct else None
        self._class_of_word: dict[str, int] = {}
        self._class_of_atoms: dict[tuple[int, ...], int] = {(): 0}
        self._tabulate()

    def _index_atoms(self, atoms: dict[str, int]) -> None:
        self._words: dict[str, list[int]] = {}
        self._stems: dict[str, list[int]] = {}
        for atom, i in atoms.items():
            for word in atom.split(OR):
                stem = word.endswith("*")
                for form in stem_forms(word[:-1]) if stem else word_forms(word):
                    (self._stems if stem else self._words).setdefault(form, []).append(i)
        self._stem_lengths = sorted({len(stem) for stem in self._stems})

    def _lay_out(self, parsed: Sequence[tuple[str, ...]], atoms: dict[str, int]) -> None:
        """The elements of all phrases one after another, with an empty slot after each phrase."""
        empty = len(atoms)
        slots, after_gap, self._first = [empty], [False], []
        for elements in parsed:
            self._first.append(len(slots))
            slots += [atoms[element] for element in elements if element != GAP]
            after_gap += [before == GAP for before, element in pairwise((OR, *elements)) if element != GAP]
            slots.append(empty)
            after_gap.append(False)
        self._slots, self._after_gap = np.array(slots, np.int64), np.array(after_gap, bool)
        self._phrase_of = np.searchsorted(np.array(self._first, np.int64), np.arange(len(slots)), side="right") - 1
        self._atoms = len(atoms)
        self._width = self._widths()

    def _widths(self) -> Integers:
        """Of the anchor that begins in each slot the number of elements; 0 where none begins."""
        filled = self._slots != self._atoms
        pair = filled & np.roll(filled & ~self._after_gap, -1)
        paired = np.zeros(len(self._first) + 1, bool)  # the empty slot before all phrases belongs to none, the last
        paired[self._phrase_of[pair]] = True
        widths: Integers = np.where(paired[self._phrase_of], 2 * pair, filled)
        return widths

    def _atoms_of(self, word: str) -> tuple[int, ...]:
        """The elements that a word of a comment matches."""
        forms = spellings(word)
        atoms = set(chain.from_iterable(self._words.get(form, ()) for form in forms))
        for form in forms:
            for length in self._stem_lengths:
                if length > len(form):
                    break
                atoms.update(self._stems.get(form[:length], ()))
        if self._corrections and not atoms:
            atoms.update(chain.from_iterable(self._words[near] for near in self._corrections.of(word)))
        return tuple(sorted(atoms))

    def _classes(self, vocabulary: Sequence[str]) -> Integers:
        """The class of each word."""
        known = self._class_of_word
        if len(known) + len(vocabulary) > CACHED_WORDS:
            known.clear()
        classes = len(self._class_of_atoms)
        for word in vocabulary:
            if word not in known:
                known[word] = self._class_of_atoms.setdefault(self._atoms_of(word), len(self._class_of_atoms))
        if len(self._class_of_atoms) > classes:
            self._tabulate()
        return np.fromiter(map(known.__getitem__, vocabulary), np.int64, len(vocabulary))

    def _tabulate(self) -> None:
        atoms = list(self._class_of_atoms)
        of_atoms = _Lists.of(atoms)
        self._has = np.zeros((len(atoms), self._atoms + 1), bool)
        of_class = np.repeat(np.arange(len(atoms)), of_atoms.counts)
        self._has[of_class, of_atoms.values] = True
        anchors = np.flatnonzero(self._width)
        anchors = anchors[np.argsort(self._slots[anchors], kind="stable")]
        of_atom = _Lists.sized(np.bincount(self._slots[anchors], minlength=self._atoms), anchors)
        which, slots = of_atom.expand(of_atoms.values)
        self._anchors_of_class = _Lists.sized(np.bincount(of_class[which], minlength=len(atoms)), slots)

    def find(self, tokens: Tokens) -> Matches:
        """All matches of all phrases, overlapping ones too, never across comments or clause marks."""
        classes, stretches = self._classes(tokens.vocabulary)[tokens.ids], _stretches(tokens)
        slot, at = self._anchors(classes, stretches)
        walk = _Walk(self._slots, self._after_gap, self._has, _padded(classes), _padded(stretches))
        width = self._width[slot]
        which, end = walk.reach(slot + width - 1, at + width - 1, 1)
        slot = slot[which]
        which, start = walk.reach(slot, at[which], -1)
        phrase, length = self._phrase_of[slot[which]], end[which] + 1 - start
        bits = len(self.phrases).bit_length()
        # With two gaps one stretch of words may be matched in two ways.
        codes = different((start << LENGTH_BITS | length) << bits | phrase)
        phrase, places = codes & (1 << bits) - 1, codes >> bits
        start, length = places >> LENGTH_BITS, places & (1 << LENGTH_BITS) - 1
        return Matches(phrase, tokens.owner[start], start, length)

    def _anchors(self, classes: Integers, stretches: Integers) -> tuple[Integers, Integers]:
        """Where each phrase may be: the slot of its rarest anchor, and the position of a token that matches it.

        What an anchor matches is asked once for each different pair of neighbours.
        """
        pairs, pair_of = _neighbours(classes, stretches, len(self._has))
        first, second = np.divmod(pairs, len(self._has))
        which, slot = self._anchors_of_class.expand(first)
        fits = (self._width[slot] == 1) | self._has[second[which], self._slots[slot + 1]]
        which, slot = which[fits], slot[fits]
        times = np.bincount(pair_of, minlength=len(pairs))
        frequency = np.bincount(slot, times[which], len(self._slots))
        kept = self._rarest(frequency)[slot]
        at, slot = _Lists.sized(np.bincount(which[kept], minlength=len(pairs)), slot[kept]).expand(pair_of)
        return slot, at

    def _rarest(self, frequency: npt.NDArray[Any]) -> Flags:
        """Which slots are the rarest anchor of their phrase, the first of equals."""
        anchors = np.flatnonzero(self._width)
        order = anchors[np.lexsort((frequency[anchors], self._phrase_of[anchors]))]
        chosen = np.zeros(len(frequency), bool)
        chosen[order[np.diff(self._phrase_of[order], prepend=-1) != 0]] = True
        return chosen


def _neighbours(classes: Integers, stretches: Integers, kinds: int) -> tuple[Integers, Integers]:
    """The different pairs of classes of a token and the next one, and which of them each token begins.

    A pair is `first * kinds + second`; after the last token of a stretch comes a 0.
    """
    following = np.zeros_like(classes)
    following[:-1] = np.where(stretches[1:] == stretches[:-1], classes[1:], 0)
    coded = pa.array(classes * kinds + following).dictionary_encode()
    return coded.dictionary.to_numpy(), coded.indices.to_numpy()


@dataclass(frozen=True)
class _Walk:
    """Follows phrases from one element to the next, through tokens of the same stretch.

    `classes` and `stretches` have LONGEST_GAP + 1 zeros before the first and after the last token.
    """

    slots: Integers
    after_gap: Flags
    has: Flags
    classes: Integers
    stretches: Integers

    def reach(self, slot: Integers, at: Integers, step: int) -> tuple[Integers, Integers]:
        """Go from the elements in these slots, matched at these positions, to the last (first) of each phrase.

        Returns the indices of those that get there, some of them by several ways, and where that is.
        """
        is_end = self.slots == self.has.shape[1] - 1  # an empty slot
        is_end = np.roll(is_end, -step)
        which, here = np.arange(len(slot)), at + LONGEST_GAP + 1
        arrived, arrivals = [], []
        while True:
            over = is_end[slot]
            arrived.append(which[over])
            arrivals.append(here[over])
            on = np.flatnonzero(~over)
            if not len(on):
                return np.concatenate(arrived), np.concatenate(arrivals) - LONGEST_GAP - 1
            next_ones = list(self._next(which[on], here[on], slot[on], step))
            which, here, slot = (np.concatenate(values) for values in zip(*next_ones, strict=True))

    def _next(
        self, which: Integers, here: Integers, slot: Integers, step: int
    ) -> Iterator[tuple[Integers, Integers, Integers]]:
        """One element on, for each number of words that may be skipped."""
        flat, width = self.has.ravel(), self.has.shape[1]
        gap = np.flatnonzero(self.after_gap[slot + (step == 1)])
        slot = slot + step
        wanted = self.slots[slot]
        for skipped in range(LONGEST_GAP + 1):
            if skipped == 1:
                which, here, slot, wanted = which[gap], here[gap], slot[gap], wanted[gap]
            to = here + step * (1 + skipped)
            fits = np.flatnonzero(flat[self.classes[to] * width + wanted])
            fits = fits[self.stretches[to[fits]] == self.stretches[here[fits]]]
            yield which[fits], to[fits], slot[fits]


def _padded(values: Integers) -> Integers:
    return np.pad(values, LONGEST_GAP + 1)


def _stretches(tokens: Tokens) -> Integers:
    """A number for each token that changes at clause marks and where a comment begins."""
    begins = np.zeros(len(tokens.ids) + 1, np.int64)
    begins[tokens.offsets] = 1
    marks = tokens.clause_marks
    begins[marks] = 1
    begins[marks + 1] = 1
    return np.cumsum(begins)[:-1]


class Before:
    """What stands before matches that start at `starts`: the tokens of their comment after the last barrier.

    All are token positions; `barriers` ascend (like `tokens.clause_marks`).
    """

    def __init__(self, tokens: Tokens, starts: Integers, barriers: Integers) -> None:
        self._starts = starts
        self._begins = np.maximum(tokens.offsets[tokens.owner[starts]], _last_before(barriers, starts) + 1)

    def has(self, words: Integers, reach: int | Integers) -> Flags:
        """Whether one of these ascending positions is among the last `reach`, one number or one a match."""
        last = _last_before(words, self._starts)
        found: Flags = (last >= self._begins) & (self._starts - last <= reach)
        return found


def _last_before(positions: Integers, places: Integers) -> Integers:
    """For each place the last of the ascending positions before it; -1 where there is none."""
    return np.concatenate((np.full(1, -1, np.int64), positions))[np.searchsorted(positions, places)]
