"""net.wpa in the air: simulated radios, real access points."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.programs import PYTHON, netstrata
from tests.kernel.backends.test_wpa_supplicant import peer
from tests.kernel.test_wifi import SLOW_S, Started, radios, started

from netstrata.testing.child import wait_until

__all__ = ["started"]
pytestmark = [pytest.mark.vm("mac80211_hwsim"), pytest.mark.timeout(900)]
PROGRAM = """process air {{
    var("{passphrase}") passphrase;
    net.up("{link}");
    net.wpa("{link}", ["ssid": "horses at home", "psk": passphrase, "key_mgmt": "{key_mgmt}"]) air;
    println("in ", air.ssid);
}}
"""
STATEMENTS = {
    "net.wpa": 'net.wpa("{link}", ["ssid": "horses at home", "psk": "many wooden horses"]) air;',
    "net.backend.wpa_supplicant": 'net.backend.wpa_supplicant("{link}", "{folder}/wpa.conf",'
    ' "{folder}/wpa_supplicant", {{"-D", "nl80211"}}) air;',
}
ROAMS = """process air {{
    net.up("{link}");
    {statement}
    println("in ", air.ssid);
    rprintln("left ", air.ssid);
    rprintln("not ", air.bssid);
    println("with ", air.bssid);
}}
"""
Start = Callable[..., Started]


def some_radios(number: int) -> list[str]:
    """Return so many simulated radios."""
    if len(radios()) < number and os.environ.get("NETSTRATA_OWN_MACHINE") == "1":  # another test has taken them away
        subprocess.run(["modprobe", "mac80211_hwsim", "radios=3"], check=False)
    if len(radios()) < number:
        pytest.skip("there are too few simulated radios here; tools/vm-tests brings three")
    return radios()[:number]


def access_point(folder: Path, start: Start, link: str, key_mgmt: str) -> Started:
    """Return an access point of the network, once it is one."""
    configuration = folder / f"{link}.conf"
    configuration.write_text(
        f"interface={link}\ndriver=nl80211\nssid=horses at home\nchannel=1\nhw_mode=g\nwpa=2\nieee80211w=1\n"
        f"wpa_key_mgmt={key_mgmt}\nrsn_pairwise=CCMP\nwpa_passphrase=many wooden horses\n"
    )
    there = start(peer(folder, "hostapd", "usr/sbin/hostapd"), str(configuration))
    there.wait_for("AP-ENABLED")
    return there


def runs(folder: Path, start: Start, program: str) -> tuple[Started, tuple[str, ...]]:
    """Return a daemon that runs a program, and where it is asked."""
    (folder / "air.ncd").write_text(program)
    control = ("--control", str(folder / "control"))
    return start(PYTHON, "-m", "netstrata", "run", *control, str(folder / "air.ncd")), control


@pytest.mark.parametrize("key_mgmt", ["WPA-PSK", "SAE"])
def test_a_link_joins_a_network_by_its_passphrase_and_leaves_it_with_the_statement(
    tmp_path: Path, started: Start, monkeypatch: pytest.MonkeyPatch, key_mgmt: str
) -> None:
    base, client = some_radios(2)
    peer(tmp_path, "wpasupplicant", "usr/sbin/wpa_supplicant")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin")
    there = access_point(tmp_path, started, base, key_mgmt)

    program = PROGRAM.format(link=client, key_mgmt=key_mgmt, passphrase="many wooden horses")
    daemon, control = runs(tmp_path, started, program)
    daemon.wait_for("in horses at home")
    _, shown, _ = netstrata("show", f"wpa_supplicant-{client}.conf", *control, seconds=60)
    _, told, _ = netstrata("log", *control, seconds=60)
    there.end()
    daemon.wait_for("air.ncd:4:5 up -> down")

    assert 'psk="********"' in shown
    assert f"ssid={b'horses at home'.hex()}" in shown
    assert "wooden" not in shown + told


@pytest.mark.parametrize(("key_mgmt", "wrong"), [("WPA-PSK", "wrong key"), ("SAE", "wrong password")])
def test_a_wrong_passphrase_is_said_to_be_one(
    tmp_path: Path, started: Start, monkeypatch: pytest.MonkeyPatch, key_mgmt: str, wrong: str
) -> None:
    # wpa_supplicant 2.10, SAE: CTRL-EVENT-AUTH-REJECT … auth_type=3 auth_transaction=2 status_code=1, four times, and
    # CTRL-EVENT-SSID-TEMP-DISABLED … reason=CONN_FAILED; never WRONG_KEY.
    base, client = some_radios(2)
    peer(tmp_path, "wpasupplicant", "usr/sbin/wpa_supplicant")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin")
    access_point(tmp_path, started, base, key_mgmt)

    program = PROGRAM.format(link=client, key_mgmt=key_mgmt, passphrase="some iron horses")
    daemon, control = runs(tmp_path, started, program)
    daemon.wait_for(f"wpa_supplicant: {wrong}")

    _, why, _ = netstrata("why", "air", *control, seconds=60)
    assert wrong in why


class Roaming:
    """A link in one of two access points of a network, and a daemon that follows it."""

    def __init__(self, folder: Path, start: Start, statement: str) -> None:
        *bases, self.link = some_radios(3)
        folder.chmod(0o755)
        supplicant = Path(peer(folder, "wpasupplicant", "usr/sbin/wpa_supplicant"))
        supplicant.write_text(supplicant.read_text().replace('"$@"', f'-g {folder}/global "$@"'))
        self._words = [peer(folder, "wpasupplicant", "usr/sbin/wpa_cli"), "-g", f"{folder}/global"]
        (folder / "wpa.conf").write_text(
            'network={\n ssid="horses at home"\n psk="many wooden horses"\n scan_freq=2412\n}\n'
        )
        self.points = [access_point(folder, start, base, "WPA-PSK") for base in bases]
        addresses = {Path(f"/sys/class/net/{base}/address").read_text().strip() for base in bases}
        said = STATEMENTS[statement].format(link=self.link, folder=folder)
        self.daemon, _ = runs(folder, start, ROAMS.format(link=self.link, statement=said))
        wait_until("it in the network", lambda: len(self.printed()) == 2, SLOW_S)
        self.one = self.printed()[1].removeprefix("with ").lower()
        (self.other,) = addresses - {self.one}

    def asked(self, *command: str) -> str:
        """Return what the supplicant answers."""
        return subprocess.run(
            [*self._words, f"IFNAME={self.link}", *command], capture_output=True, text=True, check=False
        ).stdout

    def hear_other(self) -> None:
        """Return when the other access point was heard."""
        wait_until("the other one heard", lambda: self.asked("scan") != "" and self._is_heard(), SLOW_S)

    def _is_heard(self) -> bool:
        return self.other in self.asked("scan_results")

    def roam(self) -> None:
        """Have the link ask the other access point."""
        wait_until("the roam begun", lambda: self.asked("roam", self.other) == "OK\n", SLOW_S)

    def printed(self) -> list[str]:
        """Return what the program has printed."""
        lines = self.daemon.said().splitlines()
        return [line for line in lines if line.split(" ")[0] in ("in", "left", "not", "with")]


@pytest.fixture(params=list(STATEMENTS))
def air(request: pytest.FixtureRequest, tmp_path: Path, started: Start, monkeypatch: pytest.MonkeyPatch) -> Roaming:
    """A link in one of two access points, by either statement."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin")
    return Roaming(tmp_path, started, request.param)


def test_a_roam_redoes_what_has_read_the_access_point_and_nothing_else(air: Roaming) -> None:
    # wpa_supplicant 2.10: Trying to associate with …, Associated with …, CTRL-EVENT-CONNECTED; nothing is lost between.
    one, other = air.one.upper(), air.other.upper()
    air.hear_other()

    air.roam()

    wait_until("it has roamed", lambda: f"with {other}" in air.printed(), SLOW_S)
    assert air.printed() == ["in horses at home", f"with {one}", f"not {one}", f"with {other}"]
    assert "air.ncd:3:5 up -> down" not in air.daemon.said()


def test_a_roam_that_nobody_answers_is_down(air: Roaming) -> None:
    # wpa_supplicant 2.10: `SME: Trying to authenticate with …` of each, and no word that the first is lost; wpa_state
    # is SCANNING, the link's operstate down.
    air.hear_other()
    for point in air.points:
        point.stop()

    air.roam()

    air.daemon.wait_for(f"no carrier on {air.link}")
    wait_until("it down", lambda: air.printed()[-1] == "left horses at home", SLOW_S)


USERS = """process air {{
    net.up("{link}");
    net.wpa("{link}", ["ssid": "horses at home", "eap": "PWD", "identity": "bob", "password": "hello"]) air;
    println("in ", air.ssid);
    rprintln("left ", air.ssid);
}}
"""


class Users:
    """An access point that lets in whom a server knows, and asks again each second; it is hostapd, as the server is."""

    def __init__(self, folder: Path, start: Start, link: str) -> None:
        self._folder = folder
        self._start = start
        self._hostapd = peer(folder, "hostapd", "usr/sbin/hostapd")
        (folder / "clients").write_text("127.0.0.1 radius\n")
        (folder / "server.conf").write_text(
            f"driver=none\nradius_server_clients={folder}/clients\nradius_server_auth_port=1812\n"
            f"eap_server=1\neap_user_file={folder}/users\npwd_group=19\n"
        )
        (folder / "point.conf").write_text(
            f"interface={link}\ndriver=nl80211\nssid=horses at home\nchannel=1\nhw_mode=g\nwpa=2\nieee8021x=1\n"
            "wpa_key_mgmt=WPA-EAP\nrsn_pairwise=CCMP\neap_reauth_period=3\nown_ip_addr=127.0.0.1\n"
            "nas_identifier=point\nauth_server_addr=127.0.0.1\nauth_server_shared_secret=radius\n"
        )
        self._server = self._serve("hello")
        start(self._hostapd, str(folder / "point.conf")).wait_for("AP-ENABLED")

    def _serve(self, password: str) -> Started:
        (self._folder / "users").write_text(f'"bob" PWD "{password}"\n')
        server = self._start(self._hostapd, str(self._folder / "server.conf"))
        server.wait_for("AP-ENABLED")
        return server

    def know(self, password: str) -> None:
        """Have the server know bob by another password."""
        self._server.end()
        self._server = self._serve(password)


def test_a_refused_reauthentication_is_down_and_says_so_and_is_asked_again(
    tmp_path: Path, started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, client = some_radios(2)
    peer(tmp_path, "wpasupplicant", "usr/sbin/wpa_supplicant")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    users = Users(tmp_path, started, base)
    daemon, control = runs(tmp_path, started, USERS.format(link=client))
    daemon.wait_for("in horses at home")

    users.know("another")
    daemon.wait_for("left horses at home")
    _, why, _ = netstrata("why", "air", *control, seconds=60)
    users.know("hello")

    wait_until("it up again", lambda: daemon.said().count("in horses at home") == 2, SLOW_S)
    assert "authentication failed (EAP)" in why
    assert daemon.said().count("Successfully initialized wpa_supplicant") == 1  # it is the same one all the time
