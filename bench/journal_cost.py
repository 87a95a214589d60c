"""What the undo journal adds to 10,000 routes up and down, and how fast 500 links with addresses are taken over.

    python bench/journal_cost.py [ROUTES [LINKS]]

Runs as root in a network namespace of its own; prints JSON.  With and without a journal in turn, in one run: compare
the ratios, not the seconds.  Of links the ports alone are measured, in a process that runs already; to read the
journal counts.
"""

import asyncio
import ctypes
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median

from netstrata.ports.kernel import NewLink, Route
from netstrata.system.held import NO_RECOVERY, Recovery
from netstrata.system.netlink import Netlink
from netstrata.system.undo_journal import Identity, UndoJournal
from netstrata.testing.heard import Heard

_CLONE_NEWNET = 0x40000000
_ROUNDS = 9


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
    await asyncio.sleep(0)  # what was undone in this turn is written when it ends
    end = time.perf_counter()
    netlink.close()
    return middle - begin, end - middle


async def links_up(recovery: Recovery, count: int) -> float:
    """Make bridges, set them up and give each an address, as far as they are not there; return the seconds.

    Nothing is undone: as in a crash.
    """
    with ExitStack() as ends:
        begin = time.perf_counter()
        netlink = Netlink(recovery=recovery)
        ends.callback(netlink.close)
        who = Heard()
        links, addresses = netlink.links.on_behalf_of(who), netlink.addresses.on_behalf_of(who)
        for n in range(count):
            await links.held_link(NewLink(f"br{n}", "bridge")).__aenter__()
            await links.held_up(f"br{n}").__aenter__()
            await addresses.held_address(f"br{n}", bytes((10, n >> 8, n & 255, 1)), 24).__aenter__()
        return time.perf_counter() - begin


def delete_bridges(count: int) -> None:
    """Delete them all at once: one by one it takes longer than all the rest."""
    words = [f"link set br{n} group 1" for n in range(count)]
    subprocess.run(["ip", "-batch", "-"], input="\n".join([*words, "link delete group 1"]), text=True, check=True)


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
    return compared("plain", plain, "journal", written)


def measure_links(count: int) -> dict[str, float]:
    """Compare making links with taking them over, in turn."""
    made: list[float] = []
    taken: list[float] = []
    for _ in range(_ROUNDS):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            for seconds in (made, taken):
                begin = time.perf_counter()
                recovery, close = journalled(f"{folder}/journal/bench")
                read = time.perf_counter() - begin
                seconds.append(asyncio.run(links_up(recovery, count)) + read)
                close()
        delete_bridges(count)
    return compared("made", made, "taken_over", taken)


def compared(first: str, old: list[float], second: str, new: list[float]) -> dict[str, float]:
    """Return medians and their ratio."""
    return {
        f"{first}_s": round(median(old), 4),
        f"{second}_s": round(median(new), 4),
        "ratio": round(median(new) / median(old), 3),
        "ratio_of_pairs": round(median(b / a for a, b in zip(old, new, strict=True)), 3),
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
