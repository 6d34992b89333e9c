"""What people feel: six emotions, each scored between 0 and 1, several at once or none.

Two domains with one engine. `social` (emotive text) is the general model alone (`emotion_model`). `feedback` (customer
comments, where most short remarks are neutral) is the domain layer (`emotion_rules`) with a share of the model, which
reads the words that the layer does not; and what `train/feedback.py` learned from labelled comments: how far the rules
are to be believed, and what else the words say.

Scores are made of integers only (`score` gives ten-thousandths), so they are the same on every machine and their sums
do not depend on the order of adding.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.analysis.analysis import Analysis, Part, Partial, Rows
from include.analysis.arrays import Flags, Integers
from include.analysis.emotion_model import DATA, EMOTIONS, UNITS, EmotionModel, NgramScores, Weights
from include.analysis.emotion_rules import DomainRules, read_rules
from include.analysis.errors import SettingError
from include.analysis.matching import PhraseMatcher
from include.analysis.settings import Settings
from include.analysis.strings import Texts, blank
from include.analysis.text import Tokens, by_distinct_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DOMAINS", "EMOTIONS", "NEUTRAL", "EmotionAnalyzer", "EmotionsAnalysis"]

NEUTRAL = "neutral"
FEEDBACK_WEIGHTS = DATA / "emotions_feedback.npz"
DOMAINS = ("feedback", "social")
WHOLE = 10_000
PRESENT = WHOLE // 2
HIGH_INTENSITY = 7 * WHOLE // 10

_STEPS = 1000  # of log-odds in the table of scores
_FURTHEST = 12 * _STEPS  # beyond it a score is 0 or 1 to four decimals
_SCORES = np.rint(WHOLE / (1 + np.exp(-np.arange(-_FURTHEST, _FURTHEST + 1) / _STEPS))).astype(np.int64)


class EmotionAnalyzer:
    """Scores the emotions of comments.

    `domain` is "feedback" (customer comments) or "social" (social media). `rules` is the path of a file for feedback in
    place of this package's own, `weights` that of a weights file for the model. With rules of one's own, or without
    `learned`, the rules alone decide: what was learned goes with this package's. Raises LexiconError when a file cannot
    be used and SettingError for an unknown domain.
    """

    def __init__(
        self, domain: str = "feedback", rules: Path | None = None, weights: Path | None = None, learned: bool = True
    ) -> None:
        if domain not in DOMAINS:
            raise SettingError(f'there is no emotion domain "{domain}"; there are {" and ".join(DOMAINS)}')
        self.domain = domain
        self._model = EmotionModel(weights)
        self._rules = DomainRules(read_rules(rules)) if domain == "feedback" else None
        self._learned = Learned() if self._rules and learned and rules is None else None
        self.digest = self._model.digest
        for used in (self._rules, self._learned):
            self.digest += f"-{used.digest}" if used else ""
        self._general = len(self._model.lexicon.phrases)

    @cached_property
    def _matcher(self) -> PhraseMatcher:
        return PhraseMatcher([*self._model.lexicon.phrases, *(self._rules.phrases if self._rules else ())])

    def score(self, texts: Texts) -> Integers:
        """Scores in ten-thousandths, of shape (texts, 6), columns in the order of `EMOTIONS`.

        A text without a word or symbol scores 0.
        """
        return by_distinct_text(self._score, texts)

    def log_odds(self, texts: Texts) -> npt.NDArray[np.float64]:
        """The log-odds that scores are made of, of shape (texts, 6)."""
        return by_distinct_text(self._log_odds, texts) / _STEPS

    def _log_odds(self, tokens: Tokens) -> Integers:
        if not self._rules:
            return self._social(tokens)
        said = self._feedback(tokens, self._rules)
        return self._learned.log_odds(said, tokens) if self._learned else said

    def _score(self, tokens: Tokens) -> Integers:
        log_odds = self._log_odds(tokens)
        scores: Integers = _SCORES[np.clip(log_odds, -_FURTHEST, _FURTHEST) + _FURTHEST]
        scores[~_says_something(tokens)] = 0
        return scores

    def _social(self, tokens: Tokens) -> Integers:
        """Log-odds in `_STEPS`."""
        comments = len(tokens.offsets) - 1
        groups = self._model.groups(self._matcher.find(tokens).longest(), comments)
        words = self._model.words(tokens)
        log_odds: Integers = (groups + words + self._model.signs(tokens.texts)) * _STEPS // UNITS
        return log_odds

    def _feedback(self, tokens: Tokens, rules: DomainRules) -> Integers:
        """Log-odds in `_STEPS`; what the rules read, the model does not."""
        found = self._matcher.find(tokens)
        of_rules = found.phrase >= self._general
        evidence, covered = rules.weigh(tokens, found.only(of_rules).renumbered(-self._general))
        read_before = np.concatenate(([0], np.cumsum(covered)))
        general = found.only(~of_rules).longest()
        general = general.only(read_before[general.end] == read_before[general.start])
        model = self._model.words(tokens, ~covered) + self._model.groups(general, len(tokens.offsets) - 1)
        share = model * rules.file.model_percent * _STEPS // (UNITS * 100)
        log_odds: Integers = share + (evidence + np.array(rules.file.offset)) * (_STEPS // 100)
        return log_odds

    def analyze(self, texts: Texts) -> pd.DataFrame:
        """One row a text: six scores in [0, 1], `is_<emotion>` (present: score 0.5 or more), and `emotion`.

        `emotion` is the present emotion of the highest score, ties in the order of `EMOTIONS`, or 'neutral'. The
        index is that of `texts` when it is a Series, otherwise 0, 1, 2...
        """
        import pandas as pd

        index = texts.index if isinstance(texts, pd.Series) else None
        scores = self.score(texts)
        columns: dict[str, Any] = {emotion: scores[:, i] / WHOLE for i, emotion in enumerate(EMOTIONS)}
        columns |= {f"is_{emotion}": scores[:, i] >= PRESENT for i, emotion in enumerate(EMOTIONS)}
        columns["emotion"] = np.array([*EMOTIONS, NEUTRAL], object)[dominant(scores)]
        return pd.DataFrame(columns, index=index)


class Learned:
    """What was learned from labelled customer comments (see `train/feedback.py`)."""

    def __init__(self, path: Path = FEEDBACK_WEIGHTS) -> None:
        self._weights, self.digest = Weights.read(path)
        self._belief = self._weights.group_weights.astype(np.int64)

    @cached_property
    def _ngrams(self) -> NgramScores:
        return NgramScores(self._weights)

    def log_odds(self, said: Integers, tokens: Tokens) -> Integers:
        """Log-odds in `_STEPS`; `said` are those of the rules."""
        words = self._ngrams.sum(tokens) + self._weights.bias
        log_odds: Integers = (said @ self._belief + words * _STEPS) // UNITS
        return log_odds


def _says_something(tokens: Tokens) -> Flags:
    """Which comments hold anything but marks."""
    counts = np.diff(tokens.offsets)
    flags: Flags = counts > np.bincount(tokens.owner.take(tokens.clause_marks), minlength=len(counts))
    return flags


def dominant(scores: Integers) -> Integers:
    """The position in `EMOTIONS` of each row's dominant emotion; `len(EMOTIONS)` where none is present."""
    highest: Integers = np.where(scores.max(axis=1) >= PRESENT, scores.argmax(axis=1), len(EMOTIONS))
    return highest


class EmotionsAnalysis(Analysis):
    """The dominant emotion and the six scores of every comment."""

    name: ClassVar[str] = "emotions"
    version: ClassVar[str] = "3"
    schema: ClassVar[pa.Schema] = pa.schema(
        [("emotion", pa.string()), *((emotion, pa.float64()) for emotion in EMOTIONS)]
    )

    def __init__(self, domain: str = "feedback", rules: Path | None = None) -> None:
        self._analyzer = EmotionAnalyzer(domain, rules)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(settings.emotion_domain)

    def analyse(self, rows: Rows) -> Part:
        """Score one slice; blank comments are neutral in the answers and not counted in the partial."""
        scores = self._analyzer.score(rows.texts)
        highest = dominant(scores)
        names = pa.array([*EMOTIONS, NEUTRAL], pa.string()).take(pa.array(highest))
        answers = pa.table([names, *(scores[:, e] / WHOLE for e in range(len(EMOTIONS)))], schema=self.schema)
        return Part(self._partial(scores, highest, ~blank(rows.texts)), answers)

    @staticmethod
    def _partial(scores: Integers, highest: Integers, analysed: Flags) -> Partial:
        scores, highest = scores[analysed], highest[analysed]
        counts = np.bincount(highest, minlength=len(EMOTIONS) + 1).tolist()
        return {
            "analysed": len(scores),
            "score_sums": dict(zip(EMOTIONS, scores.sum(axis=0).tolist(), strict=True)),
            "present": dict(zip(EMOTIONS, (scores >= PRESENT).sum(axis=0).tolist(), strict=True)),
            "dominant": dict(zip((*EMOTIONS, NEUTRAL), counts, strict=True)),
            "high_intensity": int((scores.sum(axis=1) > HIGH_INTENSITY).sum()),
        }

    def summarise(self, partial: Partial) -> dict[str, Any]:
        """The report section. `emotion_distribution` has the mean scores over the comments that are not blank."""
        analysed: int = partial.get("analysed", 0)
        sums, present, counts = (partial.get(key, {}) for key in ("score_sums", "present", "dominant"))
        dominant_counts = {emotion: counts.get(emotion, 0) for emotion in (*EMOTIONS, NEUTRAL)}
        means = {e: round(sums.get(e, 0) / (WHOLE * analysed), 4) if analysed else 0.0 for e in EMOTIONS}
        return {
            "emotion_distribution": means,
            "dominant_emotion_counts": dominant_counts,
            "most_common_emotion": max(dominant_counts, key=dominant_counts.__getitem__) if analysed else None,
            "present_counts": {emotion: present.get(emotion, 0) for emotion in EMOTIONS},
            "total_analyzed_comments": analysed,
            "high_intensity_count": partial.get("high_intensity", 0),
        }

    def fingerprint(self) -> str:
        """Name, version, domain and the digests of weights, lexicon and rules."""
        return f"{self.name}-{self.version}-{self._analyzer.domain}-{self._analyzer.digest}"
