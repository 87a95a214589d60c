"""What a daemon that was killed has left in the packet filter, and what the next one makes of it."""

import signal
import sys
from pathlib import Path

import pytest
from tests.kernel.filters.programs import started, up, with_legacy_tools
from tests.kernel.test_upgrade import ENVIRONMENT, netstrata

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


def impaired(host: Host, folder: Path, statements: str, impair: str) -> Child:
    """Start a daemon with a fault."""
    (folder / "x.ncd").write_text(f'process main {{ {statements} println("complete"); }}')
    words = [sys.executable, "-m", "netstrata", "run", str(folder / "x.ncd")]
    return host.start(words, {**ENVIRONMENT, "NETSTRATA_IMPAIR": impair})


def records_of(host: Host, folder: Path, statements: str) -> int:
    """Run a daemon to its end, and return how many records it writes until all is up."""
    daemon = impaired(host, folder, statements, f"points:to={folder}/points")
    daemon.wait_output("complete\n")
    lines = (folder / "points").read_text().splitlines()
    assert daemon.end() == 0
    return sum(line.startswith("record ") for line in lines)


def killed_at(host: Host, folder: Path, statements: str, record: int) -> None:
    """Run a daemon that is killed before a record."""
    assert impaired(host, folder, statements, f"kill:at=record,n={record}").status() == -signal.SIGKILL


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
    assert netstrata(host, "recover", "--dry-run") == ""
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
    assert netstrata(host, "recover", "--dry-run") == ""


@pytest.mark.parametrize("by", ["a program without it", "recover"])
def test_what_nobody_asks_for_any_more_is_deleted_and_nothing_of_others(lab: Lab, tmp_path: Path, by: str) -> None:
    host = lab.host("host")
    for tool in ("iptables", "ebtables"):
        host.run(tool, "-L")
    host.run("nft", "add table ip foreign; add chain ip foreign c; add set ip foreign s { type ipv4_addr; }")
    host.run("nft", "add rule ip foreign c drop")
    host.run("iptables", "-A", "INPUT", "-j", "ACCEPT")
    host.run("iptables", "-P", "FORWARD", "ACCEPT")
    host.run("ebtables", "-P", "INPUT", "ACCEPT")
    before = rules(host)
    in_foreign = """
        net.nft.rule("ip", "foreign", "c", "drop");
        net.nft.element("ip", "foreign", "s", "192.0.2.7");
        net.iptables.append("filter", "INPUT", "-j", "ACCEPT");
    """
    killed(up(host, tmp_path / "x.ncd", STATEMENTS + in_foreign))
    kinds = ("iptables", "nft", "policy")

    if by == "recover":
        undone = [line.split()[0] for line in netstrata(host, "recover").splitlines()]
        assert undone == ["nft"] * 3 + ["policy"] + ["nft"] * 10
        assert set(undone) < set(kinds)
    else:
        daemon = up(host, tmp_path / "x.ncd", "")
        daemon.wait_output("undid what a daemon before this one has left: 14 of 14")
        assert daemon.end() == 0

    assert rules(host) == before


@pytest.mark.parametrize("by", ["a program without it", "recover"])
def test_what_the_legacy_tool_has_made_is_deleted_too_and_nothing_of_others(lab: Lab, tmp_path: Path, by: str) -> None:
    host = lab.host("host")
    host.run("iptables-legacy", "-A", "INPUT", "-s", "198.51.100.9", "-j", "DROP")
    host.run("iptables-legacy", "-A", "INPUT", "-s", "198.51.100.8", "-j", "DROP")
    before = host.run("iptables-legacy", "-S")
    statements = """
        net.iptables.newchain("filter", "MINE");
        net.iptables.append("filter", "MINE", "-s", "192.0.2.9", "-j", "DROP");
        net.iptables.insert("filter", "INPUT", "1", "-j", "MINE");
        net.iptables.append("filter", "INPUT", "-s", "198.51.100.8", "-j", "DROP");
        net.iptables.append("filter", "INPUT", "-s", "198.51.100.8", "-j", "DROP");
        net.iptables.append("filter", "INPUT", "-s", "198.51.100.7", "-j", "DROP");
        net.iptables.policy("filter", "FORWARD", "DROP", "ACCEPT");
    """
    killed(with_legacy_tools(host, tmp_path, statements))
    host.run("iptables-legacy", "-D", "INPUT", "-s", "198.51.100.7", "-j", "DROP")  # somebody else has

    if by == "recover":
        environment = {**ENVIRONMENT, "PATH": f"{tmp_path}/bin:{ENVIRONMENT['PATH']}"}
        recover = host.start([sys.executable, "-m", "netstrata", "recover"], environment)
        assert (recover.status(), recover.output().count("iptables of main."), "cannot" in recover.output()) == (
            0, 6, False,
        )  # fmt: skip
    else:
        daemon = with_legacy_tools(host, tmp_path, "")
        daemon.wait_output("undid what a daemon before this one has left: 7 of 7")
        assert daemon.end() == 0

    assert host.run("iptables-legacy", "-S") == before
    assert netstrata(host, "recover", "--dry-run") == ""


LOGGED = """#!/bin/sh
echo "$*" >>FOLDER/called
exec REAL "$@"
"""
LOWER = 'net.iptables.policy("filter", "FORWARD", "DROP", "ACCEPT");'
UPPER = 'net.iptables.policy("filter", "FORWARD", "ACCEPT", "DROP");'


@pytest.mark.parametrize("real", ["iptables-nft", "iptables-legacy"])
def test_of_two_policies_of_a_chain_the_last_one_stands_all_the_time(lab: Lab, tmp_path: Path, real: str) -> None:
    host = lab.host("host")
    tools = tmp_path / "bin"
    tools.mkdir()
    script = tools / f"{real}-script"
    script.write_text(LOGGED.replace("FOLDER", str(tmp_path)).replace("REAL", f"/usr/sbin/{real}"))
    script.chmod(0o755)
    (tools / "iptables").symlink_to(script.name)
    killed(with_legacy_tools(host, tmp_path, LOWER + UPPER))
    assert "-P FORWARD DROP" in (tmp_path / "called").read_text()
    (tmp_path / "called").unlink()

    for _ in range(2):
        daemon = with_legacy_tools(host, tmp_path, LOWER + UPPER)
        assert "-P FORWARD" not in (tmp_path / "called").read_text()
        killed(daemon)
    last = with_legacy_tools(host, tmp_path, LOWER)
    wait_until("the lower one", lambda: "-P FORWARD DROP" in host.run(real, "-S"))

    assert last.end() == 0
    assert "-P FORWARD ACCEPT" in host.run(real, "-S")


def test_a_rule_that_was_made_but_not_written_down_is_taken_over_as_it_stands(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    statements = """
        net.nft.table("ip", "a");
        net.nft.chain("ip", "a", "c");
        net.nft.rule("ip", "a", "c", "tcp dport 22 drop");
        net.nft.rule("ip", "a", "c", "tcp dport 23 drop");
    """
    host.run("nft", "add table ip one")
    last = records_of(host, tmp_path, statements)
    killed_at(host, tmp_path, statements, last)
    whole = rules(host)
    # Handles of tables are counted by themselves: that of ours is the one of its second rule, too.
    assert whole.count("# handle 3") == 2
    host.run("nft", "add rule ip a c tcp dport 23 drop")  # as a daemon between would, if it were killed as well

    daemon = up(host, tmp_path / "x.ncd", statements)

    assert rules(host) == whole
    assert daemon.end() == 0
    assert "table ip a" not in rules(host)


@pytest.mark.parametrize("by", ["a program without it", "recover"])
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
    lab: Lab, tmp_path: Path, statement: str, by: str
) -> None:
    host = lab.host("host")
    host.run("nft", "add table ip foreign; add chain ip foreign c; add rule ip foreign c drop")
    host.run("nft", "add rule ip foreign c ip saddr { 192.0.2.1, 192.0.2.5 } counter drop")  # theirs, of the same words
    host.run("iptables", "-A", "INPUT", "-s", "198.51.100.9", "-j", "DROP")
    theirs = rules(host)
    last = records_of(host, tmp_path, statement)
    killed_at(host, tmp_path, statement, last)
    assert rules(host) != theirs

    if by == "recover":
        assert len(netstrata(host, "recover").splitlines()) == 1
    else:
        daemon = up(host, tmp_path / "x.ncd", "")
        daemon.wait_output("undid what a daemon before this one has left: 1 of 1")
        assert daemon.end() == 0

    assert rules(host) == theirs
    assert netstrata(host, "recover", "--dry-run") == ""


def test_a_table_that_somebody_has_made_anew_is_theirs(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    statement = 'net.nft.table("ip", "a");'
    killed(up(host, tmp_path / "x.ncd", statement))
    host.run("nft", "delete table ip a")
    host.run("nft", "add table ip a")

    daemon = started(host, tmp_path / "x.ncd", f"process main {{ {statement} }}")
    daemon.wait_output("cannot add the table ip a: File exists")

    daemon.end()
    assert "table ip a" in rules(host)
    assert "Traceback" not in daemon.output()


GUARD = """
    net.nft.table("inet", "guard");
    net.nft.chain("inet", "guard", "in", ["type": "filter", "hook": "input", "priority": "0", "policy": "drop"]);
    net.nft.rule("inet", "guard", "in", "tcp dport { 22, 80 } counter accept");
"""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("chain inet guard in { policy accept; }", "the chain inet guard in: somebody has changed its policy"),
        ("add table inet guard { flags dormant; }", "the table inet guard: somebody has made it dormant"),
    ],
)
def test_a_policy_or_a_flag_that_somebody_has_changed_while_no_daemon_ran_is_put_right(
    lab: Lab, tmp_path: Path, change: str, said: str
) -> None:
    host = lab.host("host")
    lab.remember()
    daemon = up(host, tmp_path / "x.ncd", GUARD)
    whole = host.run("nft", "list", "ruleset")
    killed(daemon)
    host.run("nft", change)

    next_one = up(host, tmp_path / "x.ncd", GUARD)
    wait_until("all as it was", lambda: host.run("nft", "list", "ruleset") == whole)

    assert f"cannot hold {said}" in next_one.output()
    next_one.end()


@pytest.mark.parametrize(
    "statements",
    [
        GUARD,
        'net.iptables.newchain("filter", "MINE");'
        'net.iptables.append("filter", "MINE", "-s", "192.0.2.9", "-j", "DROP");',
    ],
    ids=["nft", "iptables"],
)
def test_what_was_taken_over_is_known_when_a_saved_ruleset_is_loaded_again(
    lab: Lab, tmp_path: Path, statements: str
) -> None:
    host = lab.host("host")
    host.run("iptables", "-L")
    lab.remember()
    killed(up(host, tmp_path / "x.ncd", statements))
    saved = "flush ruleset\n" + host.run("nft", "-s", "list", "ruleset")
    next_one = up(host, tmp_path / "x.ncd", statements)
    whole = host.run("nft", "-s", "list", "ruleset")

    for _ in range(2):
        host.run("nft", "-f", "-", given=saved)
    host.run("nft", "add table ip probe; delete table ip probe")

    assert host.run("nft", "-s", "list", "ruleset") == whole
    next_one.end()
    assert "somebody has deleted" not in next_one.output()
    assert "ignoring" not in next_one.output()


OTHERS = "add table ip others; add chain ip others in { type filter hook input priority 0; }"


@pytest.mark.parametrize(
    "statements",
    [GUARD + 'net.nft.rule("ip", "others", "in", "tcp dport 9 drop");', ""],
    ids=["asked for", "not asked for"],
)
def test_a_saved_ruleset_that_is_loaded_while_no_daemon_runs_is_known_by_what_it_says(
    lab: Lab, tmp_path: Path, statements: str
) -> None:
    """A table that is made again has another handle: nothing but its rules tells whose it was."""
    host = lab.host("host")
    host.run("nft", OTHERS)
    lab.remember()
    theirs = host.run("nft", "list", "ruleset")
    killed(up(host, tmp_path / "x.ncd", GUARD + 'net.nft.rule("ip", "others", "in", "tcp dport 9 drop");'))
    saved = host.run("nft", "list", "ruleset")
    host.run("nft", "flush ruleset")
    host.run("nft", "-f", "-", given=saved)
    stood = host.run("nft", "-a", "list", "ruleset")

    next_one = up(host, tmp_path / "x.ncd", statements)
    if statements:
        assert host.run("nft", "-a", "list", "ruleset") == stood
    else:
        wait_until("it undone", lambda: host.run("nft", "list", "ruleset") == theirs)
    assert next_one.end() == 0
    assert host.run("nft", "list", "ruleset") == theirs
    assert netstrata(host, "recover", "--dry-run") == ""


@pytest.mark.parametrize("statements", [GUARD, ""], ids=["asked for", "not asked for"])
def test_a_table_of_that_name_with_other_rules_is_theirs(lab: Lab, tmp_path: Path, statements: str) -> None:
    host = lab.host("host")
    killed(up(host, tmp_path / "x.ncd", GUARD))
    saved = host.run("nft", "list", "ruleset")
    host.run("nft", "flush ruleset")
    host.run("nft", "-f", "-", given=saved.replace("accept", "drop"))
    theirs = rules(host)

    daemon = started(host, tmp_path / "x.ncd", f'process main {{ println("begun"); {statements} }}')
    daemon.wait_output("cannot add the table inet guard: File exists" if statements else "begun\n")

    assert daemon.end() == 0
    assert rules(host) == theirs
