"""What the C library makes of our resolver configuration: whom it asks, and for which names.

glibc 2.36 and dnsmasq 2.90.
"""

from pathlib import Path

import pytest
from tests.kernel.filters.programs import up

from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
_SERVER = (
    "dnsmasq", "--conf-file=/dev/null", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--log-facility=-",
    "--bind-dynamic", "--interface=lan", "--pid-file=", "--local=/example.org/",
    "--host-record=printer.first.example.org,2001:db8::77",
)  # fmt: skip


def served(lab: Lab) -> Host:
    """Return a host; at the other end of its cable, by its link-local address alone, somebody answers for names."""
    host, server = lab.host("host"), lab.host("server")
    lab.cable((host, "eth0"), (server, "lan"))
    server.up("lan")
    server.ip("addr add fe80::1/64 dev lan nodad")
    server.start(_SERVER).wait_output("started, version")
    host.up("eth0")
    host.ip("addr add fe80::2/64 dev eth0 nodad")
    return host


def test_a_link_local_server_is_asked_and_names_are_looked_for_in_the_lists_of_all(lab: Lab, tmp_path: Path) -> None:
    host = served(lab)

    daemon = up(
        host,
        tmp_path / "x.ncd",
        """net.dns({"fe80::1%eth0"}, "20");
        net.dns.resolvconf({{"search", "second.example.org"}}, "20");
        net.dns.resolvconf({{"search", "first.example.org"}, {"options", "attempts:1"}}, "10");""",
    )
    found = host.run("getent", "hosts", "printer")
    text = host.read("/etc/resolv.conf")
    daemon.end()

    assert found.split()[0] == "2001:db8::77"
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        "search first.example.org second.example.org",
        "options attempts:1",
        "nameserver fe80::1%eth0",
    ]
