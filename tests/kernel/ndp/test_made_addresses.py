"""What addresses a host makes itself, as a program wants them: Linux 6.18, with a router of ours."""

import re
import sys
from pathlib import Path

import pytest
from tests.kernel.ndp.test_advertising import ONE, host_and_router

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
SECRET = (
    'net.sysctl("net.ipv6.conf.eth0.stable_secret", "2001:db8::5ec4:e7");'
    'net.link.set("eth0", ["addrgenmode": "stable_secret"]);'
)
TEMPORARY = 'net.sysctl("net.ipv6.conf.eth0.use_tempaddr", "2");'


def settings(host: Host) -> str:
    """Return what the kernel makes addresses by."""
    files = "/proc/sys/net/ipv6/conf/eth0/addr_gen_mode /proc/sys/net/ipv6/conf/eth0/use_tempaddr"
    return host.run("sh", "-c", f"ip token show dev eth0; cat {files}")


def made(host: Host, folder: Path, wanted: str, kind: str = "any") -> tuple[Child, str]:
    """Run a program that wants addresses to be made in some way; return it, and the address that it follows."""
    program = folder / "x.ncd"
    shown = f'net.ipv6.wait_dynamic_addr("eth0", "{kind}") own; println("own ", own.addr);'
    program.write_text(f'process main {{ {wanted} net.up("eth0"); {shown} }}')
    daemon = host.start((sys.executable, "-m", "netstrata", "run", "--control", "none", str(program)))
    daemon.wait_output("own 2001:db8:1:")
    return daemon, re.findall("own (.*)", daemon.output())[-1]


@pytest.mark.parametrize(
    ("wanted", "kind", "address"),
    [
        ("", "any", re.escape(ONE)),
        ('net.link.set("eth0", ["token": "::5"]);', "any", "2001:db8:1::5"),
        ('net.link.set("eth0", ["addrgenmode": "random"]);', "any", "(?!.*ff:fe).*"),
        (TEMPORARY, "temporary", "(?!.*ff:fe).*"),
        (TEMPORARY, "stable", re.escape(ONE)),
    ],
)
def test_addresses_are_made_as_it_is_wanted_and_nothing_is_left_of_that(
    lab: Lab, tmp_path: Path, wanted: str, kind: str, address: str
) -> None:
    host, router = host_and_router(lab, tmp_path)
    host.ip("link set eth0 down")
    router.run('"prefixes": {"2001:db8:1::/64"}')
    before = settings(host)

    daemon, own = made(host, tmp_path, wanted, kind)
    meanwhile = settings(host)
    daemon.end()

    assert re.fullmatch(address, own)
    assert (meanwhile != before) is bool(wanted)
    assert settings(host) == before


def test_of_one_secret_the_same_address_is_made_and_the_way_is_put_back(lab: Lab, tmp_path: Path) -> None:
    # Writing a stable_secret sets addr_gen_mode to 2; the kernel has no way to forget one, and shows none as EIO.
    host, router = host_and_router(lab, tmp_path)
    host.ip("link set eth0 down")
    router.run('"prefixes": {"2001:db8:1::/64"}')
    before = settings(host)
    daemon, first = made(host, tmp_path, SECRET)
    daemon.end()
    between = settings(host)

    daemon, second = made(host, tmp_path, SECRET)
    daemon.end()

    assert first == second != ONE
    assert before == between == settings(host)


def test_with_none_not_even_a_link_local_address_is_made(lab: Lab, tmp_path: Path) -> None:
    host, router = host_and_router(lab, tmp_path)
    host.ip("link set eth0 down")
    program = tmp_path / "x.ncd"
    program.write_text('process main { net.link.set("eth0", ["addrgenmode": "none"]); net.up("eth0"); println("up"); }')

    host.start((sys.executable, "-m", "netstrata", "run", "--control", "none", str(program))).wait_output("up\n")
    router.host.up("eth0")

    wait_until("carrier", lambda: "link eth0 up carrier" in host.kernel())
    assert host.run("ip", "-6", "addr", "show", "dev", "eth0") == ""
