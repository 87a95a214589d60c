"""The canonical layout."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.language import PlainProgram, Refusals, load
from netstrata.language.layout import WIDTH, format_program
from netstrata.language.tokens import COMMENT, scan
from netstrata.language.tree import Call, Expression, ListOf, MapOf, Reference, String
from netstrata.values import Source

CASES = Path(__file__).parent.parent / "cases"

# Program text as words, between which any whitespace and comments may stand.
Words = list[str]
NAMES = st.sampled_from(["a", "b_1", "net", "_caller", "processes", "iffy", "x"])
STRINGS = st.sampled_from(['"a"', '""', r'"\x41\n\\\""', '"a # b"', '"two\nlines"', '"' + "w" * 60 + '"', '"ä\0"'])


def flat(parts: list[Words]) -> Words:
    return [word for part in parts for word in part]


def joined(parts: list[Words], mark: str) -> Words:
    words: Words = []
    for index, part in enumerate(parts):
        words.extend([mark, *part] if index else part)
    return words


DOTTED = st.lists(NAMES, min_size=1, max_size=3).map(lambda names: joined([[name] for name in names], "."))


def nested(inner: st.SearchStrategy[Words]) -> st.SearchStrategy[Words]:
    several = st.lists(inner, max_size=4).map(lambda parts: joined(parts, ","))
    pairs = st.lists(st.tuples(inner, inner).map(lambda pair: joined(list(pair), ":")), max_size=3)
    return st.one_of(
        several.map(lambda words: ["{", *words, "}"]),
        pairs.map(lambda parts: ["[", *joined(parts, ","), "]"]),
        inner.map(lambda words: ["(", *words, ")"]),
        st.tuples(DOTTED, several).map(lambda both: ["@", *both[0], "(", *both[1], ")"]),
        st.tuples(STRINGS, several).map(lambda both: ["(", both[0], ")", "(", *both[1], ")"]),
    )


VALUES = st.recursive(
    st.one_of(
        STRINGS.map(lambda word: [word]),
        DOTTED,
        DOTTED.map(lambda words: ["@", *words]),
        DOTTED.map(lambda words: ["^", *words]),
    ),
    nested,
    max_leaves=8,
)
ARGUMENTS = st.lists(VALUES, max_size=4).map(lambda parts: ["(", *joined(parts, ","), ")"])
ENDS = st.one_of(st.just([";"]), NAMES.map(lambda name: [name, ";"]))
PLAIN = st.tuples(
    st.one_of(DOTTED, st.tuples(DOTTED, DOTTED).map(lambda both: [*both[0], "->", *both[1]])), ARGUMENTS, ENDS
).map(lambda parts: [*parts[0], *parts[1], *parts[2]])


def blocks(statement: st.SearchStrategy[Words]) -> st.SearchStrategy[Words]:
    block = st.lists(statement, min_size=1, max_size=3).map(lambda parts: ["{", *flat(parts), "}"])
    elifs = st.lists(
        st.tuples(st.sampled_from(["elif", "Elif"]), VALUES, block).map(lambda p: [p[0], "(", *p[1], ")", *p[2]]),
        max_size=2,
    ).map(lambda parts: flat(parts))
    nothing: st.SearchStrategy[Words] = st.just([])
    otherwise = st.one_of(nothing, st.tuples(st.sampled_from(["else", "Else"]), block).map(lambda p: [p[0], *p[1]]))
    interrupt = st.one_of(nothing, block.map(lambda words: ["Interrupt", *words]))
    return st.one_of(
        st.tuples(VALUES, block, elifs, otherwise, ENDS).map(
            lambda p: ["If", "(", *p[0], ")", *p[1], *p[2], *p[3], *p[4]]
        ),
        st.tuples(VALUES, NAMES, block, ENDS).map(lambda p: ["Foreach", "(", *p[0], "As", p[1], ")", *p[2], *p[3]]),
        st.tuples(VALUES, NAMES, block, ENDS).map(
            lambda p: ["Foreach", "(", *p[0], "As", p[1], ":", p[1], ")", *p[2], *p[3]]
        ),
        st.tuples(block, interrupt, ENDS).map(lambda p: ["Do", *p[0], *p[1], *p[2]]),
        st.tuples(block, ENDS).map(lambda p: ["Block", *p[0], *p[1]]),
    )


STATEMENTS = st.recursive(PLAIN, blocks, max_leaves=5)
PROGRAMS = st.lists(st.lists(STATEMENTS, min_size=1, max_size=4), max_size=3).map(
    lambda processes: [
        word
        for index, statements in enumerate(processes)
        for word in ["process", f"p{index}", "{", *flat(statements), "}"]
    ]
)
GAPS = ["", " ", "  ", "\n", "\n\n\n", "\t", " # c\n", "# d\n", "\n# e\n", "\n\n  #f \t\n\n", "#g\n#h\n", "\r\n"]


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """Draw the text of a program with whitespace and comments anywhere between its words."""
    words = draw(PROGRAMS)
    plain = draw(st.booleans())
    text = draw(st.sampled_from(GAPS)) if not plain else ""
    for word in words:
        gap = " " if plain or draw(st.booleans()) else draw(st.sampled_from(GAPS))
        if not gap and re.search(r"\w\Z", text) and re.match(r"\w", word):
            gap = " "
        text += gap + word
    return (text + ("" if plain else draw(st.sampled_from(GAPS)))).encode()


def shape(expression: Expression) -> object:
    match expression:
        case String():
            return expression.value
        case Reference():
            return expression.names
        case ListOf():
            return [shape(item) for item in expression.items]
        case MapOf():
            return [("pair", shape(key), shape(value)) for key, value in expression.pairs]
        case Call():
            return ("call", shape(expression.function), [shape(argument) for argument in expression.arguments])


def meaning(program: PlainProgram) -> object:
    return [
        (
            process.name,
            process.template,
            process.hidden,
            [(s.target, s.type, s.name, [shape(a) for a in s.arguments]) for s in process.statements],
        )
        for process in program.processes
    ]


def comments(text: bytes) -> list[bytes]:
    tokens = scan(Source("", text), comments=True)
    return sorted(word.rstrip() for word, kind in zip(tokens.words, tokens.kinds, strict=True) if kind == COMMENT)


def laid_out(text: str) -> str:
    once = format_program("main.ncd", text.encode())
    assert format_program("main.ncd", once) == once
    return once.decode()


@given(texts())
def test_layout_keeps_meaning_and_comments_and_is_final(text: bytes) -> None:
    once = format_program("main.ncd", text)

    assert format_program("main.ncd", once) == once
    assert comments(once) == comments(text)
    assert all(line == line.rstrip() for line in once.split(b"\n") if b'"' not in line)
    try:
        before = meaning(load("main.ncd", lambda path: text))
    except Refusals:
        return
    assert meaning(load("main.ncd", lambda path: once)) == before


@pytest.mark.parametrize("program", sorted(CASES.glob("*/*.ncd")), ids=lambda path: path.stem)
def test_every_case_keeps_its_meaning_in_the_layout(program: Path) -> None:
    text = program.read_bytes()

    def read(path: str) -> bytes:
        return Path(path).read_bytes()

    try:
        before = meaning(load(str(program), read))
    except Refusals:
        return
    once = format_program(str(program), text)

    assert format_program(str(program), once) == once
    assert comments(once) == comments(text)
    assert meaning(load(str(program), lambda path: once if path == str(program) else read(path))) == before


def test_each_statement_has_a_line_and_each_block_an_indent() -> None:
    text = 'template t{a("x",^b.c,@d.e,{},[],["k":v,"l":{w}]) n;If(x){b->c();}Elif(y){d();}Else{e();}f;}'

    assert laid_out(text) == (
        "template t {\n"
        '    a("x", ^b.c, @d.e, {}, [], ["k": v, "l": {w}]) n;\n'
        "    If (x) {\n"
        "        b->c();\n"
        "    } elif (y) {\n"
        "        d();\n"
        "    } else {\n"
        "        e();\n"
        "    } f;\n"
        "}\n"
    )


def test_long_argument_lists_are_broken_one_argument_a_line() -> None:
    one, two, three = "a" * 40, "b" * 40, "c" * 40
    text = f'process p {{ f("{one}", {{"{two}", "{three}"}}, "c"); }}'

    out = laid_out(text)

    assert out.splitlines()[1:6] == [
        "    f(",
        f'        "{one}",',
        f'        {{"{two}", "{three}"}},',
        '        "c"',
        "    );",
    ]
    assert max(map(len, out.splitlines())) <= WIDTH


def test_comments_stay_where_they_belong() -> None:
    text = """# head

# second


process p { # opens


    # above
    f("a", # about a
      # above b
      b # about b
      # before the end
    ); # behind


    If (x) { g(); } # before else
    # and more
    else { h();
        # last in the block
    };
}
# end"""

    assert laid_out(text) == (
        "# head\n\n# second\n\nprocess p {  # opens\n    # above\n    f(\n"
        '        "a",  # about a\n        # above b\n        b  # about b\n        # before the end\n'
        "    );  # behind\n\n    If (x) {\n        g();\n    }  # before else\n    # and more\n    else {\n"
        "        h();\n        # last in the block\n    };\n}\n# end\n"
    )


def test_a_comment_in_an_odd_place_moves_above_its_statement() -> None:
    assert laid_out("process p { a # one\n . # two\n b(); }") == "process p {\n    # one\n    # two\n    a.b();\n}\n"


def test_an_empty_program_stays_empty() -> None:
    assert laid_out("") == ""
    assert laid_out("\n\n# only\n\n") == "# only\n"


def test_what_does_not_parse_is_not_laid_out() -> None:
    with pytest.raises(Refusals, match="expected a statement"):
        format_program("main.ncd", b"process p { }")


def test_two_hundred_nested_values_and_a_thousand_nested_blocks_are_laid_out() -> None:
    values = "{" * 250 + "}" * 250
    blocks_ = "Do {" * 999 + "a();" + "};" * 999

    assert laid_out(f"process p {{ a({values}); {blocks_} }}").count("Do {") == 999
    assert laid_out("process p { a(" + "{x, " * 250 + '"' + "w" * 99 + '"' + "}" * 250 + "); }").count("{\n") == 251
