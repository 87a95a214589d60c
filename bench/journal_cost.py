"""What the undo journal adds to 10,000 routes up and down, and how fast 500 links with addresses are taken over.

    python bench/journal_cost.py [ROUTES [LINKS]]

Runs as root in a network namespace of its own; prints JSON.  With and without a journal in turn, in one run: compare
the ratios, not the seconds.
"""

import asyncio
import ctypes
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from netstrata.ports.kernel import NewLink, Route
from netstrata.system.held import NO_RECOVERY, Recovery
from netstrata.system.netlink import Netlink
from netstrata.system.undo_journal import Identity, UndoJournal
from netstrata.testing.heard import Heard

_CLONE_NEWNET = 0x40000000
_ROUNDS = 7
_TAKEOVERS = 2  # to delete 500 links takes longer than all the rest


def ip(words: str) -> None:
    """Run ip."""
    subprocess.run(["ip", *words.split()], check=True)


async def routes_up_and_down(recovery: Recovery, count: int) -> tuple[float, float]:
    """Hold routes and let them go; return the seconds of both."""
    netlink = Netlink(recovery=recovery)
    port = netlink.routes.on_behalf_of(Heard())
    routes = [
        Route(bytes((10, n >> 8, n & 255, 0)), 24, bytes((192, 0, 2, n % 200 + 10)), "va", 5) for n in range(count)
    ]
    begin = time.perf_counter()
    holds = [port.held_route(route) for route in routes]
    for hold in holds:
        await hold.__aenter__()
    middle = time.perf_counter()
    for hold in reversed(holds):
        await hold.__aexit__(None, None, None)
    end = time.perf_counter()
    netlink.close()
    return middle - begin, end - middle


async def links_up(recovery: Recovery, count: int, stack: AsyncExitStack) -> float:
    """Make bridges, set them up and give each an address, as far as they are not there; return the seconds."""
    netlink = Netlink(recovery=recovery)
    stack.callback(netlink.close)
    who = Heard()
    links, addresses = netlink.links.on_behalf_of(who), netlink.addresses.on_behalf_of(who)
    begin = time.perf_counter()
    for n in range(count):
        await stack.enter_async_context(links.held_link(NewLink(f"br{n}", "bridge")))
        await stack.enter_async_context(links.held_up(f"br{n}"))
        await stack.enter_async_context(addresses.held_address(f"br{n}", bytes((10, n >> 8, n & 255, 1)), 24))
    return time.perf_counter() - begin


def journalled(path: str) -> tuple[Recovery, Callable[[], None]]:
    """Return a recovery over a journal, and what closes it."""
    journal = UndoJournal(path, Identity.here())
    return Recovery(journal), journal.close


def measure_routes(count: int) -> dict[str, float]:
    """Compare with and without, in turn."""
    plain: list[float] = []
    written: list[float] = []
    for _ in range(_ROUNDS):
        plain.append(sum(asyncio.run(routes_up_and_down(NO_RECOVERY, count))))
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            recovery, close = journalled(f"{folder}/journal/bench")
            written.append(sum(asyncio.run(routes_up_and_down(recovery, count))))
            close()
    return {"plain_s": min(plain), "journal_s": min(written), "ratio": round(min(written) / min(plain), 3)}


def measure_links(count: int) -> dict[str, float]:
    """Compare making links with taking them over, in turn."""

    async def make(recovery: Recovery) -> float:
        return await links_up(recovery, count, AsyncExitStack())  # which is never left: as in a crash

    async def take(recovery: Recovery) -> float:
        async with AsyncExitStack() as stack:
            return await links_up(recovery, count, stack)

    made: list[float] = []
    taken: list[float] = []
    for _ in range(_TAKEOVERS):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            recovery, close = journalled(f"{folder}/journal/bench")
            made.append(asyncio.run(make(recovery)))
            close()
            begin = time.perf_counter()
            recovery, close = journalled(f"{folder}/journal/bench")
            read = time.perf_counter() - begin
            taken.append(asyncio.run(take(recovery)) + read)
            close()
    return {
        "made_s": round(min(made), 4),
        "taken_over_s": round(min(taken), 4),
        "ratio": round(min(taken) / min(made), 3),
    }


def main() -> None:
    """Measure, and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    links = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    ip("link add va type veth peer name vb")
    ip("link set va up")
    ip("link set vb up")
    ip("addr add 192.0.2.1/24 dev va")
    print(json.dumps({"routes": measure_routes(count), "links": measure_links(links)}, indent=2))


if __name__ == "__main__":
    main()
