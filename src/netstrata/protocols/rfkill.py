"""Radio switches, as the kernel tells of them.  Source: linux/rfkill.h."""

from struct import Struct
from typing import Final, NamedTuple

_EVENT = Struct("=IBBBB")
EVENT_SIZE: Final = _EVENT.size  # bytes; newer kernels may add more
DELETE: Final = 1


class SwitchEvent(NamedTuple):
    """Something that happened to a switch."""

    number: int
    type: int
    operation: int
    soft: bool  # blocked by a program
    hard: bool  # blocked by a button


def read_switch_event(octets: bytes) -> SwitchEvent | None:
    """Read an event; None if there are too few bytes."""
    if len(octets) < EVENT_SIZE:
        return None
    index, kind, operation, soft, hard = _EVENT.unpack_from(octets)
    return SwitchEvent(index, kind, operation, bool(soft), bool(hard))


def lets_through(event: SwitchEvent) -> bool:
    """Say whether the switch is there after an event, and blocks nothing."""
    return event.operation != DELETE and not event.soft and not event.hard
