"""Several ways from one host to another: a router each, which knows the way back."""

from typing import NamedTuple

from netstrata.testing.cable import Cable
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab


class Way(NamedTuple):
    """One router, and the cable to it."""

    router: Host
    cable: Cable
    beyond: str  # the gateway of its default route: the far host


def ways_between(lab: Lab, near: Host, far: Host, networks: dict[str, str], first: int = 0) -> list[Way]:
    """Put a router for each link of a host between that and a far one, to which all else goes.

    Shapes: networks are the first three numbers of a /24 by link; the router has the first address of it, and the near
    host none yet.
    """
    ways = []
    for at, (link, network) in enumerate(networks.items(), first):
        router = lab.host(f"router-{link}")
        cable = lab.cable((near, link), (router, "lan"))
        lab.cable((router, "wan"), (far, f"way{at}"))
        router.up("lan", f"{network}.1/24")
        router.up("wan", f"10.0.{at}.1/30")
        far.up(f"way{at}", f"10.0.{at}.2/30")
        router.forward()
        router.ip(f"route add default via 10.0.{at}.2")
        far.ip(f"route add {network}.0/24 via 10.0.{at}.1")
        ways.append(Way(router, cable, f"10.0.{at}.2"))
    return ways
