"""Hears the routers of one link, asks for them as long as none answers, and tells what they say.

Whatever they say, changes are told at most once a second.
"""

from asyncio import get_running_loop
from collections.abc import Callable
from math import inf
from random import random
from socket import socket
from typing import TYPE_CHECKING, Final

from netstrata.contract.shapes.ra import RouterFacts
from netstrata.protocols.ndp import (
    ALL_ROUTERS,
    KnownRouters,
    Solicitation,
    decode,
    fault,
    same_facts,
    solicitation,
)
from netstrata.system.ndp.sockets import Icmp6Reader, Packet, now_s
from netstrata.values import format_address

if TYPE_CHECKING:
    from asyncio import TimerHandle

_CALM_S: Final = 1.0
_LONGEST_S: Final = 3600.0  # no timer is longer: a machine may have slept
_NAMED_MOST: Final = 16


class RouterListener:
    """Everything about the routers of one link."""

    def __init__(
        self,
        link: str,
        mac: bytes,
        handed: socket,
        tell: Callable[[RouterFacts | None, int], None],
        note: Callable[[str], None],
    ) -> None:
        """Take a socket over that hears advertisements.

        Shapes: tell is given what counts at each change and, while nothing does, how often routers were asked.
        """
        self._link = link.encode("utf-8", "surrogateescape")
        self._mac = mac
        self._socket = handed
        self._tell = tell
        self._note = note
        self._known = KnownRouters()
        self._asking = Solicitation()
        self._had_default = False
        self._told: RouterFacts | None = None
        self._told_s = -inf
        self._named: set[str] = set()
        self._timer: TimerHandle | None = None
        self._reader = Icmp6Reader(handed, self._hear, self._turn)

    def has_carrier(self, carrier: bool) -> None:
        """Ask for routers from now on, or no more: behind a cable that was out may be others."""
        if carrier:
            self._asking.begin(now_s())
        else:
            self._asking.end()
        self._turn()

    def close(self) -> None:
        """Hear no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._reader.close()
        del self._reader  # which has functions of ours

    def _hear(self, packet: Packet) -> None:
        why = fault(*packet)
        if why:
            self._name(f"an advertisement of {format_address(packet.source).decode()} does not count: {why}")
            return
        self._known.heard(packet.source, decode(packet.octets), now_s())
        if self._known.has_default:
            self._asking.end()

    def _name(self, line: str) -> None:
        if line not in self._named and len(self._named) < _NAMED_MOST:
            self._named.add(line)
            self._note(line)

    def _turn(self) -> None:
        """Do what is due, tell what has changed, and come back when something is due again."""
        now = now_s()
        self._known.expire(now)
        if self._had_default and not self._known.has_default:
            self._asking.begin(now)
        self._had_default = self._known.has_default
        if now >= self._asking.due_s:
            self._ask(now)
        facts = self._known.facts(self._link)
        is_new = (facts is None) != (self._told is None) or (
            facts is not None and self._told is not None and not same_facts(facts, self._told)
        )
        calm_s = self._told_s + _CALM_S
        if is_new and now >= calm_s:
            self._told, self._told_s = facts, now
        if self._told is facts:
            self._tell(facts, self._asking.count)
        if self._timer is not None:
            self._timer.cancel()
        due_s = min(self._asking.due_s, self._known.next_s, calm_s if is_new else inf)
        self._timer = get_running_loop().call_later(min(max(due_s - now, 0.0), _LONGEST_S), self._turn)

    def _ask(self, now: float) -> None:
        try:
            self._socket.sendto(solicitation(self._mac), (ALL_ROUTERS, 0))
        except OSError:
            self._asking.could_not_be_sent(now)
        else:
            self._asking.sent(now, random())
