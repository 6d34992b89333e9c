"""The general emotion model: a linear model over words, word pairs, letters inside words, a lexicon and signs.

It adds up: what a comment scores is the sum over its distinct words, its distinct word pairs, the lexicon's words in it
and its signs. So the score of a word (its own weight and those of the letter sequences in it) is worked out once and
remembered. Weights are whole numbers, so sums do not depend on the order of adding, and numpy is all it needs.

`train/emotions.py` makes the weights file; data/emotions_model.md says from what.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.arrays import Flags, Integers, PairedColumns, different
from include.analysis.errors import LexiconError
from include.analysis.lexicon_file import LexiconFile
from include.analysis.matching import CACHED_WORDS, Matches
from include.analysis.strings import byte_at, filled
from include.analysis.text import Tokens

DATA = Path(__file__).parent / "data"
WEIGHTS = DATA / "emotions_model.npz"
LEXICON = DATA / "emotions_lexicon.toml"

EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")
LETTERS = range(2, 6)  # lengths of the letter sequences, with a space before and after each word
UNITS = 4096  # of a weight file's whole numbers in 1 of log-odds: eight bits before the point and sixteen in all

Small = npt.NDArray[np.int16]


def _sign(pattern: str) -> Callable[[pa.StringArray], pa.BooleanArray]:
    return lambda texts: pc.match_substring_regex(texts, pattern)


def shouting(texts: pa.StringArray) -> Flags:
    """At least eight characters, with letters, none of them small. The second one tells of most texts."""
    second = byte_at(texts, 1)
    able = np.flatnonzero((second < ord("a")) | (second > ord("z")))
    some = texts.take(pa.array(able))
    loud = np.zeros(len(texts), bool)
    loud[able] = pc.and_(pc.utf8_is_upper(some), pc.greater_equal(pc.utf8_length(some), 8))
    return loud


SIGNS: Mapping[str, Callable[[pa.StringArray], pa.BooleanArray | Flags]] = {
    "question": _sign(r"[?¿]"),
    "exclamation": _sign(r"!"),
    "ellipsis": _sign(r"\.\.\.|…"),
    "shouting": shouting,
    "sad face": _sign(r"[:;=]['´,]?-?[(\[cC]|\)[:;]"),
    "smile": _sign(r"[:;=]-?[)\]D3vV]|<3"),
}


def signs(texts: pa.StringArray) -> Flags:
    """Which comments hold which of `SIGNS`, of shape (texts, signs)."""
    texts = filled(texts)
    return np.stack([np.asarray(sign(texts), bool) for sign in SIGNS.values()], axis=1)


@dataclass(frozen=True)
class Weights:
    """What a weights file holds: names, and for each name a weight for each emotion, in `UNITS`."""

    words: tuple[str, ...]
    pairs: tuple[str, ...]
    letters: tuple[str, ...]
    groups: tuple[str, ...]
    signs: tuple[str, ...]
    word_weights: Small
    pair_weights: Small
    letter_weights: Small
    group_weights: Small
    sign_weights: Small
    bias: Small

    _NAMES: ClassVar[tuple[str, ...]] = ("words", "pairs", "letters", "groups", "signs")
    _NUMBERS: ClassVar[tuple[str, ...]] = (
        "word_weights",
        "pair_weights",
        "letter_weights",
        "group_weights",
        "sign_weights",
        "bias",
    )

    def to_bytes(self) -> bytes:
        """The bytes of a weights file: an `.npz`, the same for the same weights."""
        arrays = {name: np.frombuffer("\n".join(getattr(self, name)).encode(), np.uint8) for name in self._NAMES}
        arrays |= {name: getattr(self, name) for name in self._NUMBERS}
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in arrays.items():
                raw = io.BytesIO()
                np.lib.format.write_array(raw, np.ascontiguousarray(array), version=(1, 0))
                archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), raw.getvalue(), 8, 9)
        return packed.getvalue()

    @classmethod
    def read(cls, path: Path) -> tuple[Weights, str]:
        """The weights of a file, and a digest of its bytes."""
        raw = path.read_bytes()
        return cls.from_bytes(raw), hashlib.blake2b(raw, digest_size=8).hexdigest()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Weights:
        with np.load(io.BytesIO(raw), allow_pickle=False) as file:
            lines = {name: file[name].tobytes().decode() for name in cls._NAMES}
            names: dict[str, Any] = {name: tuple(text.split("\n")) if text else () for name, text in lines.items()}
            return cls(**names, **{name: file[name] for name in cls._NUMBERS})


@dataclass(frozen=True)
class GroupLexicon:
    """The general lexicon: its phrases, and the groups that each one is in as bits of a number."""

    groups: tuple[str, ...]
    phrases: tuple[str, ...]
    members: Integers
    digest: str

    @classmethod
    def read(cls, path: Path = LEXICON) -> GroupLexicon:
        """Raises LexiconError, naming file and line, when the file cannot be used."""
        file = LexiconFile.read(path)
        for key in file.content:
            if key != "groups":
                raise file.error(f'unknown section "{key}"; there is only [groups]', key)
        content = file.content.get("groups")
        if not isinstance(content, dict):
            raise file.error("there is no section [groups]")
        members: dict[str, int] = {}
        for place, (group, phrases) in enumerate(content.items()):
            offset = file.offset_of(rf"^\s*{group}\s*=")
            for phrase in file.phrases(phrases, f"in [groups], {group}", offset):
                members[phrase] = members.get(phrase, 0) | 1 << place
        return cls(tuple(content), tuple(members), np.array(list(members.values()), np.int64), file.digest)

    def counts(self, found: Matches, comments: int) -> Integers:
        """How often the groups occur in each comment; phrases of one group on the same words count once."""
        masks, owners = self.spans(found)
        total = np.zeros((comments, len(self.groups)), np.int64)
        np.add.at(total, owners, self.bits(masks))
        return total

    def bits(self, masks: Integers) -> Integers:
        """Of each mask, 1 for each group in it and 0 for the others."""
        bits: Integers = masks[:, None] >> np.arange(len(self.groups)) & 1
        return bits

    def spans(self, found: Matches) -> tuple[Integers, Integers]:
        """The groups (as bits) and the comment of each run of words that matches; `found` is in order of its words."""
        firsts = np.flatnonzero(np.diff(found.start, prepend=-1) | np.diff(found.length, prepend=-1))
        if not len(firsts):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return np.bitwise_or.reduceat(self.members[found.phrase], firsts), found.owner[firsts]


class EmotionModel:
    """Scores of comments for each of `EMOTIONS`, as log-odds in `UNITS`."""

    def __init__(self, weights: Path | None = None, lexicon: Path | None = None) -> None:
        """By default the files of this package. Raises LexiconError when they cannot be used together."""
        self.lexicon = GroupLexicon.read(lexicon or LEXICON)
        self.weights, digest = Weights.read(weights or WEIGHTS)
        self.digest = f"{digest}-{self.lexicon.digest}"
        if self.weights.groups != self.lexicon.groups:
            raise LexiconError(
                f"{lexicon or LEXICON}: the groups are not those that the model was trained with, "
                f"{', '.join(self.weights.groups)}; words may be added to a group, but for other groups run make train"
            )

    @cached_property
    def _ngrams(self) -> NgramScores:
        return NgramScores(self.weights)

    def words(self, tokens: Tokens, read: Flags | None = None) -> Integers:
        """What the distinct words of each comment and their pairs add up to; by default all tokens take part."""
        return self._ngrams.sum(tokens, read)

    def groups(self, found: Matches, comments: int) -> Integers:
        """What the lexicon's phrases in each comment add up to."""
        masks, owners = self.lexicon.spans(found)
        kinds = different(masks)
        scores = PairedColumns.of(self.lexicon.bits(kinds) @ self.weights.group_weights.astype(np.int64))
        return scores.sums(np.searchsorted(kinds, masks), runs(owners, comments))

    def signs(self, texts: pa.StringArray) -> Integers:
        """What the signs of each comment and the bias add up to."""
        found: Integers = signs(texts).astype(np.int64) @ self.weights.sign_weights.astype(np.int64)
        return found + self.weights.bias


def runs(owners: Integers, comments: int) -> Integers:
    """Where the things of each comment begin, and where the last ones end; `owners` ascends."""
    return np.searchsorted(owners, np.arange(comments + 1))


class NgramScores:
    """What words, pairs and letters add up to, by the weights of a file."""

    def __init__(self, weights: Weights) -> None:
        self._words = _WordScores(weights)
        self._pairs = _PairScores(weights)

    def sum(self, tokens: Tokens, read: Flags | None = None) -> Integers:
        """Of the distinct words of each comment and their pairs; by default all tokens take part."""
        return self._words.sum(tokens, read) + self._pairs.sum(tokens, read)


class _WordScores:
    """The scores of words, remembered from when they were first met."""

    def __init__(self, weights: Weights) -> None:
        self._own = {word: i for i, word in enumerate(weights.words)}
        self._own_weights = np.append(weights.word_weights.astype(np.int64), np.zeros((1, len(EMOTIONS)), np.int64), 0)
        letters = sorted({*" ".join(weights.letters)} | {" "})
        self._codes = np.zeros(0x110000, np.int64)
        self._codes[[ord(letter) for letter in letters]] = np.arange(1, len(letters) + 1)
        self._base = len(letters) + 1  # 0: letters that no sequence of the model holds
        keys = np.array([self._key(sequence) for sequence in weights.letters], np.int64)
        order = np.argsort(keys)
        self._keys = keys[order]
        self._letter_weights = PairedColumns.of(weights.letter_weights[order])
        self._known: dict[str, int] = {}
        self._scores = np.zeros((0, len(EMOTIONS)), np.int64)

    def _key(self, sequence: str) -> int:
        key = 0
        for letter in sequence:
            key = key * self._base + int(self._codes[ord(letter)])
        return key

    def sum(self, tokens: Tokens, read: Flags | None) -> Integers:
        scores = PairedColumns.of(self._of(tokens.vocabulary))
        words = np.where(tokens.first_mentions(read), tokens.ids, scores.nothing)
        return scores.sums(words, tokens.offsets)

    def _of(self, words: Sequence[str]) -> Integers:
        known = self._known
        if len(known) + len(words) > CACHED_WORDS:
            known.clear()
            self._scores = self._scores[:0]
        fresh = [word for word in words if word not in known]
        if fresh:
            known.update(zip(fresh, range(len(known), len(known) + len(fresh)), strict=True))
            self._scores = np.concatenate((self._scores, self._score(fresh)))
        return self._scores[[known[word] for word in words]]

    def _score(self, words: list[str]) -> Integers:
        """The scores of words: their own weight, and the weights of all letter sequences in them."""
        codes = self._codes[np.frombuffer(f" {'  '.join(words)} ".encode("utf-32-le"), np.uint32)]
        lengths = np.array([len(word) + 2 for word in words])
        owner = np.repeat(np.arange(len(words)), lengths)
        left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(codes))  # letters from here to the word's end
        own = np.array([self._own.get(word, -1) for word in words])
        scores: Integers = self._own_weights[own]
        whole = codes > 0
        key = codes
        for length in LETTERS:
            whole = whole[:-1] & (codes[length - 1 :] > 0)
            key = key[:-1] * self._base + codes[length - 1 :]
            starts = np.flatnonzero(whole & (left[: len(key)] >= length))
            places = np.searchsorted(self._keys, key[starts])
            places[places == len(self._keys)] = 0
            hit = self._keys[places] == key[starts]
            scores += self._letter_weights.sums(places[hit], runs(owner[starts[hit]], len(words)))
        return scores


class _PairScores:
    """The scores of pairs of neighbouring words, in a table of all pairs of the words that are in any."""

    def __init__(self, weights: Weights) -> None:
        pairs = [tuple(pair.split(" ")) for pair in weights.pairs]
        self._words = {word: i for i, word in enumerate(sorted({word for pair in pairs for word in pair}))}
        self._width = len(self._words) + 1  # the last row and column are those of all other words
        self._place = np.full(self._width**2, -1, np.int32)
        self._place[[self._words[a] * self._width + self._words[b] for a, b in pairs]] = np.arange(len(pairs))
        self._weights = PairedColumns.of(weights.pair_weights)

    def sum(self, tokens: Tokens, read: Flags | None) -> Integers:
        other = self._width - 1
        words = np.array([self._words.get(word, other) for word in tokens.vocabulary], np.int64).take(tokens.ids)
        if read is not None:
            words[~read] = other
        found = self._place.take(words[:-1] * self._width + words[1:])
        hit = np.flatnonzero((found >= 0) & (tokens.owner[:-1] == tokens.owner[1:]))
        once = different(tokens.owner.take(hit) << 32 | found.take(hit))
        return self._weights.sums(once & 0xFFFFFFFF, runs(once >> 32, len(tokens.offsets) - 1))
