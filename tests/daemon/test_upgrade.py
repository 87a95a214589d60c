"""What one daemon hands to the next under the same process id: real processes, and memory files as they may come."""

import fcntl
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.cli.programs import netstrata

import netstrata as package
from netstrata.cli.client import Connection
from netstrata.contract.secrets import SECRETS
from netstrata.control.errors import Refusal
from netstrata.control.varlink import encode_call
from netstrata.daemon.events.event import KEPT
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.upgrade import LOG_BYTES, Upgrade
from netstrata.engine.environment import Retry
from netstrata.system.handover import VARIABLE, hand_over, take_handover
from netstrata.testing.child import wait_until
from netstrata.version import VERSION

STARTED: list[subprocess.Popen[bytes]] = []
SOURCES = Path(package.__file__).parents[1]
PROGRAM = """
process main { getargs() words; rprintln("undone"); println("complete"); }
process vpn { on_request("vpn"); provide("vpn"); }
"""
# Executes `netstrata run` with a memory file of any text, and with what this names open: a listening socket at a path,
# one that does not listen, a pipe.
LAUNCHER = """
import fcntl, os, socket, sys
kind, path, text, *words = sys.argv[1:]
if kind == "pipe":
    descriptor = os.pipe()[0]
else:
    at = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM if kind == "datagrams" else socket.SOCK_STREAM)
    at.bind(path)
    if kind == "listening":
        at.listen(8)
    descriptor = at.detach()
os.set_inheritable(descriptor, True)
inode = os.stat(path).st_ino if os.path.exists(path) else 0
memory = os.memfd_create("x", os.MFD_ALLOW_SEALING)
os.write(memory, text.replace("DESCRIPTOR", str(descriptor)).replace("INODE", str(inode)).encode())
if kind != "unsealed":
    fcntl.fcntl(memory, fcntl.F_ADD_SEALS, 15)
os.execve(sys.executable, [sys.executable, *words], {**os.environ, "NETSTRATA_HANDOVER": f"{os.getpid()}:{memory}"})
"""


class Running:
    """A daemon that runs, from given sources, and where it answers."""

    def __init__(self, folder: Path, *first: str, sources: Path = SOURCES, python: str = sys.executable) -> None:
        (folder / "program.ncd").write_text(PROGRAM)
        self.path = str(folder / "control")
        self.log = folder / "log"
        options = ["--control", self.path, "--state", str(folder)]
        words = ["-m", "netstrata", "run", *options, str(folder / "program.ncd")]
        self.environment = {**os.environ, "PYTHONPATH": str(sources)}
        with self.log.open("wb") as log:
            self.child = subprocess.Popen([python, *first, *words], stdout=log, stderr=log, env=self.environment)
        STARTED.append(self.child)
        wait_until("its program", lambda: self.says("complete\n"))

    def says(self, text: str, times: int = 1) -> bool:
        """Say whether it has said something, so often."""
        assert self.child.poll() is None, self.log.read_text()
        return self.log.read_text().count(text) >= times

    def connect(self) -> Connection:
        """Return a new connection."""
        return Connection(self.path)

    def files(self) -> list[str]:
        """Return what it has open, but for what epoll and the like have numbers of."""
        found = []
        for path in Path(f"/proc/{self.child.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # it is closed by now
                target = path.readlink()
                # The undo journal is named by the path of the socket, which is cut if it is long.
                found.append("journal" if target.parent.name == "journal" else re.sub(r"\[\d+\]", "", target.name))
        return sorted(found)

    def end(self) -> int:
        """End it, and return its exit code."""
        self.child.terminate()
        return self.child.wait(60)


@pytest.fixture(autouse=True)
def nobody_left() -> Iterator[None]:
    """Have no daemon outlive a test that fails."""
    yield
    while STARTED:
        child = STARTED.pop()
        child.terminate()
        child.wait(60)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Running]:
    """A daemon that runs."""
    daemon = Running(tmp_path)
    yield daemon
    assert daemon.end() == 0


def upgrade(daemon: Running) -> tuple[int, str, str]:
    """Upgrade a daemon by the command."""
    return netstrata("upgrade", "--control", daemon.path)


def test_the_version_that_is_installed_by_now_runs_and_what_was_asked_for_is_asked_for_still(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    shutil.copytree(SOURCES, sources)
    daemon = Running(tmp_path, sources=sources)
    daemon.connect().call("Ask", goal="vpn")
    version = sources / "netstrata" / "version.py"
    version.write_text(version.read_text().replace(VERSION, "9.9.9"))

    code, out, err = upgrade(daemon)

    assert (code, out.splitlines()[:2], err) == (0, [VERSION, "9.9.9"], "")
    assert daemon.connect().call("Figures")["figures"]["version"] == "9.9.9"
    assert [(goal["asked"], goal["state"]) for goal in daemon.connect().call("Goals")["goals"]] == [(True, "up")]
    assert daemon.says("undone") is False
    assert daemon.says(f"upgraded from {VERSION} to 9.9.9: all is taken over after ")
    daemon.connect().call("Drop", goal="vpn")
    wait_until("it gone", lambda: daemon.connect().call("Goals")["goals"][0]["state"] == "idle")
    assert daemon.end() == 0
    assert not os.path.exists(daemon.path)


def broken(daemon: Running, folder: Path) -> str:
    (folder / "sources" / "netstrata" / "cli" / "__init__.py").write_text("import nothing_of_the_kind")
    return "No module named 'nothing_of_the_kind'"


def without_python(daemon: Running, folder: Path) -> str:
    (folder / "python").unlink()
    return f"cannot execute {folder}/python: No such file or directory"


def no_program(daemon: Running, folder: Path) -> str:
    (folder / "program.ncd").write_text("process main { net.up( }")
    return "expected a value, found `}`"


def older(daemon: Running, folder: Path) -> str:
    commands = folder / "sources" / "netstrata" / "cli" / "commands.py"
    commands.write_text(commands.read_text().replace('"--dry-run"', '"--no-such"'))
    return "unrecognized arguments: --dry-run"


@pytest.mark.parametrize("spoil", [broken, without_python, no_program, older])
def test_a_version_that_cannot_run_is_refused_in_words_and_all_goes_on(
    spoil: Callable[[Running, Path], str], tmp_path: Path
) -> None:
    shutil.copytree(SOURCES, tmp_path / "sources")
    (tmp_path / "python").symlink_to(sys.executable)
    daemon = Running(tmp_path, sources=tmp_path / "sources", python=str(tmp_path / "python"))
    before = daemon.connect().call("Watch", after=0)["events"][-1]
    why = spoil(daemon, tmp_path)

    code, out, err = upgrade(daemon)

    assert (code, out) == (1, "")
    assert err.startswith("error: not upgraded: ")
    assert why in err
    assert err.endswith("help: all goes on as it was; mend that, and ask again\n")
    assert why in daemon.log.read_text()
    daemon.child.send_signal(signal.SIGUSR2)  # says the same
    wait_until("it again", lambda: daemon.says("error: not run anew: ", 2))
    after = daemon.connect().call("Watch", after=before["seq"])["events"]
    assert [event["kind"] for event in after] == ["control"]  # that somebody was refused
    assert daemon.end() == 0


def test_a_call_that_was_sent_and_an_answer_that_nobody_has_read_yet_are_not_lost(daemon: Running) -> None:
    slow = socket.socket(socket.AF_UNIX)
    slow.connect(daemon.path)
    slow.sendall(encode_call("org.netstrata.Control.Source", {}) * 1500)  # more than any buffer takes
    silent = socket.socket(socket.AF_UNIX)
    silent.connect(daemon.path)
    silent.sendall(encode_call("org.netstrata.Control.Goals", {})[:20])  # the rest follows

    assert upgrade(daemon)[0] == 0

    silent.sendall(encode_call("org.netstrata.Control.Goals", {})[20:])
    assert answers(silent, 1)[0]["parameters"]["goals"][0]["name"] == "vpn"
    read = answers(slow, 1500)
    assert [list(answer["parameters"]["files"].values()) for answer in read] == [[PROGRAM]] * 1500


def answers(connection: socket.socket, count: int) -> list[dict[str, Any]]:
    """Return so many answers of a connection."""
    data = bytearray()
    connection.settimeout(60)
    while data.count(b"\0") < count:
        got = connection.recv(1 << 20)
        assert got, "it was cut off"
        data += got
    return [json.loads(message) for message in data.split(b"\0")[:count]]


def folder_in(folder: Path) -> Path:
    """Make a folder in another one."""
    made = folder / "plain"
    made.mkdir()
    return made


def test_what_people_have_changed_of_the_program_goes_over(daemon: Running) -> None:
    connection = daemon.connect()
    connection.call("Load", text='process more { println("more is up"); }', file="more.ncd")
    connection.call("Stop", process="vpn")
    before = connection.call("Program")

    assert upgrade(daemon)[0] == 0

    wait_until("what was loaded", lambda: daemon.says("more is up\n", 2))
    after = connection.call("Program")
    assert (after["text"], after["changes"]) == (before["text"], before["changes"])
    assert [(one["what"], one["process"]) for one in after["changes"]] == [("loaded", "more"), ("stopped", "vpn")]


def test_an_upgrade_while_the_program_changes_waits_for_that(daemon: Running) -> None:
    text = 'process slow { sleep("0", "500"); println("slow is up"); }'
    daemon.connect().call("Load", text=text, file="slow.ncd")
    wait_until("what was loaded", lambda: daemon.says("slow is up\n"))
    replacing = socket.socket(socket.AF_UNIX)
    replacing.connect(daemon.path)
    parameters = {"process": "slow", "text": text.replace('"500"', '"1"')}
    replacing.sendall(encode_call("org.netstrata.Control.Replace", parameters))

    assert upgrade(daemon)[0] == 0

    assert answers(replacing, 1)[0]["parameters"]["changed"]
    assert "_replace" not in daemon.log.read_text()
    assert daemon.connect().call("Program")["text"].count('"1"') == 1


def test_an_upgrade_leaves_no_file_open(daemon: Running, tmp_path: Path) -> None:
    plain = Running(folder_in(tmp_path))
    for one in (plain, daemon):
        one.connect().call("Goals")

    for _ in range(2):
        assert upgrade(daemon)[0] == 0

    wait_until("the same open files", lambda: daemon.files() == plain.files())
    assert plain.end() == 0


def test_all_who_ask_for_an_upgrade_at_once_have_one(daemon: Running) -> None:
    asking = []
    for _ in range(5):
        one = socket.socket(socket.AF_UNIX)
        one.connect(daemon.path)
        one.sendall(encode_call("org.netstrata.Control.Upgrade", {}) + encode_call("org.netstrata.Control.Goals", {}))
        asking.append(one)

    found = [answers(one, 2) for one in asking]

    assert len({json.dumps(one[0]) for one in found}) == 1
    assert daemon.says("upgraded from", 1)
    assert not daemon.says("upgraded from", 2)


def test_a_connect_while_nobody_accepts_waits_and_is_not_refused(daemon: Running) -> None:
    one = socket.socket(socket.AF_UNIX)
    one.connect(daemon.path)
    one.sendall(encode_call("org.netstrata.Control.Upgrade", {}))
    tried = 0

    while not select.select([one], [], [], 0)[0]:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(daemon.path)
        tried += 1

    assert "error" not in answers(one, 1)[0]
    assert tried > 10


HEAD = "netstrata-handover 1 DESCRIPTOR\n"
SOCKET = '{"socket": {"path": "PATH", "descriptor": DESCRIPTOR, "inode": INODE}, "future": [1]}'
CLIENTS = ', "clients": [{"descriptor": DESCRIPTOR}]}'
EVENT = '{"seq": %d, "time": 1.0, "monotonic": 1.0, "kind": "tomorrow", "process": "", "text": "x"}'
LOG = '{"log": {"id": "old", "seq": 7, "events": [%s]}}'
PROGRAM_PART = (
    '{"program": {"loaded": {"x": ["process x {", "x", "uid 0", 1.0, false]}, "unloaded": {}, "stopped": {}}}'
)
# What a daemon makes of what it cannot have written itself: what it says.
HANDED = {
    "of another format": ("listening", "netstrata-handover 2 DESCRIPTOR\n{}", "of format 2, and this version reads 1"),
    "damaged": ("listening", HEAD + SOCKET[:-9], "it is damaged"),
    "a list": ("listening", HEAD + "[]", "it is damaged"),
    "a part of another shape": ("listening", HEAD + '{"socket": 7}', "the socket of the daemon before this one cannot"),
    "a socket of datagrams": ("datagrams", HEAD + SOCKET, "does not listen at"),
    "a socket that does not listen": ("bound", HEAD + SOCKET, "does not listen at"),
    "no socket": ("pipe", HEAD + SOCKET, "is no socket"),
    "another inode": ("listening", HEAD + SOCKET.replace("INODE", "1"), "does not listen at"),
    "a client that is none": ("listening", HEAD + SOCKET[:-1] + CLIENTS, "the clients of the daemon"),
    "events with a gap": ("pipe", HEAD + LOG % f"{EVENT % 5}, {EVENT % 7}", "its events do not follow one another"),
    "changes of another shape": ("pipe", HEAD + '{"program": {"loaded": []}}', "the program of the daemon before this"),
    "a change that is no text": ("pipe", HEAD + PROGRAM_PART, "what was changed of the program is dropped"),
    "an event that is none": ("pipe", HEAD + LOG % '{"seq": 7}', "the log of the daemon before this one cannot"),
}  # fmt: skip


@pytest.mark.parametrize("what", HANDED)
def test_what_is_not_understood_is_dropped_with_a_word_and_nothing_of_it_stays_open(what: str, tmp_path: Path) -> None:
    kind, text, why = HANDED[what]
    plain = Running(folder_in(tmp_path))
    path = str(tmp_path / ("control" if kind == "listening" else "other"))
    text = text.replace("PATH", str(tmp_path / "control"))

    daemon = Running(tmp_path, "-c", LAUNCHER, kind, path, text)

    assert why in daemon.log.read_text()
    assert daemon.log.read_text().count("warning: ") == 1
    assert daemon.connect().call("Watch", after=0)["events"][0]["seq"] == 1
    wait_until("the same open files", lambda: daemon.files() == plain.files())
    assert (daemon.end(), plain.end()) == (0, 0)


def test_what_a_later_version_says_besides_is_no_reason_to_drop_the_rest(tmp_path: Path) -> None:
    path = str(tmp_path / "control")
    parts = f"{SOCKET[:-1]}, {(LOG % f'{EVENT % 6}, {EVENT % 7}')[1:]}".replace("PATH", path)

    daemon = Running(tmp_path, "-c", LAUNCHER, "listening", path, HEAD + parts)

    events = daemon.connect().call("Watch", after=0)["events"]
    assert [(event["seq"], event["kind"], event["log"]) for event in events[:3]] == [
        (6, "tomorrow", "old"), (7, "tomorrow", "old"), (8, "program", "old"),
    ]  # fmt: skip
    assert "warning" not in daemon.log.read_text()
    assert daemon.end() == 0


def test_a_memory_that_others_may_still_write_is_nobodys(tmp_path: Path) -> None:
    daemon = Running(tmp_path, "-c", LAUNCHER, "unsealed", str(tmp_path / "other"), HEAD + LOG % (EVENT % 7))

    assert daemon.connect().call("Watch", after=0)["events"][0]["seq"] == 1
    assert daemon.end() == 0


def test_who_comes_again_goes_on_where_he_was_and_is_told_what_he_has_missed(daemon: Running) -> None:
    first = daemon.connect().call("Watch", after=0)["events"]
    seen = first[2]

    assert upgrade(daemon)[0] == 0

    rest = next(daemon.connect().stream("Watch", after=seen["seq"], log=seen["log"]))["events"]
    assert rest[: len(first) - 3] == first[3:]
    assert [event["seq"] for event in rest] == list(range(4, 4 + len(rest)))
    asks: list[Callable[[], object]] = [
        lambda: daemon.connect().call("Watch", after=1, log="x"),
        lambda: next(daemon.connect().stream("Watch", after=1, log="x")),
    ]
    for ask in asks:
        with pytest.raises(Refusal) as caught:
            ask()
        assert (caught.value.name, caught.value.parameters) == ("OtherLog", {"log": seen["log"]})


def test_what_goes_over_of_the_log_is_bounded_and_its_end() -> None:
    told: list[str] = []
    stream = EventLog(Retry(1))
    for number in range(KEPT + 100):
        stream.control(f"{number} {'x' * 1000}")
    upgrade = Upgrade(stream, told.append, lambda: None, None)

    environment = upgrade.pack(None, None)
    handed = take_handover(environment)
    following = EventLog(Retry(1))
    Upgrade(following, told.append, lambda: None, handed)
    following.control("the next")

    assert (told, environment) == ([], {})
    assert (following.id, following.seq) == (stream.id, KEPT + 101)
    assert LOG_BYTES / 2000 < following.seq - following.oldest < LOG_BYTES / 1000
    assert [event.seq for event in following.after(0, 20_000)] == list(range(following.oldest, KEPT + 102))
    assert following.after(KEPT + 98, 1)[0].fields == {"text": f"{KEPT + 98} {'x' * 1000}"}
    for _ in range(2 * KEPT):
        following.control("more")
    assert [event.seq for event in following.after(0, 1)] == [following.oldest] == [following.seq - KEPT + 1]


def test_no_secret_goes_over_in_the_log() -> None:
    stream = EventLog(Retry(1))
    SECRETS.keep(b"hunter22")
    stream.control("asked with hunter22")

    handed = take_handover(Upgrade(stream, print, lambda: None, None).pack(None, None))

    assert handed is not None
    assert handed.part("log")["events"][0]["text"] == "asked with ********"


def test_what_is_handed_over_is_for_one_process() -> None:
    given = hand_over({"x": 1}, [])
    memory = int(given[VARIABLE].partition(":")[2])
    assert fcntl.fcntl(memory, fcntl.F_GET_SEALS) == 15

    assert take_handover({VARIABLE: f"{os.getpid() + 1}:{memory}"}) is None
    assert take_handover({VARIABLE: f"{os.getpid()}:0"}) is None
    assert take_handover({VARIABLE: "x"}) is None
    assert take_handover({}) is None

    handed = take_handover(given)
    assert handed is not None
    assert (handed.part("x"), given) == (1, {})
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(memory)
