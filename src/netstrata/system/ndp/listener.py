"""Hears the routers of one link, asks for them as long as none answers, and tells what they say.

Whatever a network sends gets a small share of the loop's time: only so much is read at a time, and changes are told at
most once a second.
"""

import time
from asyncio import get_running_loop
from collections.abc import Callable
from contextlib import suppress
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
from netstrata.system.ndp.sockets import receive
from netstrata.values import format_address

if TYPE_CHECKING:
    from asyncio import TimerHandle

_AT_ONCE: Final = 16  # packets read in one turn of the loop
_REST_S: Final = 0.01  # and then nothing for so long if there are more; the kernel drops what does not fit
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
        self._told: RouterFacts | None = None
        self._told_s = -inf
        self._named: set[str] = set()
        self._timer: TimerHandle | None = None
        self._rest: TimerHandle | None = None
        self._loop = get_running_loop()
        self._loop.add_reader(handed.fileno(), self._read)

    def has_carrier(self, carrier: bool) -> None:
        """Ask for routers from now on, or no more: behind a cable that was out may be others."""
        if carrier:
            self._asking.begin(_now())
        else:
            self._asking.end()
        self._turn()

    def close(self) -> None:
        """Hear no more."""
        for timer in (self._timer, self._rest):
            if timer is not None:
                timer.cancel()
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _read(self) -> None:
        """Read what has come; what the link itself has to say, such as that it is down, is known by others."""
        had_default = self._known.has_default
        with suppress(OSError):
            for _ in range(_AT_ONCE):
                packet = receive(self._socket)
                if packet is None:
                    break
                why = fault(*packet)
                if why:
                    self._name(f"an advertisement of {format_address(packet.source).decode()} does not count: {why}")
                    continue
                self._known.heard(packet.source, decode(packet.octets), _now())
            else:
                self._loop.remove_reader(self._socket.fileno())
                self._rest = self._loop.call_later(_REST_S, self._read_on)
        if self._known.has_default and not had_default:
            self._asking.end()
        self._turn()

    def _read_on(self) -> None:
        self._loop.add_reader(self._socket.fileno(), self._read)

    def _name(self, line: str) -> None:
        if line not in self._named and len(self._named) < _NAMED_MOST:
            self._named.add(line)
            self._note(line)

    def _turn(self) -> None:
        """Do what is due, tell what has changed, and come back when something is due again."""
        now_s, had_default = _now(), self._known.has_default
        self._known.expire(now_s)
        if had_default and not self._known.has_default:
            self._asking.begin(now_s)
        if now_s >= self._asking.due_s:
            self._ask(now_s)
        facts = self._known.facts(self._link)
        is_new = (facts is None) != (self._told is None) or (
            facts is not None and self._told is not None and not same_facts(facts, self._told)
        )
        calm_s = self._told_s + _CALM_S
        if is_new and now_s >= calm_s:
            self._told, self._told_s = facts, now_s
        if self._told is facts:
            self._tell(facts, self._asking.count)
        if self._timer is not None:
            self._timer.cancel()
        due_s = min(self._asking.due_s, self._known.next_s, calm_s if is_new else inf)
        self._timer = self._loop.call_later(min(max(due_s - now_s, 0.0), _LONGEST_S), self._turn)

    def _ask(self, now_s: float) -> None:
        try:
            self._socket.sendto(solicitation(self._mac), (ALL_ROUTERS, 0))
        except OSError:
            self._asking.could_not_be_sent(now_s)
        else:
            self._asking.sent(now_s, random())


def _now() -> float:
    """Return the time, which goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
