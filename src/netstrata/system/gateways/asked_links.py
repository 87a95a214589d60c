"""Links that are asked whether anything gets through over them: what the ranking of gateways is told of that."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.contract.shapes.probe import PortalAnswer
from netstrata.ports.probes import Portal, Probe
from netstrata.protocols.reachability import REACHABLE, SUSPECTED, UNKNOWN, UNREACHABLE
from netstrata.system.gateways.neighbour_hints import NeighbourHints
from netstrata.system.gateways.ranking import RankedGateways
from netstrata.system.netlink.watchers import Queue
from netstrata.system.probes import LinkProbe, PortalProbe

if TYPE_CHECKING:
    from netstrata.system.netlink import Netlink


class AskedLinks:
    """All probes of this program."""

    def __init__(self, netlink: "Netlink", gateways: RankedGateways) -> None:
        """Ask nothing yet."""
        self._netlink = netlink
        self._gateways = gateways

    async def watch_probe(self, probe: Probe, who: Holder) -> AsyncGenerator[bool, None]:
        """Ask whether anything gets through over a link while this is iterated; say so, and at each change.

        Raises: Unavailable.
        """
        states = Queue[str]()
        with self._gateways.named(probe.link, f"probe over {probe.link}", who) as ifindex:
            who.awaits(f"an answer from {' or '.join(str(one) for one in probe.targets)} over {probe.link}")
            asking = LinkProbe(probe, states.put)
            hints = NeighbourHints(self._netlink, ifindex, asking.suspect)
            asking.on_ask = lambda: hints.follow(self._gateways.hops(probe.family, ifindex))
            was, told = "", ""
            try:
                asking.begin()
                while True:
                    state = await states.take()
                    if state == UNREACHABLE and asking.came != told:
                        told = asking.came
                        who.note(f"nothing gets through over {probe.link}: {told}")
                    if state in (was, UNKNOWN, SUSPECTED):
                        continue
                    was, told = state, told if state == UNREACHABLE else ""
                    self._gateways.believe(probe.family, asking, ifindex, is_dead=state == UNREACHABLE)
                    yield state == REACHABLE
            finally:
                asking.end()
                hints.end()
                self._gateways.forget(probe.family, asking)

    async def watch_portal(self, portal: Portal, who: Holder) -> AsyncGenerator[PortalAnswer, None]:
        """Ask whether a captive portal is in the way while this is iterated; say what is known, and at each change.

        Raises: Unavailable.
        """
        asking = PortalProbe(portal)
        with self._gateways.named(portal.link, f"look for a captive portal on {portal.link}", who) as ifindex:
            who.awaits(f"an answer from {portal.checks[0]} over {portal.link}")
            try:
                async with aclosing(asking.answers()) as answers:
                    async for answer in answers:
                        if asking.came:
                            who.note(f"looking for a captive portal on {portal.link}: {asking.came}")
                        if answer.captive:
                            who.note(f"a captive portal is in the way on {portal.link}: {answer.url}")
                        for family in (4, 6):
                            self._gateways.believe(family, asking, ifindex, answer.captive)
                        yield answer
            finally:
                for family in (4, 6):
                    self._gateways.forget(family, asking)
