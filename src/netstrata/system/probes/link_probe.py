"""What is asked over one link, and what is believed of what is behind it."""

from asyncio import get_running_loop
from collections.abc import Callable
from functools import partial
from random import random
from typing import TYPE_CHECKING

from netstrata.contract.shapes.probe import DNS, NEIGHBOUR, ProbeTarget
from netstrata.contract.shapes.url import Url
from netstrata.ports.probes import Probe
from netstrata.protocols.reachability import FAST, FAST_PAGES, PAGES, STEADY, Pace, Reachability
from netstrata.system.bound_socket import reason_of
from netstrata.system.probes.asker import Asker
from netstrata.system.probes.name_servers import know_server
from netstrata.system.probes.packets import ArpRequest, Echo, PacketAsker, Solicitation
from netstrata.system.probes.pages import PageClient
from netstrata.system.probes.questions import TaskAsker
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from asyncio import TimerHandle


def _nothing() -> None:
    """Do nothing."""


class LinkProbe:
    """Asks some hosts or pages over a link, one after the other; one that answers is asked again."""

    def __init__(self, probe: Probe, tell: Callable[[str], None]) -> None:
        """Ask nothing yet; tell is given the state at the beginning, and whenever it or what came is another."""
        self._reachability = Reachability(_pace_of(probe), random)
        self._link = probe.link
        self._askers = _askers(probe)
        self._came = [asker.silence for asker in self._askers]
        self._tell = tell
        self.on_ask: Callable[[], None] = _nothing  # called with each question
        self._at = 0  # the target that is asked
        self._missed = False
        self._asked: dict[int, int] = {}  # which target, by the number of the question
        self._timer: TimerHandle | None = None

    @property
    def came(self) -> str:
        """What came in the place of answers."""
        return "; ".join(self._came)

    def begin(self) -> None:
        """Ask from now on.

        Raises: Unavailable.
        """
        try:
            for asker in self._askers:
                asker.begin(self._heard)
        except OSError as error:
            raise Unavailable(f"probe over {self._link}", reason_of(error), error.errno or 0) from error
        self._turn()

    def end(self) -> None:
        """Ask no more."""
        self.on_ask = _nothing
        if self._timer is not None:
            self._timer.cancel()
        for asker in self._askers:
            asker.end()

    def suspect(self) -> None:
        """Ask at once: somebody else has seen that something is wrong."""
        before = self._reachability.state
        self._reachability.suspect()
        self._tell_if_new(before)
        self._go_on()

    def _turn(self) -> None:
        """Ask if it is time, and come back when it is time again."""
        before = self._reachability.state
        number = self._reachability.ask(get_running_loop().time())
        self._tell_if_new(before)
        if number is not None:
            self.on_ask()
            if self._missed:
                self._at = (self._at + 1) % len(self._askers)
            self._missed = True
            self._asked = {asked: at for asked, at in self._asked.items() if asked > number - 1000}
            self._asked[number] = self._at
            self._askers[self._at].ask(number)
        self._go_on()

    def _go_on(self) -> None:
        loop = get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(self._reachability.wait(loop.time()), self._turn)

    def _heard(self, number: int, why: str) -> None:
        at = self._asked.pop(number, None)
        if at is None:
            return
        before, came = self._reachability.state, self._came[at]
        now_s = get_running_loop().time()
        self._came[at] = why or self._askers[at].silence
        if why:
            self._reachability.failed(number, now_s)
        else:
            self._missed = False
            self._reachability.answered(number, now_s)
        if self._came[at] != came:
            self._tell(self._reachability.state)
        else:
            self._tell_if_new(before)
        self._go_on()

    def _tell_if_new(self, before: str) -> None:
        if self._reachability.state != before:
            self._tell(self._reachability.state)


def _pace_of(probe: Probe) -> Pace:
    if any(isinstance(target, Url) for target in probe.targets):
        return FAST_PAGES if probe.fast else PAGES
    return FAST if probe.fast else STEADY


def _askers(probe: Probe) -> list[Asker]:
    pages = PageClient(probe.link, probe.family, probe.pages)

    def asker(target: ProbeTarget) -> Asker:
        if isinstance(target, Url):
            return TaskAsker(f"no answer from {target}", partial(pages.expect, target))
        if probe.by == DNS:
            asks = partial(know_server, probe.link, target, probe.name, probe.family)
            return TaskAsker(f"no answer from name server {target}", asks)
        if probe.by == NEIGHBOUR:
            return PacketAsker((Solicitation if ":" in target else ArpRequest)(probe.link, target))
        return PacketAsker(Echo(probe.link, target))

    return [asker(target) for target in probe.targets]
