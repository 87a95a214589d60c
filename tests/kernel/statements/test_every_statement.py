"""Of every statement that holds something in the kernel: what it makes, what it meets, and what is taken from it.

Text before, while it is up and after; the same thing there beforehand; its device, or itself, gone meanwhile.
"""

import os
import signal
from functools import partial
from pathlib import Path

import pytest
from tests.kernel.filters.programs import started
from tests.kernel.statements.rows import ELSEWHERE, KERNEL, ROWS, Row

from netstrata.daemon.running.registry import make_registry
from netstrata.testing.cable import Cable
from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
each = pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.name, marks=[pytest.mark.vm] if row.needs else []) for row in ROWS]
)
SLOW_S = 150 if os.environ.get("NETSTRATA_OWN_MACHINE") else 60  # a machine that is emulated takes its time
EXISTS_FOR = {
    "bond": "type bond",
    "dummy": "type dummy",
    "VLAN-filtering bridge": "type bridge vlan_filtering 1",
    "geneve": "type geneve id 77 remote 192.0.2.77",
    "gre": "type gre remote 192.0.2.77",
    "gretap": "type gretap remote 192.0.2.77",
    "ip6gre": "type ip6gre remote 2001:db8::77",
    "ip6gretap": "type ip6gretap remote 2001:db8::77",
    "ip6tnl": "type ip6tnl remote 2001:db8::77",
    "ipip": "type ipip remote 192.0.2.77",
    "ipvlan": "link va type ipvlan",
    "macsec": "link va type macsec",
    "macvlan": "link va type macvlan",
    "netkit": "type netkit",
    "sit": "type sit remote 192.0.2.77",
    "vlan": "link va type vlan id 9",
    "vrf": "type vrf table 9",
    "vti": "type vti key 77 remote 192.0.2.77",
    "vti6": "type vti6 key 77 remote 2001:db8::77",
    "xfrm": "type xfrm if_id 77",
}


FLOWTABLE_PROBE = (
    "nft 'add table ip probe; add flowtable ip probe f { hook ingress priority 0; devices = { lo }; }' && "
    "nft delete table ip probe || echo lacks"
)


def test_every_statement_that_holds_something_of_the_network_has_a_row() -> None:
    declared = {one.name for one in make_registry().declarations() if one.kind == "configures" and "net." in one.name}

    assert declared == {row.name for row in ROWS} | set(ELSEWHERE)
    assert [path for path in ELSEWHERE.values() if not (Path(__file__).parents[3] / path).exists()] == []


def prepared(lab: Lab, row: Row) -> Host:
    """Make a host that is ready for a statement."""
    return cabled(lab, row)[0]


def cabled(lab: Lab, row: Row) -> tuple[Host, Cable]:
    """Make a host that is ready for a statement, and return what its link is connected by, too."""
    host, other = lab.host("host"), lab.host("other")
    cable = lab.cable((host, "va"), (other, "vb"))
    other.up("vb")
    if row.needs == "tun" and not Path("/dev/net/tun").exists():
        pytest.skip("there is no /dev/net/tun")
    if row.needs == "flowtable" and "lacks" in host.run("sh", "-c", FLOWTABLE_PROBE):
        pytest.skip("this kernel has no flowtables; tools/vm-tests runs these tests in another one")
    if row.needs in EXISTS_FOR:
        made = host.run("sh", "-c", f"ip link add probe {EXISTS_FOR[row.needs]} && ip link del probe || echo lacks")
        if "lacks" in made:
            pytest.skip(f"this kernel has no {row.needs} links; tools/vm-tests runs these tests in another one")
    for line in row.ready:
        host.run("sh", "-c", line)
    return host, cable


def seen(host: Host, row: Row) -> list[str]:
    """Return what the host holds, line by line."""
    return (host.kernel() if row.look == KERNEL else host.run("sh", "-c", row.look)).splitlines()


def holding(host: Host, row: Row, folder: Path) -> Child:
    """Start the daemon with a statement."""
    text = f'process main {{ {row.above} {row.program} println("complete"); rprintln("undone"); }}'
    return started(host, folder / "x.ncd", text, "--quiet", "--retry-time", "300", "--control", "none")


def act(host: Host, line: str) -> None:
    """Do something by hand: a line of shell, or what `ip` is to do."""
    host.run("sh", "-c", f"ip {line}" if line.split()[0] in ("link", "rule") else line)


def kept(before: list[str], row: Row) -> list[str]:
    """Return what was there before and has nothing to do with the statement, nor with those above it."""
    others = (*row.gone, *(("link va down", "link va up carrier") if row.above else ()))
    return sorted(line for line in before if line not in others)


@each
def test_what_it_makes_is_there_while_it_is_up_and_before_and_after_not(lab: Lab, tmp_path: Path, row: Row) -> None:
    host = prepared(lab, row)
    before = seen(host, row)
    daemon = holding(host, row, tmp_path)
    daemon.wait_output("complete\n", SLOW_S)
    wait_until("it", lambda: set(row.up) <= set(seen(host, row)), SLOW_S)
    while_up = seen(host, row)
    status = daemon.end(SLOW_S)

    assert [line for line in row.up if line in before] == []
    assert [line for line in row.gone if line not in before or line in while_up] == []
    assert kept(while_up, row) == sorted([*kept(before, row), *row.up])
    assert seen(host, row) == before
    assert (status, "ignoring" in daemon.output()) == (0, False)


@each
def test_the_same_that_was_there_before_is_there_after(lab: Lab, tmp_path: Path, row: Row) -> None:
    host = prepared(lab, row)
    act(host, row.twin)
    before = seen(host, row)
    daemon = holding(host, row, tmp_path)
    if row.meets:
        daemon.wait_output(row.meets, SLOW_S)
    else:
        daemon.wait_output("complete\n", SLOW_S)
    while_up = seen(host, row)
    daemon.end(SLOW_S)

    assert ("complete" in daemon.output().splitlines()) is (not row.meets)
    assert [while_up.count(line) for line in row.up] == [1 + row.second for _ in row.up]
    assert seen(host, row) == before
    assert "Traceback" not in daemon.output()


@each
def test_what_is_taken_away_meanwhile_comes_back_and_goes_at_the_end(lab: Lab, tmp_path: Path, row: Row) -> None:
    host = prepared(lab, row)
    daemon = holding(host, row, tmp_path)
    daemon.wait_output("complete\n", SLOW_S)

    act(host, row.taken)
    daemon.wait_output("undone\n", SLOW_S)
    for line in row.back:
        act(host, line)
    wait_until("it again", partial(twice, daemon), SLOW_S)

    assert set(row.up) <= {line.replace(" no-carrier", " carrier") for line in seen(host, row)}
    assert daemon.end(SLOW_S) == 0
    assert [line for line in row.up if line in seen(host, row)] == []
    assert "Traceback" not in daemon.output()


def twice(daemon: Child) -> bool:
    """Say whether it was complete a second time."""
    return daemon.output().count("complete\n") >= 2


def killed(daemon: Child) -> None:
    """End a daemon as a crash does: nothing is undone."""
    daemon.signal(signal.SIGKILL)
    assert daemon.status(SLOW_S) == -signal.SIGKILL


def listener(host: Host) -> Child:
    """Start what hears of every object that is deleted, and wait until it does."""
    news = host.start(["sh", "-c", "ip monitor link address route rule neigh & exec nft monitor"])

    def hears() -> bool:
        host.run("sh", "-c", "ip link add probe type bridge; ip link del probe")
        host.run("sh", "-c", "nft add table ip probe; nft delete table ip probe")
        return ": probe:" in news.output() and "delete table ip probe" in news.output()

    wait_until("who listens", hears, SLOW_S)
    return news


BY_ITSELF = ("probe", "Deleted dev if", "fe80::", "ff00::")


def deletions(news: Child) -> list[str]:
    """Return what was deleted, but for what the kernel does by itself, as with the links of a bridge that is gone."""
    lines = [line.strip() for line in news.output().splitlines() if "Deleted" in line or line.startswith("delete ")]
    return [line for line in lines if not any(word in line for word in BY_ITSELF)]


@each
def test_what_a_killed_daemon_has_made_is_taken_over_as_it_stands(lab: Lab, tmp_path: Path, row: Row) -> None:
    host = prepared(lab, row)
    before = seen(host, row)
    daemon = holding(host, row, tmp_path)
    daemon.wait_output("complete\n", SLOW_S)
    wait_until("it", lambda: set(row.up) <= set(seen(host, row)), SLOW_S)
    stood = seen(host, row)
    killed(daemon)
    news = listener(host)

    following = holding(host, row, tmp_path)
    following.wait_output("complete\n", SLOW_S)
    again, gone = seen(host, row), deletions(news)
    status = following.end(SLOW_S)

    assert again == stood
    assert gone == []
    assert seen(host, row) == before
    assert (status, "ignoring" in following.output()) == (0, False)


@each
def test_what_a_killed_daemon_has_made_and_the_next_one_has_not_is_undone(lab: Lab, tmp_path: Path, row: Row) -> None:
    host = prepared(lab, row)
    before = seen(host, row)
    daemon = holding(host, row, tmp_path)
    daemon.wait_output("complete\n", SLOW_S)
    killed(daemon)

    following = holding(host, row._replace(program="", above=""), tmp_path)
    wait_until("all undone", lambda: seen(host, row) == before, SLOW_S)

    assert following.end(SLOW_S) == 0
    assert "Traceback" not in following.output()
