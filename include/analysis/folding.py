"""Comments folded: without case, accents and other marks, and with one sign for what ends a clause.

A whole column at a time, on one flat array of its bytes (UTF-8), so no Python runs per character or per row. What a
character beyond ASCII becomes is asked of `unicodedata` once, when it is first met, and remembered in tables indexed by
code point.
"""

from __future__ import annotations

import sys
import unicodedata
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from include.analysis.arrays import Flags
from include.analysis.strings import (
    FOLLOWS,
    FOLLOWS_MASK,
    Bytes,
    Codes,
    Offsets,
    Texts,
    content_offsets,
    contents,
    filled,
    text_array,
)

Places = npt.NDArray[np.intp]

GAP = " "

FIRST_BEYOND = 0x80
LONGEST_CHARACTER = 4
HOLE = 0xFF
"""A byte that UTF-8 never has."""

# Code points that came with Unicode 15.0 and 15.1, as ranges. Python 3.12 and 3.13 know them, 3.11 does not, and that
# is all that their tables say differently of folding and classes: they are read as not assigned, as 3.11 reads them.
# fmt: off
NEWER_THAN_UNICODE_14 = (
    (0x00CF3, 0x00CF3), (0x00ECE, 0x00ECE), (0x02FFC, 0x02FFF), (0x031EF, 0x031EF), (0x10EFD, 0x10EFF),
    (0x1123F, 0x11241), (0x11B00, 0x11B09), (0x11F00, 0x11F59), (0x1342F, 0x1342F), (0x13439, 0x13455),
    (0x1B132, 0x1B132), (0x1B155, 0x1B155), (0x1D2C0, 0x1D2D3), (0x1DF25, 0x1DF2A), (0x1E030, 0x1E08F),
    (0x1E4D0, 0x1E4F9), (0x1F6DC, 0x1F6DC), (0x1F774, 0x1F77F), (0x1F7D9, 0x1F7D9), (0x1FA75, 0x1FA77),
    (0x1FA87, 0x1FA88), (0x1FAAD, 0x1FAAF), (0x1FABB, 0x1FABF), (0x1FACE, 0x1FACF), (0x1FADA, 0x1FADB),
    (0x1FAE8, 0x1FAE8), (0x1FAF7, 0x1FAF8), (0x2B739, 0x2B739), (0x2EBF0, 0x2EE5D), (0x31350, 0x323AF),
)
# fmt: on

CLAUSE_MARK = "."
"""What every mark that ends a clause is as a token."""

CLAUSE_MARKS = frozenset('.,;:!?¡¿…()[]{}|/\n\r\u2028\u2029—–"«»“”')

_NEWER = frozenset(code for first, last in NEWER_THAN_UNICODE_14 for code in range(first, last + 1))
AS_UNICODE_14 = dict.fromkeys(_NEWER, " ")
"""For `str.translate`, before characters are classed by other means than the tables below."""


def fold_character(character: str) -> str:
    """Decomposed (NFKD), without combining marks, casefolded; folded once more it stays as it is."""
    if ord(character) in _NEWER:
        return character
    decomposed = unicodedata.normalize("NFKD", character)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def _shown(character: str) -> tuple[str, bool]:
    """What a folded character is in `FoldedText`, and whether it is a symbol."""
    newer = ord(character) in _NEWER
    if character.isalnum() and not newer:
        return character, False
    if character in CLAUSE_MARKS:
        return CLAUSE_MARK, False
    category = "Cn" if newer else unicodedata.category(character)
    # Unassigned code points among the emojis are emojis newer than the tables.
    is_emoji = category == "So" or (category == "Cn" and 0x1F000 <= ord(character) < 0x20000)
    is_symbol = is_emoji or (category == "Sk" and ord(character) > 0xA8)
    return (character, True) if is_symbol else (GAP, False)


_ASCII = bytes(ord(_shown(fold_character(chr(code)))[0]) for code in range(FIRST_BEYOND))
_OF_BYTES = _ASCII + bytes(range(FIRST_BEYOND, 256))
"""For `bytes.translate`: what ASCII characters are when folded."""


class _CharactersBeyondAscii:
    """Per code point the bytes that it becomes, filled as code points are met; most become fewer, none of these more.

    `utf8` has as many as UTF-8 has for the code point, those that are not needed are HOLE; `symbol` tells which of
    them are of symbols. `longer` are those that become more bytes, with what they fold to.
    """

    def __init__(self) -> None:
        size = sys.maxunicode + 1
        self.utf8 = np.zeros((size, LONGEST_CHARACTER), np.uint8)  # 0: not met yet
        self.symbol = np.zeros((size, LONGEST_CHARACTER), bool)
        self.longer: dict[int, str] = {}

    def meet(self, codes: Codes) -> None:
        """See that all of these are known."""
        fresh = codes[self.utf8[codes, 0] == 0]
        for code in np.unique(fresh).tolist():
            folded = fold_character(chr(code))
            shown = [_shown(character) for character in folded]
            raw = "".join(character for character, _ in shown).encode()
            if len(folded.encode()) > len(chr(code).encode()):
                self.longer[code] = folded
            else:
                of_symbols = [is_symbol for character, is_symbol in shown for _ in character.encode()]
                self.utf8[code] = np.frombuffer(raw.ljust(LONGEST_CHARACTER, bytes([HOLE])), np.uint8)
                self.symbol[code, : len(raw)] = of_symbols


_BEYOND_ASCII = _CharactersBeyondAscii()


@dataclass(frozen=True)
class FoldedText:
    """A column of comments, NFKD-decomposed, without combining marks, casefolded, in UTF-8.

    `utf8` holds all comments one after another; comment i is `utf8[offsets[i]:offsets[i + 1]]`. Letters, digits and
    symbols (at the places `symbols`) are themselves, each mark that ends a clause is CLAUSE_MARK, all else GAP. A null
    comment is empty.
    """

    utf8: Bytes
    offsets: Offsets
    symbols: Places

    @cached_property
    def word(self) -> Flags:
        """Which bytes are of letters and digits."""
        word = self.utf8 > ord(CLAUSE_MARK)
        word[self.symbols] = False
        return word

    @cached_property
    def word_begins(self) -> Flags:
        """Where runs of letters and digits begin; none crosses the border of a comment."""
        goes_on = np.empty(len(self.word) + 1, bool)
        goes_on[:1] = False
        goes_on[1:] = self.word
        goes_on[self.offsets] = False
        begins: Flags = self.word & ~goes_on[:-1]
        return begins

    @property
    def token_begins(self) -> Flags:
        """Where words, clause marks and symbols begin."""
        begins: Flags = self.word_begins | (self.utf8 == ord(CLAUSE_MARK))
        begins[self.symbols[(self.utf8[self.symbols] & FOLLOWS_MASK) != FOLLOWS]] = True
        return begins


def fold(texts: Texts) -> FoldedText:
    """Decompose (NFKD), drop combining marks and casefold a column of comments."""
    column = filled(text_array(texts))
    return _folded(contents(column).to_pybytes(), content_offsets(column))


def _folded(raw: bytes, offsets: Offsets) -> FoldedText:
    folded = np.frombuffer(bytearray(raw).translate(_OF_BYTES), np.uint8)
    if raw.isascii():
        return FoldedText(folded, offsets, np.zeros(0, np.intp))
    beyond = np.flatnonzero(folded >= FIRST_BEYOND)
    some = folded[beyond]
    codes = np.frombuffer(some.tobytes().decode().encode("utf-32-le"), np.uint32)
    _BEYOND_ASCII.meet(codes)
    leads = np.flatnonzero((some & FOLLOWS_MASK) != FOLLOWS)
    longer = _BEYOND_ASCII.utf8[codes, 0] == 0
    if longer.any():
        return _folded(*_lengthened(raw, offsets, beyond[leads[longer]], codes[longer]))
    own = np.arange(LONGEST_CHARACTER) < np.diff(leads, append=len(beyond))[:, None]
    folded[beyond] = _BEYOND_ASCII.utf8.take(codes, axis=0)[own]
    symbols = beyond[_BEYOND_ASCII.symbol.take(codes, axis=0)[own]]
    holes = beyond[folded[beyond] == HOLE]
    offsets, symbols = (places - np.searchsorted(holes, places) for places in (offsets, symbols))
    return FoldedText(without_holes(folded), offsets, symbols)


def without_holes(raw: Bytes) -> Bytes:
    """The bytes that are not HOLE."""
    return np.frombuffer(raw.tobytes().replace(bytes([HOLE]), b""), np.uint8)


def _lengthened(raw: bytes, offsets: Offsets, places: Places, codes: Codes) -> tuple[bytes, Offsets]:
    """The texts with the characters at these places, which take more bytes when they are folded, folded."""
    longer = _BEYOND_ASCII.longer
    growth = [len(longer[code].encode()) - len(chr(code).encode()) for code in codes.tolist()]
    grown = np.concatenate(([0], np.cumsum(growth)))
    return raw.decode().translate(longer).encode(), offsets + grown[np.searchsorted(places, offsets)]
