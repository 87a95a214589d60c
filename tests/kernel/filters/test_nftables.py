"""net.nft.* over the real nftables, as nft lists them."""

import asyncio
import re
import signal
import sys
import time
from pathlib import Path

import pytest
from tests.kernel.filters.programs import started, up

from netstrata.ports import NftThing
from netstrata.system.children import RealChildren
from netstrata.system.nftables import RealNftables
from netstrata.system.output.standard_output import StandardOutput
from netstrata.testing.child import Child, wait_until
from netstrata.testing.heard import Heard
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel

TABLE = 'net.nft.table("inet", "guard");'
CHAIN = TABLE + (
    'net.nft.chain("inet", "guard", "input",'
    ' ["type": "filter", "hook": "input", "priority": "filter - 5", "policy": "drop"]);'
)


def ruleset(host: Host) -> list[str]:
    """Return what nft lists, without indentation and empty lines."""
    return [line.strip() for line in host.run("nft", "list", "ruleset").splitlines() if line.strip()]


def test_a_whole_table_comes_and_goes(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    lab.remember()

    daemon = up(
        host,
        tmp_path / "x.ncd",
        CHAIN
        + """
        net.nft.chain("inet", "guard", "guests");
        net.nft.set("inet", "guard", "admins",
            ["type": "ipv4_addr", "flags": "interval, timeout", "gc-interval": "10s"]);
        net.nft.element("inet", "guard", "admins", "192.0.2.7, 198.51.100.0/24 timeout 1h");
        net.nft.rule("inet", "guard", "input", "tcp dport { 22, 80 } accept comment \\"a; b\\"");
        net.nft.rule("inet", "guard", "input", "ip saddr @admins jump guests");
        """,
    )
    while_up = ruleset(host)
    daemon.end()

    assert [line.partition(" expires")[0] for line in while_up] == [
        "table inet guard {",
        "set admins {",
        "type ipv4_addr",
        "flags interval,timeout",
        "gc-interval 10s",
        "elements = { 192.0.2.7, 198.51.100.0/24 timeout 1h",
        "}",
        "chain input {",
        "type filter hook input priority filter - 5; policy drop;",
        'tcp dport { 22, 80 } accept comment "a; b"',
        "ip saddr @admins jump guests",
        "}",
        "chain guests {",
        "}",
        "}",
    ]
    assert ruleset(host) == []
    assert "ignoring" not in daemon.output()


def test_maps_with_timeouts_come_and_go_and_what_has_timed_out_is_added_again(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    lab.remember()

    daemon = up(
        host,
        tmp_path / "x.ncd",
        TABLE
        + """
        net.nft.map("inet", "guard", "doors",
            ["type": "ipv4_addr : verdict", "flags": "timeout", "timeout": "1h", "size": "9"]);
        net.nft.map("inet", "guard", "ports", ["type": "inet_service : ipv4_addr . inet_service"]);
        net.nft.element("inet", "guard", "doors", "192.0.2.7 : accept, 192.0.2.8 timeout 5m : drop");
        net.nft.element("inet", "guard", "ports", "80 : 192.0.2.9 . 8080");
        """,
    )
    while_up = re.sub(" expires [0-9a-z]+", "", "\n".join(ruleset(host))).splitlines()
    host.run("nft", "delete element inet guard ports { 80 }")
    wait_until("the element again", lambda: "elements = { 80 : 192.0.2.9 . 8080 }" in ruleset(host))
    daemon.end()

    assert while_up == [
        "table inet guard {",
        "map doors {",
        "type ipv4_addr : verdict",
        "size 9",
        "timeout 1h",
        "elements = { 192.0.2.7 : accept, 192.0.2.8 timeout 5m : drop }",
        "}",
        "map ports {",
        "type inet_service : ipv4_addr . inet_service",
        "elements = { 80 : 192.0.2.9 . 8080 }",
        "}",
        "}",
    ]
    assert ruleset(host) == []
    assert "ignoring" not in daemon.output()


def test_an_element_of_a_map_that_times_out_is_added_again(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    host.run("nft", "add table ip t; add map ip t m { type ipv4_addr : mark; flags timeout; }")

    daemon = up(host, tmp_path / "x.ncd", 'net.nft.element("ip", "t", "m", "192.0.2.7 timeout 1s : 7");')
    daemon.wait_output("an element has timed out")
    wait_until("it again", lambda: "192.0.2.7" in host.run("nft", "list map ip t m"))

    assert daemon.end() == 0
    assert "192.0.2.7" not in host.run("nft", "list map ip t m")


def test_rules_are_inserted_before_all_or_before_one_and_come_again_there(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    host.run("nft", "add table ip t; add chain ip t c; add rule ip t c udp dport 1 drop")
    host.run("nft", 'add rule ip t c udp dport 2 drop comment "the rest"')
    before = ruleset(host)

    daemon = up(
        host,
        tmp_path / "x.ncd",
        """net.nft.insert("ip", "t", "c", "tcp dport 1 accept", "the rest");
        net.nft.insert("ip", "t", "c", "tcp dport 2 accept");
        net.nft.rule("ip", "t", "c", "tcp dport 3 accept");""",
    )
    expected = [
        "tcp dport 2 accept", "udp dport 1 drop", "tcp dport 1 accept", 'udp dport 2 drop comment "the rest"',
        "tcp dport 3 accept",
    ]  # fmt: skip
    rules = ruleset(host)[2:-2]
    handle = re.findall("tcp dport 1 accept # handle ([0-9]+)", host.run("nft", "-a", "list", "ruleset"))[0]
    host.run("nft", f"delete rule ip t c handle {handle}")
    wait_until("the rules again", lambda: ruleset(host)[2:-2] == expected)
    daemon.end()

    assert rules == expected
    assert ruleset(host) == before


def test_a_rule_that_is_to_stand_before_another_one_waits_for_that(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    host.run("nft", "add table ip t; add chain ip t c; add rule ip t c udp dport 1 drop comment first")
    program = 'process main { net.nft.insert("ip", "t", "c", "tcp dport 1 accept", "last"); println("complete"); }'
    daemon = started(host, tmp_path / "x.ncd", program, "--retry-time", "3600000")
    daemon.wait_output('cannot add to ip t c: tcp dport 1 accept: there is no rule with the comment "last"')

    host.run("nft", "add rule ip t c drop comment last")
    daemon.wait_output("complete\n")
    rules = ruleset(host)[2:-2]
    daemon.end()

    assert rules == ['udp dport 1 drop comment "first"', "tcp dport 1 accept", 'drop comment "last"']


def test_of_equal_rules_only_its_own_goes(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    host.run("nft", "add table ip t; add chain ip t c; add rule ip t c counter drop; add set ip t s { type mark; }")
    host.run("nft", "add element ip t s { 1 }")
    before = host.run("nft", "-a", "list", "ruleset")

    daemon = up(
        host,
        tmp_path / "x.ncd",
        'net.nft.rule("ip", "t", "c", "counter drop"); net.nft.element("ip", "t", "s", "2, 3");',
    )
    while_up = ruleset(host)
    daemon.end()

    assert while_up.count("counter packets 0 bytes 0 drop") == 2
    assert host.run("nft", "-a", "list", "ruleset") == before


@pytest.mark.parametrize(
    ("there", "statement", "reason"),
    [
        ("add table inet guard", TABLE, "cannot add the table inet guard: File exists"),
        ("add table ip t", 'net.nft.rule("ip", "t", "c", "drop");', "cannot add to ip t c: drop: No such file"),
        (
            "add table ip t; add chain ip t c",
            'net.nft.rule("ip", "t", "c", "tcp dprt 22 drop");',
            'cannot add to ip t c: tcp dprt 22 drop: syntax error, unexpected string, at "dprt"',
        ),
        (
            "add table ip t; add set ip t s { type mark; }; add element ip t s { 1 }",
            'net.nft.element("ip", "t", "s", "1");',
            "cannot add to ip t s: 1: File exists",
        ),
    ],
)
def test_what_nft_refuses_is_told_in_its_words_and_nothing_changes(
    lab: Lab, tmp_path: Path, there: str, statement: str, reason: str
) -> None:
    host = lab.host("host")
    host.run("nft", there)
    before = ruleset(host)

    daemon = started(host, tmp_path / "x.ncd", f'process main {{ {statement} println("up"); }}')
    daemon.wait_output(reason)
    daemon.end()

    assert "up\n" not in daemon.output()
    assert ruleset(host) == before


def test_one_that_is_wrong_does_not_keep_the_others_of_its_turn_from_coming_up(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    host.run("nft", "add table ip t; add chain ip t c")
    rules = [f'process p{n} {{ net.nft.rule("ip", "t", "c", "tcp dport {n} drop"); }}\n' for n in range(1, 60)]
    rules.insert(20, 'process wrong { net.nft.rule("ip", "t", "c", "tcp dport x drop"); }\n')
    rules.insert(40, 'process missing { net.nft.rule("ip", "t", "nope", "drop"); }\n')

    daemon = started(host, tmp_path / "x.ncd", "".join(rules))
    wait_until("59 rules", lambda: len(ruleset(host)) == 4 + 59)
    daemon.wait_output("cannot add to ip t c: tcp dport x drop: ")
    daemon.wait_output("cannot add to ip t nope: drop: No such file or directory")
    daemon.end()

    assert ruleset(host) == ["table ip t {", "chain c {", "}", "}"]


def test_what_somebody_deletes_comes_back_with_all_above_it(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    daemon = up(
        host,
        tmp_path / "x.ncd",
        CHAIN + 'net.nft.rule("inet", "guard", "input", "tcp dport 22 accept"); rprintln("undone");',
    )
    whole = ruleset(host)

    host.run("nft", "flush", "chain", "inet", "guard", "input")
    wait_until("it again", lambda: daemon.output().count("complete\n") == 2)
    after_the_rule = ruleset(host)
    host.run("nft", "flush", "ruleset")
    wait_until("all again", lambda: daemon.output().count("complete\n") == 3)
    after_all = ruleset(host)
    daemon.end()

    assert after_the_rule == whole
    assert after_all == whole
    assert ruleset(host) == []
    assert "cannot hold the table inet guard: somebody has deleted it" in daemon.output()


def test_without_permission_it_says_so(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    program = tmp_path / "x.ncd"
    program.write_text(f"process main {{ {TABLE} }}")

    words = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", sys.executable, "-m", "netstrata", "run"]
    daemon = host.start([*words, str(program)])

    daemon.wait_output("cannot listen to nftables: not permitted: this takes the capability CAP_NET_ADMIN")
    daemon.end()


@pytest.mark.parametrize("count", [200, 1500])  # with many, some are told again after others were not
def test_when_the_kernel_tells_more_than_is_read_handles_are_looked_up_and_losses_found(lab: Lab, count: int) -> None:
    host = lab.host("host")

    async def act() -> tuple[list[str], list[str]]:
        statement = Heard()
        nft = RealNftables(RealChildren(StandardOutput()), room=2048).on_behalf_of(statement)
        rules = [nft.held(NftThing("rule", "ip", "t", "c", f"tcp dport {n} drop")) for n in range(1, count)]
        async with nft.held(NftThing("table", "ip", "t")), nft.held(NftThing("chain", "ip", "t", "c")):
            await asyncio.gather(*(rule.__aenter__() for rule in rules))
            for rule in rules[::2]:
                await rule.__aexit__(None, None, None)
            there = host.run("nft", "list", "chain", "ip", "t", "c").splitlines()
            host.run("nft", "flush", "chain", "ip", "t", "c")
            while len(statement.losses) < count // 2 - 1:  # noqa: ASYNC110
                await asyncio.sleep(0)
            for rule in rules[1::2]:
                await rule.__aexit__(None, None, None)
        return [line.strip() for line in there if "dport" in line], statement.lines

    with host.inside():
        there, notes = asyncio.run(asyncio.wait_for(act(), 60))

    assert there == [f"tcp dport {n} drop" for n in range(2, count, 2)]
    assert notes == []
    assert ruleset(host) == []


SETS = """net.nft.set("ip", "t", "s", ["type": "ipv4_addr", "flags": "interval, timeout"]);
    net.nft.element("ip", "t", "s", "192.0.2.1, 192.0.2.2, 198.51.100.0/24, 203.0.113.1 timeout 1h");
    rprintln("undone");"""


def elements(host: Host) -> list[str]:
    """Return the elements of the set s, sorted, without what is left of their time."""
    text = " ".join(ruleset(host)).partition("elements = {")[2].partition("}")[0]
    return sorted(element.partition(" expires")[0].strip() for element in text.split(",") if element.strip())


@pytest.mark.parametrize("gone", ["192.0.2.2", "192.0.2.1, 192.0.2.2", "198.51.100.0/24"])
def test_elements_that_somebody_deletes_come_back(lab: Lab, tmp_path: Path, gone: str) -> None:
    host = lab.host("host")
    daemon = up(host, tmp_path / "x.ncd", f'net.nft.table("ip", "t"); {SETS}')
    whole = elements(host)

    host.run("nft", f"delete element ip t s {{ {gone} }}")
    daemon.wait_output("undone\n")
    wait_until("it again", lambda: daemon.output().count("complete\n") == 2)

    assert elements(host) == whole
    assert len(whole) == 4
    assert "somebody has deleted it" in daemon.output()
    daemon.end()
    assert ruleset(host) == []
    assert "ignoring" not in daemon.output()


def test_elements_of_others_take_nothing_down(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    daemon = up(host, tmp_path / "x.ncd", f'net.nft.table("ip", "t"); {SETS}')

    host.run("nft", "add element ip t s { 192.0.2.9 }")
    host.run("nft", "delete element ip t s { 192.0.2.9 }")
    time.sleep(0.3)  # six times what is waited before looking: there is nothing to wait for

    assert daemon.output().count("undone") == 0
    daemon.end()


@pytest.mark.parametrize(
    ("options", "element"),
    [
        ('"type": "ipv4_addr", "flags": "timeout"', "192.0.2.1, 192.0.2.2 timeout 1s"),
        ('"type": "ipv4_addr", "flags": "timeout", "timeout": "1s"', "192.0.2.1 timeout 1h, 192.0.2.2"),
        ('"type": "ipv4_addr", "flags": "interval, timeout"', "198.51.100.0/24 timeout 1s"),
    ],
)
def test_an_element_that_has_timed_out_is_down_and_is_added_again(
    lab: Lab, tmp_path: Path, options: str, element: str
) -> None:
    """Linux 6.18 tells nobody of it; nftables 1.0.6."""
    host = lab.host("host")
    text = f"""net.nft.table("ip", "t"); net.nft.set("ip", "t", "s", [{options}]);
        net.nft.element("ip", "t", "s", "{element}"); rprintln("undone");"""
    daemon = up(host, tmp_path / "x.ncd", text)

    daemon.wait_output("undone\n")
    wait_until("it again", lambda: daemon.output().count("complete\n") >= 2)
    daemon.end()

    assert "an element has timed out" in daemon.output()
    assert ruleset(host) == []


@pytest.mark.parametrize(
    ("words", "element", "change"),
    [
        ('map("ip", "t", "s", ["type": "ipv4_addr : mark"])', "192.0.2.1 : 1", "192.0.2.1 : 2"),
        ('map("ip", "t", "s", ["type": "ipv4_addr : verdict"])', "192.0.2.1 : drop", "192.0.2.1 : accept"),
        (
            'map("ip", "t", "s", ["type": "ipv4_addr : mark", "flags": "interval"])',
            "192.0.2.0/25 : 1, 198.51.100.7 : 3",
            "192.0.2.0/25 : 2",
        ),
        (
            'set("ip", "t", "s", ["type": "ipv4_addr", "flags": "timeout"])',
            "192.0.2.1 timeout 1h",
            "192.0.2.1 timeout 9s",
        ),
        ('set("ip", "t", "s", ["type": "ipv4_addr", "flags": "timeout"])', "192.0.2.1", "192.0.2.1 timeout 9s"),
    ],
)
def test_an_element_that_somebody_gives_another_value_or_time_is_put_right_alone(
    lab: Lab, tmp_path: Path, words: str, element: str, change: str
) -> None:
    """nft 1.0.6 deletes and adds in one transaction; Linux 6.18 tells of both, with value and timeout."""
    host = lab.host("host")
    first = f"""net.nft.table("ip", "t"); net.nft.{words}; provide("set"); """
    held = [element, "203.0.113.9" + (" : drop" if "verdict" in words else " : 7" if "map" in words else "")]
    others = [
        f'process p{n} {{ depend("set"); net.nft.element("ip", "t", "s", "{text}"); println("p{n}"); }}'
        for n, text in enumerate(held)
    ]
    daemon = started(host, tmp_path / "x.ncd", f"process main {{ {first} }} " + " ".join(others))
    for name in ("p0\n", "p1\n"):
        daemon.wait_output(name)

    key = change.split()[0]
    host.run("nft", "-f", "-", given=f"delete element ip t s {{ {key} }}\nadd element ip t s {{ {change} }}\n")
    wait_until("it again", lambda: daemon.output().splitlines().count("p0") == 2)

    listed = " ".join(ruleset(host))
    assert daemon.end() == 0
    assert element.split(",")[0] in listed.replace("0x0000000", "")
    assert "somebody has given an element another value" in daemon.output()
    assert daemon.output().splitlines().count("p1") == 1 or "interval" in words
    assert "ignoring" not in daemon.output()


@pytest.mark.parametrize(
    "words",
    [
        "type ipv4_addr; flags interval; auto-merge; elements = { 192.0.2.0/25 };",
        'type ipv4_addr; flags interval; auto-merge; comment "of others"; elements = { 192.0.2.0/25 };',
        "typeof ip saddr; flags interval, timeout; auto-merge; elements = { 192.0.2.0/25 };",
    ],
)
def test_a_set_that_merges_gets_no_elements_of_ours(lab: Lab, tmp_path: Path, words: str) -> None:
    host = lab.host("host")
    host.run("nft", f"add table ip t; add set ip t s {{ {words} }}")
    before = ruleset(host)

    daemon = started(host, tmp_path / "x.ncd", 'process p { net.nft.element("ip", "t", "s", "192.0.2.128/25"); }')
    daemon.wait_output("cannot add to ip t s: 192.0.2.128/25: the set has auto-merge")
    daemon.end()

    assert ruleset(host) == before


def test_two_statements_in_one_set_come_and_go_without_disturbing_each_other(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    host.run("nft", "add table ip t; add set ip t s { type mark; }")
    text = "".join(
        f'process p{n} {{ net.nft.element("ip", "t", "s", "{n}"); println("up{n}"); rprintln("down{n}"); }}\n'
        for n in range(40)
    )
    daemon = started(host, tmp_path / "x.ncd", text, "--quiet")
    wait_until("all", lambda: len(elements(host)) == 40)

    host.run("nft", "delete element ip t s { 7 }")
    daemon.wait_output("down7\n")
    wait_until("all again", lambda: len(elements(host)) == 40 and daemon.output().count("up7\n") == 2)
    downs = [line for line in daemon.output().splitlines() if line.startswith("down")]
    daemon.end()

    assert downs == ["down7"]
    assert elements(host) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("chain inet guard input { policy accept; }", "the chain inet guard input: somebody has changed its policy"),
        ("add table inet guard { flags dormant; }", "the table inet guard: somebody has made it dormant"),
    ],
)
def test_a_policy_or_a_flag_that_somebody_changes_is_put_right(
    lab: Lab, tmp_path: Path, change: str, said: str
) -> None:
    host = lab.host("host")
    lab.remember()
    daemon = up(host, tmp_path / "x.ncd", CHAIN + 'net.nft.rule("inet", "guard", "input", "tcp dport 22 accept");')
    whole = ruleset(host)

    host.run("nft", change)
    wait_until("it again", lambda: daemon.output().count("complete\n") == 2)

    assert ruleset(host) == whole
    assert f"cannot hold {said}" in daemon.output()
    daemon.end()


def test_what_changes_nothing_that_packets_feel_takes_nothing_down(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    daemon = up(host, tmp_path / "x.ncd", CHAIN)

    host.run("nft", "chain inet guard input { policy drop; }")
    host.run("nft", "add table inet guard")
    host.run("nft", "add chain inet guard input")
    host.run("nft", "flush ruleset")
    wait_until("all again", lambda: daemon.output().count("complete\n") == 2)

    assert losses(daemon) == {"the table inet guard"}
    daemon.end()


def losses(daemon: Child) -> set[str]:
    """Return what was said to be lost."""
    return set(re.findall("cannot hold (.*?): [a-z ]*$", daemon.output(), re.MULTILINE))


SAVED = (
    CHAIN
    + """
    net.nft.set("inet", "guard", "admins", ["type": "ipv4_addr"]);
    net.nft.element("inet", "guard", "admins", "192.0.2.7, 192.0.2.8");
    net.nft.rule("inet", "guard", "input", "tcp dport { 22, 80 } counter accept comment \\"a; b\\"");
    net.nft.rule("inet", "guard", "input", "ip saddr @admins accept");
    net.nft.rule("inet", "guard", "input", "ip saddr @admins accept");
    net.nft.rule("ip", "others", "input", "tcp dport 9 drop");
"""
)
OTHERS = "add table ip others; add chain ip others input { type filter hook input priority 0; }"


def with_saved(lab: Lab, tmp_path: Path) -> tuple[Host, Child, str]:
    """Return a host whose ruleset, partly ours, was saved as a file that puts it in the place of all there is."""
    host = lab.host("host")
    host.run("nft", OTHERS)
    host.run("nft", "add rule ip others input tcp dport 7 drop")
    lab.remember()
    daemon = up(host, tmp_path / "x.ncd", SAVED)
    return host, daemon, "flush ruleset\n" + host.run("nft", "list", "ruleset")


def test_a_saved_ruleset_that_is_loaded_again_is_known_and_goes_at_the_end(lab: Lab, tmp_path: Path) -> None:
    """nft 1.0.6 sends one transaction for the file: the kernel tells what it deletes, what it makes, the generation."""
    host, daemon, saved = with_saved(lab, tmp_path)
    whole = ruleset(host)

    for _ in range(2):
        host.run("nft", "-f", "-", given=saved)
    host.run("nft", "flush set inet guard admins")  # what is told after it
    wait_until("the elements again", lambda: ruleset(host) == whole)

    daemon.end()
    assert losses(daemon) == {"in inet guard admins: 192.0.2.7, 192.0.2.8"}
    assert "ignoring" not in daemon.output()


def test_of_a_ruleset_without_one_of_our_rules_only_that_one_is_missed(lab: Lab, tmp_path: Path) -> None:
    host, daemon, saved = with_saved(lab, tmp_path)
    whole = ruleset(host)

    host.run("nft", "-f", "-", given=saved.replace("tcp dport 9 drop", ""))
    wait_until("it again", lambda: daemon.output().count("complete\n") == 2)

    assert ruleset(host) == whole
    assert losses(daemon) == {"in ip others input: tcp dport 9 drop"}
    daemon.end()


def test_a_ruleset_with_another_policy_for_our_chain_is_put_right(lab: Lab, tmp_path: Path) -> None:
    host, daemon, saved = with_saved(lab, tmp_path)
    whole = ruleset(host)

    host.run("nft", "-f", "-", given=saved.replace("policy drop", "policy accept"))
    wait_until("it again", lambda: daemon.output().count("complete\n") == 2)

    assert sorted(ruleset(host)) == sorted(whole)
    daemon.end()


def test_a_ruleset_that_was_loaded_again_is_taken_over_after_a_kill(lab: Lab, tmp_path: Path) -> None:
    host, daemon, saved = with_saved(lab, tmp_path)
    whole = ruleset(host)
    host.run("nft", "-f", "-", given=saved)
    host.run("nft", "flush set inet guard admins")
    wait_until("the elements again", lambda: ruleset(host) == whole)

    daemon.signal(signal.SIGKILL)
    daemon.status()
    successor = up(host, tmp_path / "x.ncd", SAVED)

    assert ruleset(host) == whole
    successor.end()


@pytest.mark.parametrize("pause_s", [0, 0.3, 1.0])
def test_a_saved_ruleset_that_is_loaded_in_another_transaction_than_the_flush_is_known_too(
    lab: Lab, tmp_path: Path, pause_s: float
) -> None:
    host, daemon, saved = with_saved(lab, tmp_path)
    whole = ruleset(host)

    host.run("sh", "-c", f"nft flush ruleset; sleep {pause_s}; nft -f -", given=saved.removeprefix("flush ruleset\n"))
    wait_until("it again", lambda: daemon.output().count("complete\n") == 2)

    assert set(ruleset(host)) == set(whole)
    assert ruleset(host).count("tcp dport 9 drop") == 1
    assert daemon.end() == 0
    assert ruleset(host) == ["table ip others {", "chain input {", *ruleset(host)[2:3], "tcp dport 7 drop", "}", "}"]
