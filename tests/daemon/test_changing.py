"""Values that change while their statement is up are told."""

from typing import Any

from netstrata.contract.roles import BY_BEING_GONE, BY_BEING_UP
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.pyramid.projection import Projection
from netstrata.daemon.running.registry import make_registry
from netstrata.engine.environment import Retry
from netstrata.testing.play import Play


def told(text: str) -> tuple[EventLog, list[dict[str, Any]]]:
    """Play a program, and return the stream, and the events about changed values."""
    stream = EventLog(Retry(5000))
    Play(text, observer=stream)
    stream.settle()
    return stream, [event.as_dict() for event in stream.after(0, 1000) if event.kind == "values"]


def test_each_statement_that_a_method_has_changed_is_told_once_when_nothing_else_is_due() -> None:
    _, events = told("""process main {
        var("a") v; v->set("b"); v->set("c");
        list("1") l; l->append("2"); l->length() n; l->append("3");
        value(["k": {"1"}]) m; m->get("k") inner; inner->insert("2");
        blocker() b; b->up();
        list("1") same; same->get("0");
    }""")

    assert [(event["name"], event["values"]["value"]) for event in events] == [
        ("var", "c"),
        ("list", '{"1", "2", "3"}'),
        ("get", '{"1", "2"}'),
        ("value", '["k":{"1", "2"}]'),
        ("blocker", "true"),
    ]


def test_what_is_put_back_on_the_way_down_is_told_too() -> None:
    _, events = told('process main { value({"a"}) v; Do { v->insert_undo("b"); }; sleep("9"); }')

    assert [event["values"]["value"] for event in events] == ['{"a"}']


def test_what_only_goes_with_what_stood_on_it_has_changed_nothing() -> None:
    _, events = told('process main { var("a") v; Do { v->set("a"); }; sleep("9"); }')

    assert len(events) == 1


def test_what_stood_at_a_moment_has_the_values_of_then() -> None:
    stream, _ = told('process main { var("a") v; v->set("b"); }')
    rebuilt = Projection()

    for event in stream.after(0, 1000):
        rebuilt.take(event)

    main = rebuilt.find("main")
    assert main is not None
    assert main.floor(1).values == {"value": "b"}


def test_a_method_that_changes_a_value_on_its_way_down_tells_it() -> None:
    _, events = told("process main { blocker() b; Do { b->rdownup(); }; }")

    assert [event["values"]["value"] for event in events] == ["true"]


def test_a_new_value_that_is_secret_is_masked() -> None:
    _, events = told('process main { var("a") v; secret("wooden horse") key; v->set(key); }')

    assert [event["values"]["value"] for event in events] == ["********"]


def test_what_changes_a_value_says_so_in_its_declaration() -> None:
    found = {d.name: d.roles.changes for d in make_registry().declarations() if d.roles.changes}

    once = [name for name, changes in found.items() if changes == BY_BEING_UP]
    assert once == [
        *("blocker::down", "blocker::downup", "blocker::up"),
        *("list::append", "list::appendv", "list::remove", "list::remove_at", "list::set", "list::shift"),
        *("value::append", "value::delete", "value::insert", "value::remove", "value::replace"),
        *("value::replace_this", "value::reset", "var::set"),
    ]
    undone = [name for name, changes in found.items() if changes == BY_BEING_UP | BY_BEING_GONE]
    assert undone == ["value::insert_undo", "value::replace_this_undo", "value::replace_undo"]
    assert [name for name, changes in found.items() if changes == BY_BEING_GONE] == ["blocker::rdownup"]
