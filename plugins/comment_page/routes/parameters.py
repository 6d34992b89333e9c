"""Parameters that several routes have."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

JobId = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9_~:+-][A-Za-z0-9_.~:+-]*$",  # a name of dots alone would lead elsewhere in Airflow's API
        max_length=250,
        description="The id of a job, which is that of its run in Airflow.",
        examples=["page__2025-03-01T12.30.00__5f0c2b1d"],
    ),
]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
Offset = Annotated[int, Query(ge=0, le=1_000_000_000, description="How many to leave out before.")]
