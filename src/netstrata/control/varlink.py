"""varlink's framing and messages: JSON objects, each ended by a NUL byte.  No sockets.

Source: varlink.org, "Protocol" and "Service".
"""

import json
from typing import Any, Final

LONGEST: Final = 1 << 20  # bytes of one message that a peer may send


class Malformed(Exception):
    """A peer sent what is no message; the connection cannot go on."""


class Frames:
    """Bytes of a connection, cut into messages."""

    __slots__ = ("_held", "_limit", "_searched")

    def __init__(self, limit: int = LONGEST) -> None:
        """Take how many bytes a message may have, 0 for any number."""
        self._held = bytearray()
        self._searched = 0  # so many of them are no end of a message
        self._limit = limit

    @property
    def unfinished(self) -> bool:
        """Whether a message has begun, and not ended; true only when there is none to take."""
        return bool(self._held)

    @property
    def held(self) -> bytes:
        """What was taken in, and is not returned yet."""
        return bytes(self._held)

    def add(self, data: bytes) -> None:
        """Take in what arrived."""
        self._held += data

    def take(self) -> dict[str, Any] | None:
        """Return the oldest message that is complete and was not returned yet, None if there is none.

        Raises: Malformed.
        """
        end = self._held.find(b"\0", self._searched)
        size = end if end >= 0 else len(self._held)
        if self._limit and size > self._limit:
            raise Malformed(f"a message is longer than {self._limit} bytes")
        if end < 0:
            self._searched = size
            return None
        message = bytes(self._held[:end])
        del self._held[: end + 1]
        self._searched = 0
        return _message(message)


def _message(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Malformed("a message is no JSON") from error
    if not isinstance(found, dict):
        raise Malformed("a message is no JSON object")
    return found


class Call:
    """What a client asks for."""

    __slots__ = ("method", "more", "oneway", "parameters")

    def __init__(self, method: str, parameters: dict[str, Any], more: bool, oneway: bool) -> None:
        self.method = method
        self.parameters = parameters
        self.more = more
        self.oneway = oneway


def read_call(message: dict[str, Any]) -> Call:
    """Read a client's message.

    Raises: Malformed.
    """
    method = message.get("method")
    parameters = message.get("parameters", {})
    if not isinstance(method, str) or not isinstance(parameters, dict | None):
        raise Malformed("a call has no method, or its parameters are no object")
    return Call(method, parameters or {}, message.get("more") is True, message.get("oneway") is True)


def is_text(text: str) -> bool:
    """Say whether a string is text: JSON has also halves of UTF-16 pairs, which are none (RFC 8259, section 8.2)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def encode(message: dict[str, Any]) -> bytes:
    """Return a message as bytes."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\0"


def encode_call(method: str, parameters: dict[str, Any], more: bool = False) -> bytes:
    """Return a call as bytes."""
    message: dict[str, Any] = {"method": method, "parameters": parameters}
    if more:
        message["more"] = True
    return encode(message)


def encode_again(call: Call) -> bytes:
    """Return a call that was read as bytes."""
    flags = {name: True for name, value in (("more", call.more), ("oneway", call.oneway)) if value}
    return encode({"method": call.method, "parameters": call.parameters, **flags})


def encode_reply(parameters: dict[str, Any], continues: bool = False) -> bytes:
    """Return a reply as bytes."""
    message: dict[str, Any] = {"parameters": parameters}
    if continues:
        message["continues"] = True
    return encode(message)


def encode_error(error: str, parameters: dict[str, Any]) -> bytes:
    """Return an error as bytes; its name is qualified."""
    return encode({"error": error, "parameters": parameters})
