"""Records: what is read while somebody else writes."""

import json
import os
from collections.abc import Iterator

import pytest

from netstrata.cli.demo.records import Records, Said, Transition

UP = {
    "seq": 1,
    "time": 1.0,
    "monotonic": 2.5,
    "kind": "transition",
    "process": "wired",
    "statement": 3,
    "name": "net.ipv4.dhcp",
    "file": "two-uplinks.ncd",
    "line": 7,
    "from": "down",
    "to": "up",
    "values": {"addr": "192.0.2.50"},
}


@pytest.fixture
def records() -> Iterator[Records]:
    made = Records()
    yield made
    made.close()


def test_a_line_is_read_once(records: Records) -> None:
    os.write(records.fd, json.dumps(UP).encode() + b"\n")

    found = records.read_new()

    assert found == [Transition(2.5, "wired", 3, "net.ipv4.dhcp", "down", "up", {"addr": "192.0.2.50"}, 7)]
    assert records.read_new() == []


def test_a_half_written_line_is_read_when_it_is_whole(records: Records) -> None:
    os.write(records.fd, b'{"kind": "note", "te')
    before = records.read_new()

    os.write(records.fd, b'xt": "hello"}\n')

    assert (before, records.read_new()) == ([], [Said("note", "hello")])


def test_a_line_that_is_no_json_becomes_an_error_that_shows_it(records: Records) -> None:
    os.write(records.fd, b"Traceback\n")

    assert records.read_new() == [Said("error", "the record has a line that is no JSON: b'Traceback'")]


def test_another_program_can_append_by_the_path(records: Records) -> None:
    with open(records.path, "ab") as file:
        file.write(b'{"kind": "exit"}\n')

    assert records.read_new() == [Said("exit", "")]
