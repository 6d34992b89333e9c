"""What comments talk about: themes of a taxonomy that an analyst can edit, and how many comments mention each.

A comment mentions a theme when one of the theme's terms occurs in it, unless the term overlaps one of the theme's
`exclude` phrases. Weak terms give way to the terms of certain other themes in the same clause ("la app no funciona" is
about the app, "no funciona" alone about the connection), and where a clause has no term of any theme, to those of the
clauses beside it ("abrí la app, no funciona"). A comment may mention several themes, or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.analysis import Analysis, Part, Partial, Reduction, Rows
from include.analysis.arrays import Flags, Integers
from include.analysis.matching import Matches, PhraseMatcher
from include.analysis.phrases import PhraseTable
from include.analysis.privacy import example
from include.analysis.sampling import CommentSample
from include.analysis.settings import Settings
from include.analysis.strings import Texts, blank, distinct, filled
from include.analysis.taxonomy import load_taxonomy
from include.analysis.text import Tokens, by_distinct_text

if TYPE_CHECKING:
    from include.analysis.parts import StoredPart

SEPARATOR = ";"
ALL = "*"
SCORE_COLUMNS = ("Nota", "NOTA", "nota")
SAMPLE_BYTES = 4 << 20
"""Phrases are counted in as many comments as this holds: all of a file of about thirty thousand, or a sample."""

TERM, WEAK, EXCLUDE, BREAK = range(4)


class ThemeAnalyzer:
    """Finds the themes of comments. `taxonomy` is the path of a taxonomy file; the default is this package's own.

    Raises LexiconError when the file cannot be used.
    """

    def __init__(self, taxonomy: Path | None = None) -> None:
        loaded = load_taxonomy(taxonomy)
        self.themes, self.digest = loaded.themes, loaded.digest
        self.ids = tuple(theme.id for theme in self.themes)
        phrases = [
            (phrase, kind, i)
            for kind, name in ((TERM, "terms"), (WEAK, "weak"), (EXCLUDE, "exclude"))
            for i, theme in enumerate(self.themes)
            for phrase in dict.fromkeys(getattr(theme, name))
        ]
        phrases += [(phrase, BREAK, 0) for phrase in loaded.breaks]
        self._phrases = [phrase for phrase, _, _ in phrases]
        self._kind_of = np.array([kind for _, kind, _ in phrases], np.int64)
        self._theme_of = np.array([theme for _, _, theme in phrases], np.int64)
        self._yields = np.array([[other in theme.yields_to for other in self.ids] for theme in self.themes], bool)

    @cached_property
    def _matcher(self) -> PhraseMatcher:
        return PhraseMatcher(self._phrases, correct=True)

    def mentions(self, texts: Texts) -> Flags:
        """Which themes each text mentions: flags of shape (texts, themes), columns in taxonomy order."""
        return by_distinct_text(self._mentions, texts)

    def _mentions(self, tokens: Tokens) -> Flags:
        found = self._matcher.find(tokens)
        kind = self._kind_of[found.phrase]
        excludes, breaks = found.only(kind == EXCLUDE), found.only(kind == BREAK).start
        strong, weak = (self._standing(found.only(kind == one), excludes, tokens) for one in (TERM, WEAK))
        weak = weak.only(~self._outdone(weak, strong, tokens, breaks))
        flags = np.zeros((len(tokens.offsets) - 1, len(self.themes)), bool)
        for mentions in (strong, weak):
            flags[mentions.owner, self._theme_of[mentions.phrase]] = True
        return flags

    def _standing(self, terms: Matches, excludes: Matches, tokens: Tokens) -> Matches:
        """The terms that share no token with an exclude phrase of their own theme."""
        held = np.zeros((len(tokens.offsets) - 1, len(self.themes)), bool)
        held[excludes.owner, self._theme_of[excludes.phrase]] = True
        doubtful = np.flatnonzero(held[terms.owner, self._theme_of[terms.phrase]])
        standing = np.ones(len(terms), bool)
        standing[doubtful] = ~self._overlapped(terms.only(doubtful), excludes, len(tokens.ids))
        return terms.only(standing)

    def _outdone(self, weak: Matches, strong: Matches, tokens: Tokens, breaks: Integers) -> Flags:
        """Which weak terms stand in a clause with a term of a theme that theirs yields to, or alone beside such one."""
        if not len(weak):
            return np.zeros(0, bool)
        begins = np.zeros(len(tokens.ids) + 1, bool)
        marks = tokens.clause_marks
        begins[tokens.offsets] = begins[breaks] = begins[marks[np.diff(marks, append=-1) != 1]] = True  # ... is one
        clause = np.cumsum(begins)
        held = np.zeros((int(clause[-1]) + 1, len(self.themes)), bool)  # clauses count from 1: row 0 holds nothing
        held[clause[strong.start], self._theme_of[strong.phrase]] = True
        here, yields = clause[weak.start], self._yields[self._theme_of[weak.phrase]]
        alone: Flags = ~held[here].any(axis=1)
        before = alone & (here != clause[tokens.offsets[weak.owner]])
        after = alone & (here != clause[tokens.offsets[weak.owner + 1] - 1])
        clauses = held[here] | held[np.where(before, here - 1, 0)] | held[np.where(after, here + 1, 0)]
        outdone: Flags = (clauses & yields).any(axis=1)
        return outdone

    def _overlapped(self, terms: Matches, excludes: Matches, size: int) -> Flags:
        """Which terms share a token with an exclude phrase of their own theme."""
        # Each theme has a stretch of positions of its own, so one sorted array serves all themes.
        base, exclude_base = self._theme_of[terms.phrase] * (size + 1), self._theme_of[excludes.phrase] * (size + 1)
        order = np.argsort(exclude_base + excludes.start, kind="stable")
        starts = (exclude_base + excludes.start)[order]
        reach = np.maximum.accumulate((exclude_base + excludes.end)[order])
        before = np.searchsorted(starts, base + terms.end)
        overlapped: Flags = (before > 0) & (reach[np.maximum(before, 1) - 1] > base + terms.start)
        return overlapped

    def analyze(self, texts: Texts) -> list[tuple[str, ...]]:
        """The ids of the themes that each text mentions, in taxonomy order."""
        rows, which = _combinations(self.mentions(texts))
        themes = [tuple(self.ids[i] for i in np.flatnonzero(row)) for row in rows]
        return [themes[i] for i in which.tolist()]

    def extract_themes(self, texts: Texts) -> dict[str, int]:
        """How many texts mention each theme that is mentioned, most first, ties in taxonomy order."""
        counts = self.mentions(texts).sum(axis=0).tolist()
        return dict(_most_first(zip(self.ids, counts, strict=True)))


def _most_first(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(((theme, n) for theme, n in counts if n), key=lambda mentioned: -mentioned[1])


def _combinations(flags: Flags) -> tuple[Flags, Integers]:
    """The different rows of `flags`, and for each row which of them it is."""
    packed = np.packbits(flags, axis=1)
    width = packed.shape[1]
    rows = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(packed), [None, pa.py_buffer(packed.tobytes())])
    coded = rows.dictionary_encode()
    raw = b"".join(coded.dictionary.to_pylist())
    different: npt.NDArray[np.uint8] = np.frombuffer(raw, np.uint8).reshape(-1, width)
    return np.unpackbits(different, axis=1, count=flags.shape[1]).astype(bool), coded.indices.to_numpy()


def thousandths(texts: pa.StringArray) -> tuple[Integers, Flags]:
    """Numbers as they are written in a column ("9", "8.5", "8,5"), in thousandths; and which texts are numbers."""
    plain = pc.replace_substring(pc.utf8_trim_whitespace(filled(texts)), ",", ".")
    given = pc.match_substring_regex(plain, r"^[+-]?\d{1,6}(\.\d+)?$")
    numbers = pc.if_else(given, plain, "0").cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.rint(numbers * 1000).astype(np.int64), given.to_numpy(zero_copy_only=False)


class ThemesAnalysis(Analysis):
    """The themes of every comment (`themes`, ids joined with ";"), and what there is to say about each theme."""

    name: ClassVar[str] = "themes"
    version: ClassVar[str] = "3"
    schema: ClassVar[pa.Schema] = pa.schema([("themes", pa.string())])
    columns: ClassVar[tuple[str, ...]] = SCORE_COLUMNS

    def __init__(self, taxonomy: Path | None = None) -> None:
        self.analyzer = ThemeAnalyzer(taxonomy)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(settings.taxonomy)

    def analyse(self, rows: Rows) -> Part:
        """Find the themes of one slice.

        The partial counts the analysed comments (those that are not blank), those with a theme, and the mentions of
        each theme; and for all analysed comments and each theme how many have a `Nota`, and their sum in thousandths.
        """
        flags = self.analyzer.mentions(rows.texts)
        different, which = _combinations(flags)
        joined = [SEPARATOR.join(self.analyzer.ids[i] for i in np.flatnonzero(row)) for row in different]
        mentions = zip(self.analyzer.ids, flags.sum(axis=0).tolist(), strict=True)
        analysed = ~blank(rows.texts)
        partial = {
            "analysed": int(analysed.sum()),
            "with_theme": int(flags.any(axis=1).sum()),
            "mentions": {theme: count for theme, count in mentions if count},
            "scores": self._scores(rows, flags, analysed),
        }
        answers = pa.array(joined, pa.string()).take(pa.array(which))
        return Part(partial, pa.table([answers], schema=self.schema))

    def _scores(self, rows: Rows, flags: Flags, analysed: Flags) -> dict[str, dict[str, int]]:
        column = next((name for name in SCORE_COLUMNS if name in rows.table.column_names), None)
        if column is None:
            return {}
        scores, given = thousandths(rows.table.column(column).combine_chunks())
        groups = {ALL: analysed & given, **{theme: flags[:, i] & given for i, theme in enumerate(self.analyzer.ids)}}
        return {
            group: {"count": int(members.sum()), "sum": int(scores[members].sum())}
            for group, members in groups.items()
            if members.any()
        }

    def reduce(self, parts: Sequence[StoredPart], scratch: Path) -> ThemesReduction:
        return ThemesReduction(self, self.merge_all(part.partial() for part in parts))

    def summarise(self, partial: Partial) -> dict[str, Any]:
        """The report section. `percentage` is the share of the analysed (not blank) comments that mention a theme."""
        analysed: int = partial.get("analysed", 0)
        counts: dict[str, int] = partial.get("mentions", {})
        scores: dict[str, dict[str, int]] = partial.get("scores", {})
        mentioned = _most_first((theme, counts.get(theme, 0)) for theme in self.analyzer.ids)
        total = sum(count for _, count in mentioned)
        names = {theme.id: theme.name_es for theme in self.analyzer.themes}
        return {
            "total_themes": len(mentioned),
            "top_themes": [
                {
                    "theme": theme,
                    "name": names[theme],
                    "mentions": count,
                    "percentage": round(100 * count / analysed, 2),
                    **_average(scores, theme),
                }
                for theme, count in mentioned
            ],
            "total_theme_mentions": total,
            "average_themes_per_comment": round(total / analysed, 4) if analysed else 0.0,
            "analysed_comments": analysed,
            "comments_without_theme": analysed - partial.get("with_theme", 0),
            **_average(scores, ALL),
        }

    def fingerprint(self) -> str:
        """Name, version and digest of the taxonomy file."""
        return f"{self.name}-{self.version}-{self.analyzer.digest}"


def _average(scores: dict[str, dict[str, int]], group: str) -> dict[str, float]:
    """The mean `Nota`, where the input has one."""
    if ALL not in scores:
        return {}
    found = scores.get(group)
    return {"average_nota": round(found["sum"] / (1000 * found["count"]), 2)} if found else {}


class ThemesReduction(Reduction):
    """Adds what only all rows together can say: the emotions and the typical phrases of each theme, and examples."""

    analysis: ThemesAnalysis

    def __init__(self, analysis: ThemesAnalysis, partial: Partial) -> None:
        super().__init__(analysis, partial)
        self._combinations: dict[str, int] = {}
        self._emotions: dict[str, Integers] = {}  # how many comments of each combination feel it
        self._sample = CommentSample(SAMPLE_BYTES)

    def observe(self, rows: Rows, answers: Mapping[str, pa.Table]) -> None:
        """Sample comments by their combination of themes, and count the emotions of each combination."""
        themes = answers[self.analysis.name].column("themes").combine_chunks()
        said = np.flatnonzero(themes.is_valid().to_numpy(zero_copy_only=False) & ~blank(rows.texts))
        ids, which = distinct(themes.take(pa.array(said)))
        numbers = [self._combinations.setdefault(joined, len(self._combinations)) for joined in ids.to_pylist()]
        combination = np.array(numbers, np.int64)[which]
        self._sample.add(rows.start + said, combination, rows.texts, said)
        if "emotions" in answers:
            names, felt = distinct(answers["emotions"].column("emotion").combine_chunks().take(pa.array(said)))
            for number, emotion in enumerate(names.to_pylist()):
                counts = np.bincount(combination[felt == number], minlength=len(self._combinations))
                before = self._emotions.get(emotion, counts[:0])
                counts[: len(before)] += before
                self._emotions[emotion] = counts

    def section(self, examples: Mapping[int, str]) -> dict[str, Any]:
        section = super().section(examples)
        if not section:
            return {}
        ids = self.analysis.analyzer.ids
        combinations = [set(joined.split(SEPARATOR)) for joined in self._combinations]
        has = np.array([[theme in found for theme in ids] for found in combinations], bool).reshape(-1, len(ids))
        sample = self._sample.table()
        table = PhraseTable(sample.column("text").combine_chunks())
        mentioned = has[sample.column("label").to_numpy()]
        for entry in section["top_themes"]:
            theme = ids.index(entry["theme"])
            entry.update(self._emotions_of(has[:, theme]), **_phrases_of(table, mentioned[:, theme]))
        untold = _phrases_of(table, ~mentioned.any(axis=1))
        return {
            **section,
            "candidate_phrases": untold["phrases"],
            "candidate_examples": untold["examples"],
            "phrases_counted_in": sample.num_rows,
        }

    def _emotions_of(self, combinations: Flags) -> dict[str, dict[str, int]]:
        """How many comments with one of these combinations of themes have each dominant emotion."""
        felt = {emotion: self._emotions[emotion] for emotion in sorted(self._emotions) if emotion}
        counts = {emotion: int(of[combinations[: len(of)]].sum()) for emotion, of in felt.items()}
        return {"emotions": counts} if counts else {}


def _phrases_of(table: PhraseTable, member: Flags) -> dict[str, list[Any]]:
    """The typical phrases of some of the comments, with the comments that have them, and examples, masked."""
    phrases = table.typical(member)
    spelled = table.spelled(phrases)
    return {
        "phrases": [{"phrase": text, "comments": one.comments} for text, one in zip(spelled, phrases, strict=True)],
        "examples": [example(text) for text in table.examples(member, phrases)],
    }
