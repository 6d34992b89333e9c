"""What an evaluation wants to reach."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """A figure, and what it should at least be."""

    name: str
    reached: float
    least: float

    @property
    def met(self) -> bool:
        """Whether it is."""
        return self.reached >= self.least

    def __str__(self) -> str:
        return f"{'ok    ' if self.met else 'MISSED'}  {self.reached:.3f}  (goal {self.least:.2f})  {self.name}"
