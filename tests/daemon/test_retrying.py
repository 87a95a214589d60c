"""How long a failed statement waits."""

import json
import subprocess
import sys
from pathlib import Path

from netstrata.daemon.running.backoff import BackOff


def test_waits_double_up_to_a_minute() -> None:
    waits = [BackOff(5000, chance=0.0).delay(failures) for failures in range(6)]

    assert waits == [5000, 10_000, 20_000, 40_000, 60_000, 60_000]


def test_daemons_differ_in_all_but_the_first_wait() -> None:
    one, other = BackOff(5000, chance=0.0), BackOff(5000, chance=1.0)

    assert one.delay(0) == other.delay(0) == 5000
    assert (one.delay(1), other.delay(1)) == (10_000, 11_000)


def test_a_first_wait_over_a_minute_is_kept() -> None:
    assert [BackOff(600_000, chance=0.0).delay(failures) for failures in (0, 1, 9)] == [600_000] * 3


def test_when_a_child_is_started_again_is_an_event_with_the_time_until_then(tmp_path: Path) -> None:
    program, record = tmp_path / "x.ncd", tmp_path / "record"
    program.write_text('process main { daemon({"/bin/false"}, ["retry_time": "70"]); sleep("500"); exit("0"); }')

    words = [sys.executable, "-m", "netstrata", "run", "--control", "none", "--record", str(record), str(program)]
    subprocess.run(words, check=True, capture_output=True, timeout=60)

    events = [json.loads(line) for line in record.read_text().splitlines()]
    first, second = [event for event in events if event["kind"] == "retry"][:2]
    assert (first["name"], first["text"]) == ("daemon", "/bin/false exited with status 1; starting it again in 0.07 s")
    assert (first["retry_ms"], second["retry_ms"]) == (70, 140)
