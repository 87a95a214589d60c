"""Files of a daemon that is killed with SIGKILL: the next one takes them over untouched, or undoes them."""

import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.system.killed import watching

from netstrata.system.filesystem.inotify import MOVED_TO
from netstrata.testing.child import Child
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel

HELD = """
    file.mkdir("/run/etc/made");
    file.write("/run/etc/found", "ours");
    file.write("/run/etc/made/new", "new");
    file.link("found", "/run/etc/link");
    net.dns({"192.0.2.1"}, "10");
    net.dns({"192.0.2.2"}, "20");
"""
FOUND = "nameserver 192.0.2.99\n"


def started(host: Host, path: Path, statements: str) -> Child:
    path.write_text(f'process main {{ {statements} println("complete"); }}')
    daemon = host.start((sys.executable, "-m", "netstrata", "run", str(path)))
    daemon.wait_output("complete\n")
    return daemon


def killed(daemon: Child) -> None:
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.status()


@pytest.fixture
def host(lab: Lab) -> Host:
    """A host with files of its own in /run/etc, and a resolv.conf."""
    host = lab.host("host")
    host.write("/run/etc/found", "old")
    host.run("chmod", "640", "/run/etc/found")
    host.write("/etc/resolv.conf", FOUND)
    return host


def there(host: Host) -> str:
    """Return what is to be seen of all that is held: names, inodes, modes, what links lead to, contents."""
    return host.run(
        "sh", "-c", "find /run/etc /etc/resolv* -printf '%p %i %m %u %l\\n' | sort; cat /run/etc/found /etc/resolv.conf"
    )


def test_the_same_program_after_a_kill_touches_nothing_and_undoes_all_at_its_end(host: Host, tmp_path: Path) -> None:
    before = there(host)
    first = started(host, tmp_path / "x.ncd", HELD)
    killed(first)
    left = there(host)

    with ExitStack() as stack:
        folders = Path("/run/etc"), Path("/run/etc/made"), Path("/etc")
        changes = host.call(lambda: stack.enter_context(watching(*folders)))
        second = started(host, tmp_path / "x.ncd", HELD)
        seen = changes()
    assert (seen, there(host)) == ([], left)

    second.end()
    assert there(host) == before


def test_a_changed_content_is_written_once_and_the_first_original_comes_back(host: Host, tmp_path: Path) -> None:
    before = there(host)
    killed(started(host, tmp_path / "x.ncd", HELD))

    with ExitStack() as stack:
        changes = host.call(lambda: stack.enter_context(watching(Path("/run/etc"))))
        second = started(host, tmp_path / "x.ncd", HELD.replace('"ours"', '"other"'))
        placed = [change.name for change in changes() if change.mask & MOVED_TO]

    assert (placed, host.read("/run/etc/found")) == ([b"found"], "other")
    second.end()
    assert there(host) == before


def test_fewer_lines_of_the_resolver_configuration_are_written_once_it_is_known_that_nobody_wants_more(
    host: Host, tmp_path: Path
) -> None:
    before = there(host)
    killed(started(host, tmp_path / "x.ncd", HELD))
    fewer = HELD.replace('net.dns({"192.0.2.1"}, "10");', "")

    with ExitStack() as stack:
        changes = host.call(lambda: stack.enter_context(watching(Path("/etc"))))
        second = started(host, tmp_path / "x.ncd", fewer)
        second.wait_output("undid what a daemon before this one has left: 1 of 1")
        placed = [change.name for change in changes() if change.mask & MOVED_TO]

    assert placed == [b"resolv.conf"]
    lines = [line for line in host.read("/etc/resolv.conf").splitlines() if not line.startswith("#")]
    assert lines == ["nameserver 192.0.2.2"]
    second.end()
    assert there(host) == before


def test_a_program_that_wants_nothing_of_it_has_all_of_it_undone(host: Host, tmp_path: Path) -> None:
    before = there(host)
    killed(started(host, tmp_path / "x.ncd", HELD))

    second = started(host, tmp_path / "x.ncd", "")
    second.wait_output("undid what a daemon before this one has left")

    assert there(host) == before
    second.end()
    assert there(host) == before
