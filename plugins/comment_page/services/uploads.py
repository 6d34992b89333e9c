"""Takes files that are sent: streamed to the disk below the inbox, named by us, their type checked by content."""

from __future__ import annotations

import errno
import os
import re
import secrets
import time
import unicodedata
from collections.abc import AsyncIterable
from contextlib import suppress
from pathlib import Path

from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool

from comment_page.services.places import has_unprintable, shown
from include.analysis.errors import UnsupportedInput
from include.analysis.settings import Settings, load_settings
from include.analysis.suffixes import SUFFIXES

FOLDER = "uploads"
"""In the inbox, where the schedule does not look: it takes files right in the inbox alone."""
UPLOAD_ID = r"^[a-z0-9-]{1,60}\.(?:csv|tsv|txt|xlsx|xlsm|xls)(?:\.gz)?$"
MEBIBYTE = 1024 * 1024
LONGEST_STEM = 40
ABANDONED_SECONDS = 24 * 3600


def largest() -> int:
    """The bytes of the largest file that is taken."""
    return int(load_settings().upload_mb * MEBIBYTE)


async def receive(name: str, length: str | None, chunks: AsyncIterable[bytes]) -> Path:
    """Write what is sent to a file below the inbox, and return its path when it can be an export.

    Raises HTTPException 413 as soon as it is too large, by what it declares or by what has come; UserError for what
    is no export.
    """
    limit, suffix = largest(), suffix_of(name)
    refuse_length(length, limit)
    folder = load_settings().inbox / FOLDER
    draft = folder / f".{secrets.token_hex(8)}.part{suffix}"
    try:
        await run_in_threadpool(prepare, folder)
        await write(draft, chunks, limit)
        return await run_in_threadpool(accept, draft, folder / new_name(name, suffix))
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise HTTPException(507, "the server's disk is full; tell whoever runs it") from error
        raise
    finally:
        draft.unlink(missing_ok=True)


def refuse_length(length: str | None, limit: int) -> None:
    """Refuse a body that says itself that it is too large."""
    if length is not None and (not length.isascii() or not length.isdigit() or int(length) > limit):
        raise too_large(limit)


def too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"the file is larger than {limit / MEBIBYTE:,.0f} MiB; compress it (.csv.gz) or split it")


async def write(draft: Path, chunks: AsyncIterable[bytes], limit: int) -> None:
    """Write the chunks as they come, in blocks that are worth a thread."""
    with draft.open("xb") as file:
        size, waiting = 0, bytearray()
        async for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            waiting += chunk
            if len(waiting) >= MEBIBYTE:
                await run_in_threadpool(file.write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(file.write, bytes(waiting))


def accept(draft: Path, path: Path) -> Path:
    """Give a file that is an export by its content its name.

    Raises UserError.
    """
    from include.analysis.files import complete_file
    from include.analysis.reading.filetype import identify

    identify(draft)
    with complete_file(path) as temporary:
        os.replace(draft, temporary)  # noqa: PTH105
    return path


def prepare(folder: Path) -> None:
    """Have the folder, without what was abandoned in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob(".*.part*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                path.unlink()


def suffix_of(name: str) -> str:
    """The type that the name of a file tells.

    Raises UnsupportedInput.
    """
    found = [suffix for suffix in SUFFIXES if name.lower().endswith(suffix)]
    if not found or has_unprintable(name):
        raise UnsupportedInput(f"'{shown(name)}' is not read; the types that are read are {', '.join(SUFFIXES)}")
    return max(found, key=len)


def new_name(name: str, suffix: str) -> str:
    """A name of ours, in which people recognise theirs: letters, digits and dashes of it, and what makes it unique."""
    stem = shown(name)[: -len(suffix)]
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_STEM].strip("-") or "export"
    return f"{words}-{secrets.token_hex(8)}{suffix}"


def uploaded(settings: Settings) -> list[Path]:
    """The files that were sent."""
    folder = settings.inbox / FOLDER
    return [path for path in folder.glob("*") if re.match(UPLOAD_ID, path.name)] if folder.is_dir() else []
