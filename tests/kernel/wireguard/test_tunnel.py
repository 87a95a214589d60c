"""A tunnel between a daemon of ours and wg(8), with packets in it.

Seen with wireguard-go 0.0.20220316 on Linux 6.18, with the kernel's on Linux 6.1, wireguard-tools 1.0.20210914.
"""

import re

import pytest
from tests.kernel.statements.test_every_statement import SLOW_S
from tests.kernel.wireguard.ends import PUBLIC, SECRET, Ends, link, of_us, peer

pytestmark = [pytest.mark.kernel, pytest.mark.vm("wireguard")]
DONE = 'println("complete"); rprintln("undone");'


def test_packets_pass_while_it_is_up_and_nothing_is_left(ends: Ends) -> None:
    ends.theirs.begin("b", 51820, "10.66.0.2/24", of_us())
    before = ends.rest()

    shows = 'println(tunnel.public_key, " ", tunnel.listen_port);'
    daemon = ends.run(f"process main {{ {link(fwmark='7')} {shows} {peer()} {DONE} }}")
    daemon.wait_output("complete\n", SLOW_S)
    ends.until_reached("10.66.0.2")
    shown = ends.ours.run("wg", "show", "wg0", "dump").splitlines()
    status = daemon.end(SLOW_S)
    journals = ends.ours.run("sh", "-c", "ls /run/netstrata/journal 2>/dev/null || true")

    assert journals == ""
    assert f"{PUBLIC['a']} 51820\n" in daemon.output()
    assert shown[0].split("\t")[1:] == [PUBLIC["a"], "51820", "0x7"]
    assert shown[1].split("\t")[:4] == [PUBLIC["b"], "(none)", "192.0.2.2:51820", "10.66.0.2/32"]
    assert (status, "ignoring" in daemon.output(), "Traceback" in daemon.output()) == (0, False, False)
    assert ends.rest() == before


def test_with_handshake_it_is_up_by_the_first_one_and_has_its_routes_from_then_on(ends: Ends) -> None:
    before = ends.rest()
    other = peer(allowed="10.77.0.0/24", up="handshake", keepalive="1", routes="7")
    daemon = ends.run(f"process main {{ {link()} {other} {DONE} }}")
    ends.until("a peer", lambda: "10.77" in ends.ours.run("sh", "-c", "wg show wg0 allowed-ips 2>&1 || true"))
    early = [line for line in ends.rest() if "10.77" in line]
    waits = ends.asked("why")

    ends.theirs.begin("b", 51820, "10.77.0.1/24", of_us())
    daemon.wait_output("complete\n", SLOW_S)
    late = [line for line in ends.rest() if "10.77" in line]
    status = ends.asked("status")
    code = daemon.end(SLOW_S)

    assert early == []
    assert f"waits for a handshake with peer {PUBLIC['b'][:10]}…" in waits
    assert late == ["route 10.77.0.0/24 dev wg0 metric 7"]
    assert re.search(r"endpoint=192\.0\.2\.2:51820 address=192\.0\.2\.2 handshake=\d{10} ", status)
    assert code == 0
    assert ends.rest() == before


def test_a_peer_that_has_gone_elsewhere_is_followed_and_that_is_no_fault(ends: Ends) -> None:
    ends.theirs.begin("b", 51820, "10.66.0.2/24", f"{of_us()} endpoint 192.0.2.1:51820 persistent-keepalive 1")
    daemon = ends.run(f"process main {{ {link()} {peer()} {DONE} }}")
    ends.until_reached("10.66.0.2")

    ends.theirs.host.run("wg", "set", "wg0", "listen-port", "51900")
    ends.until("another endpoint", lambda: "endpoint=192.0.2.2:51900" in ends.asked("status"))
    ends.until_reached("10.66.0.2")
    daemon.end(SLOW_S)

    assert daemon.output().count("complete\n") == 1
    assert "someone" not in daemon.output()


def test_one_peer_comes_and_goes_while_packets_of_another_flow(ends: Ends) -> None:
    ends.theirs.begin("b", 51820, "10.66.0.2/24", of_us())
    text = f"process main {{ {link()} {peer()} {DONE} }}"
    daemon = ends.run(text)
    ends.until_reached("10.66.0.2")
    shaken = ends.ours.run("wg", "show", "wg0", "latest-handshakes")
    ping = ends.ours.start(["busybox", "ping", "-i", "0.02", "-q", "10.66.0.2"])

    more = peer("c", allowed="10.66.0.3/32", endpoint="192.0.2.3:7")
    (ends.folder / "x.ncd").write_text(text + f' process second {{ {more} println("second"); rprintln("gone"); }}')
    ends.asked("reload")
    daemon.wait_output("second\n", SLOW_S)
    both = ends.ours.run("wg", "show", "wg0", "peers").splitlines()
    ends.ours.run("wg", "set", "wg0", "peer", PUBLIC["d"], "allowed-ips", "10.66.0.4/32")
    (ends.folder / "x.ncd").write_text(text)
    ends.asked("reload")
    daemon.wait_output("gone\n", SLOW_S)
    rest = ends.ours.run("wg", "show", "wg0", "peers").splitlines()
    after = ends.ours.run("wg", "show", "wg0", "latest-handshakes").splitlines()
    ping.signal(2)
    ping.status(SLOW_S)
    daemon.end(SLOW_S)

    assert sorted(both) == sorted([PUBLIC["b"], PUBLIC["c"]])
    assert sorted(rest) == sorted([PUBLIC["b"], PUBLIC["d"]])  # the last is somebody else's
    assert shaken.strip() in after
    assert " 0% packet loss" in ping.output()


def test_a_tunnel_inside_ipv6(ends: Ends) -> None:
    ends.ours.ip("addr add 2001:db8::1/64 dev va nodad")
    ends.theirs.host.ip("addr add 2001:db8::2/64 dev vb nodad")
    ends.theirs.begin("b", 51820, "10.66.0.2/24", of_us())

    daemon = ends.run(f"process main {{ {link()} {peer(endpoint='[2001:db8::2]:51820')} {DONE} }}")
    daemon.wait_output("complete\n", SLOW_S)
    ends.until_reached("10.66.0.2")

    assert daemon.end(SLOW_S) == 0


def test_a_preshared_key_must_be_the_same(ends: Ends) -> None:
    ends.theirs.begin("b", 51820, "10.66.0.2/24", of_us())
    file = ends.folder / "psk"
    file.write_text(SECRET["d"])
    daemon = ends.run(f"process main {{ {link()} {peer(preshared_key=SECRET['d'])} {DONE} }}")
    daemon.wait_output("complete\n", SLOW_S)

    assert not ends.reaches("10.66.0.2")
    ends.theirs.host.run("wg", "set", "wg0", "peer", PUBLIC["a"], "preshared-key", str(file))
    ends.until_reached("10.66.0.2")
    assert daemon.end(SLOW_S) == 0


@pytest.mark.parametrize(
    ("by_hand", "reason"),
    [
        (f"wg set wg0 peer {PUBLIC['b']} remove", "someone removed it"),
        (f"wg set wg0 peer {PUBLIC['b']} allowed-ips 10.66.0.9/32", "someone changed allowed IP"),
        (f"wg set wg0 peer {PUBLIC['b']} persistent-keepalive 9", "someone changed keepalive"),
        (f"wg set wg0 peer {PUBLIC['c']} allowed-ips 10.66.0.2/32", "someone changed allowed IP"),
        ("wg set wg0 listen-port 51999", "someone changed port"),
        ("wg set wg0 fwmark 9", "someone changed mark"),
        ("wg set wg0 private-key /dev/null", "someone removed it"),
    ],
)
def test_what_is_changed_by_hand_is_noticed_and_put_right(ends: Ends, by_hand: str, reason: str) -> None:
    daemon = ends.run(f"process main {{ {link(fwmark='7')} {peer()} {DONE} }}", "--retry-time", "300")
    daemon.wait_output("complete\n", SLOW_S)

    ends.ours.run("sh", "-c", by_hand)
    daemon.wait_output(reason, SLOW_S)
    if PUBLIC["c"] in by_hand:
        daemon.wait_output(f"10.66.0.2/32 is of peer {PUBLIC['c'][:10]}…", SLOW_S)
        ends.ours.run("wg", "set", "wg0", "peer", PUBLIC["c"], "remove")
    ends.until("it again", lambda: daemon.output().count("complete\n") == 2)
    shown = ends.ours.run("wg", "show", "wg0", "dump").splitlines()
    daemon.end(SLOW_S)

    assert shown[0].split("\t")[2:] == ["51820", "0x7"]
    assert shown[1].split("\t")[:4] == [PUBLIC["b"], "(none)", "192.0.2.2:51820", "10.66.0.2/32"]
    assert shown[1].split("\t")[7] == "off"


def test_what_is_there_already_is_used_and_stays(ends: Ends) -> None:
    ends.theirs.host = ends.ours  # the link that is there is on our own host
    ends.theirs.begin("a", 51820, "10.66.0.9/24", f"peer {PUBLIC['b']} allowed-ips 10.66.0.2/32")
    before = ends.ours.run("wg", "show", "wg0", "dump")

    daemon = ends.run(f"process main {{ {link()} {peer(endpoint='')} {DONE} }}")
    daemon.wait_output("complete\n", SLOW_S)
    daemon.end(SLOW_S)

    assert ends.ours.run("wg", "show", "wg0", "dump") == before
    assert "ignoring" not in daemon.output()


@pytest.mark.parametrize(
    ("by_hand", "reason"),
    [
        (
            ("d", f"peer {PUBLIC['b']} allowed-ips 10.66.0.2/32"),
            "cannot set the key of wg0: it has another private key",
        ),
        (("a", f"peer {PUBLIC['b']} allowed-ips 10.66.0.3/32"), "it is there, but with another allowed IP"),
        (("a", f"peer {PUBLIC['c']} allowed-ips 10.66.0.2/32"), f"10.66.0.2/32 is of peer {PUBLIC['c'][:10]}…"),
    ],
)
def test_what_others_have_there_is_in_the_way_and_stays(ends: Ends, by_hand: tuple[str, str], reason: str) -> None:
    ends.theirs.host = ends.ours
    ends.theirs.begin(by_hand[0], 51820, "10.66.0.9/24", by_hand[1])
    before = ends.ours.run("wg", "show", "wg0", "dump")

    daemon = ends.run(f"process main {{ {link()} {peer()} {DONE} }}")
    daemon.wait_output(reason, SLOW_S)
    daemon.end(SLOW_S)

    assert ends.ours.run("wg", "show", "wg0", "dump") == before


def test_a_default_route_is_refused_with_what_to_use_instead(ends: Ends) -> None:
    daemon = ends.run(f"process main {{ {link()} {peer(routes='0', allowed='0.0.0.0/0')} {DONE} }}")
    daemon.wait_output("a default route is none of a peer's routes", SLOW_S)
    daemon.end(SLOW_S)

    assert 'net.gateway("wg0", "none", ["kind": "vpn", "server": "192.0.2.2"])' in daemon.output()


def test_a_peer_that_the_program_says_otherwise_is_changed_and_goes_on(ends: Ends) -> None:
    ends.theirs.begin("b", 51820, "10.66.0.2/24", of_us())
    daemon = ends.run(f"process main {{ {link()} {peer()} {DONE} }}")
    ends.until_reached("10.66.0.2")
    shaken = ends.ours.run("wg", "show", "wg0", "latest-handshakes")
    ping = ends.ours.start(["busybox", "ping", "-i", "0.02", "-q", "10.66.0.2"])

    (ends.folder / "x.ncd").write_text(
        f"process main {{ {link()} {peer(allowed='10.66.0.0/28', keepalive='9')} {DONE} }}"
    )
    ends.asked("reload")
    ends.until("it again", lambda: daemon.output().count("complete\n") == 2)
    shown = ends.ours.run("wg", "show", "wg0", "dump").splitlines()[1].split("\t")
    after = ends.ours.run("wg", "show", "wg0", "latest-handshakes")
    ping.signal(2)
    ping.status(SLOW_S)
    daemon.end(SLOW_S)

    assert (shown[3], shown[7]) == ("10.66.0.0/28", "9")
    assert after == shaken
    assert " 0% packet loss" in ping.output()


def test_a_network_goes_from_one_peer_to_another_in_one_change(ends: Ends) -> None:
    daemon = ends.run(f"process main {{ {link()} {peer()} {DONE} }}")
    daemon.wait_output("complete\n", SLOW_S)

    (ends.folder / "x.ncd").write_text(f"process main {{ {link()} {peer('c')} {DONE} }}")
    ends.asked("reload")
    ends.until("it again", lambda: daemon.output().count("complete\n") == 2)

    assert ends.ours.run("wg", "show", "wg0", "allowed-ips") == f"{PUBLIC['c']}\t10.66.0.2/32\n"
    assert "is of peer" not in daemon.output()
    assert daemon.end(SLOW_S) == 0
