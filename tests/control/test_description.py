"""varlink's interface definitions: what of them is read, and what is refused."""

from contextlib import suppress
from typing import Any

import pytest
import varlink
from hypothesis import given
from hypothesis import strategies as st

from netstrata.control.description import BadDescription, Interface, Type, read_interface
from netstrata.control.interface import DESCRIPTION, SERVICE_DESCRIPTION

LAMP = """# A lamp.  method Not(read: string) -> ()
interface org.example.Lamp
type Colour (red: int, names: []string)   # and a comment
type Mode (on, off)
method Shine(colour: ?Colour, mode: Mode, more: [string]?bool) -> (since: float, any: object)
method Break() -> ()
error Broken (why: (text: string, at: [](x: int)))
"""


@pytest.fixture(scope="module")
def lamp() -> Interface:
    """Return an interface that has everything."""
    return read_interface(LAMP)


def test_types_methods_and_errors_are_read_by_name(lamp: Interface) -> None:
    assert (lamp.name, [*lamp.types], [*lamp.methods], [*lamp.errors]) == (
        "org.example.Lamp",
        ["Colour", "Mode"],
        ["Shine", "Break"],
        ["Broken"],
    )
    assert lamp.types["Mode"].words == ("on", "off")
    assert lamp.types["Colour"].fields == {"red": Type("int"), "names": Type("[]", Type("string"))}
    shine = lamp.methods["Shine"]
    assert shine.parameters["colour"] == Type("?", Type("Colour"))
    assert (shine.parameters["colour"].optional, shine.parameters["mode"].optional) == (True, False)
    assert shine.parameters["more"] == Type("[string]", Type("?", Type("bool")))
    assert lamp.methods["Break"] == ({}, {})
    assert lamp.errors["Broken"]["why"].fields["at"] == Type("[]", Type("struct", fields={"x": Type("int")}))


GOOD = {"mode": "on", "more": {"a": None, "b": True}}


@pytest.mark.parametrize(
    ("values", "misfit"),
    [
        (GOOD, None),
        ({**GOOD, "colour": None}, None),
        ({**GOOD, "colour": {"red": 1, "names": []}}, None),
        ({**GOOD, "colour": {"red": 1, "names": ["\ud800"]}}, "colour"),
        ({**GOOD, "colour": {"red": 1}}, "colour"),
        ({**GOOD, "colour": {"red": True, "names": []}}, "colour"),
        ({**GOOD, "colour": {"red": 2**63, "names": []}}, "colour"),
        ({**GOOD, "colour": {"red": 1, "names": [], "blue": 2}}, "colour"),
        ({**GOOD, "mode": "dim"}, "mode"),
        ({**GOOD, "mode": ["on"]}, "mode"),
        ({"mode": "on"}, "more"),
        ({**GOOD, "more": {"a": 1}}, "more"),
        ({**GOOD, "more": {"\udfff": True}}, "more"),
        ({**GOOD, "less": 1}, "less"),
    ],
)
def test_values_are_of_the_types_or_the_first_that_is_not_is_named(
    lamp: Interface, values: dict[str, Any], misfit: str | None
) -> None:
    assert lamp.misfit(values, lamp.methods["Shine"].parameters) == misfit


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: expected `interface`, not `the end`"),
        ("interface lamp", "line 1: expected the name of an interface, not `lamp`"),
        ("interface a.b\n# x\nmethode X() -> ()", "line 3: expected type, method or error, not `methode`"),
        ("interface a.b\nmethod x() -> ()", "line 2: expected a name, not `x`"),
        ("interface a.b\nmethod X()", "line 2: expected `->`, not `the end`"),
        ("interface a.b\nmethod X(a: int b: int) -> ()", "line 2: expected `,`, not `b`"),
        ("interface a.b\nmethod X(a, b) -> ()", "line 2: expected `:`, not `,`"),
        ("interface a.b\nmethod X(a: int, b) -> ()", "line 2: expected `:`, not `)`"),
        ("interface a.b\nmethod X(a: int, a: int) -> ()", "line 2: expected another field, not `a`"),
        ("interface a.b\nmethod X(a: ??int) -> ()", "line 2: expected a type, not `?`"),
        ("interface a.b\nmethod X(a: Y) -> ()", "line 2: expected a type, not `Y`"),
        ("interface a.b\nmethod X(_a: int) -> ()", "line 2: expected a field, not `_a`"),
        ("interface a.b\ntype X (a: int)\n\nmethod X() -> ()", "line 4: expected another name, not `X`"),
        ("interface a.b\nerror X (", "line 2: expected a field, not `the end`"),
    ],
)
def test_what_is_no_definition_is_refused_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(BadDescription) as caught:
        read_interface(text)

    assert str(caught.value) == problem


WORDS = ["interface", "a.b", "type", "method", "error", "X", "a", "(", ")", ":", ",", "->", "?", "[]", "int", "\n"]


@given(st.lists(st.sampled_from(WORDS)).map(" ".join) | st.text())
def test_random_words_raise_nothing_else(text: str) -> None:
    with suppress(BadDescription):
        read_interface(f"interface a.b\n{text}")


@pytest.mark.parametrize("text", [DESCRIPTION, SERVICE_DESCRIPTION, LAMP])
def test_a_reader_that_is_not_ours_finds_the_same(text: str) -> None:
    ours = read_interface(text)
    theirs = {name: type(member).__name__ for name, member in varlink.Interface(text).members.items()}

    assert theirs == {
        **dict.fromkeys(ours.types, "_Alias"),
        **dict.fromkeys(ours.methods, "_Method"),
        **dict.fromkeys(ours.errors, "_Error"),
    }
    for name, method in ours.methods.items():
        asked = varlink.Interface(text).get_method(name)
        assert [*asked.in_type.fields] == [*method.parameters]
        assert [*asked.out_type.fields] == [*method.answer]
