"""What a probe hears, and what is said when it may not ask.

Seen with Linux 6.18, util-linux 2.38.
"""

import sys
from pathlib import Path

import pytest

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
TWO = """
import select, socket, sys
from netstrata.protocols.icmp import answered, echo_request
from netstrata.system.probes.packets import Echo

family, address = int(sys.argv[1]), sys.argv[2]
echoes = [Echo("lo", address) for _ in range(3)]
sockets = [echo.open() for echo in echoes]
for number, (echo, asking) in enumerate(zip(echoes, sockets)):
    asking.sendto(*echo.question(7 + number))
select.select(sockets[2:], [], [], 10)
for echo, asking in zip(echoes, sockets):
    heard = []
    while select.select([asking], [], [], 0)[0]:
        heard.append(answered(family, asking.recv(1500), echo.identifier))
    print(heard)
"""


@pytest.mark.parametrize(("family", "address"), [(4, "127.0.0.1"), (6, "::1")])
def test_a_probe_is_woken_by_answers_to_itself_alone(lab: Lab, family: int, address: str) -> None:
    """Without a filter each raw socket reads the answers to all three."""
    host = lab.host("host")
    assert host.run(sys.executable, "-c", TWO, str(family), address) == "[7]\n[8]\n[9]\n"


def test_who_may_not_probe_is_told_which_capability_it_takes(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    (tmp_path / "program.ncd").write_text('process p { net.probe("lo", {"127.0.0.1"}); }')
    words = ("run", "--control", "none", "--state", str(tmp_path), str(tmp_path / "program.ncd"))

    daemon = host.start(("setpriv", "--bounding-set", "-net_raw", sys.executable, "-m", "netstrata", *words))

    wait_until("it is said", lambda: "this takes the capability CAP_NET_RAW" in daemon.output())
    daemon.end()
