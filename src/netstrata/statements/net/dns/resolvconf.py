"""net.dns.resolvconf: lines of the resolver configuration."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Priority
from netstrata.contract.shapes.dns import ResolverLines
from netstrata.ports import Ports


@configures("net.dns.resolvconf", layer=4)
async def resolvconf(ports: Ports, lines: ResolverLines, priority: Priority) -> Up[None]:
    """Hold lines in the resolver configuration, each a keyword and its value; smaller priorities come first.

    All search lists, of whichever statements, become one line, for of two the C library reads the last one only; a
    `domain` beside them is one of them.  Any keyword will do; what would be read as another line is refused: a line
    feed, a carriage return, or more than 1023 bytes.

    Example:
        net.dns.resolvconf({{"search", "example.org"}, {"options", "ndots:2"}}, "20");

    Source: resolv.conf(5).
    """
    async with ports.dns.held_lines([b"%s %s" % line for line in lines], priority):
        yield
