"""What the registry knows, and whether what it says about itself is true: names, examples, shapes."""

import re
from collections.abc import Iterator

import pytest
from tests.garbage import garbage

from netstrata.contract import Declaration, Shape
from netstrata.daemon.running.registry import make_registry
from netstrata.language.check import check
from netstrata.language.load import load
from netstrata.language.lookup import Declared
from netstrata.language.valuetext import parse_value
from netstrata.testing.play import Play
from netstrata.values import List

STATEMENTS = [
    "alias", "and", "assert", "assert_false", "backtrack_point", "blocker", "call", "call_with_caller_target",
    "choose", "compile_search", "concat", "concatlist", "concatv", "depend", "depend_scope", "do",
    "dynamic_depend", "dynamic_provide", "embcall", "exit", "explode", "foreach", "foreach_emb",
    "from_string", "getargs", "getenv", "if", "ifnot", "imperative", "implode", "index", "inline_code",
    "ip_in_network", "ipv4_mask_to_prefix", "ipv4_net_from_addr_and_prefix", "ipv4_prefix_to_mask", "list",
    "listfrom", "load_module", "log", "log_fr", "log_r", "multidepend", "multiprovide",
    "net.ipv4.addr_in_network", "net.ipv4.ifnot_addr_in_network", "net.ipv6.addr_in_network",
    "net.ipv6.ifnot_addr_in_network", "not", "num_add", "num_different", "num_divide", "num_equal",
    "num_greater", "num_greater_equal", "num_lesser", "num_lesser_equal", "num_modulo", "num_multiply",
    "num_subtract", "objref", "objref_arg", "ondemand", "or", "parse_hex_number", "parse_ipv4_addr",
    "parse_ipv4_cidr_addr", "parse_ipv6_addr", "parse_ipv6_cidr_addr", "parse_number", "parse_value",
    "periodic_timer", "print", "println", "process_manager", "provide", "provide_event", "refhere",
    "regex_match", "regex_replace", "rprint", "rprintln", "sleep", "spawn", "strcmp", "substr",
    "synchronous_process", "to_string", "try", "val_different", "val_equal", "val_greater",
    "val_greater_equal", "val_lesser", "val_lesser_equal", "value", "var",
]  # fmt: skip
METHODS = [
    "backtrack_point::go", "backtrack_point::rgo", "blocker::down", "blocker::downup", "blocker::rdownup",
    "blocker::up", "blocker::use", "compile_search::explode", "depend_scope::depend", "depend_scope::provide",
    "do.do::break", "do.do::rbreak", "index::next", "inline_code::call", "list::append", "list::appendv",
    "list::contains", "list::find", "list::get", "list::length", "list::remove", "list::remove_at",
    "list::set", "list::shift", "ondemand::demand", "process_manager::start", "process_manager::stop",
    "ref::ref", "refhere::ref", "spawn::join", "try.try::assert", "value::append", "value::delete",
    "value::get", "value::getpath", "value::insert", "value::insert_undo", "value::remove", "value::replace",
    "value::replace_this", "value::replace_this_undo", "value::replace_undo", "value::reset", "value::substr",
    "value::try_get", "var::set",
]  # fmt: skip
FUNCTIONS = [
    "and", "bool", "checksum", "clock_get_ms", "concat", "concatlist", "decode_value", "encode_value",
    "error", "identity", "if", "ifel", "imp", "not", "num_add", "num_different", "num_divide", "num_equal",
    "num_greater", "num_greater_equal", "num_lesser", "num_lesser_equal", "num_max", "num_min", "num_modulo",
    "num_multiply", "num_subtract", "or", "struct_decode", "struct_encode", "tolower", "toupper",
    "val_different", "val_equal", "val_greater", "val_greater_equal", "val_lesser", "val_lesser_equal",
]  # fmt: skip

REGISTRY = make_registry()
DECLARED = REGISTRY.declarations()
CALLED = REGISTRY.functions()
ALL = DECLARED + CALLED
OWN_KINDS = {"structure", "computes", "function"}
# Statements whose very example is that they fail.
FAILING = {"load_module"}
# What we add to the language itself; see docs/decisions/0008-what-differs-from-ncd.md.
OURS = ("net.static", "on_request", "require", "secret")
OUR_FUNCTIONS = ("implode",)
# What is written for people in another way.
SUGAR = {"do": "Do", "foreach_emb": "Foreach", "inline_code": "Block"}
COMMENT = re.compile(r"(?:.*  )?# (.*)")
WHOLE = re.compile(r"^process \w+ *{", re.MULTILINE)


def id_of(declaration: Declaration) -> str:
    return f"@{declaration.name}" if declaration.kind == "function" else declaration.name


def program_of(example: str) -> str:
    if WHOLE.search(example):
        return example
    return f'process main {{\n{example}\nexit("0");\n}}'


def promised(example: str) -> str:
    return "\n".join(found[1] for line in example.splitlines() if (found := COMMENT.fullmatch(line)))


def shapes() -> Iterator[tuple[str, Shape[object]]]:
    seen: set[int] = set()
    for declaration in ALL:
        for name, shape in [(a.name, a.shape) for a in declaration.arguments] + [
            (v.name or "value", v.shape) for v in declaration.variables
        ]:
            if id(shape) not in seen:
                seen.add(id(shape))
                yield f"{declaration.name}.{name}", shape


SHAPES = [pytest.param(shape, id=where) for where, shape in shapes()]


def test_every_statement_and_method_of_the_language_is_there() -> None:
    names = {declaration.name for declaration in DECLARED}

    assert set(STATEMENTS + METHODS) - names == set()


def test_what_is_there_beside_the_language_is_about_the_outside_or_known_to_be_ours() -> None:
    others = [d for d in DECLARED if d.name not in STATEMENTS + METHODS]

    assert sorted(d.name for d in others if d.kind in OWN_KINDS) == sorted(OURS)


def test_the_functions_are_those_of_the_language_or_known_to_be_ours() -> None:
    assert [declaration.name for declaration in CALLED] == sorted([*FUNCTIONS, *OUR_FUNCTIONS])


def test_a_name_is_declared_once() -> None:
    names = [declaration.name for declaration in DECLARED]

    assert sorted(set(names)) == names
    assert (len(STATEMENTS), len(METHODS), len(FUNCTIONS)) == (97, 46, 38)


@pytest.mark.parametrize("declaration", ALL, ids=id_of)
def test_a_declaration_begins_with_a_sentence_and_has_an_example(declaration: Declaration) -> None:
    first = declaration.doc.partition("\n")[0]

    assert re.fullmatch(r"[A-Z].*\.", first)
    assert declaration.example
    word = declaration.name.rpartition("::")[2]
    assert SUGAR.get(word, word) in declaration.example


@pytest.mark.parametrize("declaration", ALL, ids=id_of)
def test_nothing_is_wrong_with_an_example(declaration: Declaration) -> None:
    text = program_of(declaration.example).encode()

    findings = check(load("example.ncd", lambda path: text), Declared(DECLARED, CALLED))

    assert [str(error) for error in findings.errors + findings.warnings] == []


@pytest.mark.parametrize("declaration", [d for d in ALL if d.kind in OWN_KINDS], ids=id_of)
def test_an_example_prints_what_it_promises(declaration: Declaration) -> None:
    play = Play(program_of(declaration.example))

    play.pass_time(60_000)

    assert play.output.removesuffix("\n") == promised(declaration.example)
    assert bool(play.failures) == (declaration.name in FAILING)
    assert play.engine.stopped


@pytest.mark.parametrize("declaration", [d for d in ALL if d.kind in OWN_KINDS], ids=id_of)
def test_an_example_leaves_nothing_to_the_garbage_collector(declaration: Declaration) -> None:
    program = program_of(declaration.example)

    with garbage() as found:
        play = Play(program)
        play.pass_time(60_000)

    assert (play.engine.stopped, found) == (True, {})


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_takes_its_good_values_and_refuses_its_bad_ones(shape: Shape[object]) -> None:
    good = [parse_value(text.encode()) for text in shape.good]
    bad = [parse_value(text.encode()) for text in shape.bad]

    assert good
    assert [value for value in good if value is None or shape.read(value) is None] == []
    assert [value for value in bad if value is None or shape.read(value) is not None] == []


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_shape_writes_it_reads_back(shape: Shape[object]) -> None:
    for text in shape.good:
        value = parse_value(text.encode())
        assert value is not None
        read = shape.read(value)

        written = shape.write(read)

        assert shape.read(written) == read


def test_every_statement_refuses_a_wrong_number_of_arguments_by_its_synopsis() -> None:
    for declaration in ALL:
        if declaration.most >= 0:
            refusal = declaration.arity_refusal(declaration.most + 1)
            assert refusal.hint == declaration.synopsis()
            assert declaration.name in refusal.message


def test_a_list_read_by_a_shape_is_not_changed() -> None:
    value = List([b"a", b"b"])

    for _, shape in shapes():
        shape.read(value)

    assert value == List([b"a", b"b"])
