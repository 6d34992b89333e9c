"""Comment analysis: duplicates, emotions and themes in exports of customer comments. Imports no Airflow."""

from __future__ import annotations

from typing import Any

VERSION = "0.1.0"

__all__ = ["VERSION", "BatchProcessor"]


def __getattr__(name: str) -> Any:
    # Loaded on demand: the DAG file imports this package and must stay light.
    if name == "BatchProcessor":
        from include.analysis.batch_processor import BatchProcessor

        return BatchProcessor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
