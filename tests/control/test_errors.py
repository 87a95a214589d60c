"""Errors in words: each has some, an exit code, and a status for HTTP."""

import re
from typing import Any

import pytest

from netstrata.control.description import Type, read_interface
from netstrata.control.errors import ERRORS, words_of
from netstrata.control.interface import SERVICE_DESCRIPTION
from netstrata.control.verbs import interface

DESCRIBED = {**read_interface(SERVICE_DESCRIPTION).errors, **interface().errors}
BY_ITSELF = {"NoDaemon", "NoAnswer"}  # what a client meets
EXIT_CODES = {1, 3, 8, 10}
STATUSES = {400, 403, 404, 409, 422, 501, 502, 503}


def example(wanted: Type) -> Any:
    """Return a value of a type."""
    return {"string": "some", "int": 7, "[]": ["one", "other"]}[wanted.present.kind]


def test_each_error_that_is_described_has_a_row_and_no_other_has() -> None:
    assert set(ERRORS) == set(DESCRIBED) | BY_ITSELF


@pytest.mark.parametrize("error", ERRORS)
def test_a_row_names_only_what_the_error_has(error: str) -> None:
    row = ERRORS[error]
    named = set(re.findall(r"\{(\w+)\}", f"{row.text} {row.hint}"))

    assert named - {"who"} <= (set(DESCRIBED[error]) if error in DESCRIBED else {"text"})
    assert row.exit_code in EXIT_CODES
    assert row.status in STATUSES
    assert row.exit_code != 10 or row.status == 404


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_is_told_with_what_to_do(error: str) -> None:
    given = {name: example(wanted) for name, wanted in DESCRIBED.get(error, {"text": Type("string")}).items()}

    words = words_of(error, given)

    assert words.text
    assert words.hint
    assert "?" not in words.text
    assert not {"{", "["} & set(words.sentence)
    assert words.sentence == f"{words.text}; {words.hint}"


@pytest.mark.parametrize(
    ("error", "given", "hint"),
    [
        ("NoSuchProcess", ["main"], "did you mean main?"),
        ("NoSuchProcess", ["main", "lan"], "there are main, lan"),
        ("NoSuchProcess", [], "there is none now"),
        ("NoSuchGoal", ["vpn"], "there are vpn"),
        ("NoSuchGoal", [], "the program has none: see `netstrata doc on_request`"),
        ("NoSuchFile", [], "the program's statements generate none now"),
        ("NoSuchLink", ["eth0"], "did you mean eth0?"),
    ],
)
def test_what_there_is_instead_is_told(error: str, given: list[str], hint: str) -> None:
    assert words_of(error, {"similar": given}).hint == hint


def test_who_asks_is_named_and_the_verb_changes_the_sentence() -> None:
    denied = {"verb": "Ask", "allowed": ["Status", "Why"]}

    assert words_of("PermissionDenied", denied, who="the user").sentence == (
        "permission denied: Ask; the user may use Status, Why; members of the group netdev may steer, too"
    )
    assert words_of("NoSuchProcess", {"process": "x"}, "Why").text == (
        "there is no process, template, goal, name or link x"
    )


@pytest.mark.parametrize("given", [{}, {"process": None, "similar": "main"}, {"process": {"a": 1}, "similar": 7}])
def test_a_daemon_of_another_version_may_say_anything(given: dict[str, Any]) -> None:
    for error in (*ERRORS, "Novelty"):
        assert words_of(error, given).hint

    assert words_of("Novelty", {"x": 1})[:1] == ("the daemon answers Novelty {'x': 1}",)


def test_braces_in_what_a_daemon_says_are_no_places_of_ours() -> None:
    assert words_of("Unavailable", {"text": "{who} {text.__class__}"}).text == "{who} {text.__class__}"
