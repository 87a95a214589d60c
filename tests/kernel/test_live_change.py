"""A program that changes while it runs, on a real kernel: what stands then, what was touched, and what was not.

Linux 6.18, iproute2 6.1.0.
"""

import re
import signal
import sys
import time
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from tests.kernel.test_upgrade import ENVIRONMENT, changes, of_ours

from netstrata.cli.client import Connection
from netstrata.control.errors import NoDaemon, Refusal
from netstrata.testing.child import Child, wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
LINKS = ("a0", "a1", "a2")
PAIRS = 8
Program = dict[str, list[str]]  # the statements of each process and template


class Editor:
    """Makes programs of addresses, routes, neighbours, rules and settings, and edits them.

    Of whom a thing is can be told from its numbers: 10.P.… is of process pP, and of a template what it is called with.
    """

    def __init__(self, random: Random) -> None:
        self._random = random

    def program(self) -> Program:
        """Return a program."""
        found = {"up": [f'net.up("{link}");' for link in LINKS] + ['provide("UP");']}
        found["template t"] = [self._statement("_arg0")]
        for number in range(1, 5):
            found[f"p{number}"] = ['depend("UP");', *(self._statement(str(number)) for _ in range(3))]
        return found

    def edited(self, program: Program) -> Program:
        """Return it with one or two edits."""
        random = self._random
        found = {name: list(statements) for name, statements in program.items()}
        for _ in range(random.randint(1, 2)):
            name = random.choice([one for one in found if one != "up"])
            own = "_arg0" if name == "template t" else name[1:]
            statements = found[name]
            low = 0 if name == "template t" else 1
            what = random.random()
            if what < 0.15 and len(found) > 3 and name != "template t":
                del found[name]
            elif what < 0.3:
                free = next(number for number in range(1, 20) if f"p{number}" not in found)
                found[f"p{free}"] = ['depend("UP");', self._statement(str(free))]
            elif what < 0.5 and len(statements) > 1:
                del statements[random.randrange(low, len(statements))]
            elif what < 0.75 and len(statements) > low:
                statements[random.randrange(low, len(statements))] = self._statement(own)
            else:
                statements.insert(random.randint(low, len(statements)), self._statement(own))
        return found

    def _statement(self, own: str) -> str:
        """Return a statement of a process's own."""
        random = self._random
        link, low, high = random.choice(LINKS), random.randrange(250), random.randrange(1, 250)
        what = random.random()

        def text(form: str) -> str:
            if own != "_arg0":
                return '"' + form.replace("P", own) + '"'
            first, last = form.split("P")
            return f'@concat("{first}", _arg0, "{last}")'

        if what < 0.35:
            return f'net.ipv4.addr("{link}", {text(f"10.P.{low}.{high}/24")});'
        if what < 0.55:
            return f'net.route({text(f"10.P.{low}.0/24")}, ["dev": "{link}", "table": "1{high:03}"]);'
        if what < 0.7:
            return f'net.neigh("{link}", {text(f"10.P.{low}.{high}")}, "02:00:00:00:00:{high:02x}");'
        if what < 0.8:
            return f'net.rule(["priority": "{high}", "from": {text(f"10.P.{low}.{high}")}, "table": "main"]);'
        if what < 0.9 and own != "_arg0":
            return f'call("t", {{"{own}"}});'
        return f'var("{low}");'


def text_of(program: Program) -> str:
    return "".join(
        f"{name if name.startswith('template') else 'process ' + name} {{\n    " + "\n    ".join(statements) + "\n}\n"
        for name, statements in program.items()
    )


class Edit(NamedTuple):
    """A program that runs, and what its file says by now."""

    old: Program
    new: Program
    wanted: str  # what stands when the new one is started on its own
    daemon: Child
    news: Child  # tells what changes in the kernel

    @property
    def told(self) -> str:
        """Both, for people."""
        return f"{text_of(self.old)}\n-->\n{text_of(self.new)}"


class Machine:
    """A host with links, and a daemon on it."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.host = lab.host("host")
        other = lab.host("other")
        # With its last address a link loses its neighbours and routes, whoever made them: each keeps one.
        for number, link in enumerate(LINKS):
            lab.cable((self.host, link), (other, f"{link}x"))
            other.run("ip", "link", "set", f"{link}x", "up")
            self.host.run("ip", "addr", "add", f"192.0.2.{number}/32", "dev", link)
        self.host.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        self.file = folder / "program.ncd"
        self._folder = folder
        self._control = str(folder / "control")

    def start(self, program: Program) -> Child:
        """Start a daemon, and wait until all that stands in it is as it is wanted."""
        self.file.write_text(text_of(program))
        options = ["--state", str(self._folder), "--control", self._control]
        words = [sys.executable, "-m", "netstrata", "run", *options, str(self.file)]
        daemon = self.host.start(words, ENVIRONMENT)
        self.wait(program)
        return daemon

    def wait(self, program: Program) -> None:
        """Wait until all processes are complete."""
        names = {name for name in program if not name.startswith("template")}
        wait_until("all of it", lambda: self._complete() == names)

    def _complete(self) -> set[str]:
        try:
            told = Connection(self._control, 60).call("Status")["processes"]
        except (NoDaemon, Refusal):
            return set()
        return {one["process"] for one in told if one["state"] == "complete" and one["process"].isalnum()}

    def reload(self) -> Child:
        return self.host.start([sys.executable, "-m", "netstrata", "reload", "--control", self._control], ENVIRONMENT)

    def edited(self, editor: Editor) -> Edit:
        """Start a program, and edit its file."""
        old = editor.program()
        new = editor.edited(old)
        edit = Edit(old, new, self.fresh(new), self.start(old), changes(self.host))
        self.file.write_text(text_of(new))
        return edit

    def fresh(self, program: Program) -> str:
        """Return what stands when a program is started on its own."""
        daemon = self.start(program)
        found = self.host.kernel()
        assert daemon.end() == 0
        return found


@pytest.fixture
def machine(lab: Lab, tmp_path: Path) -> Machine:
    return Machine(lab, tmp_path)


def untouched(old: Program, new: Program) -> set[str]:
    """Return the processes that mean the same in both."""
    same_template = old["template t"] == new["template t"]
    return {
        name
        for name in old.keys() & new.keys()
        if old[name] == new[name] and (same_template or not any('call("t"' in one for one in new[name]))
    }


def numbers_in(news: list[str]) -> set[str]:
    """Return of which processes somebody told."""
    return {f"p{number}" for line in news for number in re.findall(r"\b10\.(\d+)\.", line)}


@pytest.mark.parametrize("seed", range(PAIRS))
def test_after_a_reload_stands_what_a_new_start_brings_up_and_nothing_else_was_touched(
    machine: Machine, seed: int
) -> None:
    edit = machine.edited(Editor(Random(seed)))

    assert machine.reload().status() == 0
    machine.wait(edit.new)

    assert machine.host.kernel() == edit.wanted, edit.told
    touched = numbers_in(of_ours(edit.news)) & untouched(edit.old, edit.new)
    assert touched == set(), edit.told + "\n".join(of_ours(edit.news))
    assert edit.daemon.end() == 0


@pytest.mark.parametrize("seed", range(100, 100 + PAIRS))
def test_a_daemon_that_is_killed_in_a_change_is_followed_by_one_that_completes_it(machine: Machine, seed: int) -> None:
    random = Random(seed)
    edit = machine.edited(Editor(random))
    reload = machine.reload()
    time.sleep(random.uniform(0.1, 0.3))  # somewhere between the exec of the command and its answer

    edit.daemon.signal(signal.SIGKILL)
    edit.daemon.status()
    reload.status()
    after = machine.start(edit.new)
    wait_until("what nobody wants any more to be gone", lambda: machine.host.kernel() == edit.wanted)

    gone = [line for line in of_ours(edit.news) if "Deleted" in line]
    assert numbers_in(gone) & untouched(edit.old, edit.new) == set(), edit.told
    assert after.end() == 0
