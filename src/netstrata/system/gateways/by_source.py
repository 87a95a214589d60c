"""What comes from an address of an uplink goes out by that uplink, whichever is preferred: connections live on.

rule LOCAL_PRIORITY   all: main, but for its default routes      (networks of ours are reached as ever)
rule SOURCE_PRIORITY  from an address of the uplink: its table   (a default route over its gateway, and no other)
"""

from asyncio import get_running_loop
from typing import TYPE_CHECKING, Any, Final

from netstrata.contract import Holder
from netstrata.ports.kernel import Route, Rule
from netstrata.protocols.rtnetlink import AddressMessage
from netstrata.protocols.rtnetlink.constants import AF_INET, AF_INET6
from netstrata.system.gateways.held_for_uplink import AGAIN_S, HeldForUplink
from netstrata.system.held import Stop, Store
from netstrata.system.held.wait_queues import ADDRESSES
from netstrata.values import Awaited, Unavailable

if TYPE_CHECKING:
    from asyncio import TimerHandle

    from netstrata.system.netlink import Netlink

LOCAL_PRIORITY: Final = 31000
SOURCE_PRIORITY: Final = 31001
_FAMILIES: Final = {4: AF_INET, 6: AF_INET6}
_LINK_SCOPE: Final = 253  # RT_SCOPE_LINK, linux/rtnetlink.h


class SourceRouting:
    """The rules of one uplink, one for each address of its link, and the table that they lead to."""

    def __init__(self, netlink: "Netlink", route: Route, ifindex: int, statement: Holder) -> None:
        """Hold nothing yet; the route is the one in the uplink's table."""
        self._netlink = netlink
        self._family = 4 if len(route.destination) == 4 else 6
        self._number = route.table
        self._ifindex = ifindex
        self._statement = statement
        self._stop: Stop | None = None
        self._is_due = False
        self._timer: TimerHandle | None = None  # until what is missing is tried again
        self._problem = ""  # why it is missing, as told last
        local = Rule(self._family, LOCAL_PRIORITY, suppress_prefixlength=0)
        self._always = [self._kept(netlink.route_store, route), self._kept(netlink.rule_store, local)]
        self._of_source: dict[bytes, HeldForUplink] = {}

    def begin(self) -> None:
        """Route by source from now on; what the kernel does not take now is said, and tried again."""
        if self._stop is not None:
            return
        queues = self._netlink.monitor.wait_queues
        self._stop = queues.wait(Awaited(ADDRESSES, self._ifindex), self._follow_soon)
        self._follow()

    def end(self) -> None:
        """Do so no more."""
        if self._stop is not None:
            self._stop()
            self._stop = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for kept in [*self._of_source.values(), *reversed(self._always)]:
            kept.remove()
        self._of_source.clear()

    def _follow_soon(self) -> None:
        if not self._is_due:
            self._is_due = self._netlink.monitor.soon(self._follow)

    def _follow(self) -> None:
        """Have all that is always there, and a rule for each address that is there now."""
        self._is_due = False
        if self._stop is None:
            return
        there = self._netlink.address_table.of_link(self._ifindex)
        if there is None:
            self._try_later()
            return
        sources = {one.local for one in there if self._is_meant(one)}
        for source in self._of_source.keys() - sources:
            self._of_source.pop(source).remove()
        for source in sources - self._of_source.keys():
            rule = Rule(self._family, SOURCE_PRIORITY, source, 8 * len(source), table=self._number)
            self._of_source[source] = self._kept(self._netlink.rule_store, rule)
        try:
            for kept in [*self._always, *self._of_source.values()]:
                if not kept.is_active:
                    kept.add()
        except Unavailable as error:
            if str(error) != self._problem:
                self._problem = str(error)
                self._statement.note(self._problem)
            self._try_later()
        else:
            self._problem = ""

    def _is_meant(self, address: AddressMessage) -> bool:
        return address.family == _FAMILIES[self._family] and address.scope < _LINK_SCOPE

    def _kept(self, store: Store[Any, Any], spec: Route | Rule) -> HeldForUplink:
        kept = HeldForUplink(store, spec, self._statement, lambda reason: self._lost(kept, reason))
        return kept

    def _lost(self, kept: HeldForUplink, reason: Unavailable) -> None:
        if not kept.put_back(reason):
            self._try_later()

    def _try_later(self) -> None:
        if self._timer is None:
            self._timer = get_running_loop().call_later(AGAIN_S, self._try_again)

    def _try_again(self) -> None:
        self._timer = None
        self._follow()
