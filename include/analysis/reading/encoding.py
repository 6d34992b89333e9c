"""Which encoding a text file is in, and decoding it piece by piece without ever stopping at a bad byte.

A file whose encoding was detected may still hold bytes that do not decode, where someone pasted two exports together:
those are read as cp1252, then latin-1, and counted. A file whose encoding was given either decodes or is refused.
"""

from __future__ import annotations

import codecs
import threading
from collections.abc import Iterable, Iterator

from include.analysis.errors import EncodingMismatch, SettingError
from include.analysis.reading.source import SourceQuality

_BOMS = (  # UTF-32 first: the mark of UTF-16-LE is the beginning of that of UTF-32-LE
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NOT_CHARACTER_SETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
_REPAIR = "comment-analysis-repair"
_LONGEST_CHARACTER = 4  # bytes

_repairs = threading.local()


def _repair(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    _repairs.places.append((error.start, len(bad)))
    return "".join(map(_single_byte, bad)), error.end


def _single_byte(value: int) -> str:
    raw = bytes((value,))
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


codecs.register_error(_REPAIR, _repair)


def detect_encoding(sample: bytes, whole: bool) -> str:
    """The encoding of a file that begins with `sample` (`whole`: the sample is the file).

    A byte order mark decides; then the pattern of NUL bytes that UTF-16 has; then whether the sample is UTF-8, or
    nearly (more characters of several bytes than bytes that do not decode). What remains is cp1252, which latin-1
    text is too.
    """
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding
    wide = _wide_encoding(sample)
    if wide is not None:
        return wide
    try:
        codecs.utf_8_decode(sample, "strict", whole)
    except UnicodeDecodeError:
        return "utf-8" if _nearly_utf8(sample, whole) else "cp1252"
    return "utf-8"


def _nearly_utf8(sample: bytes, whole: bool) -> bool:
    _repairs.places = []
    text, _ = codecs.utf_8_decode(sample, _REPAIR, whole)
    bad = sum(length for _, length in _repairs.places)
    not_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return bool(not_ascii - bad > bad)


def _wide_encoding(sample: bytes) -> str | None:
    """UTF-16 without a mark: of the two bytes of a Latin letter one is NUL, always the same one."""
    pairs = len(sample) // 2
    if not pairs:
        return None
    first, second = sample[0 : 2 * pairs : 2].count(0) / pairs, sample[1 : 2 * pairs : 2].count(0) / pairs
    if second > 0.5 and first < 0.1:
        return "utf-16-le"
    if first > 0.5 and second < 0.1:
        return "utf-16-be"
    return None


def given_encoding(name: str, sample: bytes) -> str:
    """The codec for an encoding that the user named, with the byte order and the mark that the file has.

    Raises:
        SettingError: no encoding of text has this name.
    """
    try:
        codec = codecs.lookup(name.strip())
        "".encode(codec.name)  # refuses codecs that are not from text to bytes
    except (LookupError, ValueError):
        codec = None
    if codec is None or codec.name in _NOT_CHARACTER_SETS:
        shown = "".join(c if c.isprintable() else "?" for c in name[:40])
        raise SettingError(f"encoding '{shown}' is not known; use utf-8, utf-16, cp1252 or latin-1, or leave it out")
    if codec.name == "utf-8" and sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if codec.name in ("utf-16", "utf-32"):
        return _with_byte_order(codec.name, sample)
    return codec.name


def _with_byte_order(name: str, sample: bytes) -> str:
    for mark, encoding in _BOMS:
        if encoding.startswith(name) and sample.startswith(mark):
            return encoding
    wide = _wide_encoding(sample)
    return wide if wide is not None and wide.startswith(name) else f"{name}-le"


class TextDecoder:
    """Bytes to text, piece by piece: the byte order mark and NUL characters taken out, line numbers kept for reports.

    With `strict` (the encoding was given) bytes that do not decode raise EncodingMismatch; otherwise they are repaired.
    """

    def __init__(self, what: str, encoding: str, strict: bool, quality: SourceQuality) -> None:
        self._what = what
        self._encoding = encoding
        self._strict = strict
        self._quality = quality
        self._decoder = codecs.getincrementaldecoder(encoding)("strict" if strict else _REPAIR)
        self._newline = "\n".encode(encoding.removesuffix("-sig"))
        self._lines = 0
        self._at_start = True

    def texts(self, blocks: Iterable[bytes]) -> Iterator[str]:
        """The text of each block of bytes, and what remained of the last one."""
        for block in blocks:
            yield self.decode(block, final=False)
        yield self.decode(b"", final=True)

    def decode(self, data: bytes, final: bool) -> str:
        """The text that `data` completes."""
        _repairs.places = []
        try:
            text = self._decoder.decode(data, final)
        except UnicodeError as error:
            raise self._mismatch(error, data) from None
        if _repairs.places:
            self._count_repairs(data)
        self._lines += data.count(self._newline)
        if self._at_start and text:
            self._at_start = False
            text = text.removeprefix("\ufeff")
        if "\0" in text:
            self._quality.removed_nul += text.count("\0")
            text = text.replace("\0", "")
        return text

    def _count_repairs(self, data: bytes) -> None:
        line, reached = self._lines + 1, 0
        for place, length in _repairs.places:
            line += data.count(self._newline, reached, place)
            reached = max(reached, place)
            self._quality.add_repaired(line, length)

    def _mismatch(self, error: UnicodeError, data: bytes) -> EncodingMismatch:
        place = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = self._lines + data.count(self._newline, 0, place) + 1
        likely = detect_encoding(data, whole=False)
        hint = f"it looks like {likely}" if likely != self._encoding else "the file may be damaged"
        return EncodingMismatch(
            f"{self._what} is not {self._encoding}: near line {line:,} there are bytes that do not decode; {hint}; "
            "leave the encoding out to have it detected"
        )
