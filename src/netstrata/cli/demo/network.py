"""The demo's network.

    laptop eth0  --+-- office     192.0.2.0/24    --+
                   +-- new office 10.7.0.0/24     --+-- internet: www.example.org, 203.0.113.80
    laptop wlan0 ----- cafe       198.51.100.0/24 --+

The new office's router is there from the start, but its cable is not plugged.
"""

from types import TracebackType
from typing import NamedTuple, Self

from netstrata.testing.child import Child
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

PAGE = "203.0.113.80"
URL = "http://www.example.org/"
RENEWAL_S = 2  # the servers ask for a renewal after this time, and for rebinding after twice as much
LINES_BEFORE = "# this was here before the demo\n"


class Uplink(NamedTuple):
    """What the laptop should see of one network."""

    name: str
    link: str
    network: str  # the first three bytes, and a dot

    @property
    def router(self) -> str:
        """The address of the router, which is the name server, too."""
        return f"{self.network}1"

    @property
    def route(self) -> str:
        """The laptop's default route that counts if it leads through here, as the lab words it."""
        return f"route default via {self.router} dev {self.link}"


OFFICE = Uplink("office", "eth0", "192.0.2.")
CAFE = Uplink("cafe", "wlan0", "198.51.100.")
NEW_OFFICE = Uplink("new office", "eth0", "10.7.0.")


class Network:
    """The hosts and cables of the demo; a context manager."""

    def __init__(self) -> None:
        """Build it, with all servers ready.

        Raises: Unavailable.
        """
        self.lab = Lab()
        try:
            self._build()
        except BaseException:
            self.lab.close()
            raise

    def _build(self) -> None:
        lab = self.lab
        self.laptop = lab.host("laptop")
        self.internet = lab.host("internet")
        self.internet.forward()
        self.internet.up("lo", f"{PAGE}/32")
        self.internet.page(PAGE, "Hello, {client}!\n")
        uplinks = (OFFICE, CAFE, NEW_OFFICE)
        self.routers = {uplink: self._router(uplink, number) for number, uplink in enumerate(uplinks, 1)}
        office, cafe, new_office = self.routers.values()
        self.wire = lab.cable((self.laptop, "eth0"), (office, "lan"), (new_office, "lan"))
        self.air = lab.cable((self.laptop, "wlan0"), (cafe, "lan"))
        self.wire.pull(new_office)
        self.servers = {uplink: _served(router, uplink) for uplink, router in self.routers.items()}
        self.laptop.write("/etc/resolv.conf", LINES_BEFORE)

    def _router(self, uplink: Uplink, number: int) -> Host:
        router = self.lab.host(uplink.name.replace(" ", "-"))
        self.lab.cable((router, "wan"), (self.internet, f"to{number}"))
        router.forward()
        router.up("wan", f"10.255.{number}.2/30")
        router.ip(f"route add default via 10.255.{number}.1")
        self.internet.up(f"to{number}", f"10.255.{number}.1/30")
        self.internet.ip(f"route add {uplink.network}0/24 via 10.255.{number}.2")
        return router

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.lab.close()


def _served(router: Host, uplink: Uplink) -> Child:
    router.up("lan", f"{uplink.router}/24")
    return router.dhcp_server(
        "lan",
        (f"{uplink.network}50", f"{uplink.network}99"),
        router=uplink.router,
        dns=uplink.router,
        options=[f"option:T1,{RENEWAL_S}", f"option:T2,{2 * RENEWAL_S}"],
        names={"www.example.org": PAGE},
    )
