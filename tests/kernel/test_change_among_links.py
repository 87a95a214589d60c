"""One address that changes among 500 links: nothing else is touched, and what flows over the others flows on.

Linux 6.18, iproute2 6.1.0.
"""

import sys
from pathlib import Path

import pytest
from tests.kernel.test_upgrade import ENVIRONMENT, changes, flow, lost, netstrata, of_ours

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
LINKS, OVER = 500, 50
CHANGED = 321


def network(number: int) -> str:
    return f"10.{number // 250}.{number % 250}"


def program(host: int) -> str:
    """Return the program; of one link the address has that number in its network."""
    numbers = [host if number == CHANGED else 1 for number in range(LINKS)]
    return "".join(
        f'process l{link} {{ net.up("l{link}"); net.ipv4.addr("l{link}", "{network(link)}.{number}/24"); }}\n'
        for link, number in enumerate(numbers)
    )


def test_one_address_among_500_links_is_two_operations_and_the_others_lose_nothing(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    for one in (host, other):
        one.sysctl("net.ipv6.conf.default.disable_ipv6", "1")
    # The kernel has news of no more than a hundred carriers a second, of all hosts, so most links have none.
    host.ip(
        *(f"link add l{link} type veth peer name r{link} netns {other.net_path}" for link in range(OVER)),
        *(f"tuntap add l{link} mode tap" for link in range(OVER, LINKS)),
        files=[other.net],
    )
    other.ip(*(f"link set r{link} up" for link in range(OVER)))
    other.ip(*(f"addr add {network(link)}.2/24 dev r{link}" for link in range(OVER)))
    file = tmp_path / "program.ncd"
    file.write_text(program(1))
    control = str(tmp_path / "control")
    where = ["--control", control, "--state", str(tmp_path)]
    daemon = host.start([sys.executable, "-m", "netstrata", "run", *where, str(file)], ENVIRONMENT)
    wait_until("all of it", lambda: daemon.output().count(" down -> up\n") == 2 * LINKS)
    wait_until("all carriers", lambda: host.run("ip", "-br", "link").count(" UP ") == OVER)
    pair = flow(host, other, *(f"{network(link)}.2" for link in range(OVER)))
    news = changes(host)
    file.write_text(program(9))

    said = netstrata(host, "reload", "--control", control)
    wait_until("the address", lambda: f"inet {network(CHANGED)}.9/24" in news.output())
    gone = lost(*pair)

    link, place = f"l{CHANGED}", f"{file}:{CHANGED + 1}"
    assert said.splitlines() == [
        f'- undid {link}.2 net.ipv4.addr("{link}", "{network(CHANGED)}.1/24");  {place}',
        f"      delete {network(CHANGED)}.1/24 on {link}",
        f'+ began {link}.2 net.ipv4.addr("{link}", "{network(CHANGED)}.9/24");  {place}',
        f"      add {network(CHANGED)}.9/24 to {link}",
    ]
    told = of_ours(news)
    addresses = [line.split("inet ")[1].split()[0] for line in told if " inet " in line]
    assert addresses == [f"{network(CHANGED)}.1/24", f"{network(CHANGED)}.9/24"]
    assert [line for line in told if f"dev l{CHANGED} " not in line and f" l{CHANGED} " not in line] == []
    assert gone == 0
    assert daemon.end() == 0
