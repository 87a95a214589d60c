"""The resolver configuration of a daemon that is killed at any point: taken over, or what was found comes back.

Every point there is: NETSTRATA_KILLS=all; else some of them, spread over all.
"""

import os
from itertools import count
from pathlib import Path

import pytest
from tests.system.dns.holding import Daemon
from tests.system.killed import killed, live_on, shape, watching

STEP = 1 if os.environ.get("NETSTRATA_KILLS") else 3


@pytest.fixture(params=["file", "link", "missing"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir()
    if request.param != "missing":
        (folder / "found").write_text("nameserver 192.0.2.99\n")
        (folder / "found").chmod(0o640)
        (folder / "found").rename(folder / "resolv.conf") if request.param == "file" else None
    if request.param == "link":
        (folder / "resolv.conf").symlink_to("found")
    return folder


@pytest.mark.parametrize("after", [(), (1, 2), (3,)])
def test_a_daemon_may_be_killed_at_any_point(tmp_path: Path, folder: Path, after: tuple[int, ...]) -> None:
    journal = tmp_path / "journal"
    before = shape(folder)

    for at in count(1, STEP):
        was_killed = killed(journal, Daemon(folder, 1, 2), at)
        next_one = Daemon(folder, *after)
        problems = live_on(journal, next_one)
        assert (problems, shape(folder)) == ([], before), f"killed at {at}"
        assert next_one.unfinished == [], f"killed at {at}"
        assert next_one.text.count("nameserver 192.0.2.3") == after.count(3)
        if not was_killed:
            break

    assert at > 20


def test_what_a_daemon_left_is_taken_over_without_being_touched(tmp_path: Path, folder: Path) -> None:
    journal = tmp_path / "journal"
    before = shape(folder)
    killed(journal, Daemon(folder, 1, 2, stays=True))
    left = shape(folder)

    with watching(folder) as changes:
        killed(journal, Daemon(folder, 1, 2, stays=True))
        assert changes() == []

    assert shape(folder) == left
    assert live_on(journal, Daemon(folder)) == []
    assert shape(folder) == before


def test_what_somebody_has_written_meanwhile_is_left_alone(tmp_path: Path, folder: Path) -> None:
    journal = tmp_path / "journal"
    killed(journal, Daemon(folder, 1, 2, stays=True))
    (folder / "resolv.conf").write_text("theirs")

    assert live_on(journal, Daemon(folder)) == []

    assert (folder / "resolv.conf").read_text() == "theirs"
    assert not (folder / "resolv.conf.netstrata-saved").exists()


def test_after_a_boot_what_was_found_comes_back_all_the_same(tmp_path: Path, folder: Path) -> None:
    journal = tmp_path / "journal"
    before = shape(folder)
    killed(journal, Daemon(folder, 1, 2, stays=True))
    journal.unlink()

    assert live_on(journal, Daemon(folder, 3)) == []

    assert shape(folder) == before
