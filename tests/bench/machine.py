"""What a measurement was made on and with."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from include.analysis import VERSION

PACKAGES = ("pyarrow", "numpy", "pandas", "polars", "python-calamine", "apache-airflow")


def machine() -> dict[str, Any]:
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "model": model(),
        "memory_mb": round(psutil.virtual_memory().total / 1024**2),
        "load": round(os.getloadavg()[0], 2),
    }


def model() -> str:
    """The name of the processor, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    return {
        "comment_analysis": VERSION,
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }
