"""A program read again by what differs in its text: what comes of it is what reading all of it comes to."""

import sys
from collections.abc import Callable, Generator
from random import Random
from types import FrameType
from typing import Any, TypeVar

import pytest
from tests.engine.edited import Editor, Programs, text_of

from netstrata.engine.change import Change
from netstrata.engine.compiler import compile_program
from netstrata.engine.difference import Codes, Difference
from netstrata.engine.program import Code
from netstrata.engine.reread import Reread, Rereading, tables_of
from netstrata.language.load import load
from netstrata.testing.play import Play

T = TypeVar("T")
FILE = "play.ncd"


def finish(work: Generator[None, None, T]) -> T:
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: T = end.value
            return found


class Session:
    """A program that runs, and what is known of where it stands."""

    def __init__(self, text: str) -> None:
        self.play = Play(text)
        program = load(FILE, lambda path: text.encode())
        codes = {code.name: code for code in compile_program(program, self.play.registry)}
        self.play.engine.templates.clear()
        self.play.engine.templates.update(codes)
        self.followed = program.followed
        self.tables = tables_of(codes, program.sources, ())

    @property
    def codes(self) -> Codes:
        return self.play.engine.templates

    def read(self, text: str) -> Reread | None:
        """Read another text by what differs."""
        rereading = Rereading(self.codes, self.tables, self.play.registry, self.followed)
        return finish(rereading.read({FILE: text.encode()}, ()))

    def whole(self, text: str) -> tuple[list[Code], Difference]:
        """Read another text as a whole."""
        codes = compile_program(load(FILE, lambda path: text.encode()), self.play.registry)
        return codes, Difference(self.codes, codes).compare()

    def become(self, found: Reread) -> None:
        """Have it run."""
        finish(found.difference.move())
        found.settle()
        self.play.engine.event(Change(self.play.engine, found.difference, _nothing, _nothing).begin)
        self.play.work_off()


def _nothing() -> None:
    pass


def places(codes: dict[str, Code]) -> dict[str, Any]:
    """Return where each statement stands, with all that stands in it."""

    def of(code: Code) -> Any:
        found = []
        for slot in code.slots:
            inner = [of(codes[name]) for name in code.inner.get(slot.index, ())]
            source, start = slot.span.source, slot.span.start
            line, column = source.line_and_column(start)
            before = source.line_around(start)[: column - 1]
            found.append((slot.type, line, column, before, source.text[start : slot.span.end], inner))
        return str(code.span), code.template, found

    return {name: of(code) for name, code in codes.items() if not code.hidden}


def what_differs(difference: Difference, codes: Codes) -> Any:
    """Return what differs; of hidden templates their number: they may have other names."""
    firsts = {name: index for name, index in difference.firsts.items() if not codes[name].hidden}
    hidden = sorted(index for name, index in difference.firsts.items() if codes[name].hidden)
    gone = sorted(name for name in difference.gone if not codes[name].hidden)
    come = sorted(name for name in difference.come if not difference.codes[name].hidden)
    return firsts, hidden, gone, come, len(difference.gone), len(difference.come)


def laid_out(program: Programs) -> str:
    """Return a program's text, in which each process is written as it was before, if it is the same."""
    return "".join(text_of({name: block}, Random(repr(block))) + "\n" for name, block in program.items())


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_reading_what_differs_comes_to_what_reading_all_comes_to(first: int) -> None:
    by_pieces = 0
    for seed in range(first, first + 50):
        editor = Editor(Random(seed))
        program = editor.program()
        session = Session(laid_out(program))
        for _ in range(4):
            program = editor.edited(program)
            text = laid_out(program)
            codes, wanted = session.whole(text)
            found = session.read(text)
            if found is None:
                break
            by_pieces += 1
            assert what_differs(found.difference, session.codes) == what_differs(wanted, session.codes), text
            assert found.difference.moves_processes >= wanted.moves_processes
            session.become(found)
            assert places(session.codes) == places({code.name: code for code in codes}), text
            assert [name for name, code in session.codes.items() if not code.hidden] == [
                code.name for code in codes if not code.hidden
            ]
            assert [process.code.name for process in session.play.engine.roots.values()] == [
                code.name for code in codes if not code.template
            ]
    assert by_pieces > 150  # of 200: else what is tested is not what runs


MANY = "".join(f'# {n}\nprocess p{n} {{\n    var("{n}") a;\n    If (a) {{ println(a); }};\n}}\n\n' for n in range(50))
MIDDLE = 'process p25 {\n    var("25") a;'


@pytest.mark.parametrize(
    "edit",
    {
        "a comment above all": lambda text: "# new\n\n" + text,
        "a comment below all": lambda text: text + "# new",
        "a comment between": lambda text: text.replace("# 25\n", "# 25\n# new\n"),
        "a comment within": lambda text: text.replace(MIDDLE, MIDDLE + "\n    # new"),
        "nothing above the first": lambda text: text.removeprefix("# 0\n"),
        "one more": lambda text: text.replace("# 25", "process q { println(); }\n# 25"),
        "one more above all": lambda text: "process q { println(); }\n" + text,
        "one more below all": lambda text: text + "process q { println(); }\n",
        "one less": lambda text: text.replace(MIDDLE, "").replace("    If (a) { println(a); };\n}\n\n# 26", "# 26", 1),
        "two that are far apart": lambda text: text.replace('"7"', '"70"').replace('"41"', '"x\\n\\n"'),
        "another name": lambda text: text.replace("process p25 ", "process other "),
        "a template of it": lambda text: text.replace("process p25 ", "template p25 "),
        "the order": lambda text: text[text.index("# 30") :] + text[: text.index("# 30")],
        "all indented": lambda text: text.replace("process", " process"),
        "a string with braces and marks": lambda text: text.replace('"25"', r'"}# \" {"'),
    }.items(),
    ids=lambda edit: edit[0].replace(" ", "_"),
)
def test_all_that_is_written_as_before_is_the_code_that_there_was_wherever_it_stands_now(
    edit: tuple[str, Callable[[str], str]],
) -> None:
    session = Session(MANY)
    before = dict(session.codes)
    text = edit[1](MANY)
    found = session.read(text)
    assert found is not None
    codes, wanted = session.whole(text)
    expected = what_differs(wanted, before)
    assert what_differs(found.difference, before) == expected
    session.become(found)

    assert places(session.codes) == places({code.name: code for code in codes})
    assert sum(session.codes[name] is not code for name, code in before.items() if name in session.codes) <= 4
    again = session.read(MANY)
    assert again is not None
    session.become(again)
    assert places(session.codes) == places({code.name: code for code in Session(MANY).codes.values()})


@pytest.mark.parametrize(
    "text",
    {
        "no program": MANY.replace(MIDDLE, MIDDLE + " x"),
        "a brace too few": MANY.replace(MIDDLE, MIDDLE.replace("{", "{ {")),
        "a brace too many": MANY.replace(MIDDLE, "}" + MIDDLE),
        "a string that does not end": MANY.replace("# 25", '"# 25'),
        "a name that there is": MANY.replace("process p25 ", "process p7 "),
        "the same twice": MANY + MANY[: MANY.index("# 1")],
        "a name twice": MANY + "process q { println(); }\nprocess q { println(); }\n",
        "a name of a hidden template": MANY.replace("process p25 ", "process __tmpl3 "),
        "something included": 'include "other"\n' + MANY,
        "a guard": MANY.replace("# 25", 'include_guard "x"'),
        "two in a line": MANY.replace("}\n\n# 25\n", "} "),
        "what was behind a line in it": MANY.replace("\n\n# 25\n", "\nprocess q { println(); } "),
        "a comment instead of a line": MANY.replace("process p25", "#process p25"),
        "a map that calls what is no function": MANY.replace('"25"', '["a": "b", "a": "c"]'),
    }.items(),
    ids=lambda text: text[0].replace(" ", "_"),
)
def test_what_cannot_be_told_apart_or_is_refused_is_left_to_who_reads_all(text: tuple[str, str]) -> None:
    assert Session(MANY).read(text[1]) is None


WORDS = [
    "{",
    "}",
    '"',
    "#",
    "\n",
    "\\",
    " ",
    ";",
    "process x {",
    "}\n",
    "template t { ",
    'include_guard "g"',
    "\r",
    "/",
]
FEW = "".join(f'process p{n} {{ # {{ "\n  var("}}{n} \\" #") a; }} # of {n}\n' for n in range(5)) + "# end"


@pytest.mark.parametrize("first", range(0, 1500, 500))
def test_whatever_is_typed_it_is_the_program_that_reading_all_would_find(first: int) -> None:
    by_pieces = 0
    for seed in range(first, first + 500):
        random = Random(seed)
        session = Session(FEW)
        text = FEW
        for _ in range(random.randint(1, 3)):
            at, behind = sorted((random.randint(0, len(text)), random.randint(0, len(text))))
            choice = random.randrange(4)
            if choice == 0:
                text = text[:at] + random.choice(WORDS) + text[at:]
            elif choice == 1:
                text = text[:at] + text[min(behind, at + random.choice((1, 5, 80))) :]
            elif choice == 2:
                text = text[:at] + text[behind:] + text[at:behind]
            else:
                text = text.replace(random.choice("01234#{}"), random.choice(("7", "# x\n", "\n", " ")), 1)
            found = session.read(text)
            if found is None:
                break
            codes, wanted = session.whole(text)  # which is not refused, or this fails
            by_pieces += 1
            assert what_differs(found.difference, session.codes) == what_differs(wanted, session.codes), text
            session.become(found)
            assert places(session.codes) == places({code.name: code for code in codes}), text
    assert by_pieces > 100


SECRET = """process wifi { var("wooden horse") p; call("join", {p}); depend("CARD") card; secret(card.key); }
template join { secret(_arg0); }
process card { var("long enough") key; provide("CARD"); }
process plain { println("x"); }
"""
PLAIN = 'println("x");'


@pytest.mark.parametrize(
    ("old", "new", "apart"),
    [
        (PLAIN, 'println("y"); var("x") k;', True),
        (PLAIN, 'secret("wooden horse");', False),
        (PLAIN, 'call("join", {"wooden leg"});', False),  # what a template is given that makes a secret of it
        (PLAIN, 'var("wooden leg") key;', False),  # a name that a secret is read by
        ("process plain", "process other", False),  # a literal of that name may have been no secret
        ('"long enough"', '"long enough!"', False),
        ("secret(_arg0);", "println(_arg0);", False),
    ],
)
def test_where_a_secret_may_lead_to_all_is_read(old: str, new: str, apart: bool) -> None:
    found = Session(SECRET).read(SECRET.replace(old, new))

    assert (found is not None) == apart


def test_what_is_not_known_by_its_text_may_be_what_a_secret_leads_to() -> None:
    text = "template t { secret(something); }\n" + SECRET

    assert Session(text).read(text.replace(PLAIN, 'println("y");')) is None


def test_what_is_done_grows_with_what_differs_and_not_with_the_program() -> None:
    """Lines of Python are counted: of time, only the comparison of the bytes may grow."""

    def lines(count: int, numbers: tuple[int, ...]) -> int:
        text = "".join(f'process p{n} {{\n    var("{n}") a;\n}}\n' for n in range(count))
        session = Session(text)
        other = text
        for number in numbers:
            other = other.replace(f'"{number}"', f'"-{number}"')
        found = session.read(text)
        assert found is not None
        with Lines() as counted:
            found = session.read(other)
        assert found is not None
        assert len(found.difference.firsts) == len(numbers)
        return counted.lines

    assert lines(5000, (2500,)) < 1.5 * lines(50, (25,))
    assert lines(50, (20, 25, 30)) > 1.5 * lines(50, (25,))
    assert lines(5000, (0, 4999)) < 1.5 * lines(50, (0, 49))


class Lines:
    """Counts the lines of Python that are run."""

    def __init__(self) -> None:
        self.lines = 0

    def __enter__(self) -> "Lines":
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _trace(self, frame: FrameType, event: str, argument: object) -> "Callable[[FrameType, str, object], Any]":
        self.lines += event == "line"
        return self._trace
