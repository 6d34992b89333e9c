"""How many rows of a run that goes on repeat another one, by the keys in the parts that there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

MOST_ROWS = 1_000_000
"""Keys are 16 bytes. Of more rows than these nothing is told before the results are there."""


def repeats_so_far(run_folder: Path, fingerprint: str, batches: list[dict[str, Any]]) -> int | None:
    """Rows whose key some other row before them has; None when there are no keys yet, or too many to count here."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from include.analysis.parts import stored_parts

    parts = []
    for batch in batches:
        folder = run_folder / "parts" / fingerprint / f"{batch['index']:05d}-{batch['digest']}"
        parts += stored_parts(folder, batch["start"])
    if not parts or sum(part.stop - part.start for part in parts) > MOST_ROWS:
        return None
    keys = pa.concat_tables([part.answers(["key"]) for part in parts]).column("key").drop_null()
    return len(keys) - int(pc.count_distinct(keys).as_py())
