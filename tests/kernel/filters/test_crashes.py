"""What a daemon that was killed has left in the packet filter, and what the next one makes of it."""

import asyncio
import json
import signal
from pathlib import Path

import pytest
from tests.kernel.filters.programs import started, up, with_legacy_tools

from netstrata.ports import NftThing
from netstrata.system.children import RealChildren
from netstrata.system.nftables import RealNftables
from netstrata.system.nftables.journal import FilterJournal
from netstrata.system.output.standard_output import StandardOutput
from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
STATEMENTS = """
    net.nft.table("inet", "guard");
    net.nft.set("inet", "guard", "admins", ["type": "ipv4_addr"]);
    net.nft.element("inet", "guard", "admins", "192.0.2.7");
    net.nft.chain("inet", "guard", "in", ["type": "filter", "hook": "input", "priority": "0", "policy": "drop"]);
    net.nft.rule("inet", "guard", "in", "ip saddr @admins accept");
    net.nft.rule("inet", "guard", "in", "ip saddr @admins accept");
    net.iptables.newchain("filter", "MINE");
    net.iptables.append("filter", "MINE", "-s", "192.0.2.9", "-j", "DROP");
    net.iptables.insert("filter", "INPUT", "-j", "MINE");
    net.ebtables.append("filter", "INPUT", "-p", "ARP", "-j", "DROP");
    net.iptables.policy("filter", "FORWARD", "DROP", "ACCEPT");
"""


def rules(host: Host) -> str:
    """Return all of nftables, with handles and without counters."""
    lines = host.run("nft", "-a", "-s", "list", "ruleset").splitlines()
    return "\n".join(line for line in lines if "# Warning" not in line)


def killed(daemon: Child) -> None:
    daemon.signal(signal.SIGKILL)
    daemon.status()


def test_the_next_daemon_takes_everything_over_as_it_stands_and_undoes_it_at_its_end(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    for tool in ("iptables", "ebtables"):
        host.run(tool, "-L")
    first = up(host, tmp_path / "x.ncd", STATEMENTS)
    whole = rules(host)
    killed(first)

    for _ in range(2):  # also that of one that took over
        next_one = up(host, tmp_path / "x.ncd", STATEMENTS)
        assert rules(host) == whole  # not a handle has changed
        killed(next_one)
    last = up(host, tmp_path / "x.ncd", STATEMENTS)
    assert "a daemon before this one, which was killed, has made it" in last.output()
    assert last.end() == 0

    left = rules(host)
    assert [word for word in ("guard", "MINE", "192.0.2", "arp", "policy drop") if word in left] == []
    assert "error" not in last.output()
    fresh = up(host, tmp_path / "x.ncd", STATEMENTS)
    assert "a daemon before this one" not in fresh.output()
    fresh.end()


def test_what_the_legacy_tool_has_made_is_taken_over_and_undone_too(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    host.run("iptables-legacy", "-A", "INPUT", "-s", "198.51.100.9", "-j", "DROP")
    before = host.run("iptables-legacy", "-S")
    statements = """
        net.iptables.newchain("filter", "MINE");
        net.iptables.append("filter", "MINE", "-s", "192.0.2.9", "-j", "DROP");
        net.iptables.insert("filter", "INPUT", "1", "-j", "MINE");
        net.iptables.policy("filter", "FORWARD", "DROP", "ACCEPT");
    """
    first = with_legacy_tools(host, tmp_path, statements)
    whole = host.run("iptables-legacy", "-S")
    killed(first)
    host.run("iptables-legacy", "-D", "MINE", "1")  # and this one is made again

    for _ in range(2):
        next_one = with_legacy_tools(host, tmp_path, statements)
        assert host.run("iptables-legacy", "-S") == whole
        killed(next_one)
    last = with_legacy_tools(host, tmp_path, statements)
    assert last.end() == 0

    assert "a daemon before this one, which was killed, has made it" in last.output()
    assert (host.run("iptables-legacy", "-S"), "error" in last.output()) == (before, False)
    assert not host.call(lambda: Path("/run/netstrata/filters").exists())


def test_what_the_next_program_does_not_ask_for_is_deleted_when_it_has_settled(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    host.run("nft", "add table ip foreign; add chain ip foreign c; add rule ip foreign c drop")
    foreign = rules(host)
    statements = 'net.nft.table("ip", "a"); net.nft.chain("ip", "a", "c"); net.nft.rule("ip", "a", "c", "drop");'
    killed(up(host, tmp_path / "x.ncd", statements))
    path = tmp_path / "filters"
    path.write_text(host.read("/run/netstrata/filters"))

    async def act() -> tuple[str, str]:
        journal = FilterJournal(str(path))
        nft = RealNftables(RealChildren(StandardOutput()), journal=journal)
        async with nft.held(NftThing("table", "ip", "b")):
            both = rules(host)
            journal.sweep()
            return both, rules(host)

    with host.inside():
        both, after = asyncio.run(asyncio.wait_for(act(), 60))

    assert "table ip a" in both
    assert "table ip b" in after
    assert rules(host) == foreign
    assert not path.exists()


def test_a_rule_that_was_made_but_not_written_down_is_taken_over_as_it_stands(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    # Handles of tables are counted by themselves: that of ours is now the one of its second rule, too.
    host.run("nft", "add table ip one; add table ip two")
    statements = """
        net.nft.table("ip", "a");
        net.nft.chain("ip", "a", "c");
        net.nft.rule("ip", "a", "c", "tcp dport 22 drop");
        net.nft.rule("ip", "a", "c", "tcp dport 23 drop");
    """
    killed(up(host, tmp_path / "x.ncd", statements))
    whole = rules(host)
    path = "/run/netstrata/filters"
    for copies in (0, 1):  # which a daemon between had made, when it was killed as well
        *lines, last = host.read(path).splitlines(keepends=True)
        host.write(path, "".join(lines))
        for _ in range(copies):
            host.run("nft", "add rule ip a c tcp dport 23 drop")

        daemon = up(host, tmp_path / "x.ncd", statements)

        assert "dport 23" in last
        assert whole.count("# handle 3") == 2
        assert rules(host) == whole
        killed(daemon)
    last_one = up(host, tmp_path / "x.ncd", statements)
    assert last_one.end() == 0
    assert "table ip a" not in rules(host)


@pytest.mark.parametrize(
    "statement",
    [
        'net.nft.rule("ip", "foreign", "c", "ip saddr { 192.0.2.1, 192.0.2.5 } counter drop");',
        'net.iptables.append("filter", "INPUT", "-s", "198.51.100.9", "-j", "DROP");',
        'net.iptables.insert("filter", "INPUT", "1", "-s", "198.51.100.9", "-j", "DROP");',
    ],
    ids=["nft", "append", "insert"],
)
def test_a_rule_that_was_made_but_not_written_down_is_deleted_if_nobody_asks_for_it(
    lab: Lab, tmp_path: Path, statement: str
) -> None:
    host = lab.host("host")
    host.run("nft", "add table ip foreign; add chain ip foreign c; add rule ip foreign c drop")
    host.run("nft", "add rule ip foreign c ip saddr { 192.0.2.1, 192.0.2.5 } counter drop")  # theirs, of the same words
    host.run("iptables", "-A", "INPUT", "-s", "198.51.100.9", "-j", "DROP")
    theirs = rules(host)
    killed(up(host, tmp_path / "x.ncd", statement))
    assert rules(host) != theirs
    path = "/run/netstrata/filters"
    *lines, last = host.read(path).splitlines(keepends=True)
    assert last.startswith('["+", ')
    host.write(path, "".join(lines))

    daemon = up(host, tmp_path / "x.ncd", "")
    wait_until("what was left is gone", lambda: not host.call(Path(path).exists))

    assert rules(host) == theirs
    assert daemon.end() == 0


@pytest.mark.parametrize("spoil", ["net", "boot", "torn", "garbage", "gone"])
def test_a_journal_that_is_of_elsewhere_torn_or_nonsense_deletes_nothing_of_others(
    lab: Lab, tmp_path: Path, spoil: str
) -> None:
    host = lab.host("host")
    statement = 'net.nft.table("ip", "a");'
    killed(up(host, tmp_path / "x.ncd", statement))
    path = "/run/netstrata/filters"
    head, *lines = host.read(path).splitlines()
    if spoil == "gone":  # and another one of that name has been made
        host.run("nft", "delete table ip a")
        host.run("nft", "add table ip a")
    else:
        boot = json.loads(head)
        boot[1 if spoil == "boot" else 2] = "another" if spoil == "boot" else 1
        texts = {
            "net": "\n".join([json.dumps(boot), *lines, ""]),
            "boot": "\n".join([json.dumps(boot), *lines, ""]),
            "torn": "\n".join([head, lines[0]])[:-5],  # of what was intended; that it was made is another line
            "garbage": "\x00\xff[]\n{}\n",
        }
        host.write(path, texts[spoil])

    daemon = started(host, tmp_path / "x.ncd", f"process main {{ {statement} }}")
    daemon.wait_output("cannot add the table ip a: File exists")

    daemon.end()
    assert "table ip a" in rules(host)
    assert "Traceback" not in daemon.output()
