"""What there is to choose on the page."""

from __future__ import annotations

from typing import Any

from comment_page.access import permissions
from comment_page.models import Names, Options
from comment_page.services.uploads import largest
from include.analysis.bounds import BATCH_SIZE_BOUNDS, MEMORY_BOUNDS, WORKERS_BOUNDS
from include.analysis.settings import load_settings
from include.analysis.suffixes import SUFFIXES


def options(user: Any, lang: str | None) -> Options:
    """The choices, in a language, for a user."""
    from include.analysis.emotion_model import EMOTIONS
    from include.analysis.report.language import Language
    from include.analysis.taxonomy import load_taxonomy

    settings = load_settings()
    language = Language.load(lang or settings.report_language)
    themes = load_taxonomy(settings.taxonomy).themes
    return Options.model_validate(
        {
            "language": language.code,
            "analyses": list(settings.analyses),
            "emotions": [Names(id=name, name=language.emotion(name)) for name in (*EMOTIONS, "neutral")],
            "themes": [Names(id=theme.id, name=getattr(theme, f"name_{language.code}")) for theme in themes],
            "upload_types": list(SUFFIXES),
            "upload_bytes": largest(),
            "batch_size": BATCH_SIZE_BOUNDS,
            "n_workers": WORKERS_BOUNDS,
            "max_memory_mb": MEMORY_BOUNDS,
            **permissions(user),
        }
    )
