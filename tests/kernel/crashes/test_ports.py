"""A port that was put into a bridge, and not given its options, when the daemon was killed."""

import signal
import sys
from pathlib import Path

import pytest
from tests.kernel.test_upgrade import ENVIRONMENT, changes, of_ours

from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel


def test_a_port_without_its_options_gets_them_and_is_not_taken_out(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    host.ip("link add va type veth peer name vb", "link add br0 type bridge")
    (tmp_path / "x.ncd").write_text(
        'process main { net.bridge.port("br0", "va", ["isolated": "on", "cost": "30"]); println("complete"); }'
    )
    words = [sys.executable, "-m", "netstrata", "run", str(tmp_path / "x.ncd")]
    killed = host.start(words, {**ENVIRONMENT, "NETSTRATA_IMPAIR": "kill:at=write,n=2"})
    assert killed.status() == -signal.SIGKILL
    assert "isolated off" in host.run("bridge", "-d", "link", "show", "dev", "va")
    news = changes(host)

    daemon = host.start(words, ENVIRONMENT)
    daemon.wait_output("complete\n")

    port = host.run("bridge", "-d", "link", "show", "dev", "va")
    assert "isolated on" in port
    assert "cost 30" in port
    assert [line for line in of_ours(news) if line.startswith("Deleted")] == []
    assert daemon.end() == 0
    assert host.run("bridge", "link", "show", "dev", "va") == ""
