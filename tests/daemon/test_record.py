"""The record of what happens."""

import json
import os
import resource
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.events.recorder import MOST, Recorder
from netstrata.daemon.events.recording import Recording
from netstrata.engine.environment import Retry


def whole_lines(file: Path) -> list[dict[str, Any]]:
    """Return the lines of a record that are no torn ones, of which there may be one."""
    found: list[dict[str, Any]] = []
    torn = 0
    for line in file.read_bytes().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            torn += 1
    assert torn < 2
    return found


def wait_until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        select.select([], [], [], 0.01)


def test_what_a_full_disk_does_not_take_is_counted_in_its_place(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    stream = EventLog(Retry(5000))
    recorder = Recorder(str(file), stream)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, before[1]))
    try:
        for _ in range(10):
            stream.control("somebody asks")
        wait_until(lambda: file.stat().st_size == 300 and recorder.waiting == 0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    stream.control("somebody asks again")
    recorder.finish(60)

    lines = whole_lines(file)
    kept = [line["seq"] for line in lines if line["kind"] == "control"]
    last = kept[-2]
    assert kept == [*range(1, last + 1), 11]
    assert lines[-2]["kind"] == "gap"
    text = f"{10 - last} events, {last + 1} to 10, are not recorded: File too large"
    assert (lines[-2]["seq"], lines[-2]["text"], lines[-1]["text"]) == (10, text, "somebody asks again")
    warnings: list[str] = []
    recording = Recording(str(file), warnings.append)
    shown = [(event.seq, event.kind) for event in recording.events(recording.runs[0])]
    assert shown == [*((seq, "control") for seq in range(1, last + 1)), (10, "gap"), (11, "control")]


def test_a_disk_that_is_full_at_the_end_is_told_as_soon_as_it_has_room(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    stream = EventLog(Retry(5000))
    recorder = Recorder(str(file), stream)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, before[1]))
    try:
        for _ in range(10):
            stream.control("somebody asks")
        wait_until(lambda: file.stat().st_size == 300 and recorder.waiting == 0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    recorder.finish(60)

    assert (whole_lines(file)[-1]["kind"], whole_lines(file)[-1]["seq"]) == ("gap", 10)


def test_a_pipe_that_nobody_empties_holds_nobody_up_and_its_reader_is_told_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    stream = EventLog(Retry(5000))
    recorder = Recorder(str(path), stream)
    text = "x" * 1000
    count = 2 * MOST // len(text)
    for _ in range(count):
        stream.control(text)

    data = bytearray()

    def tells_the_gap() -> bool:
        while select.select([reader], [], [], 0)[0]:
            data.extend(os.read(reader, 1 << 16))
        if recorder.waiting == 0:
            stream.control("after")
        return b'"gap"' in data

    wait_until(tells_the_gap)
    os.close(reader)
    recorder.finish(60)

    lines = [json.loads(line) for line in data.splitlines() if line.endswith(b"}")]
    gap = next(at for at, line in enumerate(lines) if line["kind"] == "gap")
    assert [line["seq"] for line in lines[:gap]] == list(range(1, gap + 1))
    assert lines[gap]["text"] == f"{count - gap} events, {gap + 1} to {count}, are not recorded: the file took no more"


def test_a_pipe_that_nobody_reads_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert refused(tmp_path / "pipe", tmp_path) == f"error: cannot write to {tmp_path}/pipe: nobody reads that pipe\n"


def refused(record: Path, folder: Path) -> str:
    """Return what a daemon says that does not begin, because it may not record there."""
    program = folder / "program.ncd"
    program.write_text('process main { println("runs"); exit("0"); }')
    words = [sys.executable, "-m", "netstrata", "run", "--control", "none", "--record", str(record), str(program)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


@pytest.mark.parametrize("where", ["file", "folder"])
def test_a_link_in_a_folder_of_another_user_is_not_followed(tmp_path: Path, where: str) -> None:
    foreign, target = tmp_path / "foreign", tmp_path / "target"
    foreign.mkdir()
    os.chown(foreign, 65534, 65534)
    target.mkdir()
    if where == "file":
        (foreign / "r.json").symlink_to(target / "victim")
        record = foreign / "r.json"
    else:
        (foreign / "link").symlink_to(target)
        record = foreign / "link" / "r.json"

    name = "r.json" if where == "file" else "link"
    assert refused(record, tmp_path) == (
        f"error: cannot write to {record}: {foreign / name} is a symbolic link that others may have made: not"
        " followed\n"
        "help: name the file itself, or one in a folder where only you can write\n"
    )
    assert list(target.iterdir()) == []


def test_a_link_in_a_folder_where_all_can_write_is_not_followed(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "r.json").symlink_to(tmp_path / "victim")
    os.chown(shared / "r.json", 65534, 65534, follow_symlinks=False)

    assert "r.json is a symbolic link that others may have made: not followed" in refused(shared / "r.json", tmp_path)
    assert not (tmp_path / "victim").exists()


def test_our_own_links_are_followed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "link").symlink_to("folder/../folder")
    (folder / "r.json").symlink_to(tmp_path / "real.json")
    stream = EventLog(Retry(5000))
    recorder = Recorder(str(tmp_path / "link" / "r.json"), stream)

    stream.control("somebody asks")
    recorder.finish(60)

    assert json.loads((tmp_path / "real.json").read_text())["seq"] == 1


def test_a_record_on_standard_output_comes_through_its_pipe(tmp_path: Path) -> None:
    program = tmp_path / "program.ncd"
    program.write_text('process main { exit("0"); }')
    words = [sys.executable, "-m", "netstrata", "run", "--control", "none", "--record", "/dev/stdout", str(program)]

    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, check=True)

    assert json.loads(done.stdout.splitlines()[0])["seq"] == 1


def test_a_bug_that_is_no_one_statements_is_recorded_in_one_line(tmp_path: Path) -> None:
    stream = EventLog(Retry(5000))
    recorder = Recorder(str(tmp_path / "r.json"), stream)

    stream.broken(ValueError("odd"))
    recorder.finish(60)

    entry = json.loads((tmp_path / "r.json").read_text())
    assert (entry["seq"], entry["kind"], entry["text"]) == (1, "error", "ValueError: odd")
    assert "account" not in entry
