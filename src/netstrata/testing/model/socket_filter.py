"""Socket filters, as far as `protocols.rtnetlink.route_filter` writes them.

Source: linux/filter.h, Documentation/networking/filter.rst, SKF_AD_NLATTR in net/core/filter.c.
"""

from netstrata.protocols.rtnetlink.route_filter import INSTRUCTION
from netstrata.protocols.rtnetlink.wire import ATTRIBUTE
from netstrata.testing.model.messages import NotModelled

Instruction = tuple[int, int, int, int]  # operation, instructions to skip if it holds and if not, number
_LOADS = {0x20: 4, 0x28: 2, 0x30: 1}  # from a place in the message
_FIND_ATTRIBUTE = 0xFFFFF00C


def instructions(code: bytes) -> list[Instruction]:
    """Read a program."""
    return list(INSTRUCTION.iter_unpack(code))


def passes(program: list[Instruction], message: bytes) -> bool:
    """Say whether a filter lets a message through."""
    a = x = at = 0
    while True:
        operation, true, false, value = program[at]
        at += 1
        if operation == 0x20 and value == _FIND_ATTRIBUTE:
            a = _attribute(message, a, x)
        elif operation in _LOADS:
            if value + _LOADS[operation] > len(message):
                return False
            a = int.from_bytes(message[value : value + _LOADS[operation]], "big")
        elif operation == 0x00:
            a = value
        elif operation == 0x01:
            x = value
        elif operation == 0x07:
            x = a
        elif operation == 0x40:
            if x + value + 4 > len(message):
                return False
            a = int.from_bytes(message[x + value : x + value + 4], "big")
        elif operation == 0x05:
            at += value
        elif operation == 0x15:
            at += true if a == value else false
        elif operation == 0x45:
            at += true if a & value else false
        elif operation == 0x06:
            return value != 0
        else:
            raise NotModelled(f"a socket filter with the operation {operation:#x}")


def _attribute(message: bytes, start: int, kind: int) -> int:
    """Return where the first attribute of a type is, 0 if there is none."""
    at = start
    while at + 4 <= len(message):
        length, found = ATTRIBUTE.unpack_from(message, at)
        if length < 4 or at + length > len(message):
            return 0
        if found == kind:
            return at
        at += (length + 3) & ~3
    return 0
