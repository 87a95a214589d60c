"""One request over HTTP, and its response as it comes.  It is bounded: what goes on for ever is no response.

Source: RFC 9112.
"""

import re
from typing import Final

_MOST_HEAD: Final = 16384  # bytes of all that comes before the body, interim responses included
_MOST_LINE: Final = 1024  # that says how long a chunk is
_END: Final = re.compile(rb"\r?\n\r?\n")
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3})(?: .*)?")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})\s*(?:;.*)?")


class NoResponse(Exception):
    """What came is no response of HTTP: what is wrong, in words."""


def encode_request(host: str, path: str, accept: str) -> bytes:
    """Return a request for a page; nothing is asked after it.

    Shapes: host as in the URL, with its port if that is another one.
    """
    lines = (
        f"GET {path} HTTP/1.1", f"Host: {host}", "User-Agent: netstrata", f"Accept: {accept}",
        "Cache-Control: no-cache", "Connection: close",
    )  # fmt: skip
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


class HttpResponse:
    """Reads one response; complete when it has as much of the body as is wanted, or all of it."""

    def __init__(self, wanted: int) -> None:
        """Have nothing yet.

        Shapes: wanted is in bytes.
        """
        self.status = 0
        self.headers: dict[str, str] = {}  # by their names in small letters; of several the first one
        self.body = bytearray()
        self.is_complete = False
        self._wanted = wanted
        self._head_bytes = 0
        self._buffer = b""
        self._left: int | None = None  # of the body; None if it ends with the connection
        self._is_chunked = False

    def feed(self, octets: bytes) -> None:
        """Read what came.

        Raises: NoResponse.
        """
        self._buffer += octets
        while not self.status:
            end = _END.search(self._buffer)
            if self._head_bytes + (end.end() if end else len(self._buffer)) > _MOST_HEAD:
                raise NoResponse(f"sends more than {_MOST_HEAD} bytes before the page")
            if end is None:
                return
            self._head_bytes += end.end()
            head, self._buffer = self._buffer[: end.start()], self._buffer[end.end() :]
            self._read_head(head)
        self._read_body()

    def end(self) -> None:
        """Know that nothing more comes.

        Raises: NoResponse.
        """
        if not self.status:
            raise NoResponse("closes the connection without an answer" if not self._buffer else "sends no HTTP")
        self.is_complete = True

    def _read_head(self, head: bytes) -> None:
        first, *lines = head.split(b"\n")
        found = _STATUS.fullmatch(first.rstrip(b"\r"))
        if found is None:
            raise NoResponse("sends no HTTP")
        status = int(found[1])
        if status < 200:  # an interim one
            return
        self.status = status
        for line in lines:
            name, _, value = line.decode("latin-1").partition(":")
            self.headers.setdefault(name.strip().lower(), value.strip())
        self._is_chunked = self.headers.get("transfer-encoding", "").lower().endswith("chunked")
        length = self.headers.get("content-length", "")
        self._left = int(length) if re.fullmatch("[0-9]{1,15}", length) else None
        if status in (204, 304):
            self._is_chunked, self._left = False, 0
        elif self._is_chunked:
            self._left = 0

    def _read_body(self) -> None:
        if self._is_chunked:
            self._read_chunks()
            return
        self.body += self._buffer if self._left is None else self._buffer[: self._left - len(self.body)]
        self._buffer = b""
        self.is_complete = len(self.body) >= (self._wanted if self._left is None else min(self._wanted, self._left))

    def _read_chunks(self) -> None:
        buffer, at = self._buffer, 0
        while not self.is_complete:
            if self._left:
                taken = buffer[at : at + self._left]
                if not taken:
                    break
                self.body += taken
                self._left -= len(taken)
                at += len(taken)
            else:
                end = buffer.find(b"\n", at)
                if end < 0:
                    break
                self._begin_chunk(buffer[at:end].strip())
                at = end + 1
            self.is_complete = self.is_complete or len(self.body) >= self._wanted
        self._buffer = buffer[at:]
        if not self._left and len(self._buffer) > _MOST_LINE:
            raise NoResponse("sends no HTTP")

    def _begin_chunk(self, line: bytes) -> None:
        if not line:  # the end of the chunk before
            return
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise NoResponse("sends no HTTP")
        self._left = int(found[1], 16)
        self.is_complete = not self._left
