"""What people feel: evidence for six emotions in the words of a comment, weighed into scores between 0 and 1.

Scores are made of integers only (`score` gives ten-thousandths), so they are the same on every machine and their sums
do not depend on the order of adding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from include.analysis.analysis import Analysis, Part, Partial, Rows
from include.analysis.errors import SettingError
from include.analysis.lexicon_file import LexiconFile
from include.analysis.matching import Flags, Integers, PhraseMatcher, clause_marks, negated
from include.analysis.settings import Settings
from include.analysis.text import Texts, Tokens, blank, by_distinct_text, tokenise

if TYPE_CHECKING:
    import pandas as pd

LEXICON = Path(__file__).parent / "data" / "emotions.toml"

EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")
NEUTRAL = "neutral"
DOMAINS = ("feedback", "social")
WHOLE = 10_000
PRESENT = WHOLE // 2
HIGH_INTENSITY = 7 * WHOLE // 10


@dataclass(frozen=True)
class _Phrase:
    """A phrase of the lexicon: the evidence it is for each emotion, and what it is when negated."""

    text: str
    evidence: tuple[int, ...] = (0,) * len(EMOTIONS)
    when_negated: tuple[int, ...] = (0,) * len(EMOTIONS)
    scope: int = 0


@dataclass(frozen=True)
class EmotionLexicon:
    """A lexicon file as one domain uses it."""

    phrases: tuple[_Phrase, ...]
    negators: tuple[str, ...]
    breakers: tuple[str, ...]
    half: int
    digest: str


def load_lexicon(domain: str = "feedback", path: Path | None = None) -> EmotionLexicon:
    """The lexicon of a file (by default the one of this package) for a domain.

    Raises LexiconError, naming file and line, when the file cannot be used, and SettingError for an unknown domain.
    """
    if domain not in DOMAINS:
        raise SettingError(f'there is no emotion domain "{domain}"; there are {" and ".join(DOMAINS)}')
    return _LexiconReader(LexiconFile.read(path or LEXICON), domain).read()


class _LexiconReader:
    """Checks an emotion lexicon and turns it into numbers."""

    def __init__(self, file: LexiconFile, domain: str) -> None:
        self.file = file
        self.domain = domain

    def read(self) -> EmotionLexicon:
        known = {"weights", "domains", "negation", "neutral", *EMOTIONS}
        for key in self.file.content:
            if key not in known:
                raise self._error(f'unknown section "{key}"; there are {", ".join(sorted(known))}', key)
        self.weights = {level: self._number("weights", level) for level in self._table("weights")}
        negation = self._table("negation", {"scope", "becomes", "negators", "breakers"})
        return EmotionLexicon(
            phrases=self._phrases(),
            negators=self._list("negation", negation, "negators"),
            breakers=self._list("negation", negation, "breakers"),
            half=self._number(f"domains.{self.domain}", "half"),
            digest=self.file.digest,
        )

    def _error(self, message: str, about: str | None = None, section: str | None = None) -> Exception:
        return self.file.error(message, about, self._at(section) if section else 0)

    def _at(self, section: str) -> int:
        return self.file.offset_of(rf"^\s*\[\s*{section.replace('.', chr(92) + '.')}\s*\]")

    def _table(self, section: str, keys: Iterable[str] | None = None, needed: bool = True) -> dict[str, Any]:
        """A section of the file, with no other keys than `keys`."""
        table: Any = self.file.content
        for name in section.split("."):
            table = table.get(name) if isinstance(table, dict) else None
        if table is None and not needed:
            return {}
        if not isinstance(table, dict):
            raise self._error(f"there is no section [{section}]")
        for key in table:
            if keys is not None and key not in keys:
                raise self._error(
                    f'unknown key "{key}" in [{section}]; it takes {", ".join(sorted(keys))}', key, section
                )
        return table

    def _number(self, section: str, key: str) -> int:
        value = self._table(section).get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1000:
            raise self._error(f"{key} in [{section}] must be a whole number from 1 to 1000", key, section)
        return value

    def _list(self, section: str, table: dict[str, Any], key: str) -> tuple[str, ...]:
        return tuple(self.file.phrases(table.get(key, []), f"in [{section}], {key}", self._at(section)))

    def _phrases(self) -> tuple[_Phrase, ...]:
        """Every phrase once, with the evidence that all sections together give it."""
        texts = dict.fromkeys(self._list("neutral", self._table("neutral", {"phrases"}, needed=False), "phrases"))
        evidence: dict[str, list[int]] = {text: [0] * len(EMOTIONS) for text in texts}
        for text, emotion, weight in self._entries():
            row = evidence.setdefault(text, [0] * len(EMOTIONS))
            row[emotion] = max(row[emotion], weight)
        becomes, scopes = self._becomes(), self._scopes()
        return tuple(
            _Phrase(
                text,
                tuple(row),
                tuple(max((becomes[e][to] for e, w in enumerate(row) if w), default=0) for to in range(len(row))),
                max((scopes[e] for e, w in enumerate(row) if w), default=0),
            )
            for text, row in evidence.items()
        )

    def _entries(self) -> Iterator[tuple[str, int, int]]:
        for i, emotion in enumerate(EMOTIONS):
            for section, needed in ((emotion, True), (f"domains.{self.domain}.{emotion}", False)):
                table = self._table(section, self.weights, needed)
                for level in table:
                    for text in self._list(section, table, level):
                        yield text, i, self.weights[level]

    def _scopes(self) -> list[int]:
        self._table("negation.scope", EMOTIONS)
        return [self._number("negation.scope", emotion) for emotion in EMOTIONS]

    def _becomes(self) -> list[list[int]]:
        """For each emotion the evidence that a negated phrase of it is instead."""
        table = self._table("negation.becomes", EMOTIONS, needed=False)
        rows = [[0] * len(EMOTIONS) for _ in EMOTIONS]
        for emotion, instead in table.items():
            if not isinstance(instead, dict):
                raise self._error(f'{emotion} must be like {{ anger = "weak" }}', emotion, "negation.becomes")
            for to, level in instead.items():
                if to not in EMOTIONS or level not in self.weights:
                    raise self._error(f'"{to} = {level}" is not an emotion and a level', to, "negation.becomes")
                rows[EMOTIONS.index(emotion)][EMOTIONS.index(to)] = self.weights[level]
        return rows


class EmotionAnalyzer:
    """Scores the emotions of comments.

    `domain` is "feedback" (customer comments: most short remarks are neutral) or "social" (social media, where little
    is needed); `lexicon` is the path of a lexicon file, by default this package's own. Raises LexiconError when the
    file cannot be used and SettingError for an unknown domain.
    """

    def __init__(self, domain: str = "feedback", lexicon: Path | None = None) -> None:
        self.domain = domain
        loaded = load_lexicon(domain, lexicon)
        self.digest = loaded.digest
        self._half = loaded.half
        texts = [phrase.text for phrase in loaded.phrases]
        self._negators_from, self._breakers_from = len(texts), len(texts) + len(loaded.negators)
        self._matcher = PhraseMatcher([*texts, *loaded.negators, *loaded.breakers])
        none = [_Phrase("")] * (len(loaded.negators) + len(loaded.breakers))
        phrases = [*loaded.phrases, *none]
        self._evidence = np.array([phrase.evidence for phrase in phrases], np.int64)
        self._when_negated = np.array([phrase.when_negated for phrase in phrases], np.int64)
        self._scope = np.array([phrase.scope for phrase in phrases], np.int64)
        self._own_negation = self._holds_negator(texts, loaded.negators, len(none))

    @staticmethod
    def _holds_negator(texts: list[str], negators: tuple[str, ...], others: int) -> Flags:
        """Phrases with a negator in them say what they say; a negator before them does not turn them round."""
        found = PhraseMatcher(negators).find(tokenise([text.replace("*", "") for text in texts]))
        flags = np.zeros(len(texts) + others, bool)
        flags[found.owner] = True
        return flags

    def score(self, texts: Texts) -> Integers:
        """Scores in ten-thousandths, of shape (texts, 6), columns in the order of `EMOTIONS`. Blank texts score 0."""
        evidence = by_distinct_text(self._weigh, texts)
        scores: Integers = WHOLE * evidence // (evidence + self._half)
        return scores

    def _weigh(self, tokens: Tokens) -> Integers:
        """The evidence for each emotion in each comment."""
        found = self._matcher.find(tokens)
        is_breaker = found.phrase >= self._breakers_from
        barriers = np.union1d(clause_marks(tokens), found.only(is_breaker).start)
        found = found.only(~is_breaker).longest()
        is_phrase = found.phrase < self._negators_from
        negators = found.only(~is_phrase)
        said = found.only(is_phrase)
        turned = negated(tokens, said.start, np.sort(negators.end - 1), barriers, self._scope[said.phrase])
        turned &= ~self._own_negation[said.phrase]
        weights = np.where(turned[:, None], self._when_negated[said.phrase], self._evidence[said.phrase])
        # What matches the same words ("decepcion*", "decepcionad*") is one piece of evidence: the strongest.
        firsts = np.flatnonzero(np.diff(said.start, prepend=-1) | np.diff(said.length, prepend=-1))
        if len(firsts):
            weights = np.maximum.reduceat(weights, firsts, axis=0)
        comments = len(tokens.offsets) - 1
        evidence = [np.bincount(said.owner[firsts], weights[:, e], comments) for e in range(len(EMOTIONS))]
        return np.stack(evidence, axis=1).astype(np.int64)

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


def dominant(scores: Integers) -> Integers:
    """The position in `EMOTIONS` of each row's dominant emotion; `len(EMOTIONS)` where none is present."""
    highest: Integers = np.where(scores.max(axis=1) >= PRESENT, scores.argmax(axis=1), len(EMOTIONS))
    return highest


class EmotionsAnalysis(Analysis):
    """The dominant emotion and the six scores of every comment."""

    name: ClassVar[str] = "emotions"
    version: ClassVar[str] = "1"
    schema: ClassVar[pa.Schema] = pa.schema(
        [("emotion", pa.string()), *((emotion, pa.float64()) for emotion in EMOTIONS)]
    )

    def __init__(self, domain: str = "feedback", lexicon: Path | None = None) -> None:
        self._analyzer = EmotionAnalyzer(domain, lexicon)

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
        """Name, version, domain and digest of the lexicon file."""
        return f"{self.name}-{self.version}-{self._analyzer.domain}-{self._analyzer.digest}"
