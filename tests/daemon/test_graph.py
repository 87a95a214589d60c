"""Who needs what from whom."""

from tests.daemon.standing import Played

from netstrata.control.answers import finish, whole
from netstrata.daemon.pyramid.graph import Graph


def edges(text: str) -> list[str]:
    """Play a program, and return what its processes are to one another."""
    graph = Graph(Played(text).stands())
    finish(graph.look())
    return [
        f"{e['from']}.{e['statement']} {e['kind']} {e['name']} of {e['to']}.{e['provider']}{' up' * e['up']}"
        for e in whole(graph.edges())
    ]


def test_who_depends_needs_who_provides_and_has_it_when_it_is_there() -> None:
    text = (
        'process user { depend("LAN"); depend("WAN"); } process lan { provide("LAN"); } process other { var("LAN"); }'
    )

    assert edges(text) == ["user.1 depend LAN of lan.1 up"]


def test_of_several_that_would_do_one_is_had_and_the_preferred_comes_first() -> None:
    text = """
        process default { multidepend({"wired", "wireless"}); }
        process wireless { multiprovide("wireless"); }
        process wired { blocker() b; b->use(); multiprovide("wired"); }
    """

    assert edges(text) == ["default.1 depend wired of wired.3", "default.1 depend wireless of wireless.1 up"]


def test_what_has_not_begun_is_told_by_its_text() -> None:
    text = 'process user { sleep("9"); depend("LAN"); } process lan { sleep("9"); provide_event("LAN"); }'

    assert edges(text) == ["user.2 depend LAN of lan.2"]


def test_names_that_are_made_at_run_time_are_known_when_they_are_made() -> None:
    text = 'process user { var("LAN") n; depend(n); } process lan { var("LAN") n; provide(n); }'

    assert edges(text) == ["user.2 depend LAN of lan.2 up"]


def test_names_that_are_made_at_run_time_are_known_before_their_statement_begins() -> None:
    text = """
        process user { var("LAN") n; blocker() b; b->use(); depend(n); }
        process lan { call("given", {"LAN"}); }
        template given { blocker() b; b->use(); provide(_arg0); }
    """

    assert edges(text) == ["user.4 depend LAN of lan.1/given.3", "lan.1 call call of lan.1/given.0"]


def test_names_of_a_scope_are_those_of_the_scope() -> None:
    text = """
        process other { depend_scope() s; s->provide({"a", "1"}); }
        process main { depend_scope() s; call("giver", {}); s->depend({{"a", "1"}}); }
        template giver { _caller.s->provide({"a", "1"}); }
    """

    assert edges(text) == [
        "main.2 call call of main.2/giver.0 up",
        'main.3 depend {"a", "1"} of main.2/giver.1 up',
    ]


def test_what_a_statement_runs_is_needed_in_its_place_or_beside_it() -> None:
    text = """
        process main { spawn("beside", {}); call("inside", {}); Foreach ({"a", "b"} As x) { sleep("9"); }; }
        template beside { var("x"); }
        template inside { var("x"); }
    """

    assert edges(text) == [
        "main.1 child spawn of main.1/beside.0 up",
        "main.2 call call of main.2/inside.0 up",
        "main.3 child foreach_emb of main.3[0].0",
    ]


def test_a_thousand_processes_are_nodes_with_their_states() -> None:
    users = "".join(f'process user{n} {{ depend("LAN"); }}\n' for n in range(1000))
    graph = Graph(Played(f'{users} process lan {{ provide("LAN"); }}').stands())

    finish(graph.look())
    nodes, found = whole(graph.nodes()), whole(graph.edges())

    assert {node["state"] for node in nodes} == {"complete"}
    assert (len(nodes), len(found)) == (1001, 1000)


def test_the_best_of_several_providers_is_had() -> None:
    text = """
        process user { dynamic_depend("NET"); }
        process slow { dynamic_provide("NET", "20"); }
        process fast { dynamic_provide("NET", "10"); }
        process other { dynamic_provide("LAN", "10"); provide("NET"); }
    """

    assert edges(text) == ["user.1 depend NET of slow.1", "user.1 depend NET of fast.1 up"]


def test_a_name_is_known_that_a_statement_will_compute() -> None:
    text = """
        process user { depend("LAN-eth0"); }
        process lan { blocker() b; b->use(); list("LAN", "eth0") parts; implode("-", parts) name; provide(name); }
    """

    assert edges(text) == ["user.1 depend LAN-eth0 of lan.5"]
