"""net.probe: whether anything gets through over a link."""

from contextlib import aclosing

from netstrata.contract import DOWN, Watch, watches
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.common import Link
from netstrata.contract.shapes.gateway import ProbeHosts, ProbeOptions
from netstrata.ports import Ports, Probe


@watches("net.probe", layer=4)
async def probe(ports: Ports, link: Link, hosts: ProbeHosts, options: ProbeOptions = NO_OPTIONS) -> Watch[None]:
    """Up while hosts behind a link answer echo requests; one of them is enough.

    As long as none answers, a `net.gateway` of the link is worse than those of all other links, so that another uplink
    is the preferred one.  It is written above the gateway: the questions go out over the link, whichever uplink is
    preferred.

    A host is asked each second.  If an answer is missing, more are asked, faster, and if none of 15 is answered nothing
    gets through: that is known within 3 s, and a fifth of all packets lost is no reason.  With `fast` it is known
    within 500 ms, by twelve questions a second, and less loss is taken for a reason.  Who is back must answer 3 times
    (12 with `fast`), and each time that it goes within a minute twice as often, up to a minute.

    Example:
        net.gateway("eth0", "192.0.2.1", ["preference": "10"]);
        net.probe("eth0", {"198.51.100.53", "203.0.113.53"});
        println("the internet is there");

    Source: RFC 792, RFC 4443 section 4.
    """
    async with aclosing(ports.gateways.watch_probe(Probe(link, hosts, bool(options.get("fast"))))) as answers:
        async for reached in answers:
            yield None if reached else DOWN
