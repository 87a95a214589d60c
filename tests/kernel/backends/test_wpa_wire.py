"""A wire with 802.1X that was authenticated: refused later, or its cable pulled; hostapd asks a RADIUS server.

wpa_supplicant 2.10 (Debian 2:2.10-12+deb12u3), wired: a refused re-authentication is `CTRL-EVENT-EAP-FAILURE` and no
more, its state stays COMPLETED, its port is Unauthorized; it holds still for a minute then.  Of a pulled cable it says
nothing, and asks nobody when it is back: a hostapd that has forgotten the link lets it in no more, for ever.
After SIGHUP it said DISCONNECTED and Associated at once, EAP-STARTED 1.4 s later, then EAP-SUCCESS and CONNECTED.
"""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.kernel.backends.test_wpa_supplicant import peer
from tests.kernel.filters.programs import SOURCES

from netstrata.testing.child import Child, wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel

STATEMENTS = {
    "net.wpa": 'net.wpa("eth0", ["eap": "MD5", "identity": "bob", "password": "hello"]) wire;',
    "net.backend.wpa_supplicant": 'net.backend.wpa_supplicant("eth0", "{folder}/wpa.conf", "{folder}/wpa_supplicant",'
    ' {{"-D", "wired"}}) wire;',
}
PROGRAM = """process main {{
    net.up("eth0");
    {statement}
    rprintln("undone");
    println("with ", wire.bssid);
}}
"""


class Wire:
    """A host whose eth0 leads to a port of a switch, which lets bob in if a server knows his password."""

    def __init__(self, lab: Lab, folder: Path, statement: str) -> None:
        self._folder = folder
        peer(folder, "wpasupplicant", "usr/sbin/wpa_supplicant")
        self._hostapd = peer(folder, "hostapd", "usr/sbin/hostapd")
        self._switch, self.host = lab.host("switch"), lab.host("host")
        self._switch.ip(
            f"link add name port type veth peer name eth0 netns {self.host.net_path}", files=[self.host.net]
        )
        self._switch.up("lo")
        self._switch.up("port")
        (folder / "clients").write_text("127.0.0.1 radius\n")
        (folder / "server.conf").write_text(
            f"driver=none\nradius_server_clients={folder}/clients\nradius_server_auth_port=1812\n"
            f"eap_server=1\neap_user_file={folder}/users\n"
        )
        (folder / "port.conf").write_text(
            "interface=port\ndriver=wired\nieee8021x=1\nuse_pae_group_addr=1\neap_reauth_period=1\n"
            "own_ip_addr=127.0.0.1\nnas_identifier=switch\n"
            "auth_server_addr=127.0.0.1\nauth_server_shared_secret=radius\n"
        )
        (folder / "wpa.conf").write_text(
            "ap_scan=0\nnetwork={\n key_mgmt=IEEE8021X\n eapol_flags=0\n eap=MD5\n"
            ' identity="bob"\n password="hello"\n}\n'
        )
        (folder / "x.ncd").write_text(PROGRAM.format(statement=STATEMENTS[statement].format(folder=folder)))
        self._server = self._serve("hello")
        self._switch.start([self._hostapd, str(folder / "port.conf")]).wait_output("AP-ENABLED")

    def _serve(self, password: str) -> Child:
        (self._folder / "users").write_text(f'"bob" MD5 "{password}"\n')
        server = self._switch.start([self._hostapd, str(self._folder / "server.conf")])
        server.wait_output("AP-ENABLED")
        return server

    def know(self, password: str) -> None:
        """Have the server know bob by another password."""
        self._server.end()
        self._server = self._serve(password)

    def pull(self) -> None:
        """Pull the cable."""
        self._switch.ip("link set port down")

    def plug(self) -> None:
        """Plug it in again."""
        self._switch.ip("link set port up")

    def netstrata(self, *words: str) -> Child:
        """Run a command on the host."""
        path = {"PYTHONPATH": str(SOURCES), "PATH": f"{self._folder}:/usr/sbin:/usr/bin:/sbin:/bin"}
        return self.host.start(["python3", "-m", "netstrata", *words], path)

    def daemon(self) -> Child:
        """Start the daemon."""
        return self.netstrata("run", str(self._folder / "x.ncd"))

    def why(self) -> str:
        """Return why the program is not complete."""
        asked = self.netstrata("why", "main")
        asked.status()
        return asked.output()


@pytest.fixture(params=list(STATEMENTS))
def wire(request: pytest.FixtureRequest, lab: Lab, tmp_path: Path) -> Wire:
    """A wire that either statement authenticates."""
    return Wire(lab, tmp_path, request.param)


def count(daemon: Child, line: str) -> Callable[[int], bool]:
    """Return what says whether a daemon has printed a line so often."""
    return lambda times: daemon.output().splitlines().count(line) == times


@pytest.mark.timeout(200)
def test_a_refused_reauthentication_is_down_and_says_so_and_is_asked_again_without_a_hand(wire: Wire) -> None:
    # wpa_supplicant 2.10 and hostapd 2.10 hold still for 60 s each (IEEE 802.1X, heldPeriod and quietPeriod).
    daemon = wire.daemon()
    daemon.wait_output("with none\n")

    wire.know("another")

    daemon.wait_output("undone\n")
    why = wire.why()
    assert "authentication failed (EAP): refused by the authenticator" in why
    wire.know("hello")
    wait_until("it up again", lambda: count(daemon, "with none")(2), 150)
    daemon.end()
    assert daemon.output().count("Successfully initialized wpa_supplicant") == 1


def test_reauthentications_that_succeed_change_nothing(wire: Wire) -> None:
    daemon = wire.daemon()
    daemon.wait_output("with none\n")

    wait_until("three of them", lambda: daemon.output().count("CTRL-EVENT-EAP-SUCCESS") > 3)

    assert count(daemon, "with none")(1)
    assert "undone" not in daemon.output()
    daemon.end()


def test_a_pulled_cable_is_down_and_authenticated_again_when_it_is_back(wire: Wire) -> None:
    daemon = wire.daemon()
    daemon.wait_output("with none\n")

    wire.pull()
    daemon.wait_output("undone\n")
    why = wire.why()
    wire.plug()

    wait_until("it up again", lambda: count(daemon, "with none")(2))
    daemon.end()
    assert "no carrier on eth0" in why
    assert daemon.output().count("Successfully initialized wpa_supplicant") == 1  # it is the same one all the time


def test_a_cable_that_is_plugged_in_late_is_authenticated_at_once(wire: Wire) -> None:
    wire.pull()
    daemon = wire.daemon()
    daemon.wait_output("no carrier on eth0")

    wire.plug()

    daemon.wait_output("with none\n", 20)  # by itself the supplicant asks again after 30 s
    daemon.end()


def test_a_cable_that_was_pulled_while_no_daemon_ran_is_known_before_anything_is_up(wire: Wire) -> None:
    first = wire.daemon()
    first.wait_output("with none\n")
    first.signal(signal.SIGKILL)
    first.status()
    wire.pull()

    second = wire.daemon()
    second.wait_output("no carrier on eth0")
    assert "with none" not in second.output()
    wire.plug()

    second.wait_output("with none\n")
    second.end()
    assert "wpa_supplicant runs still, process id" in second.output()
