"""What a compiled program keeps of its text."""

from netstrata.daemon.running.registry import make_registry
from netstrata.engine.compiler import compile_program
from netstrata.engine.program import Code
from netstrata.language.load import load
from netstrata.language.tree import PlainProgram


def _tree(text: str) -> PlainProgram:
    return load("test.ncd", lambda path: text.encode())


def _codes(text: str) -> dict[str, Code]:
    return {code.name: code for code in compile_program(_tree(text), make_registry())}


def test_who_provides_a_name_and_who_depends_on_it_hold_the_very_same_text() -> None:
    name = "a name that is not made by Python itself"

    codes = _codes(f'process p {{ provide("{name}"); }} process d {{ depend("{name}"); }}')

    provided, wanted = codes["p"].slots[0].constants, codes["d"].slots[0].constants
    assert provided == [name.encode()]
    assert provided is wanted


def test_equal_texts_in_different_arguments_are_one() -> None:
    codes = _codes('process p { var("some text here") a; strcmp("some text here", a) b; }')

    first, second = codes["p"].slots
    assert first.constants is not None
    assert second.arguments[0].constant() is first.constants[0]


def test_arguments_with_a_name_among_them_are_not_constant() -> None:
    codes = _codes('process p { var("x") a; println(a); println(); }')

    assert [slot.constants for slot in codes["p"].slots] == [[b"x"], None, []]


def test_the_tree_of_a_program_is_gone_when_it_is_compiled() -> None:
    tree = _tree('process p { If ("true") { println(); }; } template t { println(); }')
    names = [process.name for process in tree.processes]

    codes = compile_program(tree, make_registry())

    assert [code.name for code in codes] == names
    assert len(names) == 3
    assert tree.processes == []
