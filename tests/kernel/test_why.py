"""Root causes on a host with three uplinks, a child that fails and a name that nobody provides; restarts by floor."""

import json
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.programs import netstrata

import netstrata as package
from netstrata.cli.client import Connection
from netstrata.control.answers import whole
from netstrata.control.verbs import OPERATE
from netstrata.daemon.events.recording import Recording
from netstrata.daemon.pyramid.replay import Replay
from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
SOURCES = Path(package.__file__).parents[1]
PROGRAM = """
process fine {
    net.up("eth0");
    net.backend.waitlink("eth0");
    net.ipv4.dhcp("eth0") lease;
    net.ipv4.addr("eth0", lease.cidr_addr);
    net.ipv4.route("203.0.113.0/24", lease.gateway, "5", "eth0");
    provide("NET");
}
process cut {
    net.up("eth1");
    net.backend.waitlink("eth1");
    net.ipv4.addr("eth1", "198.51.100.1/24");
}
process silent {
    net.up("eth2");
    net.backend.waitlink("eth2");
    net.ipv4.dhcp("eth2") lease;
    net.ipv4.addr("eth2", lease.cidr_addr);
}
process vpn {
    depend("NET");
    daemon({"/bin/sh", "-c", "echo AUTH_FAILED: wrong password; exit 1"}, ["retry_time": "600000"]);
    net.backend.waitdevice("tun0");
    provide("VPN");
}
process office { depend("VPN"); println("office"); }
process nothing { depend("LAN"); println("never"); }
"""


class Laptop:
    """The host, its daemon, and the server on its third link."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.host = lab.host("laptop")
        router, hub, mute = lab.host("router"), lab.host("hub"), lab.host("mute")
        for which in ("all", "default"):  # the kernel's own addresses would be told among the changes
            self.host.sysctl(f"net.ipv6.conf.{which}.disable_ipv6", "1")
        self.wire = lab.cable((self.host, "eth0"), (router, "lan"))
        unplugged = lab.cable((self.host, "eth1"), (hub, "lan"))
        lab.cable((self.host, "eth2"), (mute, "lan"))
        router.up("lan", "192.0.2.254/24")
        router.dhcp_server("lan", ("192.0.2.10", "192.0.2.20"), router="192.0.2.254")
        mute.up("lan", "10.7.0.254/24")
        self.mute = mute.dhcp_server("lan", ("10.7.0.10", "10.7.0.20"))
        self.mute.signal(signal.SIGSTOP)  # it is there, and does not answer
        unplugged.pull()
        lab.remember()
        program = folder / "program.ncd"
        program.write_text(PROGRAM)
        self.path = str(folder / "control")
        self.record = folder / "record"
        words = (sys.executable, "-m", "netstrata", "run", "--quiet", "--control", self.path, "--state", str(folder))
        self.daemon = self.host.start(
            (*words, "--record", str(self.record), str(program)), {"PYTHONPATH": str(SOURCES)}
        )
        wait_until("a lease and two questions without an answer", self._settled)

    def _settled(self) -> bool:
        said = self.record.read_text() if self.record.exists() else ""
        return (
            "DISCOVERs unanswered" in said
            and '"from": "down", "to": "up", "values": {"addr"' in said
            and "tun0" in said
        )

    def why(self, name: str) -> list[str]:
        """Ask why, as a user does."""
        code, out, problem = netstrata("why", name, "--control", self.path)
        assert code == 0, problem
        return [re.sub(r"/\S*/program", "program", line) for line in out.splitlines()]

    def at(self, process: str, statement: int) -> str:
        """Return since when a statement is in its state, as it is shown."""
        floors = Connection(self.path).call("Status", process=process)["processes"][0]["floors"]
        return time.strftime("%H:%M:%S", time.localtime(floors[statement - 1]["since"]))

    def events(self) -> list[dict[str, Any]]:
        """Return what was recorded until now."""
        lines = self.record.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]  # the last one may be half written


@pytest.fixture
def laptop(lab: Lab, tmp_path: Path) -> Iterator[Laptop]:
    """Return the host when all that can be up is up."""
    laptop = Laptop(lab, tmp_path)
    yield laptop
    laptop.daemon.end()
    laptop.mute.signal(signal.SIGCONT)


def test_each_root_cause_is_named_in_words(laptop: Laptop) -> None:
    assert laptop.why("fine") == ["fine is complete: all its statements are up"]
    assert laptop.why("cut") == [
        f"cut.2 net.backend.waitlink (program.ncd:12): no carrier on eth1 since {laptop.at('cut', 2)}"
    ]
    [silent] = laptop.why("silent")
    assert re.fullmatch(
        r"silent\.3 net\.ipv4\.dhcp \(program\.ncd:18\): dhcp: \d+ DISCOVERs unanswered, next in [\d.]+ s "
        rf"\(since {laptop.at('silent', 3)}\)",
        silent,
    )
    assert laptop.why("nothing") == [
        'nothing.1 depend (program.ncd:28): nothing provides "LAN", and no statement of the program does '
        f"(since {laptop.at('nothing', 1)})"
    ]


def test_a_cable_that_is_pulled_later_is_named_as_one_that_never_was_there(laptop: Laptop) -> None:
    laptop.wire.pull()

    wait_until("the lease to be gone", lambda: "eth0" not in laptop.host.run("ip", "-4", "addr"))
    assert laptop.why("fine") == [
        f"fine.2 net.backend.waitlink (program.ncd:4): no carrier on eth0 since {laptop.at('fine', 2)}"
    ]
    recording = Recording(str(laptop.record), print)
    shown = Replay(recording.events(recording.runs[0]))
    while shown.step() is not None:
        pass
    assert whole(shown.why(OPERATE, "fine"))[0]["text"] == "no carrier on eth0"
    before = laptop.events()[-1]["seq"]
    laptop.wire.plug()
    wait_until("all up again", lambda: _complete(laptop, before))  # so that the lease is given back in the end


def test_the_chain_to_a_child_that_failed_ends_with_its_last_words(laptop: Laptop) -> None:
    failed = "/bin/sh exited with status 1: AUTH_FAILED: wrong password; starting it again in N s"
    office = [re.sub(r"in (5\d\d|600) s", "in N s", line) for line in laptop.why("office")]
    assert office == [
        f'office.1 depend (program.ncd:27): nothing provides "VPN" since {laptop.at("office", 1)}',
        f"  └ vpn.3 net.backend.waitdevice (program.ncd:24): there is no link named tun0 since {laptop.at('vpn', 3)}",
        f"    └ vpn.2 daemon (program.ncd:23): {failed} (since {laptop.at('vpn', 2)})",
    ]
    assert [line.partition(";")[0] for line in laptop.why("VPN")] == [
        line.partition(";")[0].replace("  └", "└", 1).removeprefix("└ ") for line in office[1:]
    ]


def test_a_link_names_who_waits_for_it_or_who_uses_it(laptop: Laptop) -> None:
    assert laptop.why("eth1") == laptop.why("cut")
    assert laptop.why("tun0")[0].startswith(
        "vpn.3 net.backend.waitdevice (program.ncd:24): there is no link named tun0"
    )
    assert [line.partition(" (since")[0] for line in laptop.why("eth0")] == [
        f"fine.{number} {name} (program.ncd:{2 + number}): is up, and uses it"
        for number, name in enumerate(("net.up", "net.backend.waitlink", "net.ipv4.dhcp", "net.ipv4.addr"), 1)
    ] + ["fine.5 net.ipv4.route (program.ncd:7): is up, and uses it"]


def test_what_is_called_nothing_is_an_error_with_what_there_is(laptop: Laptop) -> None:
    code, _, problem = netstrata("why", "eth9", "--control", laptop.path)

    assert code == 10
    assert "eth9" in problem


MARKS = ("198.51.100.77", "198.51.100.78")  # addresses that come and go on lo, to know what ip has told already


def monitor(host: Host) -> Child:
    """Follow what changes in the kernel, from now on."""
    child = host.start(("ip", "-o", "monitor", "link", "address", "route"))
    mark(host, child, MARKS[0])
    return child


def mark(host: Host, child: Child, address: str) -> None:
    """Wait until all is told that has changed until now."""

    def told() -> bool:
        host.ip(f"addr add {address}/32 dev lo", f"addr del {address}/32 dev lo")
        return address in child.output()

    wait_until("what ip monitor tells", told)


def changes(child: Child) -> list[str]:
    """Return what has changed between the marks: + or - for come or gone, link, address or route."""
    lines = [line for line in child.output().splitlines() if not any(mark in line for mark in MARKS)]
    found = []
    for line in lines:
        match = re.match(r"(Deleted )?(?:\d+: (\S+?)(:| +inet6? \S+)|(.*? dev \S+))", line)
        assert match is not None, line
        found.append(f"{'-' if match[1] else '+'}{' '.join((match[4] or match[2] + match[3]).split())}")
    return found


def test_restart_above_touches_exactly_the_floors_above(laptop: Laptop) -> None:
    before = laptop.events()[-1]["seq"]
    child = monitor(laptop.host)

    code, _, problem = netstrata("restart", "fine:4", "--above", "--control", laptop.path)

    assert code == 0, problem
    wait_until("all up again", lambda: _complete(laptop, before))
    mark(laptop.host, child, MARKS[1])
    child.end()
    moved = {(e["process"], e["statement"]) for e in laptop.events() if e["seq"] > before and e["kind"] == "transition"}
    assert {place for place in moved if place[0] == "fine"} == {("fine", 5), ("fine", 6)}
    assert {name for name, _ in moved} == {"fine", "vpn"}  # which depends on what was restarted
    assert changes(child) == [f"{sign}203.0.113.0/24 via 192.0.2.254 dev eth0" for sign in "-+"]


def _complete(laptop: Laptop, before: int) -> bool:
    return any(e.get("what") == "complete" and e["seq"] > before for e in laptop.events())


def test_restart_by_layer_begins_at_its_first_floor(laptop: Laptop) -> None:
    before = laptop.events()[-1]["seq"]
    child = monitor(laptop.host)

    code, _, problem = netstrata("restart", "fine", "--layer", "3", "--control", laptop.path)

    assert code == 0, problem
    wait_until("all up again", lambda: _complete(laptop, before))
    mark(laptop.host, child, MARKS[1])
    child.end()
    moved = {(e["process"], e["statement"]) for e in laptop.events() if e["seq"] > before and e["kind"] == "transition"}
    assert {place for place in moved if place[0] == "fine"} == {("fine", number) for number in (3, 4, 5, 6)}
    assert not [change for change in changes(child) if change.startswith(("+eth0:", "-eth0:"))]
    assert [change.partition(" inet 192.0.2.")[0] for change in changes(child) if " inet " in change] == [
        "-eth0",
        "+eth0",
    ]


def test_a_layer_that_a_process_has_not_is_told_with_those_that_it_has(laptop: Laptop) -> None:
    code, _, problem = netstrata("restart", "fine", "--layer", "2", "--control", laptop.path)
    both, _, _ = netstrata("restart", "fine:3", "--layer", "2", "--control", laptop.path)

    assert (code, both) == (10, 2)
    assert problem == "error: process fine has no statement of layer 2\nhelp: it has some of layer 1, 3\n"


def test_what_somebody_takes_away_is_told_before_what_comes_of_it(laptop: Laptop) -> None:
    before = laptop.events()[-1]["seq"]

    laptop.host.ip("route del 203.0.113.0/24")

    wait_until("all up again", lambda: _complete(laptop, before))
    about = [event for event in laptop.events() if event["seq"] > before and event.get("statement") == 5]
    assert [event["kind"] for event in about][:2] == ["kernel", "transition"]
    assert "203.0.113.0/24" in about[0]["text"]
    assert (about[1]["from"], about[1]["to"]) == ("up", "down")


def test_the_time_line_has_every_transition_in_order_and_no_gap(laptop: Laptop) -> None:
    assert laptop.daemon.end() == 0

    events = laptop.events()

    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["monotonic"] for event in events] == sorted(event["monotonic"] for event in events)
    states: dict[tuple[str, int], str] = {}
    for event in events:
        if event["kind"] == "transition":
            place = (event["process"], event["statement"])
            assert states.get(place, "gone") == event["from"], event
            states[place] = event["to"]
    assert set(states.values()) == {"gone"}
    assert len(states) == 3 + 5 + 3 + 3 + 1 + 1  # silent and cut stop short of their last ones
    kinds = {event["kind"] for event in events}
    assert kinds >= {"transition", "process", "waits", "child", "kernel", "dhcp", "program", "retry"}
    said = [event["text"] for event in events if event["kind"] == "dhcp" and event["process"] == "fine"]
    steps = [text.split(" of ")[0] for text in said if "unanswered" not in text]  # on a busy machine some are
    assert steps[:3] == ["dhcp: DISCOVER", "dhcp: OFFER", "dhcp: ACK"]
    assert said[-1].startswith("dhcp: RELEASE")
