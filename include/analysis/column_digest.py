"""A hash of the values of a column, the same however they are cut into arrays and whatever wrote them."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

DIGEST_BYTES = 16


class ColumnDigest:
    """Hashes which values are missing, how long the others are, and what they are, each as one stream."""

    def __init__(self) -> None:
        self.missing, self.lengths, self.values = (hashlib.blake2b(digest_size=DIGEST_BYTES) for _ in range(3))

    def update(self, column: pa.Array) -> None:
        """Add the next values of the column."""
        self.missing.update(column.is_null().to_numpy(zero_copy_only=False).tobytes())
        present = column.drop_null()
        if pa.types.is_string(present.type) or pa.types.is_fixed_size_binary(present.type):
            self._update_bytes(present.cast(pa.large_binary()))
            return
        numbers = present.to_numpy(zero_copy_only=False)
        if numbers.dtype.kind in "biufmM":
            self.values.update(numbers.tobytes())
        else:
            self.values.update("".join(f"{value!r}\n" for value in present.to_pylist()).encode())

    def _update_bytes(self, present: pa.LargeBinaryArray) -> None:
        if not len(present):
            return
        _, ends, data = present.buffers()
        bounds = np.frombuffer(ends, np.int64)[present.offset : present.offset + len(present) + 1]
        self.lengths.update(np.diff(bounds).tobytes())
        self.values.update(memoryview(data)[bounds[0] : bounds[-1]] if data is not None else b"")

    def hexdigest(self) -> str:
        """The hash of what was added so far."""
        streams = (self.missing, self.lengths, self.values)
        return hashlib.blake2b(b"".join(one.digest() for one in streams), digest_size=DIGEST_BYTES).hexdigest()
