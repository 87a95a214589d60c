"""Name servers of one link that one statement holds."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Protocol

from netstrata.contract import NOTE, Holder
from netstrata.contract.shapes.route import is_link_local
from netstrata.ports.dns import LinkServers
from netstrata.system.dns.held import LinkLines
from netstrata.system.held import tell
from netstrata.values import Unavailable, parse_address


class ServerHolders(Protocol):
    """All who hold some."""

    async def enter(self, holder: "HeldServers") -> None:
        """Take one in.

        Raises: Unavailable.
        """

    async def leave(self, holder: "HeldServers") -> None:
        """Let one go."""


def zoned(server: bytes, link: str) -> bytes:
    """Return a server as resolv.conf names it: a link-local one is on its link."""
    address = parse_address(server)
    if address is not None and is_link_local(address):
        return server + b"%" + link.encode("utf-8", "surrogateescape")
    return server


class HeldServers:
    """One holder's servers."""

    __slots__ = (
        "_all",
        "ground",
        "ifindex",
        "inner",
        "is_forwarded",
        "is_lost",
        "number",
        "priority",
        "servers",
        "statement",
    )

    def __init__(self, holders: ServerHolders, servers: LinkServers, priority: int, who: Holder | None) -> None:
        self._all = holders
        self.servers = servers
        self.priority = priority
        self.statement = who
        self.number = 0  # of several, the one with the lower came first
        self.ifindex = 0
        self.is_forwarded = False  # its domains are told apart by a dnsmasq of ours
        self.is_lost = False
        self.ground = ExitStack()  # as long as the link has its name
        self.inner: LinkLines | None = None  # its lines of resolv.conf, where systemd-resolved does not know it

    @property
    def title(self) -> str:
        return self.statement.title if self.statement is not None else ""

    def note(self, line: str) -> None:
        if self.statement is not None:
            self.statement.note(line)

    def lose(self, reason: Unavailable) -> None:
        """Have it begin again, once."""
        if self.statement is not None and not self.is_lost:
            self.is_lost = True
            self.statement.lost(reason)

    @property
    def words(self) -> str:
        """What is asked of whom."""
        asked = [*(f"names in {domain.decode('ascii')}" for domain in self.servers.domains)]
        asked += ["names of no domain"] if self.servers.is_default and asked else []
        servers = ", ".join(server.decode("ascii") for server in self.servers.servers)
        return f"ask {servers} over {self.servers.link}" + (f" for {', '.join(asked)}" if asked else "")

    def to_do(self, _: object = None) -> list[str]:
        """Say what entering does."""
        return [self.words]

    def to_undo(self) -> list[str]:
        """Say what leaving does."""
        return [f"no more {self.words}"]

    async def __aenter__(self) -> None:
        await self._all.enter(self)
        tell(self.statement, self.to_do)

    async def __aexit__(self, *_: object) -> None:
        await self._all.leave(self)
        tell(self.statement, self.to_undo)


class ForAll:
    """A holder in whose name is done what all need who hold servers of links."""

    title = "net.dns"

    def __init__(self, tell: Callable[[str], None], lose: Callable[[Unavailable], None]) -> None:
        """Take how to say something in the name of all, and how to have all begin again."""
        self._tell = tell
        self._lose = lose

    def is_redone_above(self, layer: int) -> bool:
        """Say no: each of them is asked for itself."""
        return False

    def lost(self, reason: Unavailable) -> None:
        """Have all begin again."""
        self._lose(reason)

    def note(self, line: str, kind: str = NOTE) -> None:
        """Say it in the name of all."""
        self._tell(line.removeprefix("dns: "))

    def mended(self, line: str) -> None:
        """Say it in the name of all."""
        self.note(line)

    def hear(self, child: str, pid: int, line: str) -> None:
        """Have no child whose lines are for all."""

    def again(self, reason: str, wait_ms: int) -> None:
        """Say that a child of all is started again."""
        self._tell(f"{reason}; it is started again in {wait_ms / 1000:g} s")

    def awaits(self, what: str) -> None:
        """Wait with whoever enters."""

    def uses(self, tool: Callable[[], str] | None) -> None:
        """Use it with whoever enters."""

    def did(self, words: Callable[[], Iterable[str]]) -> None:
        """Tell nothing: the holders do."""
