"""The stream of events."""

import tracemalloc

from netstrata.daemon.events.event import KEPT, Event
from netstrata.daemon.events.event_log import EventLog
from netstrata.engine.environment import Retry
from netstrata.testing.play import Play


def streamed(text: str) -> tuple[Play, EventLog, list[Event]]:
    """Play a program with a stream that is listened to."""
    stream = EventLog(Retry(5000))
    heard: list[Event] = []
    stream.subscribe(heard.append)
    return Play(text, observer=stream), stream, heard


def test_every_transition_is_in_the_stream_once_and_in_order() -> None:
    play, _, heard = streamed(
        'process main { var("x") v; call("t", {}); println(v); }\ntemplate t { println("in t"); }'
    )

    play.end()

    moves = [
        f"{e.process}.{e.place.statement} {e.fields['from']} -> {e.fields['to']}"
        for e in heard
        if e.kind == "transition"
    ]
    assert moves == [
        "main.1 gone -> down", "main.1 down -> up",
        "main.2 gone -> down", "main.2/t.1 gone -> down", "main.2/t.1 down -> up", "main.2 down -> up",
        "main.3 gone -> down", "main.3 down -> up",
        "main.3 up -> dying", "main.3 dying -> gone",
        "main.2 up -> dying", "main.2/t.1 up -> dying", "main.2/t.1 dying -> gone", "main.2 dying -> gone",
        "main.1 up -> dying", "main.1 dying -> gone",
    ]  # fmt: skip


def test_numbers_have_no_gap() -> None:
    play, stream, heard = streamed('process main { sleep("soon"); }')

    play.pass_time(100_000)
    play.end()

    assert [event.seq for event in heard] == list(range(1, stream.seq + 1))


def test_a_statement_that_comes_up_brings_its_variables() -> None:
    _, _, heard = streamed('process main { value({"a"}) v; }')

    up = next(event for event in heard if event.fields.get("to") == "up")
    assert up.fields["values"] == {"exists": "true", "type": "list", "length": "1", "value": '{"a"}'}


def test_a_transition_that_has_nothing_else_to_tell_takes_less_than_250_bytes() -> None:
    stream = EventLog(Retry(5000))
    play = Play('process main { backtrack_point() top; if("true"); sleep("1"); top->go(); }', observer=stream)
    before = stream.seq
    tracemalloc.start()

    while stream.seq - before < 2000:
        play.pass_time(1)
        stream.settle()
    size, _ = tracemalloc.get_traced_memory()

    tracemalloc.stop()
    kinds = {event.kind: event for event in stream.after(before, KEPT)}
    assert list(kinds) == ["transition", "waits"]
    assert size / (stream.seq - before) < 250  # 200, of Python 3.11.7


def test_a_failure_tells_what_where_and_when_it_is_tried_again() -> None:
    _, _, heard = streamed('process main {\n    sleep("soon");\n}')

    error = next(event for event in heard if event.kind == "error")
    assert (error.place.line, error.place.column, error.fields["retry_ms"]) == (2, 5, 5000)
    assert "play.ncd:2:11, process main, statement 1" in error.fields["account"]


def test_a_blink_is_two_transitions() -> None:
    text = 'process main { backtrack_point() p; var("x") v; p->go(); sleep("1"); p->go(); }'
    play, _, heard = streamed(text.replace('p->go(); sleep("1"); ', 'sleep("1"); '))
    before = len(heard)

    play.pass_time(1)

    first = [e for e in heard[before:] if e.kind == "transition" and e.place.statement == 1]
    assert [(e.fields["from"], e.fields["to"]) for e in first] == [("up", "down"), ("down", "up")]


def test_memory_for_events_is_bounded() -> None:
    text = """process main {
        var("0") i; backtrack_point() p;
        If (@num_lesser(i, "5000")) { i->set(@num_add(i, "1")); p->go(); };
    }"""

    _, stream, heard = streamed(text)

    assert len(heard) > KEPT
    assert [e.seq for e in stream.after(0, len(heard))] == [e.seq for e in heard[-KEPT:]]
    assert stream.after(stream.seq - 2, 100) == heard[-2:]
    assert stream.after(stream.seq, 100) == []


def test_names_of_processes_that_are_gone_are_forgotten() -> None:
    text = 'process main { process_manager() m; m->start("a", "t", {}); m->stop("a"); }\ntemplate t { println("x"); }'

    play, stream, _ = streamed(text)
    play.end()

    assert stream.paths_kept == 0


def test_processes_of_one_manager_are_told_apart_by_name_or_arguments_else_by_number() -> None:
    text = """process main {
        process_manager() m; var(["map": "of"]) map;
        m->start("name", "t", {"1"}); m->start({"tcp", "80"}, "t", {}); m->start({"tcp", {"deep"}, map}, "t", {});
        m->start("t", {"lan1", "x"}); m->start("t", {"lan1", "x"}); m->start("t", {}); m->start("t", {});
        m->start("t", {map});
        m->start("t", {"a", "b", "c", "d", "e"}); m->start("t", {@concat("1234567890", "1234567890", "1234567890",
            "1234567890", "1234567890", "1234567890", "more")});
    }
    template t { println("x"); }"""

    _, stream, _ = streamed(text)

    assert [path.removeprefix("main.1/t") for path in stream.paths() if path != "main"] == [
        "[name]", "[tcp,80]", "[tcp]", "[lan1,x]", "[lan1,x]~1", "", "~2", "~3", "[a,b,c,d]",
        "[" + 6 * "1234567890" + "…]",
    ]  # fmt: skip
