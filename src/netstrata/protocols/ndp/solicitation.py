"""Router solicitations: what is said, and when it is said again while no router answers: no socket, no clock.

Source: RFC 4861 section 4.1; RFC 7559 (without an end, up to an hour apart), RFC 8415 section 15 (times and chance).
"""

from math import inf
from typing import Final

SOLICITATION: Final = 133
_FIRST_S: Final = 4.0
_LONGEST_S: Final = 3600.0
_CHANCE: Final = 0.1  # of each time, more or less
_AGAIN_S: Final = 1.0  # when it could not be sent: the link has no address yet that others could answer to


def solicitation(mac: bytes) -> bytes:
    """Return a solicitation without its checksum, with the hardware address of its link if that is Ethernet's."""
    head = bytes([SOLICITATION]) + bytes(7)
    return head + b"\1\1" + mac if len(mac) == 6 else head


def is_solicitation(packet: bytes, hop_limit: int) -> bool:
    """Say whether a packet is one that counts; source: RFC 4861 section 6.1.1."""
    return len(packet) >= 8 and packet[0] == SOLICITATION and packet[1] == 0 and hop_limit == 255


class Solicitation:
    """When to ask."""

    def __init__(self) -> None:
        self.count = 0
        self.due_s = inf
        self._wait_s = 0.0

    def begin(self, now_s: float) -> None:
        """Ask from now on: the link has carrier, or the last router is gone."""
        self.count = 0
        self.due_s = now_s
        self._wait_s = 0.0

    def sent(self, now_s: float, chance: float) -> None:
        """Know that it was asked; chance is 0 to 1, by which hosts that start together do not ask together."""
        self.count += 1
        share = _CHANCE * (2 * chance - 1)
        if self._wait_s:
            self._wait_s *= 2 + share
        else:
            self._wait_s = _FIRST_S * (1 + share)
        if self._wait_s > _LONGEST_S:
            self._wait_s = _LONGEST_S * (1 + share)
        self.due_s = now_s + self._wait_s

    def could_not_be_sent(self, now_s: float) -> None:
        """Try again soon."""
        self.due_s = now_s + _AGAIN_S

    def end(self) -> None:
        """Ask no more: a router that can be used by default has advertised itself, or there is no carrier."""
        self.due_s = inf
