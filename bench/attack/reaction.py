"""How soon a route goes after its link has lost its carrier, from the kernel's one notification to its other one."""

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from laptop import Laptop
from measure import Figure, quantile, wait_ms

from kernel import (
    DELROUTE,
    LINK_GROUP,
    NEWLINK,
    NEWROUTE,
    OURS,
    ROUTE_GROUP,
    RUNNING,
    destination,
    open_netlink,
    our_routes,
    split,
)

HELD = "198.51.100.0/24"
TIMEOUT_S = 10  # after which the route is taken to go never
SO_RCVBUFFORCE = 33


def uplink(link: str = "eth0") -> str:
    """Return the process whose route is watched."""
    return (
        f'process uplink {{ net.up("{link}"); net.backend.waitlink("{link}"); net.ipv4.addr("{link}", "192.0.2.1/24");'
        f' net.ipv4.route("{HELD}", "192.0.2.254", "5", "{link}"); }}\n'
    )


class Reactions:
    """Pulls the laptop's cable and plugs it in again, and takes the time."""

    def __init__(self, attacked: Laptop) -> None:
        self._attacked = attacked
        with attacked.host.inside():
            self._ifindex = socket.if_nametoindex("eth0")
            self._socket = open_netlink(LINK_GROUP | ROUTE_GROUP)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.lost: list[float] = []

    def __enter__(self) -> "Reactions":
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def cycle(self) -> None:
        """Lose the carrier and get it back, when all that was before has been heard."""
        self._settle()
        cable, host = self._attacked.cable, self._attacked.host
        self.lost.append(self._heard_during(lambda: cable.pull(host), False))
        self._heard_during(lambda: cable.plug(host), True)

    def until(self, end: float, least: int) -> None:
        """Do so until a time, and at least so often."""
        while time.monotonic() < end or len(self.lost) < least:
            self.cycle()

    def figures(self, most: float | None = None) -> list[Figure]:
        """Return how soon the route was gone; the target is that of all but one in a hundred."""
        return [
            Figure("carrier lost, route gone: rounds", len(self.lost)),
            Figure("carrier lost, route gone: median", quantile(self.lost, 0.5), "ms"),
            Figure("carrier lost, route gone: 99th", quantile(self.lost, 0.99), "ms", most),
        ]

    def _settle(self) -> None:
        """Wait until the route is there, and forget what was said until then."""
        with self._attacked.host.inside():
            wait_ms(lambda: HELD in our_routes(), TIMEOUT_S)
        self._socket.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self._socket.recv(1 << 16)

    def _heard_during(self, act: Callable[[], None], carrier: bool) -> float:
        """Listen while something is done: who listens only afterwards finds everything at one time."""
        acting = threading.Thread(target=act)
        acting.start()
        took = self._wait(carrier)
        acting.join()
        return took

    def _wait(self, carrier: bool, timeout_s: float = TIMEOUT_S) -> float:
        """Wait until the carrier and the route have changed; return the milliseconds from the one to the other."""
        changed = route = 0.0
        awaited = NEWROUTE if carrier else DELROUTE
        end = time.monotonic() + timeout_s
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError:
                break
            now = time.monotonic()
            for kind, body in split(data):
                if kind == NEWLINK and struct.unpack_from("=i", body, 4)[0] == self._ifindex:
                    if bool(struct.unpack_from("=I", body, 8)[0] & RUNNING) is carrier and not changed:
                        changed = now
                elif kind == awaited and body[5] == OURS and destination(body) == HELD:
                    route = now
                if changed and route:
                    return max(0.0, route - changed) * 1000
        return float("inf")
