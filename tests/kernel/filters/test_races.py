"""What somebody takes away between the kernel's doing and our knowing of it."""

import sys
from pathlib import Path

import pytest
from tests.kernel.filters.programs import SOURCES

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
# Does what it is asked for, and once lets somebody else undo it: before it ends, or as soon as that can be seen.
NFT = """#!/bin/sh
/usr/sbin/nft "$@"
status=$?
[ -e MARKER ] || { touch MARKER; UNDO; }
exit $status
"""
IPTABLES = """#!/bin/sh
case "$*" in *-A*)
  [ -e MARKER ] || { touch MARKER; { until /usr/sbin/nft list ruleset | grep -q 192.0.2.9; do :; done; UNDO; } & };;
esac
exec /usr/sbin/iptables-nft "$@"
"""


@pytest.mark.parametrize(
    ("tool", "meddler", "undo", "statement"),
    [
        (
            "iptables", IPTABLES, "/usr/sbin/iptables-nft -F INPUT",
            'net.iptables.append("filter", "INPUT", "-s", "192.0.2.9", "-j", "DROP");',
        ),
        (
            "nft", NFT, "/usr/sbin/nft flush chain ip t c",
            'net.nft.rule("ip", "t", "c", "ip saddr 192.0.2.9 drop");',
        ),
        (
            "nft", NFT, "/usr/sbin/nft delete element ip t s '{ 192.0.2.9 }'",
            'net.nft.element("ip", "t", "s", "192.0.2.9");',
        ),
    ],
)  # fmt: skip
def test_what_is_gone_before_we_know_of_it_is_made_again(
    lab: Lab, tmp_path: Path, tool: str, meddler: str, undo: str, statement: str
) -> None:
    host = lab.host("host")
    host.run("nft", "add table ip t; add chain ip t c; add set ip t s { type ipv4_addr; }")
    tools = tmp_path / "bin"
    tools.mkdir()
    stand_in = tools / "stand-in-nft"  # by whose name it is one of those that write to nftables
    stand_in.write_text(meddler.replace("MARKER", str(tmp_path / "marker")).replace("UNDO", undo))
    stand_in.chmod(0o755)
    (tools / tool).symlink_to(stand_in)
    program = tmp_path / "x.ncd"
    program.write_text(f'process main {{ {statement} println("complete"); }}')

    words = (sys.executable, "-m", "netstrata", "run", "--control", "none", str(program))
    daemon = host.start(words, {"PYTHONPATH": str(SOURCES), "PATH": f"{tools}:/usr/bin:/bin"})

    daemon.wait_output("somebody has deleted")
    wait_until("it again", lambda: host.run("nft", "list", "ruleset").count("192.0.2.9") == 1)
    assert daemon.end() == 0
    assert "192.0.2.9" not in host.run("nft", "list", "ruleset")
    assert "Traceback" not in daemon.output()
