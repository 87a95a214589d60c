"""net.probe: whether anything gets through over a link."""

from contextlib import aclosing

from netstrata.contract import DOWN, Watch, watches
from netstrata.contract.options import NO_OPTIONS, Options
from netstrata.contract.shapes.common import Link
from netstrata.contract.shapes.probe import (
    DNS,
    ECHO,
    ProbeOptions,
    ProbeTarget,
    ProbeTargets,
    address_over,
    family_of_probe,
    pages_of,
)
from netstrata.contract.shapes.url import Url
from netstrata.ports import PageSource, Ports, Probe
from netstrata.values import Refused


@watches("net.probe", layer=4)
async def probe(ports: Ports, link: Link, targets: ProbeTargets, options: ProbeOptions = NO_OPTIONS) -> Watch[None]:
    """Up while something behind a link answers; of several hosts and pages one is enough.

    As long as none answers, a `net.gateway` of the link is worse than those of all other links, so that another uplink
    is the preferred one.  It is written above the gateway: the questions go out over the link, whichever uplink is
    preferred.

    Addresses are asked `by`

    - `echo`, if nothing else is given: echo requests;
    - `neighbour`: ARP, or neighbour solicitations, for a router on the link itself;
    - `dns`: the question for `name`, else for the servers of the root.  That a name does not exist (NXDOMAIN) is an
      answer; SERVFAIL, REFUSED and the like are none, as they come from a server that gets no further itself.

    Pages are asked for by HTTP or HTTPS, without following redirects: one counts if its `status` is 204, or another one
    that is given; with `body` it must begin so, and the status is 200 then.  Names are asked of `servers`, over the
    link; for IPv6 addresses with `family` inet6, if nothing else says so.  Link-local addresses may have the link
    behind them, as router advertisements name servers: fe80::1%wlan0.  A certificate must be valid and known to the
    machine.

    A host is asked each second.  If an answer is missing, more are asked, faster, and if none of 15 is answered nothing
    gets through: that is known within 3 s, and a fifth of all packets lost is no reason.  With `fast` it is known
    within 500 ms, by twelve questions a second, and less loss is taken for a reason.  Who is back must answer 3 times
    (12 with `fast`), and each time that it goes within a minute twice as often, up to a minute.

    Pages are asked for each 30 s, and each 10 s while nothing gets through; 4 in a row must fail, which is known within
    45 s, and one that comes is enough.  With `fast` they are asked for each 5 s, or 2 s, which is known within 10 s.

    A gateway of the link whose Ethernet address the kernel does not find any more has questions asked at once.

    Example:
        net.gateway("eth0", "192.0.2.1", ["preference": "10"]);
        net.probe("eth0", {"198.51.100.53", "203.0.113.53"});
        println("the internet is there");

        net.ipv4.dhcp("wlan0") lease;
        net.probe("wlan0", {lease.gateway}, ["by": "neighbour"]);
        net.probe("wlan0", lease.dns_servers, ["by": "dns"]);
        net.probe("wlan0", {"https://example.org/online"}, ["servers": lease.dns_servers, "body": "yes"]);

    Source: RFC 792, RFC 4443 section 4; RFC 826, RFC 4861 section 7.2; RFC 1035; RFC 9110, RFC 9112.
    """
    async with aclosing(ports.gateways.watch_probe(_wanted(link, targets, options))) as answers:
        async for reached in answers:
            yield None if reached else DOWN


def _wanted(link: str, targets: list[ProbeTarget], options: Options) -> Probe:
    """Return what is to be asked.

    Raises: Refused, for an option that would change nothing.
    """
    by, name = options.get("by", ECHO), options.get("name", "")
    if name and by != DNS:
        raise Refused("only name servers are asked for a name: `by` is not dns", argument=2, within=(b"name",))
    if "by" in options and all(isinstance(target, Url) for target in targets):
        raise Refused("pages are asked for in one way, and there is no address", argument=2, within=(b"by",))
    source = pages_of(link, [target for target in targets if isinstance(target, Url)], options)
    asked = [one if isinstance(one, Url) else address_over(link, one, 1, at) for at, one in enumerate(targets)]
    return Probe(
        link,
        tuple(asked),
        family_of_probe(targets, options),
        by,
        bool(options.get("fast")),
        name,
        PageSource(*source),
    )
