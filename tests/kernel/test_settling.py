"""What comes by itself after a crash, and finds what it asks for as it was: nothing of it is undone before.

Linux 6.18, iproute2 6.1.0.
"""

import sys
from pathlib import Path

import pytest
from tests.kernel.test_upgrade import ENVIRONMENT, changes, killed, of_ours

from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
LATER = {
    "a time that passes": 'sleep("700");',
    "a command that runs": 'runonce({"/bin/sleep", "0.7"});',
    "what is tried again": 'net.mtu("PROBE", "1400");',
}


@pytest.mark.parametrize("what", LATER)
def test_what_comes_by_itself_is_waited_for_before_anything_is_undone(lab: Lab, tmp_path: Path, what: str) -> None:
    host = lab.host("host")
    host.ip("link add va type veth peer name vb")
    path = tmp_path / "program.ncd"
    path.write_text(
        f'process main {{ {LATER[what].replace("PROBE", "vb")} net.up("va"); net.ipv4.addr("va", "192.0.2.1/24");'
        ' println("complete"); }'
    )
    words = [sys.executable, "-m", "netstrata", "run", str(path)]
    daemon = host.start(words, ENVIRONMENT)
    daemon.wait_output("complete\n")
    before = host.kernel()
    killed(daemon)
    news = changes(host)
    if what == "what is tried again":
        host.ip("link set vb name vc")

    daemon = host.start(words, ENVIRONMENT)
    if what == "what is tried again":
        daemon.wait_output("Trying again")
        host.run("sh", "-c", "sleep 0.7; ip link set vc name vb")
    daemon.wait_output("complete\n")

    assert host.kernel() == before
    assert [line for line in of_ours(news) if "Deleted" in line or "192.0.2.1" in line] == []
    assert daemon.end() == 0
