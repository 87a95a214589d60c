"""Why a process is where it is."""

from typing import Any

from tests.daemon.standing import Played

from netstrata.control.answers import finish, whole
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.pyramid.floors import pyramids
from netstrata.engine.environment import Retry
from netstrata.testing.play import Play


def reasons(text: str, name: str) -> list[str]:
    """Play a program, and ask why one of its processes is where it is."""
    played = Played(text)
    process = played.stands().find(name)
    assert process is not None
    why = played.why()
    finish(why.ask(process))
    return [
        f"{'  ' * cause.depth}{cause.process}.{cause.statement} {cause.name}: {cause.text}{' (root)' * cause.root}"
        for cause in why.causes
    ]


def test_a_complete_process_is_complete() -> None:
    assert reasons('process main { var("x") v; }', "main") == ["main.0 : is complete: all its statements are up (root)"]


def test_a_name_that_no_statement_provides_is_the_root() -> None:
    assert reasons('process main { depend("LAN"); }', "main") == [
        'main.1 depend: nothing provides "LAN", and no statement of the program does (root)'
    ]


def test_the_chain_goes_through_providers_calls_and_elements_to_the_root() -> None:
    text = """
        process user { depend("LAN") lan; println("up"); }
        process lan { call("uplink", {}); provide("LAN"); }
        template uplink { Foreach ({"a", "b"} As x) { blocker() b; b->use(); }; }
    """

    found = reasons(text, "user")

    assert found == [
        'user.1 depend: nothing provides "LAN"',
        "  lan.1 call: waits for what it runs",
        "    lan.1/uplink.1 foreach_emb: is at element 1 of 2",
        "      lan.1/uplink.1[0].2 use: b (play.ncd:4:55) is closed (root)",
    ]


def test_a_failure_is_the_root_with_what_failed_and_when_it_is_tried_again() -> None:
    [line] = reasons('process main { sleep("soon"); }', "main")

    assert line.startswith("main.1 sleep: expected a time")
    assert "next try in 5 s" in line
    assert line.endswith("(root)")


def test_processes_that_wait_for_each_other_are_a_circle() -> None:
    text = 'process a { depend("B"); provide("A"); } process b { depend("A"); provide("B"); }'

    assert reasons(text, "a") == [
        'a.1 depend: nothing provides "B"',
        '  b.1 depend: nothing provides "A"',
        "    a.1 depend: waits in turn for what is above: a circle (root)",
    ]
    assert reasons('process a { depend("A"); provide("A"); }', "a") == [
        'a.1 depend: nothing provides "A"',
        "  a.1 depend: waits in turn for what is above: a circle (root)",
    ]


def test_a_name_that_is_made_at_run_time_leads_to_who_provides_it() -> None:
    text = """
        process user { var("eth0") link; concat("NET-", link) name; depend(name); }
        process uplink { call("net", {"NET-eth0"}); }
        template net { if("false"); provide(_arg0); }
    """

    found = reasons(text, "user")

    assert found[0] == 'user.3 depend: nothing provides "NET-eth0"'
    assert found[1].startswith("  uplink.1/net.1 if: its condition does not hold")


def test_who_will_run_the_template_that_provides_a_name_is_followed() -> None:
    text = """
        process user { depend("LAN"); }
        process later { if("false"); call("outer", {}); }
        template outer { Foreach ({"a"} As x) { spawn("net", {}); }; }
        template net { provide("LAN"); }
    """

    found = reasons(text, "user")

    assert found[0] == 'user.1 depend: nothing provides "LAN"; later will, when it runs net'
    assert found[1].startswith("  later.1 if: its condition does not hold")


def test_a_template_that_nothing_runs_is_named_if_it_would_provide_a_name() -> None:
    assert reasons('process user { depend("LAN"); }\ntemplate net { provide("LAN"); }', "user") == [
        'user.1 depend: nothing provides "LAN", and only template net would, which nothing runs (root)'
    ]


def test_a_name_that_will_be_put_together_is_known_before() -> None:
    text = """
        process user { depend("NET-eth0"); }
        process net { var("eth0") link; if("false"); concat("NET-", link) name; provide(name); }
    """

    found = reasons(text, "user")

    assert found[0] == 'user.1 depend: nothing provides "NET-eth0"'
    assert found[1].startswith("  net.2 if: its condition does not hold")


def test_nothing_is_said_to_be_missing_while_a_name_is_not_known_yet() -> None:
    text = """
        process user { depend("LAN"); }
        process lan { if("false"); getenv("LINK") name; provide(name); }
        process unknowing { depend("USER"); getenv("USER") name; provide(name); }
        process knowing { if("false"); list("N", "ET") n; implode("", n) name; provide(name); }
        process wants_unknowing { depend("USER"); }
    """

    found = reasons(text, "user")

    assert found[0] == 'user.1 depend: nothing provides "LAN"; what lan, unknowing will provide is not known yet'
    assert found[1].startswith("  lan.1 if: its condition does not hold")
    assert not [line for line in reasons(text, "wants_unknowing") if "circle" in line]


def test_what_a_complete_process_runs_beside_itself_is_followed() -> None:
    text = 'process main { spawn("helper", {}); println("on"); }\ntemplate helper { depend("LAN"); }'

    assert reasons(text, "main") == [
        "main.0 : is complete: all its statements are up, but what they run is not",
        '  main.1/helper.1 depend: nothing provides "LAN", and no statement of the program does (root)',
    ]


def test_the_pyramid_shows_each_floor_with_state_values_and_what_it_waits_for() -> None:
    stands = Played('process main { var("x") v; depend("LAN"); println(v); }').stands()

    [process] = whole(pyramids(stands, [*stands.roots.values()], below=False))

    floors: list[dict[str, Any]] = process["floors"]

    assert [(floor["name"], floor["state"]) for floor in floors] == [
        ("var", "up"),
        ("depend", "down"),
        ("println", "gone"),
    ]
    assert floors[0]["values"] == {"value": "x"}
    assert floors[0]["label"] == "v"
    assert floors[1]["waits"] == 'nothing provides "LAN"'
    assert process["state"] == "waiting"


def test_a_process_is_found_by_its_path_until_it_is_gone() -> None:
    stream = EventLog(Retry(5000))
    text = 'process main { sleep("1"); call("t", {}); }\ntemplate t { spawn("u", {}); }\ntemplate u { sleep("5"); }'
    play = Play(text, observer=stream)
    play.pass_time(1)

    found = stream.process_at("main.2/t.1/u")

    assert found is not None
    assert found.code.name == "u"
    assert stream.process_at("main.3/t") is None
    play.engine.roots["main"].restart(0)
    play.work_off()
    assert stream.paths() == ["main"]


def test_restart_undoes_from_one_floor_on_and_touches_nothing_below() -> None:
    play = Play('process main { println("1"); println("2"); rprintln("-2"); println("3"); rprintln("-3"); }')

    play.engine.roots["main"].restart(2)
    play.work_off()

    assert play.output.split() == ["1", "2", "3", "-3", "-2", "3"]


def named(text: str, name: str) -> list[str]:
    """Play a program, and ask why by any name."""
    played = Played(text)
    process = played.stands().find(name)
    why = played.why()
    if process is not None:
        finish(why.ask(process))
    else:
        assert finish(why.ask_by_name(name)) == bool(why.causes)
    return [f"{'  ' * c.depth}{c.process}.{c.statement} {c.name}: {c.text}{' (root)' * c.root}" for c in why.causes]


NAMES = """
    process user { depend("LAN") lan; println("up"); }
    process lan { call("uplink", {"a"}); provide("LAN"); }
    process other { call("uplink", {"b"}); }
    template uplink { depend(_arg0); println("never"); }
"""


def test_a_template_is_asked_by_its_name_for_all_its_processes() -> None:
    assert named(NAMES, "uplink") == [
        'lan.1/uplink.1 depend: nothing provides "a", and no statement of the program does (root)',
        'other.1/uplink.1 depend: nothing provides "b", and no statement of the program does (root)',
    ]


def test_a_name_that_is_provided_is_asked_of_who_provides_it() -> None:
    assert named(NAMES, "LAN") == [
        "lan.1 call: waits for what it runs",
        '  lan.1/uplink.1 depend: nothing provides "a", and no statement of the program does (root)',
    ]


def test_a_name_that_nobody_provides_is_asked_of_who_wants_it() -> None:
    assert named('process user { depend("WAN"); }', "WAN") == [
        'user.1 depend: nothing provides "WAN", and no statement of the program does (root)'
    ]


def test_what_nothing_of_the_program_is_called_is_unknown() -> None:
    assert named(NAMES, "eth0") == []
