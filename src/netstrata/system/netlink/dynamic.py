"""Those who watch for an IPv6 address that does not last for ever."""

from netstrata.ports.kernel import DynamicAddress
from netstrata.protocols.rtnetlink import AddressMessage
from netstrata.protocols.rtnetlink.constants import AF_INET6, IFA_F_DADFAILED, IFA_F_PERMANENT
from netstrata.system.netlink.watchers import Queue


class Dynamic(Queue[DynamicAddress | None]):
    """Follows one address of a link, and remembers the others, of which one takes its place."""

    __slots__ = ("_known", "_shown")

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[DynamicAddress, None] = {}  # in the order in which they came
        self._shown: DynamicAddress | None = None

    def on_message(self, message: AddressMessage, new: bool) -> None:
        """Take note of an address that is there, or there no more."""
        if message.family != AF_INET6:
            return
        address = DynamicAddress(message.local, message.prefix)
        if new and not message.flags & (IFA_F_PERMANENT | IFA_F_DADFAILED):
            self._known[address] = None
        else:
            self._known.pop(address, None)
        self._choose()

    def shown(self, messages: list[AddressMessage]) -> None:
        """Take note of all addresses that are there."""
        there = {
            DynamicAddress(message.local, message.prefix): None
            for message in messages
            if message.family == AF_INET6 and not message.flags & (IFA_F_PERMANENT | IFA_F_DADFAILED)
        }
        kept = [address for address in self._known if address in there]
        self._known = dict.fromkeys(kept) | there
        self._choose()

    def _choose(self) -> None:
        if self._shown in self._known:
            return
        if self._shown is not None:
            self.put(None)
        self._shown = next(iter(self._known), None)
        if self._shown is not None:
            self.put(self._shown)
