"""Which way bridges and VXLANs send frames for a hardware address."""

import errno

from netstrata.contract.shapes.dhcp import MAC
from netstrata.ports.kernel import Forwarding
from netstrata.protocols.rtnetlink import Answer, messages
from netstrata.protocols.rtnetlink.constants import (
    NLM_F_APPEND,
    NLM_F_CREATE,
    NLM_F_EXCL,
    RTM_DELNEIGH,
    RTM_GETNEIGH,
    RTM_NEWNEIGH,
    RTNLGRP_NEIGH,
)
from netstrata.protocols.rtnetlink.forwarding import (
    ForwardingEntry,
    ask_forwarding,
    decode_forwarding,
    encode_forwarding,
)
from netstrata.protocols.rtnetlink.links import LinkMessage
from netstrata.system.held import GONE, Held
from netstrata.system.held.wait_queues import LINK
from netstrata.system.netlink.link_store import LinkStore
from netstrata.system.netlink.refusals import NEIGHBOUR_WORDS, no_link, refused
from netstrata.values import Awaited, Unavailable, format_address


class HeldForwarding(Held):
    """A way that is held; its link by index."""

    __slots__ = ("forwarding", "key", "record")
    noun = "way"

    def __init__(self, forwarding: Forwarding, key: ForwardingEntry) -> None:
        super().__init__()
        self.forwarding = forwarding
        self.key = key
        self.record = encode_forwarding(key)

    @property
    def words(self) -> str:
        """The way with its address and link."""
        return words_of(self.forwarding)


class LinkForwarding(LinkStore[Forwarding, HeldForwarding]):
    """All ways that are held."""

    __slots__ = ()
    kind = "forwarding"

    def prepare(self, spec: Forwarding) -> HeldForwarding:
        """Find the links."""
        operation = self.operation(spec)
        found: list[int] = []
        for link in (spec.link, spec.via):
            found.append(self._lookup.index_of(link) if link else 0)
            if link and not found[-1]:
                raise no_link(operation, link)
        key = ForwardingEntry(found[0], spec.mac, spec.host, spec.port, spec.vni, found[1], spec.vlan)
        return HeldForwarding(spec, key)

    def operation(self, spec: Forwarding) -> str:
        """Return what is to be done."""
        return f"add way {words_of(spec)}"

    def listen(self, held: HeldForwarding) -> None:
        """Hear of links, and of ways."""
        super().listen(held)
        self._monitor.join(RTNLGRP_NEIGH)

    def unlisten(self, held: HeldForwarding) -> None:
        """Take back one `listen`."""
        super().unlisten(held)
        self._monitor.leave(RTNLGRP_NEIGH)

    def look(self, held: HeldForwarding) -> None:
        """See whether it is there."""
        held.ours = not self.stands(held, b"")

    def do(self, held: HeldForwarding) -> None:
        """Add a way; an address that is nobody's own may have several."""
        if held.key.host and self._lookup.read(held.key.ifindex, self.operation(held.forwarding)).kind != "vxlan":
            raise self._refused(held, Answer(errno.EOPNOTSUPP))  # the kernel takes it as an address of the link's own
        several = held.key.mac[0] & 1 or not any(held.key.mac)
        answer = self._requests.request(
            RTM_NEWNEIGH, NLM_F_CREATE | (NLM_F_APPEND if several else NLM_F_EXCL), encode_forwarding(held.key)
        )
        if answer is not None:
            raise self._refused(held, answer)

    def stands(self, held: HeldForwarding, undo: bytes) -> bool:
        """Say whether a way is there."""
        dump = self._requests.dump(RTM_GETNEIGH, ask_forwarding(held.key.ifindex))
        if dump.answer is not None:
            raise refused(self.operation(held.forwarding), dump.answer, NEIGHBOUR_WORDS)
        return any(
            decode_forwarding(data, one.start, one.end) == held.key
            for data in dump.datagrams
            for one in messages(data, len(data))
            if one.type == RTM_NEWNEIGH
        )

    def undo(self, key: bytes, undo: bytes) -> None:
        """Take a way away."""
        entry = decode_forwarding(key, 0, len(key))
        answer = self._requests.request(RTM_DELNEIGH, 0, key)
        if entry is not None and answer is not None and answer.errno not in GONE:
            operation = f"delete way of {self._requests.name_of(entry.ifindex)}"
            raise refused(operation, answer, NEIGHBOUR_WORDS)

    def heard(self, kind: int, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        entry = decode_forwarding(data, start, end) if self.held else None
        if entry is not None and kind == RTM_DELNEIGH and entry in self.held:
            self.suspects[self.held[entry]] = 0

    def link_heard(self, kind: int, link: LinkMessage) -> None:
        """Note that a link has gone or has another master, which takes its ways."""
        self.suspects.update({held: 0 for key, held in self.held.items() if key.ifindex == link.ifindex})

    def loss_of(self, held: HeldForwarding) -> Unavailable | None:
        """Look for a way."""
        operation = f"hold way {held.words}"
        self._lookup.body(held.key.ifindex, operation)
        if self.stands(held, b""):
            return None
        held.gone = True
        return Unavailable(operation, "someone removed it")

    def _refused(self, held: HeldForwarding, answer: Answer) -> Unavailable:
        operation = self.operation(held.forwarding)
        awaits = Awaited(LINK, held.key.ifindex)
        if answer.errno == errno.EEXIST:
            return Unavailable(operation, "it is there, but leads elsewhere", errno.EEXIST, (awaits,))
        if answer.errno == errno.EOPNOTSUPP:
            other = "VXLAN" if held.key.host else "bridge's port"
            return Unavailable(operation, f"{held.forwarding.link} is no {other}", errno.EOPNOTSUPP, (awaits,))
        return refused(operation, answer, NEIGHBOUR_WORDS, awaits)


def words_of(spec: Forwarding) -> str:
    """Return a way as a user says it: `of 02:00:00:00:0A:01 to 192.0.2.2 on vx0`."""
    mac = MAC.write(spec.mac)
    words = f"of {mac.decode() if isinstance(mac, bytes) else ''}"
    if spec.host:
        words += f" to {format_address(spec.host).decode()}"
    return f"{words} on {spec.link}" + (f" in VLAN {spec.vlan}" if spec.vlan else "")
