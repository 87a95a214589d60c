"""net.backend.rfkill with the kernel's own /dev/rfkill, over simulated radios (mac80211_hwsim)."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.kernel.machine.machines import SLOW_S, Machine

from netstrata.testing.child import wait_until

pytestmark = [pytest.mark.kernel, pytest.mark.vm, pytest.mark.timeout(900)]
PROGRAM = """process by_link { net.backend.rfkill("wlan", "wlan0"); println("link free"); rprintln("link blocked"); }
process by_number { net.backend.rfkill("index", "NUMBER"); println("number free"); rprintln("number blocked"); }
process other { net.backend.rfkill("wlan", "wlan1"); println("other free"); rprintln("other blocked"); }
process none { net.backend.rfkill("wlan", "lo"); println("cannot be"); }
"""


def switch(link: str) -> Path:
    """Return where sysfs has the radio switch of a link: another way than the device that the daemon reads."""
    (found,) = (Path("/sys/class/net") / link / "phy80211").glob("rfkill*")
    return found


def test_a_radio_is_free_until_it_is_blocked_and_when_it_is_gone(machine: Machine) -> None:
    machine.load("mac80211_hwsim", "radios=2")
    ours = switch("wlan0")
    daemon = machine.runs(PROGRAM.replace("NUMBER", ours.name.removeprefix("rfkill")))
    for line in ("link free", "number free", "other free", "there is no such wireless link"):
        daemon.wait_output(line, SLOW_S)

    (ours / "soft").write_text("1")
    daemon.wait_output("link blocked", SLOW_S)
    daemon.wait_output("number blocked", SLOW_S)
    (ours / "soft").write_text("0")
    wait_twice(daemon.output, "link free")
    wait_twice(daemon.output, "number free")
    assert "other blocked" not in daemon.output()
    machine.unload("mac80211_hwsim")

    daemon.wait_output("other blocked", SLOW_S)
    wait_twice(daemon.output, "link blocked")
    assert not os.path.exists("/sys/class/net/wlan0")
    assert "cannot be\n" not in daemon.output()
    assert daemon.end(SLOW_S) == 0


def wait_twice(output: Callable[[], str], line: str) -> None:
    """Wait until a line was printed a second time."""
    wait_until(f"{line} again", lambda: output().count(line) >= 2, SLOW_S)
