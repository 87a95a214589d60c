"""net.shape: how much a link sends and receives."""

from contextlib import AsyncExitStack

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Link
from netstrata.contract.shapes.rate import RateOptions
from netstrata.ports import Ports, Rate
from netstrata.values import Refused


@configures("net.shape", layer=1)
async def shape(ports: Ports, link: Link, rates: RateOptions) -> Up[None]:
    """Hold how much goes out of a link (`up`), and how much comes in (`down`).

    What goes out too fast waits, in the queues of `qdisc`: cake if none is given, or htb or tbf; fq_codel, and cake
    without `up`, only have no stream wait for another one.  What comes in too fast is dropped, so that who sends it
    goes slower.  To have it work, each is somewhat less than what the line can do.

    A link has one discipline for what goes out: another one that somebody has put there is an error, and stays.

    Example:
        net.shape("eth0", ["up": "20mbit", "down": "95mbit"]);
        net.shape("eth1", ["up": "1gbit", "qdisc": "htb"]);
        net.shape("eth2", ["qdisc": "fq_codel"]);

    Source: tc(8), tc-cake(8), tc-htb(8), tc-tbf(8), tc-police(8).
    """
    up, down, kind = rates.get("up", 0), rates.get("down", 0), rates.get("qdisc", "cake")
    if "qdisc" in rates and kind in ("htb", "tbf") and not up:
        raise Refused(f"`{kind}` needs `up`: without a rate it does nothing", argument=1)
    if kind == "fq_codel" and up:
        raise Refused("fq_codel knows no rate: with `up` take cake, htb or tbf", argument=1)
    if not rates:
        raise Refused("expected `up`, `down` or `qdisc`", argument=1)
    async with AsyncExitStack() as held:
        if up or "qdisc" in rates:
            await held.enter_async_context(ports.links.held_rate(Rate(link, kind, up)))
        if down:
            await held.enter_async_context(ports.links.held_rate(Rate(link, "police", down)))
        yield
