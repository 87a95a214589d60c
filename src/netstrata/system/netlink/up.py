"""Links that are held administratively up."""

from collections.abc import Iterator
from struct import Struct

from netstrata.protocols.rtnetlink import LinkMessage, set_up
from netstrata.protocols.rtnetlink.constants import RTM_DELLINK, RTM_NEWLINK
from netstrata.system.held import GONE, Held
from netstrata.system.netlink.link_store import LinkStore
from netstrata.system.netlink.refusals import LINK_WORDS, no_link, refused
from netstrata.values import Unavailable

_INDEX = Struct("=I")


class HeldUp(Held):
    """A link that is held administratively up; by its index."""

    __slots__ = ("key", "name", "record")

    def __init__(self, ifindex: int, name: str) -> None:
        super().__init__()
        self.key = ifindex
        self.record = _INDEX.pack(ifindex)
        self.name = name

    @property
    def words(self) -> str:
        """The name it had."""
        return self.name

    @property
    def title(self) -> str:
        """The link, and how it is."""
        return f"{self.name} up"

    @property
    def undo_words(self) -> str:
        """What is done when it is undone."""
        return f"set {self.name} down"


class UpLinks(LinkStore[str, HeldUp]):
    """All links that are held up."""

    __slots__ = ()
    kind = "up"

    def prepare(self, spec: str) -> HeldUp:
        """Find the link."""
        ifindex = self._lookup.index_of(spec)
        if not ifindex:
            raise no_link(self.operation(spec), spec)
        return HeldUp(ifindex, spec)

    def operation(self, spec: str) -> str:
        """Return what is to be done."""
        return f"set {spec} up"

    def share(self, held: HeldUp, made: HeldUp) -> None:
        """See that it is still up: what was heard may not have been looked at yet."""
        if not self._finds(held, b""):
            self._set(held.key, True, f"set {made.words} up")

    def look(self, held: HeldUp) -> None:
        """See whether a link is up."""
        held.ours = not self._lookup.is_up(held.key, f"set {held.words} up")

    def do(self, held: HeldUp) -> None:
        """Set a link up."""
        self._set(held.key, True, f"set {held.words} up")

    def stands(self, held: HeldUp, undo: bytes) -> bool:
        """Say whether a link is up."""
        return self._lookup.is_up(held.key, f"set {held.words} up")

    def undo(self, key: bytes, undo: bytes) -> None:
        """Set a link down."""
        (ifindex,) = _INDEX.unpack(key)
        self._set(ifindex, False, f"set {self._requests.name_of(ifindex)} down again")

    def link_heard(self, kind: int, link: LinkMessage) -> None:
        """Note what may have been lost."""
        held = self.held.get(link.ifindex)
        if held is not None and (kind == RTM_DELLINK or not link.up):
            self.suspects[held] = 0

    def check(self, suspects: dict[HeldUp, int]) -> Iterator[tuple[HeldUp, Unavailable]]:
        """Read each link."""
        for held in suspects:
            operation = f"hold {held.words} up"
            try:
                if self._lookup.is_up(held.key, operation):
                    continue
                reason = Unavailable(operation, "someone set it down")
            except Unavailable as error:
                if error.errno not in GONE:
                    self.suspects[held] = 0
                    continue
                reason = error
            held.gone = True
            yield held, reason

    def _set(self, ifindex: int, up: bool, operation: str) -> None:
        answer = self._requests.request(RTM_NEWLINK, 0, set_up(ifindex, up))
        if answer is not None and (up or answer.errno not in GONE):
            raise refused(operation, answer, LINK_WORDS)
