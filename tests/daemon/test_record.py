"""The record of what happens."""

import json
import resource
from pathlib import Path

from netstrata.daemon.events.event_log import Stream
from netstrata.daemon.events.recorder import Recorder
from netstrata.engine.surroundings import Retry


def test_a_line_that_the_disk_cut_off_does_not_spoil_the_next_one(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    stream = Stream(Retry(5000))
    Recorder(str(file), stream)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, before[1]))
    try:
        for _ in range(10):
            stream.control("somebody asks")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert file.stat().st_size == 300

    stream.control("somebody asks again")

    lines = file.read_text().splitlines()
    assert json.loads(lines[0])["seq"] == 1
    assert (json.loads(lines[-1])["seq"], json.loads(lines[-1])["text"]) == (11, "somebody asks again")


def test_a_bug_that_is_no_one_statements_is_recorded_in_one_line(tmp_path: Path) -> None:
    stream = Stream(Retry(5000))
    Recorder(str(tmp_path / "r.json"), stream)

    stream.broken(ValueError("odd"))

    entry = json.loads((tmp_path / "r.json").read_text())
    assert (entry["seq"], entry["kind"], entry["text"]) == (1, "error", "ValueError: odd")
    assert "account" not in entry
