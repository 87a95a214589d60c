"""Rules, chains and policies by iptables, ip6tables and ebtables, as the tools themselves list them afterwards."""

import sys
from pathlib import Path

import pytest
from tests.kernel.filters.programs import SOURCES, started, up, with_legacy_tools

from netstrata.testing.child import wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel


def listed(host: Host, tool: str, table: str = "filter") -> list[str]:
    """Return what the tool saves of a table: chains without their counters, then rules."""
    lines = host.run(f"{tool}-save", "-t", table).splitlines()
    return [line.split(" [")[0] for line in lines if line.startswith((":", "-A"))]


EMPTY = [":INPUT ACCEPT", ":FORWARD ACCEPT", ":OUTPUT ACCEPT"]


def test_rules_chains_and_policies_of_iptables_come_and_go(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "va"), (other, "vb"))
    lab.remember()

    daemon = up(
        host,
        tmp_path / "x.ncd",
        """
        net.iptables.policy("filter", "FORWARD", "DROP", "ACCEPT");
        net.iptables.newchain("filter", "MYCH");
        net.iptables.newchain("OLD");
        net.iptables.append("filter", "MYCH", "-j", "DROP");
        net.iptables.append("filter", "INPUT", "-i", "va", "-j", "MYCH");
        net.iptables.insert("filter", "INPUT", "-s", "10.0.0.1", "-j", "ACCEPT");
        net.iptables.append({"filter", "INPUT", "-s", "10.0.0.2", "-j", "ACCEPT"});
        net.iptables.append("nat", "POSTROUTING", "-o", "va", "-j", "MASQUERADE");
        """,
    )
    while_up, nat = listed(host, "iptables"), listed(host, "iptables", "nat")
    daemon.end()

    assert while_up == [
        ":INPUT ACCEPT",
        ":FORWARD DROP",
        ":OUTPUT ACCEPT",
        ":MYCH -",
        ":OLD -",
        "-A INPUT -s 10.0.0.1/32 -j ACCEPT",
        "-A INPUT -i va -j MYCH",
        "-A INPUT -s 10.0.0.2/32 -j ACCEPT",
        "-A MYCH -j DROP",
    ]
    assert nat[-1] == "-A POSTROUTING -o va -j MASQUERADE"
    assert listed(host, "iptables") == EMPTY
    assert not [line for line in listed(host, "iptables", "nat") if line.startswith("-A")]


def test_ip6tables_does_the_same_for_ipv6(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")

    daemon = up(
        host,
        tmp_path / "x.ncd",
        """
        net.ip6tables.policy("filter", "INPUT", "DROP", "ACCEPT");
        net.ip6tables.newchain("filter", "SIX");
        net.ip6tables.insert("filter", "SIX", "-s", "2001:db8::1", "-j", "ACCEPT");
        net.ip6tables.append("filter", "INPUT", "-j", "SIX");
        """,
    )
    while_up = listed(host, "ip6tables")
    daemon.end()

    assert while_up == [
        ":INPUT DROP",
        ":FORWARD ACCEPT",
        ":OUTPUT ACCEPT",
        ":SIX -",
        "-A INPUT -j SIX",
        "-A SIX -s 2001:db8::1/128 -j ACCEPT",
    ]
    assert listed(host, "ip6tables") == EMPTY


def test_ebtables_does_the_same_for_bridges(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")

    daemon = up(
        host,
        tmp_path / "x.ncd",
        """
        net.ebtables.newchain("filter", "EBC");
        net.ebtables.append("filter", "INPUT", "-p", "ARP", "-j", "EBC");
        net.ebtables.insert("filter", "INPUT", "-p", "IPv6", "-j", "DROP");
        net.ebtables.policy("filter", "FORWARD", "DROP", "ACCEPT");
        """,
    )
    while_up = listed(host, "ebtables")
    daemon.end()

    assert while_up == [
        ":INPUT ACCEPT",
        ":FORWARD DROP",
        ":OUTPUT ACCEPT",
        ":EBC ACCEPT",
        "-A INPUT -p IPv6 -j DROP",
        "-A INPUT -p ARP -j EBC",
    ]
    assert listed(host, "ebtables") == EMPTY


def test_a_rule_for_a_chain_that_is_not_there_is_refused_in_the_tools_words(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    rule = 'process main { net.iptables.append("filter", "NOPE", "-j", "DROP"); println("up"); }'

    daemon = started(host, tmp_path / "x.ncd", rule)
    daemon.wait_output("cannot append a rule to filter NOPE with iptables: ")
    daemon.wait_output("No chain/target/match by that name")
    daemon.end()

    assert "up\n" not in daemon.output()
    assert not [line for line in listed(host, "iptables") if line.startswith("-A")]


@pytest.mark.parametrize("tool", ["iptables", "ip6tables"])
def test_of_equal_rules_the_one_that_was_appended_goes_and_others_stay_in_order(
    lab: Lab, tmp_path: Path, tool: str
) -> None:
    host = lab.host("host")
    before = ["-A INPUT -i va -j ACCEPT", "-A INPUT -i vb -j DROP"]
    for line in before:
        host.run(tool, *line.split())

    daemon = up(host, tmp_path / "x.ncd", f'net.{tool}.append("filter", "INPUT", "-i", "va", "-j", "ACCEPT");')
    while_up = listed(host, tool)
    daemon.end()

    assert while_up[3:] == [*before, before[0]]
    assert listed(host, tool)[3:] == before


@pytest.mark.parametrize("tool", ["iptables", "ip6tables", "ebtables"])
def test_a_rule_inserted_at_a_position_goes_again(lab: Lab, tmp_path: Path, tool: str) -> None:
    host = lab.host("host")
    before = ["-A INPUT -i va -j ACCEPT", "-A INPUT -i vb -j DROP"]
    for line in before:
        host.run(tool, *line.split())

    daemon = up(host, tmp_path / "x.ncd", f'net.{tool}.insert("filter", "INPUT", "2", "-i", "vc", "-j", "DROP");')
    while_up = listed(host, tool)
    daemon.end()

    assert while_up[3:] == [before[0], "-A INPUT -i vc -j DROP", before[1]]
    assert listed(host, tool)[3:] == before


def test_a_chain_that_is_there_already_is_refused_and_stays(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    host.run("iptables", "-N", "MINE")

    daemon = started(host, tmp_path / "x.ncd", 'process main { net.iptables.newchain("MINE"); }')
    daemon.wait_output("cannot make filter MINE with iptables: iptables: Chain already exists")
    daemon.end()

    assert ":MINE -" in listed(host, "iptables")


def test_with_the_legacy_tool_a_rule_that_somebody_took_away_is_told_on_the_way_back_which_goes_on(
    lab: Lab, tmp_path: Path
) -> None:
    host = lab.host("host")
    statements = 'net.iptables.newchain("MINE"); net.iptables.append("filter", "MINE", "-j", "DROP");'
    daemon = with_legacy_tools(host, tmp_path, statements)

    host.run("iptables-legacy", "-F", "MINE")
    daemon.end()

    assert "cannot undo it with iptables: iptables: Bad rule" in daemon.output()
    assert "MINE" not in host.run("iptables-legacy-save", "-t", "filter")


def test_with_the_legacy_tool_of_equal_rules_the_one_that_was_appended_goes(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    for link in ("va", "vb"):
        host.run("iptables-legacy", "-A", "INPUT", "-i", link, "-j", "ACCEPT")
    before = host.run("iptables-legacy", "-S")

    daemon = with_legacy_tools(host, tmp_path, 'net.iptables.append("filter", "INPUT", "-i", "va", "-j", "ACCEPT");')
    while_up = host.run("iptables-legacy", "-S")
    daemon.end()

    assert while_up == f"{before}-A INPUT -i va -j ACCEPT\n"
    assert host.run("iptables-legacy", "-S") == before


HELD = {
    "iptables": """net.iptables.policy("filter", "FORWARD", "DROP", "ACCEPT");
        net.iptables.newchain("filter", "MINE");
        net.iptables.append("filter", "MINE", "-s", "10.0.0.1", "-j", "DROP");
        net.iptables.insert("filter", "INPUT", "-j", "MINE"); rprintln("undone");""",
    "ebtables": """net.ebtables.policy("filter", "FORWARD", "DROP", "ACCEPT");
        net.ebtables.newchain("filter", "MINE");
        net.ebtables.append("filter", "MINE", "-p", "ARP", "-j", "DROP");
        net.ebtables.insert("filter", "INPUT", "-j", "MINE"); rprintln("undone");""",
}
HELD["ip6tables"] = HELD["iptables"].replace("iptables", "ip6tables").replace("10.0.0.1", "2001:db8::1")


@pytest.mark.parametrize("tool", ["iptables", "ip6tables", "ebtables"])
@pytest.mark.parametrize(
    ("deed", "told"),
    [
        ("TOOL -D INPUT -j MINE", "cannot hold the rule in filter INPUT of TOOL: somebody has deleted it"),
        ("TOOL -F MINE", "cannot hold the rule in filter MINE of TOOL: somebody has deleted it"),
        ("TOOL -P FORWARD ACCEPT", "cannot hold the policy of filter FORWARD of TOOL: somebody has changed it"),
        ("nft flush ruleset", "cannot hold the policy of filter FORWARD of TOOL: somebody has changed it"),
    ],
)
def test_what_somebody_takes_away_is_noticed_and_comes_back(
    lab: Lab, tmp_path: Path, tool: str, deed: str, told: str
) -> None:
    host = lab.host("host")
    daemon = up(host, tmp_path / "x.ncd", HELD[tool])
    whole = listed(host, tool)

    host.run(*deed.replace("TOOL", tool).split())
    daemon.wait_output("undone\n")
    wait_until("all of it again", lambda: daemon.output().count("complete\n") == 2)

    assert listed(host, tool) == whole
    daemon.end()
    assert told.replace("TOOL", tool) in daemon.output()
    assert listed(host, tool) == EMPTY
    assert "Traceback" not in daemon.output()


def test_a_change_of_somebody_else_beside_ours_takes_nothing_down(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    daemon = up(host, tmp_path / "x.ncd", HELD["iptables"])
    whole = listed(host, "iptables")

    for deed in (
        "-A INPUT -j ACCEPT",
        "-D INPUT -j ACCEPT",
        "-N OTHER",
        "-X OTHER",
        "-P OUTPUT DROP",
        "-P FORWARD DROP",
    ):
        host.run("iptables", *deed.split())
    host.run("iptables", "-P", "OUTPUT", "ACCEPT")
    host.run("iptables", "-A", "MINE", "-s", "10.0.0.1", "-j", "DROP")
    host.run("iptables", "-D", "MINE", "2")

    assert listed(host, "iptables") == whole
    assert daemon.end() == 0
    assert daemon.output().count("undone\n") == 1


def test_of_two_equal_rules_of_ours_the_one_that_was_taken_away_comes_back(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    rule = 'net.iptables.insert("filter", "INPUT", "-s", "10.0.0.1", "-j", "DROP");'
    text = "".join(
        f'process {name} {{ {rule} println("{name}"); rprintln("{name} ends"); }}\n' for name in ("one", "two")
    )
    daemon = started(host, tmp_path / "x.ncd", text, "--quiet")
    daemon.wait_output("one\n")
    daemon.wait_output("two\n")

    host.run("iptables", "-D", "INPUT", "1")  # that of the second: each was put in front
    daemon.wait_output(" ends\n")
    wait_until("both again", lambda: len(listed(host, "iptables")) == 3 + 2)

    ends = [line for line in daemon.output().splitlines() if line in ("one ends", "two ends")]
    assert len(ends) == 1
    daemon.end()
    assert listed(host, "iptables") == EMPTY


def test_two_processes_that_set_one_policy_do_not_quarrel(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    text = "".join(
        f'process {name} {{ net.iptables.policy("filter", "FORWARD", "{policy}", "ACCEPT"); println("{name}"); }}\n'
        for name, policy in (("one", "DROP"), ("two", "ACCEPT"))
    )
    daemon = started(host, tmp_path / "x.ncd", text, "--quiet")
    daemon.wait_output("one\n")
    daemon.wait_output("two\n")

    host.run("iptables", "-N", "OTHER")  # heard after everything before it
    host.run("iptables", "-X", "OTHER")

    assert sorted(daemon.output().splitlines()) == ["one", "two"]
    daemon.end()
    assert listed(host, "iptables") == EMPTY


def test_forty_processes_at_once_do_not_disturb_each_other(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    text = "".join(
        f'process p{n} {{ net.iptables.append("filter", "INPUT", "-s", "10.0.0.{n}", "-j", "ACCEPT"); }}\n'
        for n in range(1, 41)
    )

    daemon = started(host, tmp_path / "x.ncd", text)
    wait_until("all rules", lambda: len(listed(host, "iptables")) == 3 + 40)
    daemon.end()

    assert listed(host, "iptables") == EMPTY


def test_the_legacy_tool_waits_for_its_lock(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "iptables").symlink_to("/usr/sbin/iptables-legacy")
    program = tmp_path / "x.ncd"
    rule = 'net.iptables.append("filter", "INPUT", "-s", "10.0.0.1", "-j", "ACCEPT");'
    program.write_text(f'process main {{ println("begun"); {rule} println("complete"); }}')
    lock = host.start(["flock", "-o", "/run/xtables.lock", "sh", "-c", "echo locked; exec sleep 1000"])
    lock.wait_output("locked")

    words = [sys.executable, "-m", "netstrata", "run", str(program)]
    daemon = host.start(words, {"PYTHONPATH": str(SOURCES), "PATH": f"{tools}:/usr/bin:/bin"})
    daemon.wait_output("begun")
    wait_until("the tool waiting", lambda: "iptables" in " ".join(_commands(host)))
    waited = "complete" not in daemon.output()
    lock.end()
    daemon.wait_output("complete\n")
    while_up = host.run("iptables-legacy-save", "-t", "filter")
    daemon.end()

    assert waited
    assert "-A INPUT -s 10.0.0.1/32 -j ACCEPT" in while_up
    assert "-A INPUT" not in host.run("iptables-legacy-save", "-t", "filter")


def _commands(host: Host) -> list[str]:
    return host.run("ps", "-e", "-o", "comm=").split()


RESTORED = """
    net.{tool}.newchain("filter", "MYCH");
    net.{tool}.append("filter", "MYCH", "-j", "DROP");
    net.{tool}.append("filter", "INPUT", "-i", "va", "-j", "MYCH");
    net.{tool}.append("filter", "INPUT", "-i", "va", "-j", "MYCH");
    net.{tool}.policy("filter", "FORWARD", "DROP", "ACCEPT");
"""


@pytest.mark.parametrize("tool", ["iptables", "ip6tables", "ebtables"])
def test_what_a_restore_makes_again_is_known_and_goes_at_the_end(lab: Lab, tmp_path: Path, tool: str) -> None:
    """iptables-nft-restore 1.8.9 deletes the table, and makes it again with all rules, in one transaction."""
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "va"), (other, "vb"))
    host.run(tool, "-A", "INPUT", "-i", "vc", "-j", "ACCEPT")
    before = listed(host, tool)
    daemon = up(host, tmp_path / "x.ncd", RESTORED.format(tool=tool))
    whole, saved = listed(host, tool), host.run(f"{tool}-save")

    for _ in range(2):
        host.run(f"{tool}-restore", given=saved)
    host.run(tool, "-D", "MYCH", "1")  # what is told after it
    wait_until("all again", lambda: daemon.output().count("complete\n") == 2)

    assert listed(host, tool) == whole
    assert "somebody has deleted it" in daemon.output()
    assert len([line for line in daemon.output().splitlines() if "the chain of" in line and "cannot" in line]) == 0
    daemon.end()
    assert listed(host, tool) == before
    assert "ignoring" not in daemon.output()


def test_a_restore_with_another_policy_is_put_right(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    daemon = up(host, tmp_path / "x.ncd", 'net.iptables.policy("filter", "FORWARD", "DROP", "ACCEPT");')
    whole, saved = listed(host, "iptables"), host.run("iptables-save")

    host.run("iptables-restore", given=saved.replace("FORWARD DROP", "FORWARD ACCEPT"))
    wait_until("it again", lambda: listed(host, "iptables") == whole)

    daemon.end()
    assert listed(host, "iptables") == EMPTY
