"""Large programs: linear, or refused with a clear message; never a crash."""

import time

import pytest

from netstrata.engine import machine
from netstrata.engine.environment import Observer
from netstrata.engine.process import COMPLETE, Process, Statement
from netstrata.testing.play import Play

LIMIT_64 = 2**64 - 1


class Quiet(Observer[Process, Statement]):
    """Takes no notes, but of failures."""

    def __init__(self) -> None:
        self.failures: list[str] = []

    def failed(self, process: Process, slot: object, error: Exception) -> None:
        """Note a failure."""
        self.failures.append(str(error))


def _play(text: str) -> Play:
    play = Play(text, observer=Quiet())
    play.end()
    assert play.engine.alive == 0
    return play


def test_a_hundred_thousand_processes_come_and_go() -> None:
    elements = ", ".join(f'"{n}"' for n in range(100_000))

    play = _play(
        f"process main {{ process_manager() m; Foreach ({{{elements}}} As n) {{ m->start(n, @t, {{}}); }}; }}"
        'template t { var("x") x; }'
    )

    assert play.engine.stopped


def test_a_list_of_a_million_elements_is_no_burden() -> None:
    play = _play("""
        process main {
            var({"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}) ten;
            listfrom() l;
            Foreach (ten As a) { Foreach (ten As b) { Foreach (ten As c) { Foreach (ten As d) {
                l->appendv(@concatlist(ten, ten, ten, ten, ten, ten, ten, ten, ten, ten));
            }; }; }; };
            println(l.length);
            l->get("999999") last;
            println(last);
        }
    """)

    assert play.output == "1000000\n9\n"


def test_ten_thousand_calls_may_be_nested() -> None:
    play = _play("""
        process main { call("t", {"0"}) c; println("all up"); }
        template t { num_add(_arg0, "1") n; If (@num_lesser(n, "10000")) { call("t", {n}); rprint("."); }; }
    """)

    assert play.output == "all up\n" + "." * 9999


def test_what_is_ten_thousand_callers_away_can_be_read() -> None:
    path = "_caller." * 10_000

    play = _play(f"""
        process main {{ var("far") x; var("0") n; call("t", {{"0"}}); }}
        template t {{
            num_add(_arg0, "1") n;
            If (@num_lesser(n, "10000")) {{ call("t", {{n}}); }} else {{ println({path}x); }};
        }}
    """)

    assert play.output == "far\n"


def test_a_template_that_calls_itself_for_ever_is_refused_at_some_depth() -> None:
    observer = Quiet()
    play = Play(
        """
        process main { call("t", {}); println("never"); }
        process other { sleep("10"); println("lives on"); }
        template t { call("t", {}); }
        """,
        observer=observer,
    )

    play.pass_time(20)

    assert play.output == "lives on\n"
    assert len(observer.failures) == 1
    assert "does one call itself for ever?" in observer.failures[0]
    assert play.engine.alive == machine.DEEPEST + 2
    play.end()
    assert play.engine.stopped


def test_ten_thousand_provide_and_ten_thousand_depend() -> None:
    pairs = "".join(f'process p{n} {{ provide("{n}"); }} process d{n} {{ depend("{n}"); }}' for n in range(10_000))

    play = Play(pairs, observer=Quiet())

    assert [process.mode for process in play.engine.roots.values()] == [COMPLETE] * 20_000
    play.end()
    assert play.engine.alive == 0


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        (f'@num_add("{LIMIT_64}", "0")', str(LIMIT_64)),
        (f'@num_multiply("{LIMIT_64}", "1")', str(LIMIT_64)),
        (f'@num_modulo("{LIMIT_64}", "10")', "5"),
        (f'@num_add("{"0" * 5000}1", "1")', "2"),
        (f'@num_lesser("{2**63}", "{2**63 + 1}")', "true"),
        (f'@num_add("{LIMIT_64}", "1")', None),
        (f'@num_add("{LIMIT_64 + 1}", "0")', None),
        (f'@num_add("{"9" * 10_000}", "0")', None),
        ('@num_subtract("0", "1")', None),
        ('@num_divide("1", "0")', None),
    ],
    ids=range(10),
)
def test_numbers_end_at_64_bits(expression: str, result: str | None) -> None:
    play = Play(f"process main {{ println({expression}); }}")

    assert play.output == ("" if result is None else f"{result}\n")
    assert len(play.failures) == (1 if result is None else 0)


def test_strings_of_a_hundred_megabytes_are_put_together_and_compared() -> None:
    doubled = " ".join(f"var(@concat(s{n}, s{n})) s{n + 1};" for n in range(24))

    play = _play(f"""
        process main {{
            var("0123456") s0; {doubled}
            println(@val_equal(s24, @concat(s23, s23)));
            value(s24) v; println(v.length);
        }}
    """)

    assert play.output == "true\n117440512\n"


def test_a_list_knows_its_depth_after_each_change() -> None:
    deep = "{" * 31 + "}" * 31
    play = Play(f"""
        process main {{
            list("a", "b") l; var(l) before;
            l->append({deep}); list() m; m->append({deep});
            spawn("refused", {{}});
            l->remove_at("2"); var({{l}}) kept; println(@encode_value(kept));
            l->shift(); l->append({deep}); spawn("refused", {{}});
        }}
        template refused {{ var({{{{_caller.l}}}}) never; println("never"); }}
    """)

    assert play.output == '{{"a", "b"}}\n'
    assert [failure.split(":")[0] for failure in play.failures] == ["refused.1 var"] * 2


@pytest.mark.parametrize("reading", ["var(l) seen;", "l->get(i) seen;"])
def test_appending_and_reading_in_turn_is_linear(reading: str) -> None:
    def seconds(count: int) -> float:
        start = time.process_time()
        _play(f"""
            process main {{
                list("0") l; var("0") i; backtrack_point() again;
                If (@num_lesser(i, "{count}")) {{ {reading} i->set(@num_add(i, "1")); l->append(i); again->go(); }};
            }}
        """)
        return time.process_time() - start

    assert seconds(20_000) < 30 * seconds(2_000)  # 10 times as many; quadratic would be 100 times
