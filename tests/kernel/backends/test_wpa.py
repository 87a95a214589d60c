"""net.wpa on a wire with 802.1X; and that its password is seen nowhere."""

import json
import sys
from pathlib import Path

import pytest
from tests.kernel.backends.test_wpa_supplicant import peer
from tests.kernel.filters.programs import SOURCES

from netstrata.testing.child import wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel

PASSWORD = "many wooden horses"
PROGRAM = """
process main {
    var("many woo") first;
    file_read("/etc/netstrata-second") second;
    concat(first, second) password;
    net.up("eth0");
    net.wpa("eth0", ["eap": "MD5", "identity": "bob", "password": password]) wire;
    provide("WIRE");
}
process loud {
    depend("WIRE") w;
    call("tell", {w.password});
}
template tell {
    var(_arg0) copy;
    value(["a": copy]) tree;
    log_r("warning", "undone with ", copy) l;
    run({"/bin/sh", "-c", "echo the password is $0; echo told", copy}, {});
    log("error", "it is ", copy);
    net.mtu("eth0", copy);
}
process broken {
    depend("WIRE") w;
    run({"/bin/no such program", w.password}, {});
}
"""


class Seen:
    """A daemon on a host, and all that it told anybody."""

    def __init__(self, host: Host, folder: Path, program: str) -> None:
        (folder / "x.ncd").write_text(program)
        self._host = host
        self._environment = {"PYTHONPATH": str(SOURCES), "PATH": f"{folder}:/usr/bin:/bin"}
        self.record = folder / "record"
        words = ["run", str(folder / "x.ncd"), "--record", str(self.record)]
        self.daemon = host.start([sys.executable, "-m", "netstrata", *words], self._environment)

    def asked(self, *words: str) -> str:
        """Return what the daemon answers."""
        child = self._host.start([sys.executable, "-m", "netstrata", *words], self._environment)
        assert child.status() == 0, child.output()
        return child.output()


def authenticator(lab: Lab, folder: Path, password: str) -> Host:
    """Return a host whose eth0 leads to a switch that lets bob in with a password."""
    peer(folder, "wpasupplicant", "usr/sbin/wpa_supplicant")
    hostapd = peer(folder, "hostapd", "usr/sbin/hostapd")
    switch, host = lab.host("switch"), lab.host("host")
    switch.ip(f"link add name port type veth peer name eth0 netns {host.net_path}", files=[host.net])
    switch.up("port")
    (folder / "users").write_text(f'"bob" MD5 "{password}"\n')
    (folder / "hostapd.conf").write_text(
        f"interface=port\ndriver=wired\nieee8021x=1\nuse_pae_group_addr=1\neap_server=1\neap_user_file={folder}/users\n"
    )
    switch.start([hostapd, str(folder / "hostapd.conf")]).wait_output("AP-ENABLED")
    return host


def test_a_password_is_seen_nowhere_whatever_it_was_made_from_and_whoever_prints_it(lab: Lab, tmp_path: Path) -> None:
    host = authenticator(lab, tmp_path, PASSWORD)
    host.write("/etc/netstrata-second", "den horses")
    seen = Seen(host, tmp_path, PROGRAM)
    seen.daemon.wait_output("told")
    seen.daemon.wait_output("no such program")
    wait_until("the failure of the MTU", lambda: "net.mtu" in seen.asked("why", "loud"))

    shown = seen.asked("show", "wpa_supplicant-eth0.conf")
    answers = [
        seen.asked(*words)
        for words in (
            ["status", "--all", "--json"], ["why"], ["why", "--json"], ["log"], ["log", "--json"], ["show", "--json"],
        )
    ]  # fmt: skip
    written = host.call(lambda: Path("/run/netstrata/generated/wpa_supplicant-eth0.conf").read_text())
    seen.daemon.end()
    everything = "\n".join([shown, *answers, seen.daemon.output(), seen.record.read_text()])

    assert f'password="{PASSWORD}"' in written
    assert 'password="********"' in shown
    assert "the password is ********" in seen.daemon.output()
    assert "CTRL-EVENT-EAP-SUCCESS" in seen.daemon.output()
    for secret in (PASSWORD, "many woo", "den horses", PASSWORD.encode().hex()):
        assert secret not in everything
    assert host.call(lambda: Path("/run/netstrata/generated").exists()) is False


def test_a_program_s_own_text_is_told_without_its_literal_secrets(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    seen = Seen(host, tmp_path, 'process main { var("many wooden horses") p; secret(p); println("up"); }')
    seen.daemon.wait_output("up")

    call = json.dumps({"method": "org.netstrata.Control.Source", "parameters": {}})
    script = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect('/run/netstrata/control');"
        "s.sendall(sys.argv[1].encode() + bytes(1)); print(s.recv(65536).decode())"
    )
    answer = host.run(sys.executable, "-c", script, call)
    seen.daemon.end()

    assert 'var(\\"********\\") p; secret(p);' in answer
    assert "horses" not in answer
