"""Name servers of one link that one statement holds."""

from contextlib import ExitStack
from typing import Protocol

from netstrata.contract import Holder
from netstrata.ports.dns import LinkServers
from netstrata.system.dns.held import HeldLines
from netstrata.system.held import tell
from netstrata.values import Unavailable


class ServerHolders(Protocol):
    """All who hold some."""

    async def enter(self, holder: "HeldServers") -> None:
        """Take one in.

        Raises: Unavailable.
        """

    async def leave(self, holder: "HeldServers") -> None:
        """Let one go."""


class HeldServers:
    """One holder's servers."""

    __slots__ = ("_all", "ground", "ifindex", "inner", "is_lost", "number", "priority", "servers", "statement")

    def __init__(self, holders: ServerHolders, servers: LinkServers, priority: int, who: Holder | None) -> None:
        self._all = holders
        self.servers = servers
        self.priority = priority
        self.statement = who
        self.number = 0  # of several, the one with the lower came first
        self.ifindex = 0
        self.is_lost = False
        self.ground = ExitStack()  # as long as the link has its name
        self.inner: HeldLines | None = None  # its lines of resolv.conf, where systemd-resolved does not know it

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
