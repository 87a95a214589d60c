"""The model kernel by itself: what is refused, what is shown, and the example of the documentation."""

import asyncio
import re
import types
from pathlib import Path

import pytest

from netstrata.testing.heard import Heard
from netstrata.testing.kernel_text import text_by_ip
from netstrata.testing.model import ModelKernel, ModelPorts, NotModelled
from netstrata.testing.model.ip import run_ip

PAGE = Path(__file__).parents[2] / "docs/testing.md"
_CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def example() -> types.ModuleType:
    """Return the code of the page as a module."""
    (code,) = _CODE.findall(PAGE.read_text())
    module = types.ModuleType("example_of_the_page")
    exec(compile(code, str(PAGE), "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("name", re.findall(r"^def (test_\w+)", PAGE.read_text(), re.MULTILINE))
def test_each_test_of_the_page_passes(name: str) -> None:
    getattr(example(), name)()


def test_the_text_is_what_is_made_of_the_words_of_ip() -> None:
    kernel = ModelKernel()
    kernel.plug("eth0")
    kernel.ip(
        "link set lo up",
        "link set eth0 up mtu 1400",
        "link add br0 address 02:00:00:00:0e:01 mtu 1400 type bridge",
        "link set eth0 master br0",
        "addr add 192.0.2.1/24 dev eth0",
        "addr add 198.51.100.1 peer 198.51.100.2/32 dev eth0",
        "addr add 2001:db8::1/64 dev eth0 nodad",
        "route add default via 192.0.2.254 metric 20",
        "route add 203.0.113.0/24 dev eth0 src 192.0.2.1 table 7",
        "route add prohibit 203.0.113.7",
        "-6 route add 2001:db8:1::/48 via 2001:db8::9",
        "-6 route append 2001:db8:1::/48 via 2001:db8::8",
        "-6 route add blackhole 2001:db8:2::/48",
        "rule add priority 100 from 192.0.2.0/24 to 198.51.100.7 fwmark 7 lookup 7",
        "-6 rule add priority 101 iif lo prohibit",
    )

    by_ip = text_by_ip(lambda words, given: run_ip(kernel, words, given).stdout)

    assert kernel.text().splitlines() == by_ip.splitlines()
    assert len(by_ip.splitlines()) == 12


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("link add vz link eth0 type vlan id 7", "links of the kind vlan"),
        (
            "route add 203.0.113.0/24 nexthop via 192.0.2.8 nexthop via 192.0.2.9",
            r"message 24 with the attributes \[9\]",
        ),
        ("link set eth0 netns 1", r"message 16 with the attributes \[19\]"),
        ("addrlabel list", "type 74"),
    ],
)
def test_what_is_not_modelled_is_refused_by_name(line: str, what: str) -> None:
    kernel = ModelKernel()
    kernel.plug("eth0")
    before = kernel.text()

    with pytest.raises(NotModelled, match=what):
        kernel.ip(line)

    assert kernel.text() == before


def test_a_port_that_is_not_modelled_is_refused_by_name() -> None:
    ports = ModelPorts(ModelKernel())

    with pytest.raises(NotModelled, match="the port dhcp"):
        ports.dhcp.leases("eth0", None)
    ports.close()


def test_carrier_is_watched_as_its_cable_is_pulled_and_plugged_in() -> None:
    kernel = ModelKernel()
    kernel.plug("eth0")
    kernel.ip("link set eth0 up")

    async def watched() -> list[bool]:
        ports = ModelPorts(kernel)
        seen = ports.links.watch_carrier("eth0")
        told = [await anext(seen)]
        for there in (False, True):
            kernel.carrier("eth0", there)
            told.append(await anext(seen))
        kernel.unplug("eth0")
        told.append(await anext(seen))
        await seen.aclose()
        ports.close()
        return told

    assert asyncio.run(watched()) == [True, False, True, False]


def test_an_address_that_another_host_has_is_lost_when_detection_ends() -> None:
    kernel = ModelKernel()
    kernel.plug("eth0")
    kernel.ip("link set eth0 up")
    kernel.has_duplicate("eth0", "2001:db8::5")

    async def held() -> list[str]:
        statement = Heard()
        ports = ModelPorts(kernel)
        async with ports.addresses.on_behalf_of(statement).held_address(
            "eth0", bytes.fromhex("20010db8000000000000000000000005"), 64, {"wait": 0}
        ):
            kernel.finish_dad()
            for _ in range(3):  # turns of the event loop: messages are read in the first one
                await asyncio.sleep(0)
        ports.close()
        return [str(loss) for loss in statement.losses]

    (reason,) = asyncio.run(held())

    assert "another host on the link has this address" in reason
    assert kernel.text() == "link eth0 up carrier"
