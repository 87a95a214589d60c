"""The `Dns` port, called on behalf of one statement, or of nobody."""

from contextlib import AbstractAsyncContextManager

from netstrata.contract import Holder
from netstrata.ports.dns import LinkServers
from netstrata.system.dns.held import HeldLines
from netstrata.system.dns.held_servers import HeldServers
from netstrata.system.dns.holders import ResolverConfiguration
from netstrata.system.dns.per_link import PerLink


class DnsPort:
    """The `Dns` port."""

    __slots__ = ("_configuration", "_per_link", "_who")

    def __init__(
        self, configuration: ResolverConfiguration, who: Holder | None = None, per_link: PerLink | None = None
    ) -> None:
        self._configuration = configuration
        self._per_link = per_link
        self._who = who

    def on_behalf_of(self, who: Holder) -> "DnsPort":
        """Return the port for a statement."""
        return DnsPort(self._configuration, who, self._per_link)

    def held_lines(self, lines: list[bytes], priority: int) -> AbstractAsyncContextManager[None]:
        """Add lines while the context lasts; see `netstrata.ports.Dns`."""
        return HeldLines(self._configuration, lines, priority, self._who)

    def held_servers(self, servers: LinkServers, priority: int) -> AbstractAsyncContextManager[None]:
        """Have servers asked over a link while the context lasts; see `netstrata.ports.Dns`."""
        assert self._per_link is not None
        return HeldServers(self._per_link, servers, priority, self._who)
