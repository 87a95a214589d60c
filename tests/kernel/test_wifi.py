"""Wi-Fi with simulated radios: a real access point, a real supplicant, and what `Links` says of it."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.programs import PYTHON, netstrata
from tests.kernel.backends.test_wpa_supplicant import peer

import netstrata as package
from netstrata.testing.child import wait_until
from netstrata.values import Unavailable

pytestmark = pytest.mark.vm("mac80211_hwsim")
SLOW_S = 180  # an emulated processor, of a machine that does much else
PROGRAM = """process air {{
    net.up("{link}");
    net.backend.wpa_supplicant("{link}", "{folder}/wpa.conf", "{supplicant}", {{"-D", "nl80211"}}) air;
    println("in ", air.ssid);
}}
"""


def radios() -> list[str]:
    """Return the links of simulated radios."""
    found = []
    for link in sorted(os.listdir("/sys/class/net")):
        driver = os.path.realpath(f"/sys/class/net/{link}/phy80211/device/driver")
        if driver.endswith("mac80211_hwsim"):
            found.append(link)
    return found


class Started:
    """A program beside the test, and what it has said."""

    def __init__(self, said: Path, *words: str) -> None:
        self._said = said
        environment = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])}
        with said.open("wb") as output:
            self._child = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, env=environment)

    def wait_for(self, text: str) -> None:
        """Wait until it has said something; an emulated processor takes its time."""
        try:
            wait_until(text, lambda: text in self._said.read_text(errors="replace"), SLOW_S)
        except Unavailable as reason:
            pytest.fail(f"{reason}; it said:\n{self._said.read_text(errors='replace')[-4000:]}")

    def said(self) -> str:
        """Return what it has said by now."""
        return self._said.read_text(errors="replace")

    def stop(self) -> None:
        """Have it answer nobody from now on."""
        self._child.send_signal(signal.SIGSTOP)

    def end(self) -> None:
        """End it."""
        self._child.terminate()
        self._child.send_signal(signal.SIGCONT)
        self._child.wait(60)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    """Return what starts programs, which are ended after the test, the last one first."""
    programs: list[Started] = []

    def start(*words: str) -> Started:
        programs.append(Started(tmp_path / f"said{len(programs)}", *words))
        return programs[-1]

    yield start
    for program in reversed(programs):
        program.end()


@pytest.mark.timeout(900)
def test_a_wireless_link_says_network_signal_and_bitrate_for_as_long_as_it_is_in_one(
    tmp_path: Path, started: Callable[..., Started]
) -> None:
    if len(radios()) < 2 and os.environ.get("NETSTRATA_OWN_MACHINE") == "1":  # another test has taken them away
        subprocess.run(["modprobe", "mac80211_hwsim", "radios=3"], check=False)
    if len(radios()) < 2:
        pytest.skip("there are no simulated radios here; tools/vm-tests brings three")
    base, client = radios()[:2]
    tmp_path.chmod(0o755)
    supplicant = peer(tmp_path, "wpasupplicant", "usr/sbin/wpa_supplicant")
    ssid = "café \x1b[31m".encode()
    (tmp_path / "hostapd.conf").write_text(
        f"interface={base}\ndriver=nl80211\nssid2={ssid.hex()}\nchannel=1\nhw_mode=g\nwpa=2\n"
        "wpa_key_mgmt=WPA-PSK\nrsn_pairwise=CCMP\nwpa_passphrase=correct horse\n"
    )
    (tmp_path / "wpa.conf").write_text(
        f'ctrl_interface={tmp_path}/wpa\nnetwork={{\n ssid={ssid.hex()}\n psk="correct horse"\n scan_freq=2412\n}}\n'
    )
    (tmp_path / "air.ncd").write_text(PROGRAM.format(link=client, folder=tmp_path, supplicant=supplicant))
    access_point = started(peer(tmp_path, "hostapd", "usr/sbin/hostapd"), str(tmp_path / "hostapd.conf"))
    access_point.wait_for("AP-ENABLED")
    control = ("--control", str(tmp_path / "control"))
    daemon = started(PYTHON, "-m", "netstrata", "run", *control, str(tmp_path / "air.ncd"))
    daemon.wait_for("air.ncd:3:5 down -> up")
    words = [peer(tmp_path, "wpasupplicant", "usr/sbin/wpa_cli"), "-p", f"{tmp_path}/wpa", "-i", client, "signal_poll"]
    polled = subprocess.run(words, capture_output=True, text=True, check=True).stdout

    _, out, _ = netstrata("links", "--json", *control, seconds=60)

    links = {link["name"]: link for link in json.loads(out)["links"]}
    signal = int(re.findall(r"RSSI=(-\d+)", polled)[0])
    assert (links[client]["kind"], links[client]["ssid"]) == ("wifi", r"café \x1b[31m")
    assert links[client]["signal_dbm"] == signal
    assert links[client]["quality"] == min(100, max(0, 2 * (signal + 100)))
    assert links[client]["bitrate_mbps"] >= 1
    assert links[client]["processes"] == ["air"]
    assert "signal_dbm" not in links[base]  # an access point hears many, or none
    _, shown, _ = netstrata("status", *control, seconds=60)
    assert "1●" in shown
    assert "2●" in shown
    assert rf"{client}  up  café \x1b[31m {signal} dBm" in shown

    access_point.end()
    daemon.wait_for("air.ncd:3:5 up -> down")

    _, out, _ = netstrata("links", client, "--json", *control, seconds=60)
    [alone] = json.loads(out)["links"]
    assert alone["kind"] == "wifi"
    assert not {"ssid", "signal_dbm", "quality", "bitrate_mbps"} & set(alone)
