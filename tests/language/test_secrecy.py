"""What a secret is made from is found in the text."""

from collections.abc import Iterator

import pytest

from netstrata.contract import Declaration
from netstrata.contract.secrets import SECRETS
from netstrata.daemon.running.registry import make_registry
from netstrata.language.load import load
from netstrata.language.secrecy import secret_places

REGISTRY = make_registry()


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    """Know no secrets before and after."""
    SECRETS._known.clear()
    yield
    SECRETS._known.clear()


def declared(name: str) -> Declaration | None:
    entry = REGISTRY.statement(name)
    return entry.declaration if entry is not None else None


def tainted(text: str) -> list[str]:
    """Return the statements that a secret is made from: `main.1 var`."""
    program = load("it.ncd", lambda path: text.encode())
    places = secret_places(program, declared)
    return [
        f"{process.name}.{index + 1} {statement.type}"
        for process in program.processes
        for index, statement in enumerate(process.statements)
        if (process.name, index) in places and not process.hidden
    ]


def test_names_are_followed_back_to_where_they_begin() -> None:
    text = """process main {
        var("wooden ") first; var("eth0") link; file_read("/etc/second") second;
        concat(first, @concat(second, "!")) psk; println(link); secret(psk);
    }"""

    assert tainted(text) == ["main.1 var", "main.3 file_read", "main.4 concat"]
    assert SECRETS.all() == [b"wooden "]  # neither the path nor a piece of a single byte


@pytest.mark.parametrize("refer", ['alias("p")', "objref(^p)", 'objref({"p"})'])
def test_what_stands_for_another_is_followed_to_that(refer: str) -> None:
    text = f'process main {{ var("wooden horse") p; {refer} r; secret(r); }}'

    assert tainted(text)[0] == "main.1 var"
    assert SECRETS.all() == [b"wooden horse"]


def test_all_that_a_list_is_made_of_is_followed() -> None:
    text = 'process main { var("wooden horse") p; list("eth0", p) l; l->get("1") one; secret(one); }'

    assert tainted(text) == ["main.1 var", "main.2 list", "main.3 get"]


def test_of_a_map_of_options_only_those_that_are_secret_are_followed() -> None:
    text = 'process main { var("home") s; var("12345678") p; net.wpa("wlan0", ["ssid": s, "psk": p, "eap": "MD5"]); }'

    assert tainted(text) == ["main.2 var"]
    assert SECRETS.all() == [b"12345678"]


def test_a_map_that_is_named_is_followed_as_a_whole_and_so_are_its_methods() -> None:
    text = 'process main { value([]) o; o->insert("password", "wooden horse"); net.wpa("eth0", o); }'

    assert tainted(text) == ["main.1 value"]
    assert SECRETS.all() == [b"wooden horse"]


@pytest.mark.parametrize(
    "text",
    [
        'process main { var("x") p; call("t", {"eth0", p}); } template t { secret(_arg1); }',
        'process main { var("x") p; call("t", {}); } template t { secret(_caller.p); }',
        'process main { var("x") p; provide("KEY"); } process other { depend("KEY") k; secret(k.p); }',
        'process main { var("x") p; Foreach (p As one) { secret(one); }; }',
        'process main { var("x") p; If ("true") { secret(p); }; }',
        'process main { var("x") p; alias("p") other; secret(other); }',
        'process main { var("x") p; process_manager() m; m->start("a", "t", {p}); } template t { secret(_arg0); }',
    ],
)
def test_it_is_followed_through(text: str) -> None:
    assert "main.1 var" in tainted(text)


def test_a_program_without_secrets_has_none_and_recursion_ends() -> None:
    assert tainted('process main { var("x") p; println(p); }') == []
    assert tainted('process main { call("t", {"x"}); } template t { call("t", {_arg0}); secret(_arg0); }') == []
