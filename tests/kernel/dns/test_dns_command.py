"""`netstrata dns` and `netstrata why dns`, on a host with two links."""

import json
import re
import sys
from pathlib import Path

import pytest
from tests.kernel.dns.private import until
from tests.kernel.test_links_command import Asked

from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
# It answers whatever it is asked: yes, but at another address that it refuses.
_SERVER = """import select, socket
asked = {}
for address, code in (("192.0.2.2", 0), ("192.0.2.4", 5)):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind((address, 53))
    asked[one] = code
print("serving", flush=True)
while True:
    for one in select.select(list(asked), [], [])[0]:
        question, client = one.recvfrom(512)
        one.sendto(question[:2] + bytes((0x81, asked[one])) + question[4:], client)
"""
PROGRAM = """process wired {
    net.ipv4.addr("eth0", "192.0.2.1/24");
    net.dns({"192.0.2.2", "192.0.2.3", "192.0.2.4"}, "20", ["link": "eth0", "search": {"lab.example"}]);
    println("ready");
}
process first { net.ipv4.addr("wlan0", "198.51.100.1/24"); net.dns({"198.51.100.2"}, "10"); println("first"); }
process tunnel { net.dns({"192.0.2.2"}, "10", ["link": "tun0", "domains": {"corp.example"}]); }
"""


@pytest.fixture
def host(lab: Lab) -> Host:
    """Return a host; at the end of eth0 servers answer, refuse, or are not there, at the end of wlan0 there is none."""
    host, wired, radio = lab.host("host"), lab.host("wired"), lab.host("radio")
    lab.cable((host, "eth0"), (wired, "lan"))
    lab.cable((host, "wlan0"), (radio, "lan"))
    wired.up("lan", "192.0.2.2/24", "192.0.2.3/24", "192.0.2.4/24")
    radio.up("lan", "198.51.100.2/24")
    wired.start((sys.executable, "-c", _SERVER)).wait_output("serving")
    host.up("eth0")
    host.up("wlan0")
    return host


def test_servers_are_shown_in_order_with_whose_they_are_and_what_they_answer(host: Host, tmp_path: Path) -> None:
    asked = Asked(host, tmp_path, PROGRAM)
    asked.child.wait_output("first")

    answer = json.loads(asked.ask("dns", "--json"))
    text = asked.ask("dns", "--probe")

    assert answer["backends"] == [{"name": "resolv.conf", "reason": "nobody else makes the file"}]
    assert answer["ours"]
    assert answer["named"] == ["198.51.100.2", "192.0.2.2", "192.0.2.3", "192.0.2.4"]
    assert [(one["server"], one["process"], one["statement"]) for one in answer["servers"]] == [
        ("198.51.100.2", "first", 2),
        ("192.0.2.2", "wired", 2),
        ("192.0.2.3", "wired", 2),
        ("192.0.2.4", "wired", 2),
    ]
    assert [one["for"] for one in answer["servers"]] == [
        "all names",
        "all names, if those before do not answer",
        "all names, if those before do not answer",
        "nothing: the C library reads 3 servers",
    ]
    rows = {line.split()[0]: line for line in text.splitlines() if line}
    assert "no server there" in rows["198.51.100.2"]
    assert re.search(r"answered in \d+ ms +eth0 +lab.example +20 +wired.2", rows["192.0.2.2"])
    assert "no server there" in rows["192.0.2.3"]
    assert "refused" in rows["192.0.2.4"]


def test_who_overwrites_the_file_is_shown(host: Host, tmp_path: Path) -> None:
    asked = Asked(host, tmp_path, PROGRAM)
    asked.child.wait_output("first")
    for _ in range(3):
        host.write("/etc/resolv.conf", "nameserver 192.0.2.51\n")
        until(lambda: "nameserver 198.51.100.2\n" in host.read("/etc/resolv.conf"))
    host.write("/etc/resolv.conf", "nameserver 192.0.2.52\n")  # which stays for four seconds

    text = asked.ask("dns")

    assert re.search(r"^\d\d:\d\d:\d\d /etc/resolv.conf was changed by somebody else; written again", text, re.M)
    assert "/etc/resolv.conf names 192.0.2.52 (somebody else has changed it)" in text


def test_why_names_are_not_answered_is_said(host: Host, tmp_path: Path) -> None:
    asked = Asked(host, tmp_path, PROGRAM)
    asked.child.wait_output("first")

    lines = asked.ask("why", "dns").splitlines()

    assert "198.51.100.2 (first.2): no server there" in lines
    assert "192.0.2.3 over eth0 (wired.2): no server there" in lines
    assert not any(line.startswith("192.0.2.2 ") for line in lines)
    assert any(line.startswith("tunnel.1 net.dns") and "tun0" in line for line in lines)


def test_without_servers_that_is_why(lab: Lab, tmp_path: Path) -> None:
    asked = Asked(lab.host("host"), tmp_path, 'process main { println("ready"); net.dns({}, "1"); }')

    assert asked.ask("why", "dns").splitlines() == ["no net.dns that is up has name servers"]
    assert asked.ask("dns").splitlines()[0] == "none: no statement that is up holds name servers"
