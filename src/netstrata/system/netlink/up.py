"""Links that are held administratively up, or down."""

import errno
from struct import Struct
from typing import NamedTuple

from netstrata.protocols.rtnetlink import LinkMessage, set_up
from netstrata.protocols.rtnetlink.constants import RTM_DELLINK, RTM_NEWLINK
from netstrata.system.held import GONE, Held
from netstrata.system.held.wait_queues import LINK
from netstrata.system.netlink.link_store import LinkStore
from netstrata.system.netlink.refusals import LINK_WORDS, no_link, refused
from netstrata.values import Awaited, Unavailable

_INDEX = Struct("=I")
_DOWN = b"down"


class AdminState(NamedTuple):
    """A link, and whether it is to be administratively up."""

    link: str
    up: bool

    @property
    def words(self) -> str:
        """The link, and how it is."""
        return f"{self.link} {'up' if self.up else 'down'}"


class HeldState(Held):
    """A link that is held administratively up, or down; by its index."""

    __slots__ = ("key", "record", "state")

    def __init__(self, ifindex: int, state: AdminState) -> None:
        super().__init__()
        self.key = ifindex
        self.record = _INDEX.pack(ifindex) + (b"" if state.up else _DOWN)
        self.state = state

    @property
    def words(self) -> str:
        """The link, and how it is."""
        return self.state.words

    @property
    def undo_words(self) -> str:
        """What is done when it is undone."""
        return f"set {self.state._replace(up=not self.state.up).words}"


class UpLinks(LinkStore[AdminState, HeldState]):
    """All links that are held up, or down."""

    __slots__ = ()
    kind = "up"

    def prepare(self, spec: AdminState) -> HeldState:
        """Find the link."""
        ifindex = self._lookup.index_of(spec.link)
        if not ifindex:
            raise no_link(self.operation(spec), spec.link)
        return HeldState(ifindex, spec)

    def operation(self, spec: AdminState) -> str:
        """Return what is to be done."""
        return f"set {spec.words}"

    def share(self, held: HeldState, made: HeldState) -> None:
        """See that it is still so: what was heard may not have been looked at yet."""
        operation = self.operation(made.state)
        if held.state.up != made.state.up:
            reason = f"this program holds it {'up' if held.state.up else 'down'}"
            raise Unavailable(operation, reason, errno.EBUSY, (Awaited(LINK, made.key),))
        if not self._finds(held, b""):
            self._set(held.key, made.state.up, operation)

    def look(self, held: HeldState) -> None:
        """See whether a link is so already."""
        held.ours = not self.stands(held, b"")

    def do(self, held: HeldState) -> None:
        """Set a link up, or down."""
        self._set(held.key, held.state.up, self.operation(held.state))

    def stands(self, held: HeldState, undo: bytes) -> bool:
        """Say whether a link is as it is held."""
        return self._lookup.is_up(held.key, self.operation(held.state)) is held.state.up

    def undo(self, key: bytes, undo: bytes) -> None:
        """Set a link down again, or up."""
        (ifindex,) = _INDEX.unpack(key[: _INDEX.size])
        up = key[_INDEX.size :] == _DOWN
        try:
            self._set(ifindex, up, f"set {self._requests.name_of(ifindex)} {'up' if up else 'down'} again")
        except Unavailable as error:
            if error.errno not in GONE:
                raise

    def link_heard(self, kind: int, link: LinkMessage) -> None:
        """Note what may have been lost."""
        held = self.held.get(link.ifindex)
        if held is not None and (kind == RTM_DELLINK or link.up is not held.state.up):
            self.suspects[held] = 0

    def loss_of(self, held: HeldState) -> Unavailable | None:
        """Read a link."""
        operation = f"hold {held.words}"
        if self._lookup.is_up(held.key, operation) is held.state.up:
            return None
        held.gone = True
        return Unavailable(operation, f"someone set it {'down' if held.state.up else 'up'}")

    def _set(self, ifindex: int, up: bool, operation: str) -> None:
        answer = self._requests.request(RTM_NEWLINK, 0, set_up(ifindex, up))
        if answer is not None:
            raise refused(operation, answer, LINK_WORDS)
