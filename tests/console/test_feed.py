"""The stream that browsers read: it goes on where it ended, and tells what was missed."""

import http.client
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.console.running import Console, start_daemon, wait_until

NOISY = """process noise {
    backtrack_point() p;
    sleep("1");
    Foreach ({"a", "b", "c", "d", "e", "f", "g", "h"} As x) { var(x) y; };
    p->go();
}
"""


@contextmanager
def stream(console: Console, **headers: str) -> Iterator[Iterator[tuple[str, str, Any]]]:
    """Open the stream, and give its messages: kind, id, content."""
    connection = http.client.HTTPConnection("127.0.0.1", console.port, timeout=60)
    given = {"Authorization": f"Bearer {console.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
    connection.request("GET", "/api/events", None, given)
    answer = connection.getresponse()

    def messages() -> Iterator[tuple[str, str, Any]]:
        fields: dict[str, str] = {}
        while line := answer.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                yield fields["event"], fields["id"], json.loads(fields["data"])
                fields = {}

    yield messages()
    connection.close()


def numbers(messages: Iterator[tuple[str, str, Any]], least: int) -> tuple[list[int], str]:
    """Return the numbers of the next events, at least so many, and the id after them."""
    found: list[int] = []
    for kind, at, data in messages:
        assert kind == "events", (kind, data)
        found += [event["seq"] for event in data["events"]]
        if len(found) >= least:
            return found, at
    raise AssertionError("the stream has ended")


def test_a_stream_goes_on_where_another_ended(tmp_path: Path) -> None:
    daemon = start_daemon(tmp_path)
    console = Console(tmp_path)
    console.started.wait_said("the daemon answers")

    with stream(console) as messages:
        kind, _, about = next(messages)
        first, at = numbers(messages, 10)
    assert (kind, about["daemon"], about["right"]) == ("begun", True, "change")
    assert first == list(range(1, len(first) + 1))

    console.ask("/api/restart", b'{"process":"ready"}')
    with stream(console, Last_Event_ID=at) as messages:
        assert next(messages)[0] == "daemon"
        second, _ = numbers(messages, 5)
    assert second[0] == first[-1] + 1

    with stream(console, Last_Event_ID="77.5") as messages:
        assert next(messages)[0] == "begun"
    for strange in ("1", "x.y", "-1.5", "1.99999999999999999999999", "\u00b2.1"):
        with stream(console, Last_Event_ID=strange) as messages:
            assert next(messages)[0] == "begun"
    console.end()
    daemon.end()


def test_another_life_of_the_daemon_begins_anew_in_the_same_stream(tmp_path: Path) -> None:
    daemon = start_daemon(tmp_path)
    console = Console(tmp_path)
    console.started.wait_said("the daemon answers")

    with stream(console) as messages:
        epoch = next(messages)[2]["epoch"]
        numbers(messages, 10)
        daemon.end()
        lost = next(m for m in messages if m[0] != "events")
        daemon = start_daemon(tmp_path)
        begun = next(m for m in messages if m[0] == "begun")
        again, _ = numbers(messages, 10)

    assert (lost[0], lost[2]["daemon"]) == ("daemon", False)
    assert begun[2]["epoch"] == epoch + 1
    assert again[0] == 1
    console.end()
    daemon.end()


def test_events_that_were_missed_leave_a_gap_in_the_numbers_and_the_stream_goes_on(tmp_path: Path) -> None:
    daemon = start_daemon(tmp_path, NOISY)
    console = Console(tmp_path)
    console.started.wait_said("the daemon answers")

    with stream(console) as messages:
        assert next(messages)[0] == "begun"
        seen, _ = numbers(messages, 1)
        console.started.child.send_signal(signal.SIGSTOP)
        watcher = Console(tmp_path)  # sees how far the daemon is meanwhile
        enough = seen[-1] + 25_000
        wait_until("more events than the daemon keeps", lambda: last(watcher) > enough, 200)
        console.started.child.send_signal(signal.SIGCONT)
        while seen[-1] < enough:
            seen += numbers(messages, 1)[0]

    assert seen == sorted(set(seen))
    assert [after for before, after in pairwise(seen) if after != before + 1] != []
    watcher.end()
    console.end()
    daemon.end()


def test_a_browser_that_does_not_read_holds_up_nobody_and_costs_little(tmp_path: Path) -> None:
    daemon = start_daemon(tmp_path, NOISY)
    console = Console(tmp_path)
    console.started.wait_said("the daemon answers")
    with stream(console) as stuck:
        next(stuck)
        before = memory_mb(console)

        with stream(console) as messages:
            assert next(messages)[0] == "begun"
            seen, _ = numbers(messages, 60_000)

        assert seen == list(range(seen[0], seen[0] + len(seen)))
        assert memory_mb(console) - before < 60
    console.end()
    daemon.end()


def memory_mb(console: Console) -> int:
    """Return the resident memory of a console's process."""
    status = Path(f"/proc/{console.started.child.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


def last(console: Console) -> int:
    """Return the number of the last event."""
    return int(console.ask("/api/status").json["seq"])
