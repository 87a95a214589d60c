"""Lines of the resolver configuration that one statement holds."""

from typing import TYPE_CHECKING, Protocol

from netstrata.contract import Holder
from netstrata.system.dns.used import servers_of
from netstrata.system.held import tell
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from asyncio import Future


class LineHolders(Protocol):
    """All who hold some."""

    async def enter(self, holder: "HeldLines") -> None:
        """Take one in.

        Raises: Unavailable.
        """

    async def leave(self, holder: "HeldLines") -> None:
        """Let one go."""


class HeldLines:
    """One holder's lines."""

    __slots__ = ("_configuration", "is_up", "lines", "link", "number", "priority", "statement", "waiting")

    def __init__(
        self, configuration: LineHolders, lines: list[bytes], priority: int, who: Holder | None, link: str = ""
    ) -> None:
        self._configuration = configuration
        self.link = link  # that its servers are asked over, if they belong to one
        self.number = 0  # of several, the one with the lower came first
        self.statement = who
        self.lines = lines
        self.priority = priority
        self.is_up = False
        self.waiting: Future[None] | None = None  # until its servers are used

    @property
    def servers(self) -> list[bytes]:
        """Those that it names."""
        return servers_of(self.lines)

    @property
    def title(self) -> str:
        return self.statement.title if self.statement is not None else ""

    def note(self, line: str) -> None:
        if self.statement is not None:
            self.statement.note(line)

    def awaits(self, what: str) -> None:
        if self.statement is not None:
            self.statement.awaits(what)

    def lost(self, reason: Unavailable) -> None:
        if self.statement is not None:
            self.statement.lost(reason)

    def to_do(self, _: object = None) -> list[str]:
        """Say what entering does."""
        return [f"add to the resolver configuration: {_text(line)}" for line in self.lines]

    def to_undo(self) -> list[str]:
        """Say what leaving does."""
        return [f"take out of the resolver configuration: {_text(line)}" for line in reversed(self.lines)]

    async def __aenter__(self) -> None:
        await self._configuration.enter(self)
        tell(self.statement, self.to_do)

    async def __aexit__(self, *_: object) -> None:
        await self._configuration.leave(self)


class LinkLines(HeldLines):
    """What of somebody's servers of a link is lines of resolv.conf; whose they are says what is done."""

    __slots__ = ()

    def to_do(self, _: object = None) -> list[str]:
        """Say nothing."""
        return []

    def to_undo(self) -> list[str]:
        """Say nothing."""
        return []


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")
