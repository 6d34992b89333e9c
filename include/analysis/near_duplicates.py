"""Near-duplicates: comments that say nearly the same (a typo, a word more or less), apart from exact duplicates.

Rows with the same normal form are one form here, told by the same keys as exact duplicates. The different forms of all
parts are collected in row order and grouped by `similar.SimilarForms`; the rows of a form then share its group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.analysis import Analysis, Part, Partial, Reduction, Rows
from include.analysis.arrays import Integers
from include.analysis.duplicates import GROUPS_SHOWN, KEY, ROWS_SHOWN, coded_forms, grouped_rows, keys_of, percentage
from include.analysis.memory import release_unused
from include.analysis.parts import StoredPart
from include.analysis.privacy import example
from include.analysis.settings import Settings
from include.analysis.similar import SHORTEST, SIMILARITY, SimilarForms
from include.analysis.sketches import COLUMNS, Sketches, sketches
from include.analysis.spill import MappedRows, RowValues

SKETCH = pa.binary(8 * COLUMNS)
VARIANTS_SHOWN = 3


class NearDuplicatesAnalysis(Analysis):
    """Which comment a row nearly repeats."""

    name: ClassVar[str] = "near_duplicates"
    version: ClassVar[str] = "1"
    schema: ClassVar[pa.Schema] = pa.schema([("near_duplicate_of", pa.int64())])

    def __init__(self, similarity: float = SIMILARITY) -> None:
        self.similarity = similarity

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(settings.similarity)

    @property
    def part_schema(self) -> pa.Schema:
        return pa.schema([("key", KEY), ("form", pa.string()), ("sketch", SKETCH)])

    def analyse(self, rows: Rows) -> Part:
        """The key of each row with enough text; and for each different form its text and sketch, where it is first."""
        coded = coded_forms(rows.texts)
        long_enough = pc.greater_equal(pc.utf8_length(coded.dictionary), SHORTEST)
        keys = pc.if_else(long_enough.take(coded.indices), keys_of(coded), pa.scalar(None, KEY))
        codes, first = np.unique(coded.indices.to_numpy(zero_copy_only=False), return_index=True)
        wanted = long_enough.to_numpy(zero_copy_only=False)[codes]
        forms = coded.dictionary.take(pa.array(codes[wanted]))
        place = np.full(len(rows), -1, np.int64)
        place[first[wanted]] = np.arange(len(forms))
        places = pa.array(place, mask=place < 0)
        packed = pa.FixedSizeBinaryArray.from_buffers(
            SKETCH, len(forms), [None, pa.py_buffer(sketches(forms).astype("<u8").tobytes())]
        )
        answers = pa.table([keys, forms.take(places), packed.take(places)], schema=self.part_schema)
        return Part({"rows": len(rows), "compared": len(rows) - keys.null_count}, answers)

    def reduce(self, parts: Sequence[StoredPart], scratch: Path) -> NearDuplicatesReduction:
        counts = self.merge_all(part.partial() for part in parts)
        if not counts:
            return NearDuplicatesReduction(self, {}, RowValues(scratch / "repeats"), NearGroups.none(scratch))
        repeats, said = RowValues(scratch / "repeats"), RowValues(scratch / "said")
        for found in grouped_rows(parts, counts["compared"], scratch):
            repeats.add(*found.repeats)
            said.add(found.firsts, found.counts)
            del found  # before the next shard is read, and all that follows
        release_unused()
        similar, forms = self._forms(parts, said, scratch)
        groups = NearGroups(forms, *similar.groups())
        return NearDuplicatesReduction(self, {**counts, **groups.counts()}, repeats, groups)

    def _forms(self, parts: Sequence[StoredPart], said: RowValues, scratch: Path) -> tuple[SimilarForms, MappedRows]:
        """All forms in the order of the rows that have them first; with these rows, and how many rows have each."""
        similar = SimilarForms(scratch / "forms", self.similarity)
        forms = MappedRows(scratch / "forms.bin", np.int64, 2)
        for part in parts:
            _add_forms(part, said, similar, forms)
            release_unused()
        return similar, forms

    def summarise(self, partial: Partial) -> dict[str, Any]:
        """The report section; `total_near_duplicates` counts the rows that are not the centre of their group."""
        return {
            "similarity": self.similarity,
            "total_near_duplicates": partial["near_rows"],
            "near_duplicate_percentage": percentage(partial["near_rows"], partial["rows"]),
            "different_near_duplicates": partial["near_forms"],
            "total_groups": partial["near_groups"],
            "different_comments_compared": partial["forms"],
        }

    def fingerprint(self) -> str:
        """Name, version and the similarity that is wanted."""
        return f"{self.name}-{self.version}-{self.similarity:g}"


def _add_forms(part: StoredPart, said: RowValues, similar: SimilarForms, forms: MappedRows) -> None:
    rows = np.arange(part.start, part.stop)
    count = said.of(rows)
    new = np.flatnonzero(count)
    table = part.answers(["form", "sketch"]).take(pa.array(new))
    similar.add(table.column("form").combine_chunks(), _unpacked(table.column("sketch").combine_chunks()))
    forms.add(np.column_stack((rows[new], count[new])))


def _unpacked(packed: pa.FixedSizeBinaryArray) -> Sketches:
    raw = np.frombuffer(packed.buffers()[1] or b"", "<u8")
    return raw[packed.offset * COLUMNS :][: len(packed) * COLUMNS].reshape(-1, COLUMNS)


class NearGroups:
    """Groups of forms. `forms` has for each form the row that has it first, and how many rows have it.

    `near` are the forms that are in a group and not its centre, ascending, and `centres` the centre of each.
    """

    def __init__(self, forms: MappedRows, near: Integers, centres: Integers) -> None:
        groups, group_of = np.unique(centres, return_inverse=True)
        self.rows, times = forms.at(near).T
        self._group_rows, group_times = forms.at(groups).T
        self.centre_rows = self._group_rows[group_of]
        self._forms = len(forms)
        self._near_rows = int(times.sum())
        self._sizes = group_times + np.bincount(group_of, times, len(groups)).astype(np.int64)
        self._variants = np.bincount(group_of, minlength=len(groups)) + 1
        self._member_rows = self.rows[np.argsort(group_of, kind="stable")]

    @classmethod
    def none(cls, scratch: Path) -> NearGroups:
        """No forms."""
        return cls(MappedRows(scratch / "forms.bin", np.int64, 2), np.zeros(0, np.int64), np.zeros(0, np.int64))

    def counts(self) -> Partial:
        return {
            "forms": self._forms,
            "near_rows": self._near_rows,
            "near_forms": len(self.rows),
            "near_groups": len(self._sizes),
        }

    def largest(self) -> list[tuple[int, int, list[int]]]:
        """The groups of the most rows: how many rows and forms, and the first row of each form, the centre's first."""
        ends = np.cumsum(self._variants - 1)
        found = []
        for group in np.lexsort((self._group_rows, -self._sizes))[:GROUPS_SHOWN].tolist():
            start = int(ends[group] - self._variants[group] + 1)
            members = self._member_rows[start : min(int(ends[group]), start + ROWS_SHOWN - 1)]
            rows = [int(self._group_rows[group]), *members.tolist()]
            found.append((int(self._sizes[group]), int(self._variants[group]), rows))
        return found


class NearDuplicatesReduction(Reduction):
    """The groups of all rows, and for each row the first row of the form that is the centre of its group."""

    def __init__(self, analysis: Analysis, partial: Partial, repeats: RowValues, groups: NearGroups) -> None:
        super().__init__(analysis, partial)
        self._repeats = repeats
        self._rows, self._centre_rows = groups.rows, groups.centre_rows
        self._largest = groups.largest()

    def example_rows(self) -> list[int]:
        return [row for _, _, rows in self._largest for row in rows[: 1 + VARIANTS_SHOWN]]

    @property
    def finish_schema(self) -> pa.Schema:
        return pa.schema([("key", KEY)])  # only their number counts

    def finish(self, start: int, answers: pa.Table) -> pa.Table:
        rows = np.arange(start, start + answers.num_rows)
        firsts = self._repeats.of(rows)
        firsts = np.where(firsts == 0, rows, firsts)
        place = np.searchsorted(self._rows, firsts)
        place[place == len(self._rows)] = 0
        near = self._rows[place] == firsts if len(self._rows) else np.zeros(len(rows), bool)
        centres = self._centre_rows[place] if len(self._rows) else firsts
        return pa.table({"near_duplicate_of": pa.array(centres, mask=~near)})

    def section(self, examples: Mapping[int, str]) -> dict[str, Any]:
        groups = [
            {
                "text": example(examples[rows[0]]),
                "variants": [example(examples[row]) for row in rows[1 : 1 + VARIANTS_SHOWN]],
                "count": count,
                "different": different,
                "rows": rows,
            }
            for count, different, rows in self._largest
        ]
        return {**super().section(examples), "groups": groups} if self.partial else {}
