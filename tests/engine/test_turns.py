"""A depend whose provider is followed by another one: what has the same values with both stays."""

from collections import Counter
from random import Random

import pytest

from netstrata.engine.structures.names.goals import goals
from netstrata.testing.play import Play

A = """process a { var("10.0.0.1") gw; var("eth0") link; list("x") all; Block { println("block of a"); } block;
  multiprovide("A"); }"""
B = """process b { sleep("1000"); var("10.0.0.1") gw; var("wlan0") link; list("x") all;
  Block { println("block of b"); } block; multiprovide("B"); }"""
BOTH = 'println("+", d.gw); rprintln("-", d.gw);'


def turned(user: str, more: str = "", compares: bool = True) -> Play:
    """Play until B is there, which is better than A."""
    it = Play(f'{A} {B} process user {{ multidepend({{"B", "A"}}) d; {user} }} {more}', compares=compares)
    it.pass_time(500)
    forget(it)
    it.pass_time(1000)
    assert it.failures == []
    return it


def forget(it: Play) -> None:
    """Forget what was printed and told."""
    it._written.clear()
    it.log.clear()


READERS = {
    "nobody": ('println("+"); rprintln("-");', []),
    "the same value": (BOTH, []),
    "a function of the same value": ('println(@concat(d.gw, "/24"));', []),
    "another value": ('println("+", d.link); rprintln("-", d.link);', ["-eth0", "+wlan0"]),
    "another value above the same": (
        BOTH + 'println("+", d.link); rprintln("-", d.link);', ["-eth0", "+wlan0"]
    ),
    "the same above another": (
        'println("+", d.link); rprintln("-", d.link);' + BOTH, ["-10.0.0.1", "-eth0", "+wlan0", "+10.0.0.1"]
    ),
    "a copy": ('var(d.link) it; println("+", it); rprintln("-", it);', ["-eth0", "+wlan0"]),
    "another name": ('alias("d.link") it; println("+", it); rprintln("-", it);', ["-eth0", "+wlan0"]),
    "another name of the same": ('alias("d.gw") it; println("+", it); rprintln("-", it);', []),
    "a reference that was found once": ('objref(^d.gw) it; println("+", it); rprintln("-");', ["-", "+10.0.0.1"]),
    "a block": ('If ("true") { println("+", d.link); rprintln("-", d.link); };', ["-eth0", "+wlan0"]),
    "a block of the same": ('If ("true") { println("+", d.gw); rprintln("-", d.gw); };', []),
    "what decides for a block": (
        'If (@val_equal(d.link, "eth0")) { println("+eth"); rprintln("-eth"); } else { println("+other"); };',
        ["-eth", "+other"],
    ),
    "a template that is called": ('call("t", {});', ["-eth0", "+wlan0"]),
    "a template that is called with the same": ('call("same", {});', []),
    "a loop": ('Foreach ({"x", "y"} As x) { println("+", x, d.gw); rprintln("-"); };', []),
    "a loop over another value": ('Foreach ({d.link} As x) { println("+", x); rprintln("-"); };', ["-", "+wlan0"]),
    "a process of a manager": ('process_manager() m; m->start("t", {});', ["-eth0", "+wlan0"]),
    "a method of the provider's": ('d.block->call(); println("+"); rprintln("-");', ["-", "block of b", "+"]),
    "what has run": ('Do { println("ran ", d.gw); }; println("+"); rprintln("-");', ["-", "ran 10.0.0.1", "+"]),
    "who depends on it": ('provide("WAY");', []),
    "who depends on it and reads another value": ('var("x") x; provide("WAY"); provide("LINK");', ["-eth0", "+wlan0"]),
}  # fmt: skip
MORE_TEXT = """
template t { println("+", _caller.d.link); rprintln("-", _caller.d.link); }
template same { println("+", _caller.d.gw); rprintln("-", _caller.d.gw); }
process far { depend("WAY") way; println("+", way.d.gw); rprintln("-"); }
process link { depend("LINK") way; println("+", way.d.link); rprintln("-", way.d.link); }
"""


@pytest.mark.parametrize("reader", READERS)
def test_only_what_differs_and_what_is_above_is_redone(reader: str) -> None:
    text, wanted = READERS[reader]

    it = turned(text, more=MORE_TEXT)

    assert it.output.splitlines() == wanted
    assert "user.1 multidepend blinks" in it.log
    forget(it)
    it.end()
    assert not any("eth0" in line for line in it.output.splitlines())
    assert it.engine.stopped


def test_under_ncd_everything_is_undone_and_begun_anew() -> None:
    assert turned(BOTH, compares=False).output == "-10.0.0.1\n+10.0.0.1\n"


def goal(number: int, value: str) -> str:
    """Return a provider that is there while it is asked for."""
    return f"""process p{number} {{ on_request("G{number}"); println("+p{number}"); rprintln("-p{number}");
      var("{value}") value; var("{number}") number; multiprovide("P{number}"); }}"""


def asked(it: Play, number: int, is_asked: bool = True) -> None:
    name = f"G{number}".encode()
    it.engine.event(lambda: (goals(it.engine).ask if is_asked else goals(it.engine).drop)(name))
    it.work_off()


def test_what_differs_is_undone_before_the_provider_that_goes_and_what_is_the_same_outlives_it() -> None:
    it = Play(
        goal(0, "same") + goal(1, "same") + 'process user { multidepend({"P0", "P1"}) d; println("+", d.value);'
        'rprintln("-", d.value); println("+", d.number); rprintln("-", d.number); }',
        compares=True,
    )
    asked(it, 1)
    asked(it, 0)
    assert it.output.split() == ["+p1", "+same", "+1", "+p0", "-1", "+0"]
    forget(it)

    asked(it, 0, False)
    assert it.output.split() == ["-0", "-p0", "+1"]
    forget(it)
    asked(it, 1, False)  # nobody else provides it

    assert it.output.split() == ["-1", "-same", "-p1"]


def test_who_provides_it_leaves_only_when_all_is_undone_that_differs_however_long_that_takes() -> None:
    it = Play(
        goal(0, "same") + goal(1, "same") + goal(2, "other")
        + 'process user { multidepend({"P0", "P1", "P2"}) d; println("+", d.value); rprintln("-", d.value);'
        'imperative("<none>", {}, "slow", {d.number}, "100000"); } template slow { println("slow"); sleep("1000"); }',
        compares=True,
    )  # fmt: skip
    for number in (0, 1, 2):
        asked(it, number)
    forget(it)

    asked(it, 0, False)
    assert it.output.split() == ["slow"]
    asked(it, 1, False)  # what it was to turn to is gone meanwhile
    assert it.output.split() == ["slow", "-p1"]
    it.pass_time(1000)

    assert it.output.split() == ["slow", "-p1", "-same", "-p0", "+other"]
    asked(it, 0)
    forget(it)
    it.end()
    it.pass_time(1000)
    assert it.engine.stopped


def test_what_failed_with_one_provider_is_tried_with_the_other_at_once() -> None:
    it = Play(
        goal(0, "2") + goal(1, "0")
        + 'process user { multidepend({"P0", "P1"}) d; println("+"); num_divide("4", d.value) x; println(x); }',
        compares=True,
    )  # fmt: skip
    asked(it, 1)
    assert len(it.failures) == 1
    forget(it)

    asked(it, 0)

    assert it.output.split() == ["+p0", "2"]


class Programs:
    """Random programs of providers and who depends on them."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.events = [(self._random.randrange(4), self._random.random() < 0.6) for _ in range(25)]
        providers = "".join(goal(number, self._random.choice("xy")) for number in range(4))
        users = "".join(self._user(number) for number in range(3))
        self.text = (
            providers + users + 'template t { println("+t", _caller.d.value); rprintln("-t", _caller.d.value); }'
        )

    def _user(self, number: int) -> str:
        wanted = self._random.sample(range(4), self._random.randint(1, 4))
        names = ", ".join(f'"P{one}"' for one in wanted)
        own = "".join(self._statement(f"{number}{index}") for index in range(self._random.randint(1, 5)))
        beyond = f'process far{number} {{ depend("U{number}") u; {self._statement(f"far{number}", "u.d")} }}'
        return f'process u{number} {{ multidepend({{{names}}}) d; {own} provide("U{number}"); }} {beyond}'

    def _statement(self, label: str, d: str = "d") -> str:
        what = self._random.choice([f"{d}.value", f"{d}.number", '"c"'])
        says = _says(label, what)
        kind = self._random.randrange(6) if d == "d" else 0
        if kind == 1:
            return f'If ("true") {{ {says} }};'
        if kind == 2:
            return 'call("t", {});'
        if kind == 3 and what != '"c"':
            return f'alias("{what}") a{label}; {_says(label, f"a{label}")}'
        if kind == 4:
            return f'multidepend({{"P0", "P3"}}) e{label}; {_says(label, f"e{label}.value")}'
        return says


def _says(label: str, what: str) -> str:
    return f'println("+{label}", {what}); rprintln("-{label}", {what});'


@pytest.mark.parametrize("seed", range(150))
def test_what_stands_is_the_same_as_if_all_were_begun_anew(seed: int) -> None:
    programs = Programs(seed)
    kept, anew = Play(programs.text, compares=True), Play(programs.text)

    for number, is_asked in programs.events:
        for it in (kept, anew):
            asked(it, number, is_asked)
        assert standing(kept) == standing(anew)
        assert kept.failures == anew.failures == []
    assert len(kept.output) <= len(anew.output)
    kept.end()
    assert kept.engine.stopped
    assert standing(kept) == Counter()


def standing(it: Play) -> Counter[str]:
    """Return what was printed on the way up and not on the way down."""
    found: Counter[str] = Counter()
    for line in it.output.split():
        found[line[1:]] += 1 if line[0] == "+" else -1
    assert min(found.values(), default=0) >= 0
    return +found
