"""PPPoE with a real pppd as a child of `daemon`, and a real access concentrator: how examples/pppoe.ncd does it."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from tests.kernel.machine.machines import SLOW_S, Machine

import netstrata
from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.vm,
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("pppd") is None, reason="pppd is not installed (Debian: ppp)"),
    pytest.mark.skipif(shutil.which("pppoe-server") is None, reason="pppoe-server is missing (Debian: pppoe)"),
]
SOURCES = Path(netstrata.__file__).parents[1]
EXAMPLE = Path(__file__).parents[3] / "examples" / "pppoe.ncd"
SECRETS = '"subscriber" * "secret" *\n'


def test_a_line_comes_up_with_its_address_route_and_name_servers_and_goes_with_the_concentrator(
    machine: Machine, lab: Lab, tmp_path: Path
) -> None:
    machine.load("pppoe")
    if not os.access("/dev/ppp", os.R_OK | os.W_OK):
        pytest.skip("this kernel has no PPP")
    router, provider = lab.host("router"), lab.host("provider")
    lab.cable((router, "wan0"), (provider, "eth0"))
    provider.up("eth0")
    for host in (router, provider):
        host.write("/etc/ppp/chap-secrets", SECRETS)
    provider.write("/etc/ppp/options", "")
    provider.write("/etc/ppp/server", "require-chap\nms-dns 203.0.113.53\nnoipv6\n")
    router.write("/etc/ppp/options", "")
    router.write("/etc/resolv.conf", "# the one that was there\n")
    router.run("rm", "-f", "/etc/ppp/ip-up.d/0000usepeerdns", "/etc/ppp/ip-down.d/0000usepeerdns")
    words = ("pppoe-server", "-F", "-I", "eth0", "-L", "198.51.100.1", "-R", "198.51.100.10", "-N", "5")
    concentrator = provider.start((*words, "-O", "/etc/ppp/server"))
    run = (sys.executable, "-m", "netstrata", "run", "--control", "none", str(EXAMPLE))
    daemon = router.start(run, {**os.environ, "PYTHONPATH": str(SOURCES)})

    daemon.wait_output("the line is up", SLOW_S)
    kernel = router.kernel()
    assert "addr 198.51.100.10 peer 198.51.100.1/32 dev ppp0" in kernel
    assert "route default dev ppp0 metric 20" in kernel
    assert "nameserver 203.0.113.53" in router.read("/etc/resolv.conf")
    page = provider.page("198.51.100.1", "hello {client}")
    assert router.fetch("http://198.51.100.1/", SLOW_S) == "hello 198.51.100.10"
    page.close()

    provider.run("sh", "-c", "kill -9 $(pgrep -P $(pgrep -x pppoe-server))")  # the line breaks
    daemon.wait_output("the line is down", SLOW_S)
    wait_until("the line again", lambda: daemon.output().count("the line is up") >= 2, 2 * SLOW_S)
    assert daemon.end(SLOW_S) == 0
    concentrator.end(SLOW_S)

    assert "ppp0" not in router.kernel()
    assert router.read("/etc/resolv.conf") == "# the one that was there\n"
