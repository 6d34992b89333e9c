"""What people read: `report.html`, `report.xlsx` and the deduplicated file, from the results of a run alone."""

from __future__ import annotations

from include.analysis.report.build import build
from include.analysis.report.options import ReportOptions

__all__ = ["ReportOptions", "build"]
