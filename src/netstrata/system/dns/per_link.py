"""All who hold name servers of links: in systemd-resolved where it runs, else as lines of resolv.conf.

Of systemd-resolved each link has servers and domains of its own, and /etc/resolv.conf names its stub.  It would ask all
links at once for names of no domain; so only the best link is asked for these, or none if somebody who names no link is
before it.  When it comes or goes for good, all begin again; when it is started again, what it has lost is set again.
"""

from asyncio import get_running_loop, timeout
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from time import time
from typing import TYPE_CHECKING, Final, Protocol

from netstrata.contract import NOTE, Holder
from netstrata.contract.shapes.route import is_link_local
from netstrata.system.dns import bus, resolved
from netstrata.system.dns.held import HeldLines
from netstrata.system.dns.held_servers import HeldServers
from netstrata.system.dns.holders import REMEMBERED, ResolverConfiguration
from netstrata.system.dns.resolved_links import ResolvedLinks
from netstrata.system.dns.resolved_settings import Settings, settings_of
from netstrata.system.fair_lock import FairLock, turn
from netstrata.system.held import NO_RECOVERY, Recovery, Stop, WaitQueues
from netstrata.system.held.wait_queues import PATHS
from netstrata.values import Awaited, Unavailable, parse_address

if TYPE_CHECKING:
    from asyncio import Task, TimerHandle

GONE_S: Final = 5.0  # that systemd-resolved may be away: it is started again
STUB_S: Final = 10.0  # that resolv.conf may take to name it
AGAIN_S: Final = 2.0  # until one that does not answer is asked again
_WAITS: Final = "waits for its turn at systemd-resolved"
_STUB_FIRST: Final = -1  # before all priorities
_ASK: Final = "ask name servers over a link"


class LinkGround(Protocol):
    """What is known of links: which there are, and which are uplinks that others are preferred to."""

    def named(self, link: str, operation: str, who: Holder | None) -> AbstractContextManager[int]:
        """Know which link has a name; who asks has lost it when that is another one, or none.

        Raises: Unavailable.
        """

    def is_second(self, link: str) -> bool:
        """Say whether a link has uplinks, none of which is preferred."""

    def subscribe(self, call: Callable[[], None]) -> Stop:
        """Call whenever that may have changed; return how to do so no more."""


class PerLink:
    """All of them."""

    def __init__(
        self,
        general: ResolverConfiguration,
        ground: Callable[[], LinkGround],
        wait_queues: WaitQueues,
        recovery: Recovery = NO_RECOVERY,
    ) -> None:
        """Hold none; ground is asked for once somebody needs it."""
        self._general = general
        self._ground = ground
        self._wait_queues = wait_queues
        self._turns = FairLock()
        self.holders: list[HeldServers] = []
        self.best = 0  # the link that is asked for names of no domain, 0 if no link is
        self.happened: deque[tuple[float, str]] = deque(maxlen=REMEMBERED)  # what others have done, with wall times
        self._resolved = ResolvedLinks(recovery, self._on_presence, self._look_soon)
        self.stub = HeldLines(general, list(resolved.ITSELF), _STUB_FIRST, _All(self))
        self._is_stub_held = False
        self._stops: list[Stop] = []
        self._gone: TimerHandle | None = None  # until it is gone for good
        self._again: TimerHandle | None = None
        self._working: Task[None] | None = None
        self._is_due = False
        self._problem = ""
        general.know_links(lambda link: ground().is_second(link), self._look_soon)

    async def enter(self, holder: HeldServers) -> None:
        """Take a holder in, and return once its servers are asked.

        Raises: Unavailable, with the holder not taken in.
        """
        operation = f"ask name servers over {holder.servers.link}"
        holder.ifindex = holder.ground.enter_context(
            self._ground().named(holder.servers.link, operation, holder.statement)
        )
        try:
            async with turn(self._turns, _WAITS, holder.statement):
                self._begin()
                holder.is_lost = False
                self.holders.append(holder)
                holder.number = self._general.next_number()
                if await self._resolved.is_there():
                    await self._settle(holder)
                    return
                holder.inner = self._lines_of(holder)
            await holder.inner.__aenter__()
        except BaseException:
            holder.inner = None
            await self._forget(holder)
            raise

    async def leave(self, holder: HeldServers) -> None:
        """Let a holder go; what cannot be put back is said, and left to the next daemon."""
        inner, holder.inner = holder.inner, None
        try:
            if inner is not None:
                await inner.__aexit__(None, None, None)
        finally:
            await self._forget(holder)

    async def shown(self, ifindex: int) -> Settings:
        """Return what systemd-resolved has for a link now.

        Raises: Unavailable.
        """
        return await self._resolved.shown(ifindex)

    async def _forget(self, holder: HeldServers) -> None:
        async with turn(self._turns, _WAITS, holder.statement):
            holder.ground.close()
            if holder not in self.holders:
                return
            self.holders.remove(holder)
            try:
                await self._settle(None, holder)
            except Unavailable as error:
                holder.note(f"dns: {error}; ignoring")
            if not self.holders:
                self._end()

    @property
    def known(self) -> list[HeldServers]:
        """Those whose servers it knows, best first."""
        known = [one for one in self.holders if one.inner is None]
        return sorted(known, key=lambda one: self._general.rank(one.priority, one.servers.link, one.number))

    async def _settle(self, entering: HeldServers | None, leaving: HeldServers | None = None) -> None:
        """Have all links set as they should be, and the stub in resolv.conf while any is.

        Raises: Unavailable if the link of who enters or leaves cannot be set.
        """
        holders = self.known
        self.best = self._best(holders)
        problem: Unavailable | None = None
        concerned = entering or leaving
        of = concerned.ifindex if concerned is not None else 0
        for ifindex in self._resolved.held - {one.ifindex for one in holders}:
            try:
                await self._resolved.release(ifindex, concerned.statement if concerned is not None else None)
            except Unavailable as error:
                problem = error
        for ifindex, some in _by_link(holders).items():
            wanted = settings_of([one.servers for one in some], is_best=ifindex == self.best)
            try:
                await self._resolved.hold(ifindex, some[0].servers.link, wanted, some[0].title)
            except Unavailable as error:
                if ifindex == of:
                    problem = error
                else:
                    self._tell_problem(str(error))
        if problem is None or entering is None:
            await self._settle_stub(bool(holders))
        if problem is not None:
            raise problem

    async def _settle_stub(self, is_wanted: bool) -> None:
        """Have resolv.conf name systemd-resolved, unless it does so by itself and nobody else is named."""
        if is_wanted and not self._is_stub_held:
            if not self._general.asks_only(resolved.STUB):
                try:
                    async with timeout(STUB_S):
                        await self._general.enter(self.stub)
                except TimeoutError:
                    raise Unavailable(_ASK, "resolv.conf has no place for systemd-resolved now") from None
                self._is_stub_held = True
        elif not is_wanted and self._is_stub_held:
            self._is_stub_held = False
            await self._general.leave(self.stub)

    def _best(self, holders: list[HeldServers]) -> int:
        """Return the link that is asked for names of no domain, 0 if those who name no link come before it."""
        candidates = [
            (self._general.rank(one.priority, one.servers.link, one.number), one.ifindex)
            for one in holders
            if one.servers.is_default and one.servers.servers
        ]
        candidates += [
            (self._general.rank(one.priority, one.link, one.number), 0)
            for one in self._general.holders
            if one.has_servers and one is not self.stub
        ]
        return min(candidates)[1] if candidates else 0

    def _lines_of(self, holder: HeldServers) -> HeldLines:
        """Return the lines of resolv.conf that say as much of a holder's as they can.

        Raises: Unavailable if they cannot say whom these servers are for.
        """
        servers, link = holder.servers, holder.servers.link
        if not servers.is_default:
            domains = ", ".join(domain.decode("ascii") for domain in servers.domains)
            reason = "systemd-resolved does not run, and resolv.conf knows no domains with servers of their own"
            raise Unavailable(f"have names in {domains} asked over {link}", reason, awaits=_BUS_COMES)
        unknown = [*(["domains"] if servers.domains else []), *servers.switches]
        if unknown:
            holder.note(f"dns: {', '.join(unknown)}: only systemd-resolved knows that, and it does not run; ignoring")
        lines = [b"nameserver " + _zoned(server, link) for server in servers.servers]
        lines += [b"search " + b" ".join(servers.search)] if servers.search else []
        return HeldLines(self._general, lines, holder.priority, holder.statement, link)

    def _begin(self) -> None:
        """Hear of what changes, once somebody is there."""
        if not self._stops:
            self._stops = [self._ground().subscribe(self._look_soon)]
            with suppress(Unavailable, OSError):
                self._stops.append(self._wait_queues.wait(_BUS_COMES[0], self._look_soon))

    def _end(self) -> None:
        for stop in self._stops:
            stop()
        self._stops = []
        for timer in (self._gone, self._again):
            if timer is not None:
                timer.cancel()
        self._gone = self._again = None
        self._resolved.close()

    # What happens meanwhile.

    def _on_presence(self, is_there: bool) -> None:
        self._know(is_there)
        self._look_soon()

    def _know(self, is_there: bool) -> None:
        """Have those begin again who do not know it yet; if it is not there, in a while those who do."""
        if is_there:
            if self._gone is not None:
                self._gone.cancel()
                self._gone = None
            for holder in self.holders[:]:
                if holder.inner is not None:
                    holder.lose(Unavailable(_ASK, "systemd-resolved runs now"))
        elif self._gone is None and self.known:
            self._gone = get_running_loop().call_later(GONE_S, self._has_gone)

    def _has_gone(self) -> None:
        self._gone = None
        for holder in self.known:
            holder.lose(Unavailable(_ASK, "systemd-resolved does not run any more"))

    def _look_soon(self) -> None:
        """Have all as it should be, after something has changed."""
        self._is_due = True
        if self._stops and (self._working is None or self._working.done()):
            self._working = get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        while self._is_due and self.holders:
            self._is_due = False
            async with turn(self._turns, _WAITS, None):
                try:
                    await self._look_once()
                except Unavailable as error:
                    self._tell_problem(str(error))
                    self._again = self._again or get_running_loop().call_later(AGAIN_S, self._look_again)
                else:
                    self._problem = ""

    def _look_again(self) -> None:
        self._again = None
        self._look_soon()

    async def _look_once(self) -> None:
        if any(one.inner is not None for one in self.holders):
            await self._general.rewrite()
        is_there = await self._resolved.is_there()
        self._know(is_there)
        if not self.known:
            return
        if not is_there:
            raise Unavailable(_ASK, "systemd-resolved is not there now")
        for line in await self._resolved.look():
            self.happened.append((time(), line))
            self.tell(line)
        await self._settle(None)

    def _tell_problem(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            self.tell(problem)

    def tell(self, line: str) -> None:
        """Say something in the name of all whose servers it knows."""
        for holder in self.known:
            holder.note(f"dns: {line}")

    def lose(self, reason: Unavailable) -> None:
        """Have all whose servers it knows begin again."""
        for holder in self.known:
            holder.lose(reason)


class _All:
    """In whose name the stub is in resolv.conf: of all who need it."""

    title = "net.dns"

    def __init__(self, holders: PerLink) -> None:
        self._all = holders

    def lost(self, reason: Unavailable) -> None:
        """Have all begin again."""
        self._all._is_stub_held = False
        self._all.lose(reason)

    def note(self, line: str, kind: str = NOTE) -> None:
        """Say it in the name of all."""
        self._all.tell(line.removeprefix("dns: "))

    def hear(self, child: str, pid: int, line: str) -> None:
        """Have no child."""

    def again(self, reason: str, wait_ms: int) -> None:
        """Start nothing."""

    def awaits(self, what: str) -> None:
        """Wait with whoever enters."""

    def uses(self, tool: Callable[[], str] | None) -> None:
        """Use it with whoever enters."""

    def did(self, words: Callable[[], Iterable[str]]) -> None:
        """Tell nothing: the holders do."""


_BUS_COMES: Final = (Awaited(PATHS, (bus.PATH,)),)


def _by_link(holders: list[HeldServers]) -> dict[int, list[HeldServers]]:
    found: dict[int, list[HeldServers]] = {}
    for one in holders:
        found.setdefault(one.ifindex, []).append(one)
    return found


def _zoned(server: bytes, link: str) -> bytes:
    """Return a server as resolv.conf names it: a link-local one is on its link."""
    address = parse_address(server)
    if address is not None and len(address) == 16 and is_link_local(address):
        return server + b"%" + link.encode("utf-8", "surrogateescape")
    return server
