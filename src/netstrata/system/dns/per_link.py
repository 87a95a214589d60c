"""All who hold name servers of links: in systemd-resolved where it runs, else as lines of resolv.conf.

Of systemd-resolved each link has servers and domains of its own, and /etc/resolv.conf names its stub.  It would ask all
links at once for names of no domain; so only the best link is asked for these, or none if somebody who names no link is
before it.  When it comes or goes for good, all begin again; when it is started again, what it has lost is set again.
"""

from asyncio import get_running_loop, timeout
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from time import time
from typing import TYPE_CHECKING, Final, Protocol

from netstrata.contract import Holder
from netstrata.system.dns import bus, resolved
from netstrata.system.dns.command import ResolvconfCommand
from netstrata.system.dns.held import HeldLines, LinkLines
from netstrata.system.dns.held_servers import ForAll, HeldServers, zoned
from netstrata.system.dns.holders import REMEMBERED, ResolverConfiguration
from netstrata.system.dns.resolved_links import ResolvedLinks
from netstrata.system.dns.resolved_settings import Settings, settings_of
from netstrata.system.dns.upstreams import upstreams
from netstrata.system.dns.used import servers_in
from netstrata.system.fair_lock import FairLock, turn
from netstrata.system.held import NO_RECOVERY, Recovery, Stop, WaitQueues
from netstrata.system.held.wait_queues import PATHS
from netstrata.values import Awaited, Unavailable

if TYPE_CHECKING:
    from asyncio import Task, TimerHandle

    from netstrata.system.dns.forwarder import Forwarder

GONE_S: Final = 5.0  # that systemd-resolved may be away: it is started again
STUB_S: Final = 10.0  # that resolv.conf may take to name it
AGAIN_S: Final = 2.0  # until one that does not answer is asked again
_WAITS: Final = "waits for its turn at systemd-resolved"
_STUB_FIRST: Final = -1  # before all priorities
_ASK: Final = "ask name servers over a link"


class LinkGround(Protocol):
    """What is known of links: which there are, and which place each has among uplinks."""

    def named(self, link: str, operation: str, who: Holder | None) -> AbstractContextManager[int]:
        """Know which link has a name; who asks has lost it when that is another one, or none.

        Raises: Unavailable.
        """

    def place_of(self, link: str) -> int:
        """Return how many uplinks come before the best one over a link, 0 if there is none over it."""

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
        make_forwarder: "Callable[[Holder], Forwarder] | None" = None,
    ) -> None:
        """Hold none; ground and forwarder are asked for once somebody needs them."""
        self._general = general
        self._ground = ground
        self._wait_queues = wait_queues
        self._turns = FairLock()
        self.holders: list[HeldServers] = []
        self.best = 0  # the link that is asked for names of no domain, 0 if no link is
        self.happened: deque[tuple[float, str]] = deque(maxlen=REMEMBERED)  # what others have done, with wall times
        self._resolved = ResolvedLinks(recovery, self._on_presence, self._look_soon)
        self.stub = HeldLines(general, list(resolved.ITSELF), _STUB_FIRST, ForAll(self.tell, self._lose))
        self._is_stub_held = False
        self._make_forwarder = make_forwarder
        self._forwarder: Forwarder | None = None
        self._stops: list[Stop] = []
        self._gone: TimerHandle | None = None  # until it is gone for good
        self._again: TimerHandle | None = None
        self._working: Task[None] | None = None
        self._is_due = False
        self._problem = ""
        general.know_links(lambda link: ground().place_of(link), self._look_soon)

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
                await self._settle_forwarder()
            await self._general.enter(holder.inner)
        except BaseException:
            await self._forget(holder)
            raise

    async def leave(self, holder: HeldServers) -> None:
        """Let a holder go; what cannot be put back is said, and left to the next daemon."""
        try:
            if holder.inner is not None:
                await self._general.leave(holder.inner)
        finally:
            await self._forget(holder)

    async def shown(self, ifindex: int) -> Settings:
        """Return what systemd-resolved has for a link now.

        Raises: Unavailable.
        """
        async with turn(self._turns, _WAITS, None):
            if ifindex not in self._resolved.held:  # nor is there a connection for it
                raise Unavailable("read a link of systemd-resolved", "nothing of it is held any more")
            return await self._resolved.shown(ifindex)

    async def _forget(self, holder: HeldServers) -> None:
        async with turn(self._turns, _WAITS, holder.statement):
            holder.ground.close()
            if holder not in self.holders:
                return
            self.holders.remove(holder)
            holder.inner, holder.is_forwarded = None, False
            try:
                await self._settle_forwarder()
                await self._settle(None, holder)
            except Unavailable as error:
                holder.note(f"dns: {error}; ignoring")
            if not self.holders:
                self._end()

    @property
    def known(self) -> list[HeldServers]:
        """Those whose servers it knows, best first."""
        return self._ordered([one for one in self.holders if one.inner is None])

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
            if self._general.holders or servers_in(self._general.path) != [resolved.STUB]:
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
            if one.servers and one is not self.stub
        ]
        return min(candidates)[1] if candidates else 0

    def _lines_of(self, holder: HeldServers) -> LinkLines:
        """Return the lines of resolv.conf that say as much of a holder's as they can, beside a forwarder if need be.

        Raises: Unavailable if nobody here can tell names of its domains from others.
        """
        servers, link = holder.servers, holder.servers.link
        unknown = list(servers.switches)
        if servers.domains:
            reason = self._why_not_forwarded()
            holder.is_forwarded = not reason
            if reason and not servers.is_default:
                domains = ", ".join(domain.decode("ascii") for domain in servers.domains)
                raise Unavailable(f"have names in {domains} asked over {link}", reason, awaits=_BUS_COMES)
            unknown += ["domains"] if reason else []
        if unknown:
            holder.note(f"dns: {', '.join(unknown)}: only systemd-resolved knows that, and it does not run; ignoring")
        asked = servers.servers if servers.is_default else []
        lines = [b"nameserver " + zoned(server, link) for server in asked]
        lines += [b"search " + b" ".join(servers.search)] if servers.search else []
        return LinkLines(self._general, lines, holder.priority, holder.statement, link)

    def _why_not_forwarded(self) -> str:
        """Return why no dnsmasq of ours can be asked for names of domains, "" if one can."""
        if isinstance(self._general.choose(), ResolvconfCommand):
            return "systemd-resolved does not run, and resolvconf makes resolv.conf, which knows no domains"
        self._forwarder = self._forwarder or (
            self._make_forwarder(ForAll(self.tell, self._lose)) if self._make_forwarder else None
        )
        if self._forwarder is None or not self._forwarder.is_possible:
            return "systemd-resolved does not run, there is no dnsmasq, and resolv.conf knows no domains"
        return ""

    @property
    def first_servers(self) -> list[bytes]:
        """Those that a dnsmasq of ours asks for names of no domain."""
        return [one.server for one in upstreams(self._general, [])]

    async def _settle_forwarder(self) -> None:
        """Have a dnsmasq of ours ask who is to be asked now, while anybody has domains there.

        Raises: Unavailable.
        """
        if self._forwarder is None:
            return
        forwarded = self._ordered([one for one in self.holders if one.is_forwarded])
        if forwarded:
            await self._forwarder.use(upstreams(self._general, forwarded))
            self._general.forwarded_to = self._forwarder.address.encode()
        elif self._forwarder.address:
            self._general.forwarded_to = b""
            await self._general.rewrite()
            await self._forwarder.end()

    def _ordered(self, holders: list[HeldServers]) -> list[HeldServers]:
        return sorted(holders, key=lambda one: self._general.rank(one.priority, one.servers.link, one.number))

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
            await self._settle_forwarder()
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
        """Say something in the name of all whose servers systemd-resolved, or a dnsmasq of ours, knows."""
        for holder in self.holders:
            if holder.inner is None or holder.is_forwarded:
                holder.note(f"dns: {line}")

    def _lose(self, reason: Unavailable) -> None:
        """Have all whose servers it knows begin again: another one makes resolv.conf."""
        self._is_stub_held = False
        for holder in self.known:
            holder.lose(reason)


_BUS_COMES: Final = (Awaited(PATHS, (bus.PATH,)),)


def _by_link(holders: list[HeldServers]) -> dict[int, list[HeldServers]]:
    found: dict[int, list[HeldServers]] = {}
    for one in holders:
        found.setdefault(one.ifindex, []).append(one)
    return found
