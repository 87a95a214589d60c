"""A daemon that is killed: the tunnel goes on, and the next one has it as it stands, or undoes it."""

import signal
import time

import pytest
from tests.kernel.statements.test_every_statement import SLOW_S
from tests.kernel.wireguard.ends import PUBLIC, Ends, has_kernel_wireguard, link, of_us, peer
from tests.kernel.wireguard.test_tunnel import DONE

from netstrata.testing.child import Child

pytestmark = [pytest.mark.kernel, pytest.mark.vm("wireguard")]


def killed(daemon: Child) -> None:
    daemon.signal(signal.SIGKILL)
    daemon.status(SLOW_S)


def handshake(ends: Ends) -> str:
    return ends.ours.run("wg", "show", "wg0", "latest-handshakes")


def test_no_packet_is_lost_while_another_daemon_takes_over(ends: Ends) -> None:
    ends.theirs.begin("b", 51820, "10.66.0.2/24", of_us())
    before = ends.rest()
    text = f"process main {{ {link()} {peer(up='handshake', keepalive='5', routes='9')} {DONE} }}"
    daemon = ends.run(text)
    daemon.wait_output("complete\n", SLOW_S)
    ends.until_reached("10.66.0.2")
    shaken, stood = handshake(ends), ends.rest()

    ping = ends.ours.start(["busybox", "ping", "-i", "0.02", "-q", "10.66.0.2"])
    killed(daemon)
    following = ends.run(text)
    following.wait_output("complete\n", SLOW_S)
    ends.until("what is left to be swept", lambda: ends.rest() == stood)
    ping.signal(2)
    ping.status(SLOW_S)
    again = handshake(ends)
    status = following.end(SLOW_S)

    assert " 0% packet loss" in ping.output()
    assert again == shaken
    assert (status, "ignoring" in following.output()) == (0, False)
    assert ends.rest() == before


def test_what_the_next_program_says_otherwise_is_changed_and_the_peer_goes_on(ends: Ends) -> None:
    ends.theirs.begin("b", 51820, "10.66.0.2/24", f"{of_us()} {of_us('10.66.0.4/32', 'd')}")
    daemon = ends.run(f"process main {{ {link()} {peer()} {peer('c', '10.66.0.3/32')} {DONE} }}")
    daemon.wait_output("complete\n", SLOW_S)
    ends.until_reached("10.66.0.2")
    shaken = handshake(ends).splitlines()
    killed(daemon)

    following = ends.run(f"process main {{ {link(fwmark='9')} {peer(keepalive='7', allowed='10.66.0.0/28')} {DONE} }}")
    following.wait_output("complete\n", SLOW_S)
    ends.until("the other gone", lambda: PUBLIC["c"] not in ends.ours.run("wg", "show", "wg0", "peers"))
    shown = ends.ours.run("wg", "show", "wg0", "dump").splitlines()
    again = handshake(ends)
    following.end(SLOW_S)

    assert again.strip() in shaken
    assert shown[0].split("\t")[3] == "0x9"
    assert shown[1].split("\t")[3] == "10.66.0.0/28"
    assert shown[1].split("\t")[7] == "7"


def test_what_nobody_asks_for_any_more_is_undone(ends: Ends) -> None:
    before = ends.rest()
    daemon = ends.run(f"process main {{ {link()} {peer()} {DONE} }}")
    daemon.wait_output("complete\n", SLOW_S)
    killed(daemon)

    following = ends.run('process main { println("nothing"); }')
    ends.until("all undone", lambda: ends.rest() == before)

    assert following.end(SLOW_S) == 0
    assert "Traceback" not in following.output()


def test_a_program_that_ends_is_started_again(ends: Ends) -> None:
    daemon = ends.run(f"process main {{ {link()} {peer()} {DONE} }}", "--retry-time", "300")
    daemon.wait_output("complete\n", SLOW_S)

    ends.ours.run("ip", "link", "del", "wg0")
    ends.until("it again", lambda: daemon.output().count("complete\n") == 2)

    assert PUBLIC["b"] in ends.ours.run("wg", "show", "wg0", "peers")
    assert daemon.end(SLOW_S) == 0


def test_a_program_that_hangs_does_not_hold_the_daemon_up(ends: Ends) -> None:
    if has_kernel_wireguard(ends.ours):
        pytest.skip("this kernel has WireGuard")
    daemon = ends.run(f"process main {{ {link()} {peer()} {DONE} }}")
    daemon.wait_output("complete\n", SLOW_S)

    ends.ours.run("pkill", "-STOP", "-x", "wireguard-go")
    time.sleep(5)  # two rounds, the first of which waits for an answer
    took_s = []
    for _ in range(5):
        began = time.monotonic()
        assert "complete" in ends.asked("status")
        took_s.append(time.monotonic() - began)
    ends.ours.run("pkill", "-CONT", "-x", "wireguard-go")

    assert max(took_s) < 2
    assert daemon.output().count("undone") == 0
    assert daemon.end(SLOW_S) == 0


def test_without_kernel_and_program_it_is_said(ends: Ends) -> None:
    if has_kernel_wireguard(ends.ours):
        pytest.skip("this kernel has WireGuard")
    ends.ours.run("mount", "--bind", "/dev/null", "/usr/bin/wireguard-go")

    daemon = ends.run(f"process main {{ {link()} {DONE} }}")
    daemon.wait_output("the program wireguard-go is neither in PATH nor in /usr/sbin", SLOW_S)

    assert daemon.end(SLOW_S) == 0
    assert "cannot make wireguard wg0 (this kernel has none): " in daemon.output()


def test_a_link_of_another_kind_is_in_the_way_and_stays(ends: Ends) -> None:
    ends.ours.ip("link add wg0 type bridge")
    before = ends.rest()

    daemon = ends.run(f"process main {{ {link()} {DONE} }}", "--retry-time", "600000")
    daemon.wait_output("link of that name is there", SLOW_S)
    while_there = ends.rest()
    ends.ours.ip("link del wg0")
    daemon.wait_output("complete\n", SLOW_S)
    daemon.end(SLOW_S)

    assert while_there == before


def test_no_packet_is_lost_by_an_upgrade_in_place(ends: Ends) -> None:
    ends.theirs.begin("b", 51820, "10.66.0.2/24", of_us())
    daemon = ends.run(f"process main {{ {link()} {peer()} {DONE} }}")
    daemon.wait_output("complete\n", SLOW_S)
    ends.until_reached("10.66.0.2")
    shaken = handshake(ends)
    ping = ends.ours.start(["busybox", "ping", "-i", "0.02", "-q", "10.66.0.2"])

    told = ends.asked("upgrade")
    ends.until("it complete again", lambda: "complete" in ends.asked("status") and daemon.running)
    ping.signal(2)
    ping.status(SLOW_S)
    again = handshake(ends)
    status = daemon.end(SLOW_S)

    assert (again, " 0% packet loss" in ping.output(), status) == (shaken, True, 0), told
    assert "undone" in daemon.output()
