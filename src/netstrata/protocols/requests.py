"""Messages of NCD's request protocol, on a stream of bytes; no socket, and no understanding of what they carry.

    u16 little-endian   how many bytes follow, 8 to 32776
    u32 little-endian   which request, chosen by the client
    u32 little-endian   what: 1 request, 2 abort (client); 3 reply, 4 finished, 5 error (server)
    the rest            one value as text, nothing for 4 and 5

Source: BadVPN, protocol/requestproto.h, protocol/packetproto.h.
"""

from struct import Struct
from typing import Final, NamedTuple

REQUEST: Final = 1
ABORT: Final = 2
REPLY: Final = 3
FINISHED: Final = 4
ERROR: Final = 5
LONGEST_TEXT: Final = 32768  # bytes

_HEAD = Struct("<HII")
_LENGTH = Struct("<H")
_FIELDS = 8  # bytes of request and kind


class Message(NamedTuple):
    """One message."""

    kind: int
    request: int  # 32 bits
    text: bytes = b""


def encode(message: Message) -> bytes:
    """Return a message as bytes; its text must have at most LONGEST_TEXT."""
    return _HEAD.pack(_FIELDS + len(message.text), message.request, message.kind) + message.text


class Decoder:
    """Cuts a stream of bytes into messages."""

    __slots__ = ("_left", "broken")

    def __init__(self) -> None:
        """Start at the beginning of a stream.

        Shapes: broken says what is wrong once nothing more can be understood, "" until then.
        """
        self._left = bytearray()
        self.broken = ""

    def feed(self, octets: bytes) -> list[Message]:
        """Return the messages that are complete now, up to where the stream is broken."""
        messages: list[Message] = []
        if self.broken:
            return messages
        left = self._left
        left += octets
        at = 0
        while len(left) - at >= 2:
            (length,) = _LENGTH.unpack_from(left, at)
            if not _FIELDS <= length <= _FIELDS + LONGEST_TEXT:
                self.broken = f"a message of {length} bytes, but they have {_FIELDS} to {_FIELDS + LONGEST_TEXT}"
                break
            if len(left) - at < 2 + length:
                break
            _, request, kind = _HEAD.unpack_from(left, at)
            messages.append(Message(kind, request, bytes(left[at + _HEAD.size : at + 2 + length])))
            at += 2 + length
        del left[:at]
        return messages
