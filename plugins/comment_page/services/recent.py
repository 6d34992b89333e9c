"""Values that are as good as new for a moment: however many ask, each is made once in it."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """The newest value of each key, for so many seconds and keys."""

    def __init__(self, seconds: float, keys: int = 64) -> None:
        self.seconds = seconds
        self.keys = keys
        self.made: OrderedDict[str, tuple[float, asyncio.Future[T]]] = OrderedDict()

    async def get(self, key: str, make: Callable[[], Awaitable[T]]) -> T:
        """The value of a key. Who asks while it is made waits for it; one that fails is not kept."""
        known = self.made.get(key)
        if known and (not known[1].done() or time.monotonic() - known[0] < self.seconds):
            return await asyncio.shield(known[1])
        future = asyncio.ensure_future(make())
        self.made[key] = time.monotonic(), future
        self.made.move_to_end(key)
        while len(self.made) > self.keys:
            self.made.popitem(last=False)
        try:
            return await asyncio.shield(future)
        except BaseException:
            self.forget(key)
            raise

    def forget(self, key: str) -> None:
        """Make the value anew when it is next asked for."""
        self.made.pop(key, None)
