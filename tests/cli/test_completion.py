"""What the shells offer at TAB, each of them asked itself."""

import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netstrata.cli.client import Connection
from netstrata.control.errors import NoDaemon
from tests.cli.programs import netstrata
from tests.clock import Clock

PROGRAM = """process wan { on_request("vpn0"); println("up"); }
process "lan" { var("eth0") link; blocker() open; open->use(); provide("LAN"); }
""".replace('"lan"', "lan")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a `netstrata` to run, and a file."""
    script = tmp_path / "bin" / "netstrata"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m netstrata "$@"\n')
    script.chmod(0o755)
    (tmp_path / "my program.ncd").write_text(PROGRAM)
    for shell in ("bash", "zsh", "fish"):
        (tmp_path / shell).write_text(netstrata("completion", shell)[1])
    return tmp_path


@pytest.fixture
def daemon(folder: Path) -> Iterator[Path]:
    """Return the folder where a daemon runs, which the environment names."""
    path = str(folder / "control")
    words = [sys.executable, "-m", "netstrata", "run", "--quiet", "--control", path, str(folder / "my program.ncd")]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        while True:
            try:
                Connection(path).call("Status")
                break
            except NoDaemon:
                assert child.poll() is None
                time.sleep(0.02)
        yield folder
        child.terminate()


def environment(folder: Path) -> dict[str, str]:
    """Return where shells find our command and its daemon."""
    return {
        "PATH": f"{folder}/bin:/usr/bin:/bin",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "NETSTRATA_CONTROL": str(folder / "control"),
        "HOME": str(folder),
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
    }


def need(shell: str) -> str:
    """Return the path of a shell."""
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"no {shell} here: apt-get install {shell}")
    return found


def bash(folder: Path, line: str) -> list[str]:
    """Return what bash offers at the end of a line."""
    script = f'source {folder}/bash; COMP_LINE=$1; COMP_POINT=${{#1}}; _netstrata netstrata; printf "%s\\n" '
    script += '"${COMPREPLY[@]}"'
    words = [need("bash"), "--norc", "-c", script, "bash", line]
    done = subprocess.run(words, env=environment(folder), capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return [word for word in done.stdout.split("\n") if word]


def fish(folder: Path, line: str) -> list[str]:
    """Return what fish offers at the end of a line."""
    words = [need("fish"), "--no-config", "-c", f"source {folder}/fish; complete -C $argv[1]", line]
    done = subprocess.run(
        words, env=environment(folder), cwd=folder, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.splitlines()


def typed(folder: Path, words: list[str], setting_up: str, keys: str, awaited: str) -> str:
    """Return what a shell at a terminal shows after some keys, as soon as something awaited is there."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(words[0], words, environment(folder))

    def read_until(text: str) -> str:
        said = shown = b""  # which may come in any pieces
        end = time.monotonic() + 60
        while text.encode() not in shown:
            assert select.select([terminal], [], [], max(0, end - time.monotonic()))[0], f"no {text!r} in {shown!r}"
            said += os.read(terminal, 4096)
            shown = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", said)
        return shown.decode(errors="replace")

    try:
        os.write(terminal, f"{setting_up}; echo re''ady\n".encode())
        read_until("ready\r\n")
        os.write(terminal, keys.encode())
        return read_until(awaited)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def test_commands_and_options_are_those_of_the_command_line(folder: Path) -> None:
    assert bash(folder, "netstrata stat") == ["status"]
    assert {"--wait", "--timeout", "--control", "--json"} <= set(bash(folder, "netstrata up --"))
    assert bash(folder, "netstrata log --kind tr") == ["transition"]
    assert "net.wpa" in bash(folder, "netstrata doc net.w")


def test_names_come_from_the_running_daemon(daemon: Path) -> None:
    assert bash(daemon, "netstrata status ") == ["wan", "lan"]
    assert bash(daemon, "netstrata why l") == ["lan"]
    assert bash(daemon, "netstrata up ") == ["vpn0"]
    assert bash(daemon, "netstrata down --wait --timeout 3 v") == ["vpn0"]
    assert bash(daemon, "netstrata log --statement o") == ["on_request"]
    assert bash(daemon, "netstrata restart lan:") == ["1", "2", "3", "4"]  # bash begins a word after the colon
    assert bash(daemon, f"netstrata status --control {daemon}/control w") == ["wan"]
    assert bash(daemon, "netstrata status --control /nowhere w") == []


def test_without_a_daemon_or_with_one_that_does_not_answer_nothing_is_offered_and_nobody_waits(folder: Path) -> None:
    clock = Clock()
    without = bash(folder, "netstrata up ")
    deaf = socket.socket(socket.AF_UNIX)
    deaf.bind(str(folder / "control"))
    deaf.listen(1)
    silent = bash(folder, "netstrata up ")

    assert (without, silent) == ([], [])
    assert clock.seconds < 5


def test_bash_at_a_terminal_completes_a_goal_and_a_file_with_a_space(daemon: Path) -> None:
    words = [need("bash"), "--norc", "--noprofile", "-i"]

    goal = typed(daemon, words, f"source {daemon}/bash", "netstrata up v\t", "vpn0 ")
    file = typed(daemon, words, f"source {daemon}/bash", "netstrata run my\t", "program.ncd")

    assert "netstrata up vpn0 " in goal
    assert "netstrata run my\\ program.ncd" in file


def test_fish_shows_what_a_name_is(daemon: Path) -> None:
    assert fish(daemon, "netstrata up v") == ["vpn0\tidle"]
    assert fish(daemon, "netstrata stat") == ["status\twhat stands: each floor, its state, since when, its values"]
    assert "my program.ncd" in "\n".join(fish(daemon, "netstrata run my"))


def test_zsh_at_a_terminal_completes_places_with_their_colon(daemon: Path) -> None:
    words = [need("zsh"), "-f", "-i"]
    setting_up = f"autoload -Uz compinit; compinit -u -D; source {daemon}/zsh"

    goal = typed(daemon, words, setting_up, "netstrata up v\t", "vpn0 ")
    place = typed(daemon, words, setting_up, "netstrata restart wan:\t", "println")

    assert "vpn0 " in goal
    assert "wan:1  -- on_request, down" in place


def test_a_broken_line_is_no_traceback(folder: Path) -> None:
    for line in ("", "netstrata", "netstrata 'run", 'netstrata "', "netstrata nonsense --x ", "netstrata up \\"):
        code, _, err = netstrata("_complete", "zsh", line)

        assert (code, err) == (0, "")
    assert netstrata("_complete")[0] == 0
