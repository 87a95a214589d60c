"""What names lead to when they lead over other names."""

import pytest

from netstrata.engine.process import Process
from netstrata.testing.play import Play
from netstrata.values import Refused

BY_ALIAS = """
    process main { var("found") x; call("deeper", {"0"}); }
    template deeper {
        alias("_caller.x") x;
        num_add(_arg0, "1") n;
        If (@num_lesser(n, "3000")) { call("deeper", {n}); } else { println(x); x->set("changed"); println(x); };
    }
"""
BY_TARGET = """
    process main { var("found") x; call_with_caller_target("deeper", {"0"}, "x"); }
    template deeper {
        num_add(_arg0, "1") n;
        If (@num_lesser(n, "3000")) { call_with_caller_target("deeper", {n}, "_caller"); }
        else { println(_caller); _caller->set("changed"); println(_caller); };
    }
"""


@pytest.mark.parametrize("text", [BY_ALIAS, BY_TARGET], ids=["alias", "caller target"])
def test_a_name_may_lead_over_thousands_of_others(text: str) -> None:
    play = Play(text)

    assert play.failures == []
    assert play.output == "found\nchanged\n"


def test_an_alias_of_an_alias_leads_on_with_members() -> None:
    play = Play("""
        process main { call("box", {}) b; alias("b") a; alias("a.inner") i; alias("i") j; println(j.x, a.inner.x); }
        template box { call("inside", {}) inner; }
        template inside { var("v") x; }
    """)

    assert play.output == "vv\n"


def test_an_alias_to_nothing_fails_where_it_is_used() -> None:
    play = Play('process main { alias("none") a; alias("a.b") c; println("up"); println(c); }')

    assert play.output == "up\n"
    assert [line.partition(":")[0] for line in play.failures] == ["main.4 println"]


def test_an_alias_leads_to_what_its_name_means_when_it_is_used() -> None:
    play = Play("""
        process main {
            blocker() gate;
            spawn("later", {}) s;
            alias("s") a;
            println("before");
            gate->up();
            a->join() j;
            println(j.x);
        }
        template later { _caller.gate->use(); var("now") x; }
    """)

    assert play.output == "before\nnow\n"


def test_a_name_in_a_process_that_has_not_begun_means_nothing_yet() -> None:
    play = Play('process main { var("x") v; println(v); }')
    process = Process(play.engine, play.engine.roots["main"].code, None, None)

    with pytest.raises(Refused, match=r"statement \(v\) is uninitialized"):
        process.code.slots[1].evaluate(process)

    assert process.find("v", 1) is None
    assert process.statements == [None, None]


def test_an_objref_leads_over_an_alias_to_the_statement_itself() -> None:
    play = Play("""
        process main {
            var("found") x;
            alias("x") a;
            objref(^a) r;
            call("box", {}) b;
            alias("b") c;
            objref(^c.inner) i;
            call_with_caller_target("show", {}, "b");
            println(r, i);
        }
        template box { var(" inside") inner; }
        template show { objref_arg(^inner) r; println("given", r); }
    """)

    assert play.failures == []
    assert play.output == "given inside\nfound inside\n"
