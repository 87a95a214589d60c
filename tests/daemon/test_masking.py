"""Secrets are taken out of what leaves the daemon."""

import json
import shlex
from collections.abc import Iterator

import pytest

from netstrata.contract.secrets import MOST, SECRETS
from netstrata.control.answers import finish, whole
from netstrata.daemon.control.view import LiveView
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.logs.log_format import LogFormat
from netstrata.daemon.logs.ncd_format import INFO, NcdFormat
from netstrata.daemon.pyramid.floors import pyramids
from netstrata.daemon.pyramid.goals import find_goals
from netstrata.daemon.pyramid.graph import Graph
from netstrata.daemon.text.redaction import all_redacted, redacted
from netstrata.engine.environment import Retry
from netstrata.testing.play import Play


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    """Know no secrets before and after."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    SECRETS._known.clear()
    SECRETS.changes += 1


def test_a_secret_is_masked_wherever_it_stands_and_however_it_is_written() -> None:
    SECRETS.keep(b'a "b"\\\n\xff')

    raw = b'a "b"\\\n\xff'.decode("utf-8", "backslashreplace")

    assert redacted(f"is {raw}!") == "is ********!"
    assert redacted('{"a \\"b\\"\\\\\\n\\xff"}') == '{"********"}'
    assert redacted(b'a "b"\\\n\xff'.hex()) == "********"


def test_a_secret_is_masked_in_a_command_line() -> None:
    SECRETS.keep(b"it's one")
    line = shlex.join(["/bin/echo", "it's one", "x=it's one"])

    assert redacted(line) == "/bin/echo '********' 'x=********'"


def test_the_longest_secret_goes_first_so_that_nothing_of_it_is_left() -> None:
    SECRETS.keep(b"horse")
    SECRETS.keep(b"horsewhip")

    assert redacted("a horsewhip, a horse") == "a ********, a ********"


def test_a_short_secret_is_masked_only_where_it_is_all_of_a_text() -> None:
    SECRETS.keep(b"up")

    assert all_redacted({"a": "up", "b": "up again", "c": 'var("up")', "state": "up"}) == {
        "a": "********", "b": "up again", "c": 'var("********")', "state": "up",
    }  # fmt: skip


def test_each_long_line_of_a_key_is_a_secret() -> None:
    SECRETS.keep(b"-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END KEY-----\n")

    assert redacted("child: MIIEvQIBADANBgkqhkiG9w0BAQEFAASC") == "child: ********"


def test_a_program_that_makes_secrets_for_ever_does_not_take_all_memory() -> None:
    for number in range(3 * MOST):
        SECRETS.keep(b"secret number %d" % number)

    assert len(SECRETS.all()) == MOST
    assert redacted(f"secret number {3 * MOST - 1}") == "********"


def test_nothing_that_tells_of_a_program_tells_its_secret() -> None:
    stream = EventLog(Retry(5000))
    told: list[str] = []
    stream.subscribe(LogFormat(lambda line: told.append(redacted(line)), True).on_event)
    text = (
        'process main { var("wooden ") first; var("horse") second; concat(first, second) both; secret(both) key;'
        " var(key) copy; sleep(copy); }"
    )

    stands = finish(LiveView(Play(text, observer=stream).engine, stream).stands())
    events = json.dumps([event.as_dict() for event in stream.after(0, 1000)])
    floors = json.dumps(all_redacted(whole(pyramids(stands, [*stands.roots.values()], False))))

    for part in ("wooden ", "horse"):
        assert part not in events + floors + "\n".join(told)
    assert any("main.1 var" in line and "value=********" in line for line in told)
    assert any("sleep(copy)" in line for line in told)


def test_the_log_of_ncd_is_masked_too() -> None:
    lines: list[bytes] = []
    log = NcdFormat(lambda level, line: lines.append(line), INFO, {})
    SECRETS.keep(b"wooden horse")

    log.line("ncd_log_msg", INFO, b"the wooden horse \xff")

    assert lines == [b"INFO(ncd_log_msg): the ******** \xff"]


def test_a_status_is_masked_below_its_processes_and_so_are_their_names() -> None:
    text = """
        process main { secret("wooden horse") key; process_manager() m; m->start(key, "stable", {key}); depend(key); }
        process asked { secret("wooden horse") key; on_request(key); }
        template stable { depend(_arg0); }
    """
    stream = EventLog(Retry(5000))
    play = Play(text, observer=stream)

    stands = finish(LiveView(play.engine, stream).stands())
    goals = [goal.as_dict() for goal in finish(find_goals(stands)).values()]
    graph = Graph(stands)
    finish(graph.look())
    told = {
        "processes": pyramids(stands, [*stands.roots.values()], below=True),
        "goals": goals,
        "nodes": graph.nodes(),
        "edges": graph.edges(),
        "events": [event.as_dict() for event in stream.after(0, 1000)],
    }

    said = json.dumps(all_redacted(whole(told)))
    assert "wooden horse" not in said
    assert 'nothing provides \\"********\\"' in said
    assert "main.2/stable[********]" in said
