"""Two Wi-Fi uplinks of one preference: the one that is received clearly better is the preferred one.

Linux 6.1, whose simulated radios are as loud as debugfs says (rx_rssi); hostapd and wpa_supplicant 2.10.
"""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.programs import PYTHON
from tests.kernel.backends.test_wpa_supplicant import peer
from tests.kernel.test_wifi import SLOW_S, Started, radios, started

from netstrata.testing.child import wait_until

__all__ = ["started"]
pytestmark = pytest.mark.vm("mac80211_hwsim")
DEBUG = Path("/sys/kernel/debug")
PROGRAM = """process {1} {{
    net.up("{0}");
    net.backend.wpa_supplicant("{0}", "{2}/{0}.conf", "{3}", {{"-D", "nl80211"}});
    net.ipv4.addr("{0}", "{4}.2/24");
    net.gateway("{0}", "{4}.1", ["preference": "10", "kind": "wifi"]) uplink;
    println("{0} ", uplink.preferred);
}}
"""


def loud(link: str, dbm: int) -> None:
    """Have a radio received so loud; this kernel reads the number as one without a sign."""
    name = os.path.basename(os.path.realpath(f"/sys/class/net/{link}/phy80211"))
    (DEBUG / "ieee80211" / name / "hwsim" / "rx_rssi").write_text(str(dbm % 2**64))


@pytest.mark.timeout(1200)
def test_of_two_networks_the_one_that_is_received_clearly_better_is_preferred(
    tmp_path: Path, started: Callable[..., Started]
) -> None:
    if os.environ.get("NETSTRATA_OWN_MACHINE") != "1":
        pytest.skip("it takes four simulated radios of its own; tools/vm-tests brings them")
    subprocess.run(["modprobe", "-r", "mac80211_hwsim"], check=False)
    subprocess.run(["modprobe", "mac80211_hwsim", "radios=4"], check=True)
    if not (DEBUG / "ieee80211").exists():
        subprocess.run(["mount", "-t", "debugfs", "none", str(DEBUG)], check=True)
    wait_until("radios", lambda: len(radios()) == 4, SLOW_S)
    tmp_path.chmod(0o755)
    supplicant = peer(tmp_path, "wpasupplicant", "usr/sbin/wpa_supplicant")
    bases, clients = radios()[:2], radios()[2:]
    for at, (base, client) in enumerate(zip(bases, clients, strict=True)):
        air = f"interface={base}\ndriver=nl80211\nssid=net{at}\nchannel={1 + 5 * at}\nhw_mode=g\n"
        (tmp_path / f"{base}.conf").write_text(air)
        network = f'network={{\n ssid="net{at}"\n key_mgmt=NONE\n scan_freq={2412 + 25 * at}\n}}\n'
        (tmp_path / f"{client}.conf").write_text(f"ctrl_interface={tmp_path}/wpa\n{network}")
        point = started(peer(tmp_path, "hostapd", "usr/sbin/hostapd"), str(tmp_path / f"{base}.conf"))
        point.wait_for("AP-ENABLED")
    texts = (
        PROGRAM.format(client, f"p{at}", tmp_path, supplicant, f"198.51.{at}") for at, client in enumerate(clients)
    )
    (tmp_path / "air.ncd").write_text("".join(texts))
    daemon = started(PYTHON, "-m", "netstrata", "run", "--control", "none", str(tmp_path / "air.ncd"))
    for client in clients:
        daemon.wait_for(f"{client} ")

    def preferred() -> str:
        shown = subprocess.run(["ip", "route", "show", "default"], capture_output=True, text=True, check=True).stdout
        return next((line.split()[4] for line in shown.splitlines() if " metric " not in line), "")

    for better in (1, 0, 1):
        loud(bases[better], -40)
        loud(bases[1 - better], -75)
        wait_until("the louder one", lambda better=better: preferred() == clients[better], SLOW_S)  # type: ignore[misc]
    loud(bases[1], -60)
    loud(bases[0], -56)
    time.sleep(40)
    assert preferred() == clients[1]
