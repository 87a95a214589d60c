"""POSIX extended regular expressions as GNU's C library has them: bytes in, offsets out.

The library's own regcomp and regexec are called, for their longest-match rule and their extensions are nobody else's.
They look at the thread's locale, so each call is made in the C locale: bytes are bytes, only ASCII letters are
letters.  The locale of the rest of the process is not touched.

Source: regcomp(3), uselocale(3); /usr/include/regex.h of GNU's C library.
"""

import ctypes
from functools import lru_cache
from typing import Any

from netstrata.values import Refused, Unavailable

REG_EXTENDED = 1
REG_STARTEND = 4
REG_NOMATCH = 1
LC_ALL_MASK = 0x1FBF
REGEX_T_SIZE = 256  # of which GNU's library uses 64
GROUPS = 64

_CONTEXT = frozenset(b"^\\")  # an expression without these does not look at what comes before a match


class _Place(ctypes.Structure):
    """Where a group matched: regmatch_t."""

    _fields_ = [("start", ctypes.c_int), ("end", ctypes.c_int)]


# ctypes makes a class for each length of array, and forgets it with its last array; the collector must end it then.
_ROOM = ctypes.c_char * REGEX_T_SIZE


@lru_cache(maxsize=4)
def _places(groups: int) -> Any:
    """Return the class of so many places."""
    return _Place * groups


class _Library:
    """The C library's functions, and its C locale."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None, use_errno=False)
        if not hasattr(library, "gnu_get_libc_version"):
            raise Unavailable("compile a regular expression", "the C library is not GNU's")
        for name in ("newlocale", "uselocale"):
            getattr(library, name).restype = ctypes.c_void_p
        library.newlocale.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p]
        library.uselocale.argtypes = [ctypes.c_void_p]
        library.regcomp.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
        library.regexec.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int]
        library.regerror.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
        library.regfree.argtypes = [ctypes.c_void_p]
        self.calls: Any = library
        self.locale = library.newlocale(LC_ALL_MASK, b"C", None)

    def compile(self, room: Any, pattern: bytes) -> int:
        """Call regcomp."""
        before = self.calls.uselocale(self.locale)
        error: int = self.calls.regcomp(room, pattern, REG_EXTENDED)
        self.calls.uselocale(before)
        return error

    def execute(self, room: Any, text: int, groups: int, places: Any) -> int:
        """Call regexec; the first place says which bytes from the text's address on are the subject."""
        before = self.calls.uselocale(self.locale)
        error: int = self.calls.regexec(room, text, groups, places, REG_STARTEND)
        self.calls.uselocale(before)
        return error

    def message(self, room: Any, error: int) -> str:
        """Return the library's words for an error."""
        text = _ROOM()
        self.calls.regerror(error, room, text, len(text))
        return text.value.decode("utf-8", "replace")


@lru_cache(maxsize=1)
def _library() -> _Library:
    return _Library()


class Regex:
    """A compiled expression."""

    __slots__ = ("_free", "_library", "_room", "looks_back")

    def __init__(self, pattern: bytes) -> None:
        """Compile an expression, which holds no NUL.

        Raises: Refused, with the library's reason.
        """
        library = _library()
        self._library = library
        self._free: Any = None
        self._room = _ROOM()
        self.looks_back = not _CONTEXT.isdisjoint(pattern)
        error = library.compile(self._room, pattern)
        if error:
            raise Refused(f"this is not a regular expression: {library.message(self._room, error)}", argument=1)
        self._free = library.calls.regfree

    def __del__(self) -> None:
        if self._free is not None:
            self._free(self._room)

    def find(self, text: bytes, start: int, groups: int) -> list[tuple[int, int]] | None:
        """Find the first match in what follows an offset, as if nothing came before; None if there is none.

        Shapes: so many groups, the whole match first, as offsets from the text's start; (-1, -1) for no part in it.
        """
        if len(text) - start > 0x7FFFFFFF:
            raise Refused("a text to match has at most 2147483647 bytes", argument=0)
        places = _places(groups)()
        places[0].start = 0
        places[0].end = len(text) - start
        address = ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p).value or 0
        error = self._library.execute(self._room, address + start, groups, places)
        if error == REG_NOMATCH:
            return None
        if error:
            raise Unavailable("match a regular expression", self._library.message(self._room, error))
        return [(p.start + start, p.end + start) if p.start >= 0 else (-1, -1) for p in places]


@lru_cache(maxsize=128)
def compiled(pattern: bytes) -> Regex:
    """Compile an expression, or return it if that was done lately.

    Raises: Refused, with the library's reason.
    """
    return Regex(pattern)


class _Search:
    """Where one expression matches next."""

    __slots__ = ("_found", "_known", "regex", "replacement")

    def __init__(self, regex: Regex, replacement: bytes) -> None:
        self.regex = regex
        self.replacement = replacement
        self._known = False
        self._found: tuple[int, int] | None = None

    def next(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the first match in what follows an offset, which never goes back."""
        found = self._found
        if self._known and not self.regex.looks_back and (found is None or found[0] >= at):
            return found
        places = self.regex.find(text, at, 1)
        self._known = True
        self._found = places[0] if places is not None else None
        return self._found


def replaced(text: bytes, regexes: list[Regex], replacements: list[bytes]) -> bytes:
    """Replace each match, from left to right; what is left after a match is a text of its own.

    Of several expressions the match that begins first counts, then the first expression.
    An empty match at the start of what is left lets one byte pass, so that there is an end.
    """
    searches = [_Search(regex, word) for regex, word in zip(regexes, replacements, strict=True)]
    pieces: list[bytes] = []
    at = 0
    while at < len(text):
        best: tuple[int, int] | None = None
        word = b""
        for search in searches:
            found = search.next(text, at)
            if found is not None and (best is None or found[0] < best[0]):
                best = found
                word = search.replacement
        if best is None:
            break
        start, end = best
        pieces += (text[at:start], word)
        if end == at:
            pieces.append(text[at : at + 1])
            end = at + 1
        at = end
    pieces.append(text[at:])
    return b"".join(pieces)
