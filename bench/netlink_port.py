"""How long routes take through the netlink port, against `ip -batch`, and how long the news of a lost carrier takes.

    python bench/netlink_port.py [ROUTES ...]

Runs as root in a network namespace of its own; prints JSON.  Times are the best of three, in one run on one machine:
compare the ratios, not the seconds.
"""

import asyncio
import ctypes
import json
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

from netstrata.ports.kernel import Route
from netstrata.protocols.rtnetlink import set_up
from netstrata.protocols.rtnetlink.constants import RTM_NEWLINK
from netstrata.system.netlink import Netlink

if TYPE_CHECKING:
    from netstrata.values import Unavailable

_CLONE_NEWNET = 0x40000000
_ROUNDS = 3
_FLAPS = 200


class Statement:
    """Who holds the routes."""

    def __init__(self) -> None:
        self.losses = 0

    def lost(self, reason: "Unavailable") -> None:
        """Count what must not happen here."""
        self.losses += 1

    def note(self, line: str) -> None:
        """Show what must not happen here."""
        print(line, file=sys.stderr)

    def is_redone_above(self, layer: int) -> bool:
        """Begin again never."""
        return False

    @property
    def title(self) -> str:
        """Who it is."""
        return "bench.1"


def ip(words: str, text: str = "") -> None:
    """Run ip."""
    subprocess.run(["ip", *words.split()], input=text, text=True, check=True, capture_output=bool(text))


def destination(number: int) -> bytes:
    """Return one of 65,536 networks."""
    return bytes((10, number >> 8, number & 255, 0))


def by_ip(count: int) -> tuple[float, float]:
    """Add and delete routes with one `ip -batch` each; return the seconds of both."""
    words = [f"10.{n >> 8}.{n & 255}.0/24 via 192.0.2.{n % 200 + 10} dev va metric 5 proto 110" for n in range(count)]
    begin = time.perf_counter()
    ip("-batch -", "".join(f"route add {word}\n" for word in words))
    middle = time.perf_counter()
    ip("-batch -", "".join(f"route del {word}\n" for word in reversed(words)))
    return middle - begin, time.perf_counter() - middle


async def by_port(netlink: Netlink, count: int) -> tuple[float, float]:
    """Hold routes and let them go; return the seconds of both, with the loop's turns in which news are read."""
    routes = [Route(destination(n), 24, bytes((192, 0, 2, n % 200 + 10)), "va", 5) for n in range(count)]
    begin = time.perf_counter()
    holdings = [netlink.routes.held_route(route) for route in routes]
    for holding in holdings:
        await holding.__aenter__()
    await asyncio.sleep(0)
    middle = time.perf_counter()
    for holding in reversed(holdings):
        await holding.__aexit__(None, None, None)
    await asyncio.sleep(0)
    return middle - begin, time.perf_counter() - middle


async def carrier_news(netlink: Netlink) -> list[float]:
    """Return the seconds from the request that takes a peer down to the watcher that knows, many times."""
    taken: list[float] = []
    other = Netlink()
    peer = other.lookup.index_of("vb")
    carrier = netlink.links.watch_carrier("va")
    assert await anext(carrier)
    for _ in range(_FLAPS):
        begin = time.perf_counter()
        down = other.requests.request(RTM_NEWLINK, 0, set_up(peer, False))
        assert not await anext(carrier)
        taken.append(time.perf_counter() - begin)
        assert down is None
        assert other.requests.request(RTM_NEWLINK, 0, set_up(peer, True)) is None
        assert await anext(carrier)
    await carrier.aclose()
    other.close()
    return taken


async def foreign_news(netlink: Netlink, count: int) -> float:
    """Return the seconds that it takes here to hear of a foreign route, while others are held."""
    kept = netlink.routes.held_route(Route(b"\xc6\x33\x64\0", 24, None, "va", 0))
    await kept.__aenter__()
    ip("-batch -", "".join(f"route add 10.{n >> 8}.{n & 255}.0/24 dev va\n" for n in range(count)))
    begin = time.perf_counter()
    netlink.monitor.drain()
    taken = time.perf_counter() - begin
    ip("-batch -", "".join(f"route del 10.{n >> 8}.{n & 255}.0/24 dev va\n" for n in range(count)))
    netlink.monitor.drain()
    await kept.__aexit__(None, None, None)
    return taken / count


async def measure(counts: list[int]) -> dict[str, object]:
    """Measure everything."""
    netlink = Netlink()
    ip("link add va type veth peer name vb")
    for name in ("lo", "va", "vb"):
        ip(f"link set {name} up")
    ip("addr add 192.0.2.1/24 dev va")
    statement = Statement()
    netlink.routes = netlink.routes.on_behalf_of(statement)
    results: dict[str, object] = {}
    for count in counts:
        floors, ours = [], []
        for _ in range(_ROUNDS):
            floors.append(by_ip(count))
            ours.append(await by_port(netlink, count))
        row = {
            "ip_batch_add_s": min(f[0] for f in floors),
            "ip_batch_del_s": min(f[1] for f in floors),
            "port_enter_s": min(o[0] for o in ours),
            "port_exit_s": min(o[1] for o in ours),
        }
        row["ratio_add"] = row["port_enter_s"] / row["ip_batch_add_s"]
        row["ratio_del"] = row["port_exit_s"] / row["ip_batch_del_s"]
        row["us_a_route_up_and_down"] = (row["port_enter_s"] + row["port_exit_s"]) / count * 1e6
        results[f"{count}_routes"] = {key: round(value, 4) for key, value in row.items()}
    news = sorted(await carrier_news(netlink))
    results["carrier_lost_to_watcher"] = {
        "median_ms": round(median(news) * 1e3, 3),
        "worst_ms": round(news[-1] * 1e3, 3),
    }
    results["us_to_hear_of_a_foreign_route"] = round(await foreign_news(netlink, 1000) * 1e6, 3)
    results["false_losses"] = statement.losses
    netlink.close()
    return results


def main() -> None:
    """Measure in a namespace of our own and print."""
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET) != 0:
        sys.exit("bench/netlink_port.py: cannot make a network namespace: run it as root")
    counts = [int(word) for word in sys.argv[1:]] or [1000, 10_000]
    print(json.dumps(asyncio.run(measure(counts)), indent=2))


if __name__ == "__main__":
    main()
