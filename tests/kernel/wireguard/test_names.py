"""Where a peer is looked for: by name, again when no handshake comes, and what `why` says of that.

The times of the protocol are shortened where a test would take minutes: see `shorter`.
"""

import pytest
from tests.kernel.statements.test_every_statement import SLOW_S
from tests.kernel.wireguard.ends import PUBLIC, Ends, link, of_us, peer
from tests.kernel.wireguard.test_tunnel import DONE

pytestmark = [pytest.mark.kernel, pytest.mark.vm("wireguard")]
NAMED = "vpn.example.org:51820"
SHORTER = "import netstrata.protocols.wireguard.handshakes as h; h.STALE_S, h.AGAIN_S, h.SILENT_S = {}, {}, {}"


def name(ends: Ends, *addresses: str) -> None:
    """Have the name lead to addresses, or nowhere."""
    ends.ours.write("/etc/hosts", "".join(f"{address} vpn.example.org\n" for address in addresses))


def test_a_peer_with_a_name_waits_until_it_resolves(ends: Ends) -> None:
    ends.theirs.begin("b", 51820, "10.66.0.2/24", of_us())
    name(ends)
    ends.ours.write("/etc/nsswitch.conf", "hosts: files\n")
    daemon = ends.run(f"process main {{ {link()} {peer(endpoint=NAMED)} {DONE} }}")
    daemon.wait_output("the name vpn.example.org does not resolve", SLOW_S)
    why = ends.asked("why")
    there = ends.ours.run("wg", "show", "wg0", "peers")

    name(ends, "192.0.2.2")
    daemon.wait_output("complete\n", SLOW_S)
    ends.until_reached("10.66.0.2")
    daemon.end(SLOW_S)

    assert "the name vpn.example.org does not resolve: " in why
    assert there == ""


def test_a_name_that_leads_elsewhere_is_looked_up_when_no_handshake_comes_any_more(ends: Ends) -> None:
    name(ends, "192.0.2.2")
    ends.theirs.begin("b", 51820, "10.66.0.2/24", of_us())
    text = f"process main {{ {link()} {peer(endpoint=NAMED)} {DONE} }}"
    daemon = ends.run(text, shorter=SHORTER.format(3, 2, 2))
    ends.until_reached("10.66.0.2")

    name(ends, "192.0.2.3")
    ends.theirs.host.ip("addr del 192.0.2.2/24 dev vb", "addr add 192.0.2.3/24 dev vb")
    ends.until_reached("10.66.0.2")
    ends.until("where it is now", lambda: "endpoint=192.0.2.3:51820" in ends.asked("status"))
    daemon.end(SLOW_S)

    assert daemon.output().count("complete\n") == 1


def test_of_a_name_with_several_addresses_each_is_tried(ends: Ends) -> None:
    name(ends, "192.0.2.77", "192.0.2.2")
    ends.theirs.begin("b", 51820, "10.66.0.2/24", of_us())

    text = f"process main {{ {link()} {peer(endpoint=NAMED, keepalive='1', up='handshake')} {DONE} }}"
    daemon = ends.run(text, shorter=SHORTER.format(3, 2, 2))
    daemon.wait_output("complete\n", SLOW_S)

    assert ends.ours.run("wg", "show", "wg0", "endpoints").split()[1] == "192.0.2.2:51820"
    daemon.end(SLOW_S)


def test_a_wrong_key_is_told_as_an_end_that_does_not_answer_and_forgotten_when_it_does(ends: Ends) -> None:
    ends.theirs.begin("b", 51820, "10.66.0.2/24", of_us(name="d"))
    daemon = ends.run(f"process main {{ {link()} {peer(keepalive='1')} {DONE} }}", shorter=SHORTER.format(3, 2, 2))
    daemon.wait_output("complete\n", SLOW_S)
    silent = f"no handshake with peer {PUBLIC['b'][:10]}… since "
    daemon.wait_output(silent, SLOW_S)
    why = ends.asked("why", "main")

    ends.theirs.host.run("wg", "set", "wg0", "peer", PUBLIC["a"], "allowed-ips", "10.66.0.1/32")
    daemon.wait_output(f"a handshake with peer {PUBLIC['b'][:10]}… again, at 192.0.2.2:51820", SLOW_S)
    good = ends.asked("why", "main")
    daemon.end(SLOW_S)

    assert silent in why
    assert ": nothing came back from 192.0.2.2:51820" in why
    assert "handshake" not in good
    assert daemon.output().count(silent) == 1


def test_a_dead_peer_is_down_and_takes_its_routes_along_and_comes_back_by_itself(ends: Ends) -> None:
    us = f"{of_us()} endpoint 192.0.2.1:51820 persistent-keepalive 1"
    ends.theirs.begin("b", 51820, "10.77.0.1/24", us)
    shorter = SHORTER.format(3, 2, 2) + "; h.DEAD_S = 9"
    more = peer(allowed="10.77.0.0/24", keepalive="1", up="handshake", routes="0")
    daemon = ends.run(f"process main {{ {link()} {more} {DONE} }}", shorter=shorter)
    daemon.wait_output("complete\n", SLOW_S)

    ends.theirs.host.run("wg", "set", "wg0", "peer", PUBLIC["a"], "remove")
    daemon.wait_output("undone\n", SLOW_S)
    routes = [line for line in ends.rest() if line.startswith("route 10.77")]
    why = ends.asked("why")
    ends.theirs.host.run("wg", "set", "wg0", *us.split())
    ends.until("it again", lambda: daemon.output().count("complete\n") >= 2)
    again = [line for line in ends.rest() if line.startswith("route 10.77")]
    daemon.end(SLOW_S)

    assert routes == []
    assert "no handshake with peer" in why
    assert again == ["route 10.77.0.0/24 dev wg0"]
