"""`make bench`: the project's targets, each measured beside its reference in the same run.

The machine is shared and noisy, so what counts is a ratio of two things that were measured in turn. `groups.py` lists
what is measured; `probes.py` is what runs in a process of its own; `guard.py` is the part that CI repeats.
"""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
