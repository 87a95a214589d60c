"""A record on a disk that is full for a while."""

import json
import sys
from pathlib import Path

import pytest

from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
FULL = """
process main {
    run({"/bin/sh", "-c", "head -c 10000000 /dev/zero > /run/disk/filler; true"}, {});
    Foreach (FIELDS As item) { var(item); };
    run({"/bin/rm", "/run/disk/filler"}, {});
    println("there is room");
    sleep("100");
    exit("0");
}
"""


def test_a_disk_that_was_full_has_the_number_of_events_that_are_missing(lab: Lab, tmp_path: Path) -> None:
    program = tmp_path / "full.ncd"
    fields = ", ".join(['"x"'] * 200)
    program.write_text(FULL.replace("FIELDS", f"{{{fields}}}"))
    host = lab.host("host")
    lab.remember()
    host.run("mkdir", "/run/disk")
    host.run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "/run/disk")

    host.run(sys.executable, "-m", "netstrata", "run", "--record", "/run/disk/record", str(program))

    events = [json.loads(line) for line in host.run("cat", "/run/disk/record").splitlines() if line.endswith("}")]
    gap = next(at for at, event in enumerate(events) if event["kind"] == "gap")
    first, last = events[gap - 1]["seq"] + 1, events[gap]["seq"]
    missing = [f"{last - at + 1} events, {at} to {last}" for at in (first, first - 1)]  # a line may lack its end alone
    assert events[gap]["text"] in [f"{one}, are not recorded: No space left on device" for one in missing]
    assert [event["seq"] for event in events[:gap]] == list(range(1, first))
    assert [event["seq"] for event in events[gap + 1 :]] == list(range(last + 1, events[-1]["seq"] + 1))
    assert last - first > 200
    host.run("umount", "/run/disk")
    host.run("rmdir", "/run/disk")
