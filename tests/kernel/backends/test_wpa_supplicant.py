"""net.backend.wpa_supplicant: the real one on a wire with 802.1X, and one that says what it is told to say."""

import os
import shlex
import signal
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

import pytest
from tests.kernel.filters.programs import SOURCES, started

from netstrata.testing.child import Child, wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel

PEERS = Path(__file__).parents[3] / ".peers"  # unpacked by ./check: see tools/setup.sh


def peer(folder: Path, package: str, path: str) -> str:
    """Return a script that runs a program of a package that was unpacked, not installed."""
    program = PEERS / package / path
    if not program.exists():
        pytest.skip(f"no {package} below .peers")
    libraries = sorted({str(library.parent) for library in PEERS.glob("*/usr/lib/**/*.so*")})
    script = folder / program.name
    path = shlex.quote(":".join(libraries))
    script.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH={path} exec {shlex.quote(str(program))} "$@"\n')
    script.chmod(0o755)
    return str(script)


def wire(lab: Lab, folder: Path, password: str) -> Child:
    """Run a program that waits for a wire with 802.1X, whose user has a password, and is `hello`."""
    supplicant = peer(folder, "wpasupplicant", "usr/sbin/wpa_supplicant")
    hostapd = peer(folder, "hostapd", "usr/sbin/hostapd")
    switch, host = lab.host("switch"), lab.host("host")
    # A cable of the lab is a bridge, which does not forward what is for the next hop only.
    switch.ip(f"link add name port type veth peer name eth0 netns {host.net_path}", files=[host.net])
    switch.up("port")
    host.up("eth0")
    (folder / "users").write_text('"bob" MD5 "hello"\n')
    (folder / "hostapd.conf").write_text(
        f"interface=port\ndriver=wired\nieee8021x=1\nuse_pae_group_addr=1\neap_server=1\neap_user_file={folder}/users\n"
    )
    user = f'identity="bob"\n password="{password}"'
    (folder / "wpa.conf").write_text(
        f"ap_scan=0\nnetwork={{\n key_mgmt=IEEE8021X\n eapol_flags=0\n eap=MD5\n {user}\n}}\n"
    )
    authenticator = switch.start([hostapd, str(folder / "hostapd.conf")])
    authenticator.wait_output("AP-ENABLED")
    return started(
        host,
        folder / "x.ncd",
        f"""process main {{
            net.backend.wpa_supplicant("eth0", "{folder}/wpa.conf", "{supplicant}", {{"-D", "wired"}}) wire;
            rprintln("undone");
            println("with ", wire.bssid, " <", wire.ssid, ">");
        }}""",
    )


def test_a_wire_is_up_once_it_is_authenticated_and_its_program_ends_with_the_statement(
    lab: Lab, tmp_path: Path
) -> None:
    daemon = wire(lab, tmp_path, "hello")

    daemon.wait_output("with none <>\n")
    daemon.end()

    assert "CTRL-EVENT-EAP-SUCCESS" in daemon.output()
    assert "net.backend.wpa_supplicant: wpa_supplicant: is connected\n" in daemon.output()
    assert daemon.output().index("undone") > daemon.output().index("with none")
    assert "wpa_supplicant" not in next(host for host in lab.hosts if host.name == "host").run(
        "ps", "-e", "-o", "comm="
    )


def test_a_password_that_is_refused_is_told_in_words(lab: Lab, tmp_path: Path) -> None:
    daemon = wire(lab, tmp_path, "wrong")

    daemon.wait_output("net.backend.wpa_supplicant: wpa_supplicant: authentication failed")

    daemon.end()


def printed(daemon: Child) -> list[str]:
    """Return what a program has printed, without what is logged."""
    return [line for line in daemon.output().splitlines() if line.partition(" ")[0] in ("in", "left", "with", "not")]


def stand_in(folder: Path) -> tuple[str, Path]:
    """Return a program that says what is written to a pipe, and the pipe."""
    pipe = folder / "says"
    os.mkfifo(pipe)
    program = folder / "wpa_supplicant"
    program.write_text(
        f"#!/bin/sh\necho \"given $*\"\ntrap 'echo ended; kill $!; wait; exit 0' TERM\ncat {pipe} & wait $!\n"
    )
    program.chmod(0o755)
    return str(program), pipe


PROGRAM = """
process main {
    net.backend.wpa_supplicant("wlan0", "/run/wpa.conf", "PROGRAM", {"-D", "nl80211"}) air;
    rprintln("undone");
    println("with ", air.bssid, " <", air.ssid, ">");
}
"""
ROAMS = """
process main {
    STATEMENT
    println("in ", air.ssid);
    rprintln("left ", air.ssid);
    rprintln("not ", air.bssid);
    println("with ", air.bssid);
}
"""
TRYING = "wlan0: Trying to associate with 02:00:00:00:0a:01 (SSID='it's here' freq=2412 MHz)\n"
CONNECTED = "wlan0: CTRL-EVENT-CONNECTED - Connection completed\n"


@pytest.mark.parametrize(
    "statement",
    [
        'net.wpa("wlan0", ["ssid": "it\'s here"]) air;',
        'net.backend.wpa_supplicant("wlan0", "/run/wpa.conf", "PROGRAM", {"-D", "nl80211"}) air;',
    ],
    ids=["net.wpa", "net.backend.wpa_supplicant"],
)
def test_it_follows_what_is_said_and_stays_up_while_the_link_roams(lab: Lab, tmp_path: Path, statement: str) -> None:
    host = lab.host("host")
    program, pipe = stand_in(tmp_path)
    (tmp_path / "x.ncd").write_text(ROAMS.replace("STATEMENT", statement).replace("PROGRAM", program))
    words = [sys.executable, "-m", "netstrata", "run", str(tmp_path / "x.ncd")]
    daemon = host.start(words, {"PYTHONPATH": str(SOURCES), "PATH": f"{tmp_path}:/usr/bin:/bin"})
    daemon.wait_output("given -D nl80211 -i wlan0 -c /run/")

    with open(pipe, "w", buffering=1) as says:
        says.write(TRYING + CONNECTED)
        daemon.wait_output("with 02:00:00:00:0A:01\n")
        says.write(TRYING.replace("0a:01", "0a:02") + CONNECTED)
        daemon.wait_output("with 02:00:00:00:0A:02\n")
        roamed = printed(daemon)
        says.write("wlan0: CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:0a:02 reason=3\n")
        daemon.wait_output("left it's here\n")
        says.write("wlan0: Trying to associate with SSID 'other'\n" + CONNECTED)
        daemon.wait_output("with none\n")
        says.write(TRYING + "wlan0: the last line\n")
        daemon.wait_output("the last line")
        asked = printed(daemon)
        daemon.end()
    assert roamed == ["in it's here", "with 02:00:00:00:0A:01", "not 02:00:00:00:0A:01", "with 02:00:00:00:0A:02"]
    assert asked[-2:] == ["in other", "with none"]


def test_in_the_air_a_roam_may_be_without_carrier_and_ten_seconds_of_that_are_down(lab: Lab, tmp_path: Path) -> None:
    # A roam that every access point denies ends in silence: tests/kernel/backends/test_wpa_wifi.py has the real one.
    host, other = lab.host("host"), lab.host("other")
    cable = lab.cable((host, "wlan0"), (other, "lan"))
    host.up("wlan0")
    other.up("lan")
    program, pipe = stand_in(tmp_path)
    daemon = started(host, tmp_path / "x.ncd", PROGRAM.replace("PROGRAM", program))
    daemon.wait_output("given")

    with open(pipe, "w", buffering=1) as says:
        says.write(TRYING + CONNECTED)
        daemon.wait_output("with 02:00:00:00:0A:01")
        cable.pull()
        cable.plug()
        cable.pull()
        lost = time.monotonic()
        daemon.wait_output("undone\n")
        waited_s = time.monotonic() - lost
        says.write(TRYING + CONNECTED)
        wait_until("it up again", lambda: daemon.output().count("with 02:00:00:00:0A:01") == 2)
        daemon.end()
    assert waited_s > 9
    assert "net.backend.wpa_supplicant: no carrier on wlan0\n" in daemon.output()


def test_the_next_daemon_takes_over_one_that_is_authenticated_as_it_is(lab: Lab, tmp_path: Path) -> None:
    # wpa_supplicant 2.10 goes on when nobody reads what it says, and says nothing when it is taken over.
    first = wire(lab, tmp_path, "hello")
    first.wait_output("with none <>\n")
    host = next(host for host in lab.hosts if host.name == "host")
    first.signal(signal.SIGKILL)
    first.status()

    second = started(host, tmp_path / "x.ncd", (tmp_path / "x.ncd").read_text())
    second.wait_output("with none <>\n")
    second.end()

    assert "wpa_supplicant runs still, process id" in second.output()
    assert "CTRL-EVENT-CONNECTED" in first.output()
    assert "CTRL-EVENT-CONNECTED" not in second.output()
    assert "CTRL-EVENT-TERMINATING" in second.output()


@pytest.mark.parametrize(
    ("said", "then"),
    [
        ("", ["with 02:00:00:00:0A:01 <it's here>"]),
        ("wlan0: CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:0a:01 reason=3\n", []),
        (
            "wlan0: CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:0a:01 reason=3\n"
            "wlan0: Trying to associate with SSID 'other'\nwlan0: CTRL-EVENT-CONNECTED - Connection completed\n",
            ["with none <other>"],
        ),
    ],
    ids=["nothing", "lost", "another"],
)
def test_what_is_said_while_no_daemon_runs_is_known_to_the_next_one_before_anything_is_up(
    lab: Lab, tmp_path: Path, said: str, then: list[str]
) -> None:
    host = lab.host("host")
    program, pipe = stand_in(tmp_path)
    text = PROGRAM.replace("PROGRAM", program)
    first = started(host, tmp_path / "x.ncd", text)
    first.wait_output("given")
    with open(pipe, "w", buffering=1) as says:
        says.write(TRYING + CONNECTED)
        first.wait_output("with 02:00:00:00:0A:01 <it's here>\n")
        first.signal(signal.SIGKILL)
        first.status()
        said += "the last line\n"
        says.write(said)
        wait_until("all said", lambda: host.call(unread) == len(said))

        second = started(host, tmp_path / "x.ncd", text)
        second.wait_output("the last line\n")
        for line in then:
            second.wait_output(f"\n{line}\n")
        assert [line for line in second.output().splitlines() if line.startswith("with ")] == then
        assert "undone" not in second.output()
        second.end()


def unread() -> int:
    """Return how many bytes the only child of a host has said, and nobody has read."""
    (name,) = os.listdir("/run/netstrata/output")
    descriptor = os.open(f"/run/netstrata/output/{name}", os.O_RDONLY | os.O_NONBLOCK)
    try:
        return int.from_bytes(ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)
    finally:
        os.close(descriptor)


def test_an_end_by_itself_is_a_failure_whatever_its_status(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    program, pipe = stand_in(tmp_path)
    daemon = started(host, tmp_path / "x.ncd", PROGRAM.replace("PROGRAM", program), "--retry-time", "600000")
    daemon.wait_output("given")

    with open(pipe, "w", buffering=1) as says:
        says.write(TRYING + CONNECTED)
        daemon.wait_output("with 02")

    daemon.wait_output("cannot keep wlan0 associated: ")
    daemon.wait_output("exited with status 0")
    daemon.end()
    assert "undone\n" in daemon.output()
