"""The commands, as a user meets them."""

import re
from pathlib import Path

import pytest

from tests.cli.programs import netstrata

BAD = """process main {
    var("x") v;
    printnl("hello");
    println(@num_ad("1", "2"), w);
    call("nothere", {});
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder with two programs."""
    (tmp_path / "good.ncd").write_text('process main {\n    println("hello");\n    exit("3");\n}\n')
    (tmp_path / "bad.ncd").write_text(BAD)
    return tmp_path


def test_run_prints_what_the_program_prints_and_ends_with_its_code(folder: Path) -> None:
    code, out, err = netstrata("run", "good.ncd", folder=folder)

    assert (code, out) == (3, "hello\n")
    assert "main.1 println good.ncd:2:5 down -> up" in err


def test_run_gives_arguments_to_the_program(folder: Path) -> None:
    (folder / "args.ncd").write_text('process main { getargs() a; println(@encode_value(a)); exit("0"); }')

    code, out, _ = netstrata("run", "args.ncd", "--quiet", "--", "a", "--b", folder=folder)

    assert (code, out) == (0, '{"a", "--b"}\n')


def test_run_refuses_a_program_that_does_not_parse(folder: Path) -> None:
    (folder / "worse.ncd").write_text("process main {\n    println(;\n}\n")

    code, out, err = netstrata("run", "worse.ncd", folder=folder)

    assert (code, out) == (2, "")
    assert "worse.ncd:2:13" in err
    assert "^" in err


def test_run_tells_what_the_check_finds_and_runs_all_the_same(folder: Path) -> None:
    (folder / "odd.ncd").write_text('process main { println("on"); exit("0"); }\nprocess odd { nonsense(); }\n')

    code, out, err = netstrata("run", "odd.ncd", folder=folder)

    assert (code, out) == (0, "on\n")
    assert "warning: there is no statement `nonsense`" in err


def test_run_records_every_transition_with_increasing_numbers(folder: Path) -> None:
    import json

    netstrata("run", "good.ncd", "--record", "record", "--quiet", folder=folder)

    lines = [json.loads(line) for line in (folder / "record").read_text().splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    moves = [(line["name"], line["from"], line["to"]) for line in lines if line["kind"] == "transition"]
    assert moves == [
        ("println", "gone", "down"),
        ("println", "down", "up"),
        ("exit", "gone", "down"),
        ("exit", "down", "up"),
        ("exit", "up", "dying"),
        ("exit", "dying", "gone"),
        ("println", "up", "dying"),
        ("println", "dying", "gone"),
    ]


def test_a_failure_says_what_where_and_when_it_is_tried_again(folder: Path) -> None:
    text = 'process main {\n    sleep("soon");\n}\nprocess quit { sleep("50"); exit("0"); }\n'
    (folder / "fails.ncd").write_text(text)

    _, _, err = netstrata("run", "fails.ncd", "--quiet", folder=folder)

    told = err[err.rindex("error:") :]
    assert "expected a time" in told
    assert "fails.ncd:2:11, process main, statement 1" in told
    assert "^^^^^^" in told
    assert "Trying again in 5 s." in told


@pytest.mark.parametrize(
    ("body", "help_"),
    [
        ('value({}) v; v->get("3");', "`netstrata doc value::get` says what it takes."),
        ('list("1") x; println(x.lenght);', "`netstrata doc list` says what can be read of it."),
        ("refhere() h; h->ref() r; println(r.none);", "`netstrata doc refhere::ref` says what can be read of it."),
        ('call("<none>", {}) c; c.x->set("1");', "nothing of that name can be seen from here now."),
        ('Foreach ({"a"} As e) { e->set("b"); };', "arguments, loop names and `_caller` are no statements"),
    ],
    ids=["method", "variable", "method without a statement", "no object", "no type"],
)
def test_a_failure_says_what_to_do_next(body: str, help_: str, folder: Path) -> None:
    (folder / "fails.ncd").write_text(f'process main {{ {body} }}\nprocess quit {{ sleep("50"); exit("0"); }}\n')

    _, _, err = netstrata("run", "fails.ncd", "--quiet", folder=folder)

    assert f"help: {help_}" in err
    for name in re.findall("`netstrata doc (.*?)`", err):
        assert netstrata("doc", name)[0] == 0


def test_check_is_silent_about_nothing_and_says_so(folder: Path) -> None:
    assert netstrata("check", "good.ncd", folder=folder) == (0, "good.ncd: nothing wrong\n", "")


def test_check_reports_several_mistakes_with_suggestions(folder: Path) -> None:
    code, out, err = netstrata("check", "bad.ncd", folder=folder)

    assert (code, out) == (2, "")
    assert re.findall(r"^error: (.*)$", err, re.M) == [
        "there is no statement `printnl`",
        "there is no function `num_ad`",
        "no statement above is named `w`",
        "there is no template `nothere`",
    ]
    assert "did you mean `println`?" in err
    assert "did you mean `num_add`?" in err


TOGETHER = """process main {
    var("eth0") link;
    net.route("2001:db8:1::/48", ["via": "192.0.2.1", "dev": "eth0"]);
    net.route("198.51.100.0/24", ["via": "2001:db8::1", "dev": "eth0"]);
    net.route("198.51.100.0/24", ["via": "fe80::1"]);
    net.route("203.0.113.0/24", ["src": "2001:db8::1", "dev": "eth0"]);
    net.route("2001:db8:2::/48", ["via": "192.0.2.1", "dev": link]);
    net.rule(["from": "192.0.2.1", "to": "2001:db8::1", "priority": "5"]);
    run({"/usr/bin/touch", "done"}, {});
}
"""


def test_check_finds_arguments_that_do_not_go_together_and_does_nothing(folder: Path) -> None:
    (folder / "together.ncd").write_text(TOGETHER)

    code, _, err = netstrata("check", "together.ncd", folder=folder)

    assert code == 2
    assert re.findall(r"^error: (.*)$\n --> together.ncd:(.*)$", err, re.M) == [
        ("an IPv6 route cannot go via an IPv4 gateway: the kernel has no such routes", "3:34"),
        ("a link-local gateway needs `dev`: every link has such addresses", "5:34"),
        ("`src` has to be of the destination's family", "6:33"),
        ("`from`, `to` and `family` have to be of one family", "8:14"),
    ]
    assert not (folder / "done").exists()


@pytest.mark.parametrize(
    ("statement", "guilty"),
    [
        ('net.addr("va", "192.0.2.1/24", ["metric": "x", "label": "va:lan"]);', '"x"'),
        ('net.addr("va", "192.0.2.1/24", ["label": "va:lan", "mertic": "7"]);', '"mertic"'),
        ('net.addr("va", "2001:db8::1/64", ["metric": "7", "broadcast": "+"]);', '"broadcast"'),
        ('net.route("203.0.113.0/24", ["nexthops": {["dev": "a"], ["dev": "b", "weight": "0"]}]);', '"0"'),
        ('net.route("203.0.113.0/24", ["nexthops": {["dev": "a"], ["weight": "7"]}]);', '["weight": "7"]'),
        ('net.rule(["priority": "7", "dport": "http"]);', '"http"'),
        ('net.dns({"192.0.2.1", "2001:db8::1%eth0"}, "20");', '"2001:db8::1%eth0"'),
        ('net.dnsmasq("lan", ["range": {"192.0.2.10", "192.0.2.20"}, "options": ["255": "x"]]);', '"255"'),
        ('net.nft.map("inet", "t", "m", ["type": "ipv4_addr"]);', '"ipv4_addr"'),
    ],
)
def test_of_a_map_of_options_the_caret_stands_under_what_is_guilty(folder: Path, statement: str, guilty: str) -> None:
    (folder / "options.ncd").write_text(f"process main {{\n{statement}\n}}\n")

    code, _, err = netstrata("check", "options.ncd", folder=folder)

    caret = err.splitlines()[3].removeprefix("  | ")
    assert code != 0
    assert statement[len(caret) - caret.count("^") : len(caret)] == guilty


def test_check_of_a_missing_file_is_no_traceback(folder: Path) -> None:
    code, _, err = netstrata("check", "none.ncd", folder=folder)

    assert code == 2
    assert "none.ncd" in err
    assert "Traceback" not in err


def test_fmt_rewrites_a_file_once(folder: Path) -> None:
    (folder / "ugly.ncd").write_text('process main{println("a" ,"b");exit("0");}')

    assert netstrata("fmt", "--check", "ugly.ncd", folder=folder)[0] == 1
    assert netstrata("fmt", "ugly.ncd", folder=folder)[0] == 0

    text = (folder / "ugly.ncd").read_text()
    assert text == 'process main {\n    println("a", "b");\n    exit("0");\n}\n'
    assert netstrata("fmt", "--check", "ugly.ncd", folder=folder) == (0, "", "")


def test_fmt_leaves_a_file_alone_that_does_not_parse(folder: Path) -> None:
    (folder / "broken.ncd").write_text("process main { println( }")

    code, _, err = netstrata("fmt", "broken.ncd", folder=folder)

    assert code == 2
    assert "broken.ncd:1:" in err
    assert (folder / "broken.ncd").read_text() == "process main { println( }"


def test_fmt_reads_standard_input_for_a_dash() -> None:
    code, out, _ = netstrata("fmt", "-", stdin='process p{if("true");}')

    assert (code, out) == (0, 'process p {\n    if("true");\n}\n')


def test_doc_shows_arguments_variables_and_an_example() -> None:
    code, out, _ = netstrata("doc", "net.ipv4.dhcp")

    assert code == 0
    assert out.startswith("net.ipv4.dhcp(")
    for word in (".addr", ".gateway", ".dns_servers", "Example:", "watches"):
        assert word in out


def test_doc_knows_functions_and_methods() -> None:
    assert netstrata("doc", "@num_add")[1].startswith("@num_add(left, right)")
    assert netstrata("doc", "list->append")[1].startswith("list->append(element)")
    assert "->append" in netstrata("doc", "list")[1]


def test_doc_without_a_name_lists_everything() -> None:
    code, out, _ = netstrata("doc")

    assert code == 0
    for name in ("net.ipv4.addr", "foreach", "blocker::use", "encode_value"):
        assert re.search(rf"^  {re.escape(name)} ", out, re.M), name


def test_doc_of_an_unknown_name_suggests_one() -> None:
    code, _, err = netstrata("doc", "net.ipv4.adr")

    assert code == 10
    assert "did you mean net.ipv4.addr?" in err
