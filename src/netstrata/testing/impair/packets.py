"""Packets of DHCP that do not leave, are lost, or come twice."""

import errno as errors
import os
from typing import Any, Literal

from netstrata.system.dhcp.driver.packets import PacketSocket
from netstrata.testing.impair.impairment import impairment
from netstrata.testing.impair.seams import Seams
from netstrata.testing.impair.turns import Turns

Errno = Literal["ENETDOWN", "ENXIO", "ENODEV", "ENOMEM", "EPERM", "EMSGSIZE", "EIO"]


@impairment
def packet_refused(seams: Seams, *, errno: Errno, n: int = 1, times: int = 1, during: str = "") -> None:
    """Refuse to send a packet of DHCP, or of the ARP that goes with it."""
    number = getattr(errors, errno)

    def refuse(_: Any) -> None:
        raise OSError(number, os.strerror(number))

    _sends(seams, Turns(n, times, during), refuse)


@impairment
def packet_lost(seams: Seams, *, n: int = 1, times: int = 1, during: str = "") -> None:
    """Lose a packet on its way out."""
    _sends(seams, Turns(n, times, during), lambda send: None)


@impairment
def packet_doubled(seams: Seams, *, n: int = 1, times: int = 1, during: str = "") -> None:
    """Send a packet twice."""

    def twice(send: Any) -> None:
        send()
        send()

    _sends(seams, Turns(n, times, during), twice)


def _sends(seams: Seams, turns: Turns, instead: Any) -> None:
    def wrapped(real: Any) -> Any:
        def send(socket: PacketSocket, packet: bytes, mac: bytes) -> None:
            if turns.is_next():
                instead(lambda: real(socket, packet, mac))
            else:
                real(socket, packet, mac)

        return send

    seams.calls(PacketSocket, "send", wrapped)
