"""net.portal: whether a captive portal is in the way."""

from contextlib import aclosing
from typing import NamedTuple

from netstrata.contract import Revised, Watch, watches
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.common import Link, Text, Truth
from netstrata.contract.shapes.probe import PortalAnswer, PortalOptions, family_of_probe, pages_of
from netstrata.contract.shapes.url import Checks, parse_url
from netstrata.ports import PageSource, Portal, Ports


class Found(NamedTuple):
    """What is known of the portal of a network."""

    captive: Truth
    url: Text
    venue: Text
    seconds_remaining: Text


@watches("net.portal", layer=4)
async def portal(ports: Ports, link: Link, checks: Checks, options: PortalOptions = NO_OPTIONS) -> Watch[Found]:
    """Up when it is known whether a captive portal is in the way on a link, and up from then on.

    `captive` says so; `url` is the page where people log in, `venue` one about the place, `seconds_remaining` how long
    the portal will let through, as it said when it let or when that grew; each is empty if nobody has said it.  When
    one of them changes, what has read it is done again, with all after it.

    The portal itself is asked first, at `api`, which is what `lease.captive_portal` gives; empty if the network names
    none.  If it does not answer, one of the pages is asked for over plain HTTP: what comes instead of the page that is
    expected is a portal's, if it is a redirect, whose target is `url` then, or another page.  An error and silence say
    nothing, and a network where nothing says anything for 5 s has no portal.  `status`, `body`, `servers` and `family`
    are as for `net.probe`.

    It is asked each 30 s, and each 10 s while a portal is in the way; only two answers in a row change what was
    believed before.  Meanwhile a `net.gateway` of the link is worse than those of all other links.

    Example:
        net.ipv4.dhcp("wlan0") lease;
        net.gateway("wlan0", lease.routes, ["preference": "20", "kind": "wifi"]);
        net.portal("wlan0", {"http://example.org/generate_204"}, ["servers": lease.dns_servers,
            "api": lease.captive_portal]) portal;
        If (portal.captive) { println("please log in at ", portal.url); };

    Source: RFC 8908, RFC 8910; RFC 6585 section 6.
    """
    source = PageSource(*pages_of(link, checks, options))
    api = parse_url(options.get("api", ""))
    wanted = Portal(link, tuple(checks), family_of_probe(checks, options), api, source)
    async with aclosing(ports.gateways.watch_portal(wanted)) as answers:
        async for answer in answers:
            yield Revised(_found(answer))


def _found(answer: PortalAnswer) -> Found:
    seconds = b"%d" % answer.seconds if answer.seconds is not None else b""
    return Found(answer.captive, answer.url.encode(), answer.venue.encode(), seconds)
