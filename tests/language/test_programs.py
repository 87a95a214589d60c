"""Programs with what is wrong in them written beside it: `### line:column: how the message begins ### help: …`."""

from pathlib import Path

import pytest

from netstrata.contract import Argument, Declaration
from netstrata.contract.roles import NAMES, NO_ROLES, Roles
from netstrata.contract.shapes.common import ANY, IPV4_NETWORK, LIST, MILLISECONDS, TEXT
from netstrata.contract.shapes.templates import EMBEDDED, TEMPLATE
from netstrata.language import Refusals, load
from netstrata.language.check import check
from netstrata.language.lookup import Declared
from netstrata.values import Refused

HERE = Path(__file__).parent


def declared(name: str, *arguments: Argument, object_type: str = "", roles: Roles = NO_ROLES) -> Declaration:
    return Declaration(name, "structure", arguments, (), "", None, object_type, roles=roles)


STATEMENTS = [
    declared("println", Argument("values", ANY, rest=True)),
    declared("var", Argument("values", ANY, rest=True)),
    declared("var::set", Argument("value", ANY)),
    declared("var::copy", object_type="var"),
    declared("alias", Argument("path", TEXT), roles=Roles(forwards=())),
    declared("blocker::up"),
    declared("do.do::break"),
    declared("wait", Argument("time", MILLISECONDS)),
    declared("address", Argument("link", TEXT), Argument("network", IPV4_NETWORK)),
    declared("call", Argument("template", TEMPLATE), Argument("arguments", ANY)),
    declared("embcall", Argument("template", EMBEDDED)),
    declared("foreach_emb", Argument("c", ANY), Argument("template", EMBEDDED), Argument("names", TEXT, rest=True)),
    declared("do", Argument("template", EMBEDDED), Argument("interrupt", EMBEDDED, optional=True)),
    declared("inline_code", Argument("template", EMBEDDED)),
    declared("provide", Argument("name", TEXT), roles=Roles(provides=NAMES)),
    declared("depend", Argument("name", TEXT), roles=Roles(wants=NAMES)),
    declared("multiprovide", Argument("name", ANY), roles=Roles(provides="values")),
    declared("multidepend", Argument("names", LIST), roles=Roles(wants="values")),
    declared("on_request", Argument("goal", TEXT)),
    declared("require", Argument("goal", TEXT), roles=Roles(wants=NAMES, asks=True)),
]
FUNCTIONS = [
    declared("ifel", Argument("words", ANY, rest=True)),
    declared("pick", Argument("words", ANY, rest=True)),
    declared("add", Argument("one", TEXT), Argument("other", TEXT)),
]


def chunks(name: str) -> list[bytes]:
    return (HERE / name).read_bytes().split(b"---\n")


def expected(text: bytes) -> list[str]:
    """Return what is written behind the marks of a program."""
    found: list[str] = []
    for line in text.decode().splitlines():
        found.extend(mark.strip() for mark in line.split("###")[1:])
    return found


def said(refused: list[Refused]) -> list[str]:
    lines: list[str] = []
    for one in refused:
        assert one.span is not None
        lines.append(f"{one.span.line}:{one.span.column}: {one.message}")
        lines.append(f"help: {one.hint}")
    return lines


def refusals(text: bytes) -> list[Refused]:
    """Return all that is wrong with a program, by its text or by the check."""
    try:
        program = load("main.ncd", lambda path: text)
    except Refusals as error:
        return error.refused
    findings = check(program, Declared(STATEMENTS, FUNCTIONS))
    return sorted([*findings.errors, *findings.warnings], key=lambda one: one.span.start if one.span else 0)


def compare(text: bytes, found: list[Refused]) -> None:
    """Hold what was found against the marks: every message must be marked, helps may be."""
    marks = expected(text)
    wanted = [mark for mark in marks if not mark.startswith("help:")]
    lines = said(found)
    messages = [line for line in lines if not line.startswith("help:")]
    assert len(messages) == len(wanted), messages
    for message, mark in zip(messages, wanted, strict=True):
        assert message.startswith(mark)
    for mark in marks:
        assert any(line.startswith(mark) for line in lines), (mark, lines)


@pytest.mark.parametrize("text", chunks("syntax.ncd"))
def test_a_program_that_does_not_parse_says_each_mistake_once_and_where(text: bytes) -> None:
    found: list[Refused] = []
    try:
        load("main.ncd", lambda path: text)
    except Refusals as error:
        found = error.refused

    compare(text, found)


@pytest.mark.parametrize("text", chunks("startup.ncd"))
def test_what_must_hold_before_anything_runs_is_said_where_it_does_not(text: bytes) -> None:
    found: list[Refused] = []
    try:
        load("main.ncd", lambda path: text)
    except Refusals as error:
        found = error.refused

    compare(text, found)


@pytest.mark.parametrize("text", chunks("check.ncd"))
def test_the_check_finds_what_fails_when_it_runs(text: bytes) -> None:
    found = refusals(text)

    compare(text, found)
