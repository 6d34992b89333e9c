"""Exact duplicates: comments with the same, non-empty normal form (see `text.normal_forms`).

A part holds a 128-bit key of each row's normal form. The keys of all parts are dealt out to shards by their first bits,
so that one shard at a time is grouped in memory however large the input is; which rows repeat which first row is dealt
out again by row number, to be read in input order when the answers are written. Keys are BLAKE2b digests: even for
10**9 distinct comments the chance that any two share a key is below 10**-20.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.analysis import Analysis, Part, Partial, Reduction, Rows
from include.analysis.arrays import Integers, order_of_keys
from include.analysis.parts import StoredPart
from include.analysis.privacy import example
from include.analysis.spill import RowValues, Spill
from include.analysis.strings import blocks, text_array
from include.analysis.text import normal_forms

if TYPE_CHECKING:
    import pandas as pd

KEY = pa.binary(16)
ROWS_PER_SHARD = 1_000_000
GROUPS_SHOWN = 100
ROWS_SHOWN = 20


def coded_forms(texts: pa.StringArray) -> pa.DictionaryArray:
    """The normal form of each text, as indices of the different ones."""
    forms = pa.chunked_array((normal_forms(block) for block in blocks(texts)), pa.string())
    coded: pa.DictionaryArray = forms.dictionary_encode().combine_chunks()
    return coded


def keys_of(forms: pa.DictionaryArray) -> pa.Array:
    """The 16-byte key of each normal form; null where that is empty."""
    digests = b"".join(
        hashlib.blake2b(form, digest_size=KEY.byte_width).digest()
        for block in blocks(forms.dictionary)
        for form in block.cast(pa.binary()).to_pylist()
    )
    keys = pa.FixedSizeBinaryArray.from_buffers(KEY, len(forms.dictionary), [None, pa.py_buffer(digests)])
    return pc.if_else(pc.equal(forms.dictionary, ""), pa.scalar(None, KEY), keys).take(forms.indices)


class DuplicatesAnalysis(Analysis):
    """Which row repeats which earlier row."""

    name = "duplicates"
    version = "1"
    schema = pa.schema([("duplicate_of", pa.int64())])

    @property
    def part_schema(self) -> pa.Schema:
        return pa.schema([("key", KEY)])

    def analyse(self, rows: Rows) -> Part:
        keys = keys_of(coded_forms(rows.texts))
        return Part({"rows": len(keys), "without_text": keys.null_count}, pa.table({"key": keys}))

    def reduce(self, parts: Sequence[StoredPart], scratch: Path) -> DuplicatesReduction:
        counts = self.merge_all(part.partial() for part in parts)
        groups, batch_starts = GroupCounts(), np.unique([part.batch_start for part in parts])
        repeats = RowValues(scratch / "repeats")
        for found in grouped_rows(parts, counts.get("rows", 0), scratch):
            groups.add(found, batch_starts)
            repeats.add(*found.repeats)
            del found  # before the next shard is read
        return DuplicatesReduction(self, {**counts, **groups.counts()} if counts else {}, groups, repeats)

    def summarise(self, partial: Partial) -> dict[str, Any]:
        repeats, unique, nearby = partial["repeats"], partial["unique"], partial["repeats_in_batch"]
        return {
            "total_duplicates": repeats,
            "total_unique": unique,
            "without_text": partial["without_text"],
            "duplicate_percentage": percentage(repeats, partial["rows"]),
            "reduction_achieved": percentage(repeats, repeats + unique),
            "batch_duplicates": nearby,
            "cross_batch_duplicates": repeats - nearby,
        }


def percentage(part: int, whole: int) -> float:
    return round(100 * part / whole, 4) if whole else 0.0


def grouped_rows(parts: Sequence[StoredPart], rows: int, scratch: Path) -> Iterator[GroupedRows]:
    """All rows that have a key, grouped by it, a shard at a time; `rows` is about how many there are."""
    shards = max(1, -(-rows // ROWS_PER_SHARD))
    keyed = Spill(scratch / "keys", 3)
    for part in parts:
        found = _keyed_rows(part)
        keyed.add(found, (found[:, 1].view(np.uint64) % np.uint64(shards)).astype(np.int64))
    for shard in range(shards):
        yield group_rows(keyed.read(shard))


def _keyed_rows(part: StoredPart) -> Integers:
    """Row number and both halves of the key, for each row of a part that has a key."""
    keys = part.answers(["key"]).column("key").combine_chunks()
    present = np.flatnonzero(keys.is_valid().to_numpy(zero_copy_only=False))
    filled = keys.drop_null()
    halves = np.frombuffer(filled.buffers()[1], np.int64).reshape(-1, 2)[filled.offset :][: len(filled)]
    return np.column_stack((present + part.start, halves))


@dataclass(frozen=True)
class GroupedRows:
    """Rows of one shard, grouped by key: `rows` ordered by group and then by number, `starts` of the groups in it."""

    rows: Integers
    starts: Integers

    @cached_property
    def counts(self) -> Integers:
        return np.diff(np.append(self.starts, len(self.rows)))

    @cached_property
    def firsts(self) -> Integers:
        return self.rows[self.starts]

    @cached_property
    def repeated(self) -> npt.NDArray[np.bool_]:
        """Whether a row is not the first of its group."""
        repeated = np.ones(len(self.rows), bool)
        repeated[self.starts] = False
        return repeated

    @property
    def repeats(self) -> tuple[Integers, Integers]:
        """Each repeated row, and the first of its group."""
        first_of = np.repeat(self.firsts, self.counts)
        return self.rows[self.repeated], first_of[self.repeated]

    def repeats_in_batch(self, batch_starts: Integers) -> int:
        """Repeated rows whose group has an earlier row in the same batch."""
        batches = np.searchsorted(batch_starts, self.rows, side="right")
        return int((self.repeated[1:] & (np.diff(batches) == 0)).sum())


def group_rows(keyed: Integers) -> GroupedRows:
    """Group (row, key, key) triples, in the order of their rows, by key."""
    ordered = keyed.take(order_of_keys(keyed[:, 1:]), axis=0)
    changes = (np.diff(ordered[:, 1:], axis=0) != 0).any(axis=1)
    starts = np.concatenate(([0], np.flatnonzero(changes) + 1)) if len(ordered) else np.empty(0, np.int64)
    return GroupedRows(ordered[:, 0], starts)


class GroupCounts:
    """How many groups there are, and the largest of them."""

    def __init__(self) -> None:
        self.unique = 0
        self.repeats = 0
        self.repeats_in_batch = 0
        self.largest: list[tuple[int, int, list[int]]] = []  # (-count, first row, rows)

    def counts(self) -> Partial:
        return {"unique": self.unique, "repeats": self.repeats, "repeats_in_batch": self.repeats_in_batch}

    def add(self, found: GroupedRows, batch_starts: Integers) -> None:
        """Count the groups of a shard; groups of different shards are disjoint."""
        self.unique += len(found.starts)
        self.repeats += len(found.rows) - len(found.starts)
        self.repeats_in_batch += found.repeats_in_batch(batch_starts)
        counts, firsts = found.counts, found.firsts
        several = np.flatnonzero(counts > 1)
        top = several[np.lexsort((firsts[several], -counts[several]))[:GROUPS_SHOWN]]
        for group in top.tolist():
            start = int(found.starts[group])
            rows = found.rows[start : start + min(int(counts[group]), ROWS_SHOWN)].tolist()
            self.largest.append((-int(counts[group]), int(firsts[group]), rows))
        self.largest = sorted(self.largest)[:GROUPS_SHOWN]


class DuplicatesReduction(Reduction):
    """The groups of all rows, and for each row that repeats one, the first row of its group."""

    def __init__(self, analysis: Analysis, partial: Partial, groups: GroupCounts, repeats: RowValues) -> None:
        super().__init__(analysis, partial)
        self.groups = groups
        self.repeats = repeats

    def example_rows(self) -> list[int]:
        return [rows[0] for _, _, rows in self.groups.largest]

    def section(self, examples: Mapping[int, str]) -> dict[str, Any]:
        groups = [
            {"text": example(examples[rows[0]]), "count": -count, "rows": rows}
            for count, _, rows in self.groups.largest
        ]
        return {**super().section(examples), "groups": groups} if self.partial else {}

    @property
    def finish_schema(self) -> pa.Schema:
        return pa.schema([("key", KEY)])  # only their number counts

    def finish(self, start: int, answers: pa.Table) -> pa.Table:
        firsts = self.repeats.of(np.arange(start, start + answers.num_rows))
        return pa.table({"duplicate_of": pa.array(firsts, mask=firsts == 0)})


class DuplicateCleaner:
    """Finds and removes repeated comments in a column held in memory."""

    def find(self, texts: Iterable[str | None]) -> npt.NDArray[np.int64]:
        """For each text the position of the first one with the same normal form, -1 where it is that one itself.

        A text whose normal form is empty (blank, dots, emojis alone) repeats nothing.
        """
        forms = normal_forms(text_array(texts)).dictionary_encode()
        codes = forms.indices.to_numpy(zero_copy_only=False)
        _, first, group = np.unique(codes, return_index=True, return_inverse=True)
        of = first[group].astype(np.int64)
        empty = np.array([not form for form in forms.dictionary.to_pylist()], bool)
        of[(of == np.arange(len(of))) | (empty[codes] if len(empty) else False)] = -1
        return of

    def clean(self, frame: pd.DataFrame, text_column: str) -> pd.DataFrame:
        """The rows of a data frame whose text repeats no earlier one; rows without text stay."""
        return frame[self.find(frame[text_column]) < 0]
