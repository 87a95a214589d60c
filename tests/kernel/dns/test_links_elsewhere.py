"""Name servers of a link where there is no systemd-resolved: as much of it as resolv.conf can say."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.kernel.dns.test_mounts import servers as named
from tests.kernel.dns.test_mounts import with_debian_resolvconf, with_openresolv
from tests.kernel.dns.test_resolved_links import Ports, servers, within

from netstrata.testing.heard import Heard
from netstrata.values import Unavailable

pytestmark = pytest.mark.kernel
OURS = ["nameserver 198.51.100.1", "nameserver 2001:db8::1"]


@pytest.mark.parametrize("manager", [with_openresolv, with_debian_resolvconf])
def test_resolvconf_is_given_them_and_domains_of_their_own_are_refused(etc: Path, manager: Callable[[], None]) -> None:
    manager()

    async def story(ports: Ports) -> None:
        async with ports.dns().held_servers(servers("lo"), 10):
            assert named(etc) == [*OURS, "nameserver 192.0.2.99"]
        with pytest.raises(Unavailable, match=r"resolvconf makes resolv\.conf, which knows no domains"):
            await ports.dns().held_servers(servers("lo", domains="corp.example", default=False), 10).__aenter__()

    within(story)
    assert named(etc) == ["nameserver 192.0.2.99"]


def test_what_the_file_cannot_say_is_said(etc: Path) -> None:
    async def story(ports: Ports) -> None:
        heard = Heard()
        wanted = servers("lo", domains="corp.example", search="lab.example", mdns="on")
        async with ports.dns(heard).held_servers(wanted, 10):
            assert (etc / "resolv.conf").read_text().splitlines()[1:4] == [*OURS, "search lab.example"]
        assert heard.lines == [
            "dns: mdns, domains: only systemd-resolved knows that, and it does not run; ignoring",
        ]

    within(story)


def test_a_link_local_server_is_named_with_its_link(etc: Path) -> None:
    async def story(ports: Ports) -> None:
        wanted = servers("lo")._replace(servers=[b"fe80::1"])
        async with ports.dns().held_servers(wanted, 10):
            assert named(etc) == ["nameserver fe80::1%lo"]

    within(story)


def test_smaller_priorities_come_first_whether_they_name_a_link_or_not(etc: Path) -> None:
    async def story(ports: Ports) -> None:
        async with (
            ports.dns().held_lines([b"nameserver 192.0.2.1"], 20),
            ports.dns().held_servers(servers("lo"), 10),
            ports.dns().held_lines([b"nameserver 192.0.2.2"], 10),
        ):
            assert named(etc) == [*OURS, "nameserver 192.0.2.2", "nameserver 192.0.2.1"]
            await asyncio.sleep(0)

    within(story)
