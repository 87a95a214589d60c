"""Echo requests over one link, and what is believed of what is behind it."""

import os
import socket
from asyncio import get_running_loop
from collections.abc import Callable
from contextlib import suppress
from errno import EPERM
from itertools import count
from typing import TYPE_CHECKING, Final

from netstrata.ports.gateways import Probe
from netstrata.protocols.icmp import (
    ICMP6_FILTER,
    ICMP_FILTER,
    ONLY_REPLIES,
    ONLY_REPLIES6,
    SOL_RAW,
    answered,
    echo_request,
    only_answers_to,
)
from netstrata.protocols.reachability import Pace, Reachability
from netstrata.system.permission import takes
from netstrata.system.socket_filter import attach_filter
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from asyncio import TimerHandle

_LARGEST: Final = 1500
_IDENTIFIERS: Final = count(int.from_bytes(os.urandom(2), "big"))  # another one for each probe


class LinkProbe:
    """Asks some hosts over a link, one after the other; one that answers is asked again."""

    def __init__(self, probe: Probe, pace: Pace, tell: Callable[[str], None]) -> None:
        """Ask nothing yet; tell is given the state at the beginning and whenever it is another."""
        self._reachability = Reachability(pace)
        self._link = probe.link
        self._targets = probe.targets
        self._family = probe.family
        self._tell = tell
        self._at = 0  # the target that is asked
        self._missed = False
        self._identifier = next(_IDENTIFIERS) & 0xFFFF
        self._asked: dict[int | None, int] = {}  # the numbers of questions by what of them comes back
        self._socket: socket.socket | None = None
        self._timer: TimerHandle | None = None

    def begin(self) -> None:
        """Ask from now on.

        Raises: Unavailable.
        """
        try:
            self._socket = self._open()
        except OSError as error:
            reason = takes("CAP_NET_RAW") if error.errno == EPERM else error.strerror or str(error)
            raise Unavailable(f"probe over {self._link}", reason, error.errno or 0) from error
        get_running_loop().add_reader(self._socket.fileno(), self._read)
        self._turn()

    def end(self) -> None:
        """Ask no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._socket is not None:
            get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        family, protocol = socket.AF_INET, socket.IPPROTO_ICMP
        if self._family == 6:
            family, protocol = socket.AF_INET6, socket.IPPROTO_ICMPV6
        asking = socket.socket(family, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, protocol)
        try:
            if self._family == 4:
                asking.setsockopt(SOL_RAW, ICMP_FILTER, ONLY_REPLIES)
            else:
                asking.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, ONLY_REPLIES6)
            attach_filter(asking, only_answers_to(self._family, self._identifier))
            name = self._link.encode("utf-8", "surrogateescape")
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name + b"\0")
        except BaseException:
            asking.close()
            raise
        return asking

    def _turn(self) -> None:
        """Ask if it is time, and come back when it is time again."""
        loop = get_running_loop()
        before = self._reachability.state
        number = self._reachability.ask(loop.time())
        if number is not None and self._socket is not None:
            if self._missed:
                self._at = (self._at + 1) % len(self._targets)
            self._missed = True
            self._asked = {key: asked for key, asked in self._asked.items() if asked > number - 1000}
            self._asked[number & 0xFFFF] = number
            with suppress(OSError):  # no route, or no carrier: nobody answers
                self._socket.sendto(echo_request(self._family, self._identifier, number), (self._targets[self._at], 0))
        self._tell_if_new(before)
        self._timer = loop.call_later(self._reachability.wait(loop.time()), self._turn)

    def _read(self) -> None:
        before = self._reachability.state
        with suppress(OSError):
            while self._socket is not None:
                packet = self._socket.recv(_LARGEST)
                number = self._asked.pop(answered(self._family, packet, self._identifier), None)
                if number is not None:
                    self._missed = False
                    self._reachability.answered(number, get_running_loop().time())
        self._tell_if_new(before)

    def _tell_if_new(self, before: str) -> None:
        if self._reachability.state != before:
            self._tell(self._reachability.state)
