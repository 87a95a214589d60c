"""Links in bridges, bonds and VRFs."""

import errno
from collections.abc import Mapping
from struct import Struct

from netstrata.ports.kernel import NewPort
from netstrata.protocols.rtnetlink import (
    PORTS,
    Answer,
    LinkDetails,
    LinkMessage,
    differing,
    encode_options,
    pieces_of,
    set_master,
    set_port,
    set_up,
)
from netstrata.protocols.rtnetlink.constants import RTM_DELLINK, RTM_NEWLINK
from netstrata.protocols.rtnetlink.kinds import Attributes, Given
from netstrata.system.held import GONE
from netstrata.system.held.wait_queues import LINK
from netstrata.system.netlink.link_store import HeldOptions, LinkStore
from netstrata.system.netlink.made import read_details, resolved
from netstrata.system.netlink.refusals import LINK_WORDS, no_link, refused
from netstrata.values import Awaited, Unavailable

_INDEX = Struct("=I")
_WAS_UP = b"was up"


class HeldPort(HeldOptions):
    """A link that is held in another one, both by index."""

    __slots__ = ("key", "master", "record", "spec")

    def __init__(self, spec: NewPort, ifindex: int, master: int) -> None:
        super().__init__()
        self.spec = spec
        self.key = ifindex
        self.master = master
        self.record = _INDEX.pack(ifindex)
        self.undo = _INDEX.pack(master)

    @property
    def was_up(self) -> bool:
        """Whether the link was up, and has to be down when it goes into the other one."""
        return self.undo.endswith(_WAS_UP)

    @property
    def words(self) -> str:
        """The link and the one that it is in."""
        return f"{self.spec.link} in {self.spec.kind} {self.spec.master}"

    @property
    def operation(self) -> str:
        """What is to be done, for people."""
        return operation_words(self.spec)

    @property
    def undo_words(self) -> str:
        """What is done when it is undone."""
        return f"take {self.spec.link} out of {self.spec.kind} {self.spec.master}"


def operation_words(spec: NewPort) -> str:
    """Return how a link comes into another one, for people."""
    return f"put {spec.link} into {spec.kind} {spec.master}"


def _awaits(held: HeldPort) -> tuple[Awaited, ...]:
    """Return what may change so that a link can come into another one: one of both."""
    return Awaited(LINK, held.key), Awaited(LINK, held.master)


class JoinedLinks(LinkStore[NewPort, HeldPort]):
    """All links that are held in others."""

    __slots__ = ()
    kind = "port"

    def prepare(self, spec: NewPort) -> HeldPort:
        """Find both links."""
        master, ifindex = self._lookup.index_of(spec.master), self._lookup.index_of(spec.link)
        if not master or not ifindex:
            operation = operation_words(spec)
            raise no_link(operation, spec.link if master else spec.master)
        return HeldPort(spec, ifindex, master)

    def operation(self, spec: NewPort) -> str:
        """Return what is to be done."""
        return operation_words(spec)

    def share(self, held: HeldPort, made: HeldPort) -> None:
        """See that it is in the same one, with the same options."""
        if held.master != made.master:
            raise Unavailable(made.operation, f"it is in {held.spec.master}", errno.EBUSY, _awaits(made))
        if held.spec.options != made.spec.options:
            reason = "this program holds it there with other options"
            raise Unavailable(made.operation, reason, errno.EEXIST, _awaits(made))

    def look(self, held: HeldPort) -> None:
        """See whether a link is in the other one, as it was asked for."""
        operation = held.operation
        self._check_kind(held.spec, held.master, operation)
        there = read_details(self._lookup, held.key, operation)
        if there.master:
            reason = self._obstacle(held, there, resolved(held.spec.options, operation, self._requests))
            if reason:
                raise Unavailable(operation, reason, errno.EBUSY, _awaits(held))
            held.ours = False
        elif held.spec.kind == "bond" and there.up:  # a bond takes only links that are down, and leaves them so
            held.undo = _INDEX.pack(held.master) + _WAS_UP

    def do(self, held: HeldPort) -> None:
        """Put a link into another one."""
        data = self._options(held)
        try:
            if held.was_up:
                self._change(set_up(held.key, up=False), held.operation)
            self._change(set_master(held.key, held.master), held.operation)
            self._set(held, data)
        except Unavailable:
            self._requests.request(RTM_NEWLINK, 0, set_master(held.key, 0))
            if held.was_up:
                self._requests.request(RTM_NEWLINK, 0, set_up(held.key, up=True))
            raise

    def stands(self, held: HeldPort, undo: bytes) -> bool:
        """Say whether a link is in the other one, as it was asked for."""
        there = read_details(self._lookup, held.key, held.operation)
        options = resolved(held.spec.options, held.operation, self._requests)
        if self._obstacle(held, there, options):
            return False
        held.undo = undo or held.undo
        self._follow(held, there, encode_options(PORTS[held.spec.kind], options))
        return True

    def mend(self, held: HeldPort) -> bool:
        """Give a link that is in the other one the options that are wanted."""
        try:
            if read_details(self._lookup, held.key, held.operation).master != held.master:
                return False
            self._set(held, self._options(held))
        except Unavailable as error:
            if error.errno not in GONE:
                raise
            return False
        return True

    def undo(self, key: bytes, undo: bytes) -> None:
        """Take a link out, if it is still in the one that it was put into."""
        ((ifindex,), (master,)) = _INDEX.unpack(key), _INDEX.unpack(undo[: _INDEX.size])
        operation = f"take {self._requests.name_of(ifindex)} out of {self._requests.name_of(master)}"
        try:
            if read_details(self._lookup, ifindex, operation).master == master:
                self._change(set_master(ifindex, 0), operation)
                if undo.endswith(_WAS_UP):
                    self._change(set_up(ifindex, up=True), operation)
        except Unavailable as error:
            if error.errno not in GONE:
                raise

    def link_heard(self, kind: int, link: LinkMessage, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        held = self.held.get(link.ifindex)
        if held is not None and (
            kind == RTM_DELLINK
            or link.master != held.master
            or not all(data.find(piece, start, end) >= 0 for piece in held.pieces)
        ):
            self.suspects[held] = 0

    def port_heard(self, ifindex: int) -> None:
        """Note that a bridge has spoken of a port, which it does in words of its own."""
        if ifindex in self.held:
            self.suspects[self.held[ifindex]] = 0

    def loss_of(self, held: HeldPort) -> Unavailable | None:
        """Read a link."""
        operation = f"hold {held.words}"
        details = read_details(self._lookup, held.key, operation)
        if details.master != held.master:
            held.gone = True
            return Unavailable(operation, "someone took it out")
        if not held.stands.items() <= details.port_data.items():
            return Unavailable(operation, "someone changed its options")
        self._mind(held, bool(held.pieces) and not details.up)
        return None

    def _options(self, held: HeldPort) -> Attributes:
        return encode_options(PORTS[held.spec.kind], resolved(held.spec.options, held.operation, self._requests))

    def _set(self, held: HeldPort, data: Attributes) -> None:
        """Have a port behave as it was asked for.

        Raises: Unavailable.
        """
        if data:
            self._change(set_port(held.key, held.spec.kind, data), held.operation)
            self._follow(held, read_details(self._lookup, held.key, held.operation), data)

    def _follow(self, held: HeldPort, details: LinkDetails, data: Attributes) -> None:
        """Know what the kernel made of the options."""
        shown = details.port_data if data else {}
        held.stands = {number: shown[number] for number in data if number in shown}
        held.pieces = pieces_of(held.stands)
        self._mind(held, bool(held.pieces) and not details.up)

    def _obstacle(self, held: HeldPort, there: LinkDetails, options: Mapping[str, Given]) -> str:
        """Say why a link that is in another one is not in it as it was asked for, "" if it is."""
        if there.master != held.master:
            return f"it is in {self._requests.name_of(there.master)}" if there.master else "it is in none"
        other = differing(PORTS[held.spec.kind], options, there.port_data) if options else []
        return f"it is in it already, but with another {' and '.join(other)}" if other else ""

    def _check_kind(self, spec: NewPort, master: int, operation: str) -> None:
        there: LinkDetails = read_details(self._lookup, master, operation)
        if there.kind != spec.kind:
            raise Unavailable(operation, f"{spec.master} is no {spec.kind}", errno.EINVAL)

    def _change(self, body: bytes, operation: str) -> None:
        answer: Answer | None = self._requests.request(RTM_NEWLINK, 0, body)
        if answer is not None:
            raise refused(operation, answer, LINK_WORDS)
