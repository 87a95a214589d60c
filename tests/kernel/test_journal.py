"""A real journald, and journalctl, which reads back what the daemon logs."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import netstrata
from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab
from netstrata.values import Unavailable

pytestmark = pytest.mark.kernel
SOURCES = Path(netstrata.__file__).parents[1]
JOURNALD = "/lib/systemd/systemd-journald"
PROGRAM = """
process wan {
    var("a") first;
    runonce({"/bin/sh", "-c", "echo from the child; head -c 600000 /dev/zero | tr '\\\\000' x"}) ran;
    println("up");
}
process broken { sleep("soon"); }
"""


@pytest.mark.skipif(not os.access(JOURNALD, os.X_OK), reason="no systemd-journald here")
def test_entries_are_found_by_process_statement_child_and_place(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    host.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    host.run("mkdir", "-p", "/run/systemd/journal", "/run/log/journal")
    try:
        host.run("mount", "-t", "cgroup2", "none", "/sys/fs/cgroup")  # it wants to know whose the entries are
    except Unavailable as reason:
        pytest.skip(str(reason))
    with suppress(FileNotFoundError):  # as systemd sets it for itself; a user namespace has no such setting
        host.sysctl("net.unix.max_dgram_qlen", "512")
    journald = host.start((JOURNALD,))
    wait_until("the journal's socket", lambda: host.run("ls", "/run/systemd/journal").count("socket") > 0)
    program = tmp_path / "program.ncd"
    program.write_text(PROGRAM)
    words = (sys.executable, "-m", "netstrata", "run", "--journal", "yes", "--control", "none", str(program))

    daemon = host.start(words, {"PYTHONPATH": str(SOURCES)})
    daemon.wait_output("println")
    daemon.end()

    def entries(*matches: str) -> list[dict[str, str]]:
        out = host.run("journalctl", "-o", "json", "--all", "--no-pager", "SYSLOG_IDENTIFIER=netstrata", *matches)
        return [json.loads(line) for line in out.splitlines()]

    wait_until(
        "the last entry", lambda: bool(entries("NETSTRATA_PROCESS=wan", "NETSTRATA_STATEMENT=1", "NETSTRATA_TO=gone"))
    )
    said = entries("NETSTRATA_CHILD=sh")
    assert said[0]["MESSAGE"].endswith("]: from the child")
    assert {(entry["NETSTRATA_NAME"], entry["CODE_LINE"], entry["PRIORITY"]) for entry in said} == {
        ("runonce", "4", "6")
    }
    ups = entries("NETSTRATA_PROCESS=wan", "NETSTRATA_TO=up")
    assert [(entry["NETSTRATA_STATEMENT"], entry["CODE_FILE"]) for entry in ups] == [
        (str(number), str(program)) for number in (1, 2, 3)
    ]
    [error] = entries("PRIORITY=3")
    assert error["MESSAGE"].startswith("error: expected a time")
    assert "\n" in error["MESSAGE"]
    journald.end()
