"""net.wpa in the air: simulated radios, a real access point."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.programs import PYTHON, netstrata
from tests.kernel.backends.test_wpa_supplicant import peer
from tests.kernel.test_wifi import Started, radios, started

__all__ = ["started"]
pytestmark = pytest.mark.vm("mac80211_hwsim")
PROGRAM = """process air {{
    var("many wooden horses") passphrase;
    net.up("{link}");
    net.wpa("{link}", ["ssid": "horses at home", "psk": passphrase, "key_mgmt": "{key_mgmt}"]) air;
    println("in ", air.ssid);
}}
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("key_mgmt", ["WPA-PSK", "SAE"])
def test_a_link_joins_a_network_by_its_passphrase_and_leaves_it_with_the_statement(
    tmp_path: Path, started: Callable[..., Started], monkeypatch: pytest.MonkeyPatch, key_mgmt: str
) -> None:
    if len(radios()) < 2:
        pytest.skip("there are no simulated radios here; tools/vm-tests brings two")
    base, client = radios()[:2]
    peer(tmp_path, "wpasupplicant", "usr/sbin/wpa_supplicant")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin")
    (tmp_path / "hostapd.conf").write_text(
        f"interface={base}\ndriver=nl80211\nssid=horses at home\nchannel=1\nhw_mode=g\nwpa=2\nieee80211w=1\n"
        f"wpa_key_mgmt={key_mgmt}\nrsn_pairwise=CCMP\nwpa_passphrase=many wooden horses\n"
    )
    (tmp_path / "air.ncd").write_text(PROGRAM.format(link=client, key_mgmt=key_mgmt))
    access_point = started(peer(tmp_path, "hostapd", "usr/sbin/hostapd"), str(tmp_path / "hostapd.conf"))
    access_point.wait_for("AP-ENABLED")

    control = ("--control", str(tmp_path / "control"))
    daemon = started(PYTHON, "-m", "netstrata", "run", *control, str(tmp_path / "air.ncd"))
    daemon.wait_for("in horses at home")
    _, shown, _ = netstrata("show", f"wpa_supplicant-{client}.conf", *control, seconds=60)
    _, told, _ = netstrata("log", *control, seconds=60)
    access_point.end()
    daemon.wait_for("air.ncd:4:5 up -> down")

    assert 'psk="********"' in shown
    assert f"ssid={b'horses at home'.hex()}" in shown
    assert "wooden" not in shown + told
