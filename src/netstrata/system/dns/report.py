"""What there is to say of who answers names: by whom, why by them, whose servers, and what has become of it."""

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

from netstrata.contract import Holder
from netstrata.system.dns.asking import Asked, ask_all
from netstrata.system.dns.command import ResolvconfCommand
from netstrata.system.dns.held_servers import HeldServers
from netstrata.system.dns.holders import ResolverConfiguration
from netstrata.system.dns.per_link import PerLink
from netstrata.system.dns.used import servers_in
from netstrata.values import Unavailable, format_address

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import Iterator

READ_BY_LIBC: Final = 3  # servers that the C library reads: MAXNS of resolv.h, and musl's


class ServerReport(NamedTuple):
    """One server that a statement holds."""

    server: str
    holder: Holder | None
    priority: int
    link: str
    domains: list[str]
    search: list[str]
    asked_for: str
    answer: str


class LinkReport(NamedTuple):
    """What systemd-resolved has for a link now."""

    link: str
    servers: list[str]
    domains: list[str]
    problem: str


class ResolverReport(NamedTuple):
    """All of it."""

    backends: list[tuple[str, str]]  # by whom names are answered, and why by them
    file: str
    named: list[str]  # servers in the file now
    is_ours: bool
    servers: list[ServerReport]
    links: list[LinkReport]
    happened: list[tuple[float, str]]  # what others have changed, with wall times


class Resolver:
    """Whom to ask for it."""

    def __init__(self, general: ResolverConfiguration, per_link: PerLink) -> None:
        self._general = general
        self._per_link = per_link
        self._probing: Task[ResolverReport] | None = None

    def report(self, probe: bool) -> "Task[ResolverReport]":
        """Begin to look, and ask all servers if that is wanted: whoever wants that meanwhile has the same answer."""
        loop = asyncio.get_running_loop()
        if not probe:
            return loop.create_task(self._look())
        if self._probing is None or self._probing.done():
            self._probing = loop.create_task(self._probe())
        return self._probing

    async def _probe(self) -> ResolverReport:
        found = await self._look()
        questions = [_question(one) for one in found.servers]
        answers = await ask_all(questions)
        servers = [
            one._replace(answer=answers.get(asked, "was not asked"))
            for one, asked in zip(found.servers, questions, strict=True)
        ]
        return found._replace(servers=servers)

    async def _look(self) -> ResolverReport:
        general, per_link = self._general, self._per_link
        named = [server.decode("utf-8", "backslashreplace") for server in servers_in(general.path)]
        servers = [*self._general_servers(named), *self._link_servers(named)]
        servers.sort(key=lambda one: one[0])
        links = [await _link_report(per_link, one) for one in {one.ifindex: one for one in per_link.known}.values()]
        happened = sorted([*general.happened, *per_link.happened])
        return ResolverReport(
            self._backends(), general.path, named, general.is_ours, [one for _, one in servers], links, happened
        )

    def _backends(self) -> list[tuple[str, str]]:
        found = [("systemd-resolved", "it runs, and knows links")] if self._per_link.known else []
        if self._general.forwarded_to:
            found.append((f"dnsmasq at {self._general.forwarded_to.decode()}", "started for names of domains"))
        name = _backend(self._general)
        if name:
            found.append((name, _REASONS[name]))
        return found or [("none", "no statement that is up holds name servers")]

    def _general_servers(self, named: list[str]) -> "Iterator[_Ranked]":
        """Yield what is held in resolv.conf for no link."""
        for holder in self._general.holders:
            if holder is self._per_link.stub or holder.link:
                continue
            words = [line.decode("utf-8", "backslashreplace").split() for line in holder.lines]
            search = [name for word in words if word[:1] in (["search"], ["domain"]) for name in word[1:]]
            rank = self._general.rank(holder.priority, "", holder.number)
            for word in words:
                if word[:1] == ["nameserver"] and len(word) > 1:
                    asked_for = self._asked_for(word[1], named, 0)
                    found = ServerReport(word[1], holder.statement, holder.priority, "", [], search, asked_for, "")
                    yield rank, found

    def _link_servers(self, named: list[str]) -> "Iterator[_Ranked]":
        for holder in self._per_link.holders:
            wanted = holder.servers
            domains, search = _texts(wanted.domains), _texts(wanted.search)
            is_known = holder.inner is None or holder.is_forwarded
            rank = self._general.rank(holder.priority, wanted.link, holder.number)
            for server in _texts(wanted.servers):
                others = self._asked_for(server, named, holder.ifindex if holder.inner is None else 0)
                ours = [f"names in {domain}" for domain in domains] if is_known else []
                asked_for = ", ".join([*ours, *([others] if others and (wanted.is_default or not is_known) else [])])
                found = ServerReport(
                    server, holder.statement, holder.priority, wanted.link, domains, search, asked_for, ""
                )
                yield rank, found

    def _asked_for(self, server: str, named: list[str], ifindex: int) -> str:
        """Return which names of no domain a server is asked for."""
        if self._general.forwarded_to:
            return "all other names" if server.encode() in self._per_link.first_servers else ""
        if self._per_link.known:
            return "all other names" if self._per_link.best == ifindex else ""
        places = [place for place, one in enumerate(named) if one.partition("%")[0] == server.partition("%")[0]]
        if not places:
            return ""
        if places[0] >= READ_BY_LIBC:
            return f"nothing: the C library reads {READ_BY_LIBC} servers"
        return "all names" if not places[0] else "all names, if those before do not answer"


if TYPE_CHECKING:
    _Ranked = tuple[tuple[int, int, int], ServerReport]

_REASONS: Final = {
    "resolvconf": "it makes the file, and is given our lines",
    "resolv.conf": "nobody else makes the file",
    "resolv.conf, beside NetworkManager": "NetworkManager makes the file; its lines stay in it",
}


def _backend(general: ResolverConfiguration) -> str:
    """Return who has the lines of resolv.conf, "" if there are none."""
    if isinstance(general.backend, ResolvconfCommand):
        return "resolvconf"
    if general.backend is None:
        return ""
    return "resolv.conf, beside NetworkManager" if general.beside.is_there() else "resolv.conf"


async def _link_report(per_link: PerLink, holder: HeldServers) -> LinkReport:
    link = holder.servers.link
    try:
        found = await per_link.shown(holder.ifindex)
    except Unavailable as error:
        return LinkReport(link, [], [], str(error))
    servers = [format_address(bytes(address)).decode() for _, address, *_ in found["DNSEx"]]
    domains = [f"~{name}" if routing else name for name, routing in found["Domains"]]
    return LinkReport(link, servers, domains, "")


def _texts(words: list[bytes]) -> list[str]:
    return [word.decode("utf-8", "backslashreplace") for word in words]


def _question(one: ServerReport) -> Asked:
    return one.server, one.link, (one.domains or [""])[0]
