"""What a plan says would be done outside, beside what the kernel tells when it is done.

Linux 6.18, iproute2 6.1.0.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.kernel import test_live_change as random_programs
from tests.kernel.test_upgrade import ENVIRONMENT, changes, netstrata

from netstrata.testing.child import Child, wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
FORWARD = "net.ipv4.conf.a0.forwarding"


_ROUTE = (
    r"(?:Deleted )?([\d./]+) (?:via (\S+) )?dev (\w+) (?:table (\d+) )?proto 110 (?:scope link )?(?:metric (\d+) )?"
)


class Machine:
    """A host with a link, a daemon on it, and its program's file."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.folder = folder
        self.host = lab.host("host")
        self.host.sysctl("net.ipv6.conf.all.disable_ipv6", "1")
        lab.cable((self.host, "a0"), (lab.host("other"), "b0"))
        self._file = folder / "program.ncd"
        self._control = str(folder / "control")
        self.daemon: Child | None = None

    def runs(self, text: str, statements: int) -> Child:
        """Start the daemon; wait until so many statements are up."""
        self.write(text)
        where = ["--control", self._control, "--state", str(self.folder)]
        daemon = self.host.start([sys.executable, "-m", "netstrata", "run", *where, str(self._file)], ENVIRONMENT)
        wait_until("all of it", lambda: daemon.output().count(" down -> up") == statements)
        self.daemon = daemon
        return daemon

    def write(self, text: str) -> None:
        """Have another program, of which nobody knows yet."""
        self._file.write_text(text)

    def goes_on_with(self, text: str, statements: int) -> None:
        """Have another program run; wait until so many statements have come up since the daemon began."""
        self.write(text)
        self.says("reload")
        assert self.daemon is not None
        output = self.daemon.output
        wait_until("the rest", lambda: output().count(" down -> up") == statements)

    def says(self, *words: str) -> str:
        """Return what a command says."""
        return netstrata(self.host, *words, "--control", self._control)

    def plan(self) -> dict[str, list[str]]:
        """Return what each statement of the plan does outside, by what is done and to whom."""
        return deeds_of(self.says("plan", "--json"))

    def reload(self) -> dict[str, list[str]]:
        """Do it, and return the same of what has really happened."""
        return deeds_of(self.says("reload", "--json"))


@pytest.fixture
def machine(lab: Lab, tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(lab, tmp_path)
    yield machine
    if machine.daemon is not None:
        assert machine.daemon.end() == 0


def deeds_of(answer: str) -> dict[str, list[str]]:
    """Return what each statement does outside, by what is done and to whom."""
    steps: list[dict[str, Any]] = json.loads(answer)["steps"]
    return {f"{one['what']} {one['process']}.{one['statement']}": one.get("operations", []) for one in steps}


def heard(news: Child) -> list[str]:
    """Return what the kernel told, in the words of a plan, but for what it does by itself."""
    found: list[str] = []
    mtu = ""
    for line in news.output().splitlines():
        verb = "delete" if line.startswith("Deleted") else "add"
        address = re.search(r"\d+: (\w+) +inet (\S+)", line)
        route = re.match(_ROUTE, line)
        link = re.search(r"\d+: a0@.* mtu (\d+) ", line)
        if address is not None:
            found.append(f"{verb} {address[2]} {'on' if verb == 'delete' else 'to'} {address[1]}")
        elif route is not None:
            via = f" via {route[2]}" if route[2] else ""
            metric = f" metric {route[5]}" if route[5] else ""
            table = f" in table {route[4]}" if route[4] else ""
            found.append(f"{verb} route {route[1]}{via} on {route[3]}{metric}{table}")
        elif link is not None and link[1] != mtu:
            mtu = link[1]
            found.append(f"set the MTU of a0 to {mtu}")
    return found


OLD = f"""
process lan {{
    net.up("a0");
    net.mtu("a0", "1400");
    net.sysctl("{FORWARD}", "1");
    file.write("/run/note", "old");
    net.ipv4.addr("a0", "192.0.2.1/24");
    net.ipv4.route("198.51.100.0/24", "192.0.2.2", "5", "a0");
}}
"""


def test_what_a_plan_says_is_what_the_kernel_tells_of_the_reload(machine: Machine) -> None:
    machine.runs(OLD, 6)
    news = changes(machine.host)
    machine.write(OLD.replace("1400", "1300").replace('"old"', '"new"').replace("192.0.2.1/24", "192.0.2.7/24"))

    plan = machine.plan()
    shown = machine.says("plan")
    assert (heard(news), machine.host.read("/run/note")) == ([], "old")
    done = machine.reload()

    wait_until("the route", lambda: news.output().count("198.51.100.0/24") == 2)
    assert done == plan
    assert plan == {
        "undone lan.6": ["delete route 198.51.100.0/24 via 192.0.2.2 on a0 metric 5"],
        "undone lan.5": ["delete 192.0.2.1/24 on a0"],
        "undone lan.4": ["remove /run/note"],
        "undone lan.3": [f"set {FORWARD} to 0"],
        "undone lan.2": ["set the MTU of a0 to 1500"],
        "begun lan.2": ["set the MTU of a0 to 1300"],
        "begun lan.3": [f"set {FORWARD} to 1"],
        "begun lan.4": ["write /run/note"],
        "begun lan.5": ["add 192.0.2.7/24 to a0"],
        "begun lan.6": ["add route 198.51.100.0/24 via 192.0.2.2 on a0 metric 5"],
    }
    told = [words for operations in plan.values() for words in operations]
    assert [words for words in told if "note" not in words and FORWARD not in words] == heard(news)
    assert machine.host.read("/run/note") == "new"
    assert "\n      set the MTU of a0 to 1300\n" in shown


SHARED = """process one { net.up("a0"); net.mtu("a0", "1400"); net.ipv4.addr("a0", "192.0.2.1/24"); }
process two { net.up("a0"); net.mtu("a0", "1300"); net.ipv4.addr("a0", "192.0.2.1/24"); }
process three { net.ipv4.addr("a0", "192.0.2.9/24"); net.mtu("a0", "1300"); }
"""


def test_what_others_hold_and_what_was_there_before_is_said_to_stay(machine: Machine) -> None:
    machine.host.run("ip", "addr", "add", "192.0.2.9/24", "dev", "a0")
    one, two, three = SHARED.splitlines(keepends=True)
    machine.runs(one, 3)
    machine.goes_on_with(one + two, 6)
    machine.goes_on_with(one + two + three, 8)
    news = changes(machine.host)

    machine.write(one)
    both = machine.plan()
    machine.write(two)
    gone = machine.plan()
    done = machine.reload()

    shared = "another statement holds it"
    assert gone == {
        "undone three.2": ["set the MTU of a0 to 1300: it is so already"],
        "undone three.1": ["keep 192.0.2.9/24 on a0: it was there before"],
        "undone one.3": [f"keep 192.0.2.1/24 on a0: {shared}"],
        "undone one.2": ["no more set the MTU of a0 to 1400: another value counts"],
        "undone one.1": [f"keep a0 up: {shared}"],
    }
    assert done == gone
    assert [line for operations in both.values() for line in operations if "MTU" in line] == [
        "set the MTU of a0 to 1300: it is so already", "set the MTU of a0 to 1400",
    ]  # fmt: skip
    assert heard(news) == []


def test_the_last_of_several_who_leave_undoes_what_they_share(machine: Machine) -> None:
    one, two, _ = SHARED.splitlines(keepends=True)
    machine.runs(one, 3)
    machine.goes_on_with(one + two, 6)
    news = changes(machine.host)
    machine.write('process three { println("3"); }')

    planned = machine.plan()
    done = machine.reload()
    wait_until("the link", lambda: "state DOWN" in news.output())
    assert done == planned

    told = [line for operations in planned.values() for line in operations]
    assert [line for line in told if ":" not in line and "down" not in line] == heard(news)
    assert told[-1] == "set a0 down"
    assert [line for line in told if "192.0.2.1" in line] == [
        "keep 192.0.2.1/24 on a0: another statement holds it", "delete 192.0.2.1/24 on a0",
    ]  # fmt: skip


KNOWN = """
process lan {
    var("192.0.2.1") stays;
    net.ipv4.addr("a0", stays, "24");
    call("more", {"5"});
    %s
}
template more { net.mtu("a0", @concat("130", _arg0)); }
"""
NEW = """
    var("192.0.2.2") begins;
    net.ipv4.addr("a0", stays, "25");
    net.ipv4.addr("a0", stays, "24");
    net.ipv4.addr("a0", begins, "24");
    call("more", {"7"});
    If (stays) { net.ipv4.addr("a0", stays, "26"); };
    run({"/bin/touch", "/run/did a"}, {"/bin/touch", "/run/undid"});
    runonce({"/bin/touch", "/run/once"});
    net.dns({"192.0.2.53"}, "20");
    net.ipv4.dhcp("a0") lease;
    net.backend.waitlink("a0");
"""


def test_values_of_what_stays_are_known_and_what_is_not_known_is_said(machine: Machine) -> None:
    machine.runs(KNOWN % "", 4)
    machine.write(KNOWN % NEW)

    planned = machine.plan()
    done = machine.reload()

    assert planned == {
        "begun lan.4": [],
        "begun lan.5": ["add 192.0.2.1/25 to a0"],
        "begun lan.6": ["add 192.0.2.1/24 to a0: it is held already"],
        "begun lan.7": ["then whatever follows: its values are known only once it begins"],
        "begun lan.8": [],
        "begun lan.8/more.1": ["set the MTU of a0 to 1307"],
        "begun lan.9": [],
        "begun lan.9.1": ["add 192.0.2.1/26 to a0"],
        "begun lan.10": ["run /bin/touch '/run/did a'"],
        "begun lan.11": ["then whatever follows: it is known only when it happens"],
        "begun lan.12": ["add to the resolver configuration: nameserver 192.0.2.53"],
        "begun lan.13": ["then whatever follows: it is known only when it happens"],
        "begun lan.14": [],
    }
    del planned["begun lan.9.1"], planned["begun lan.14"], done["undone lan.13"]  # false; no lease, as the link is down
    assert done == planned | {"begun lan.7": ["add 192.0.2.2/24 to a0"], "begun lan.11": [], "begun lan.13": []}


SECRET = """
process lan {
    secret("hunter's%s22") word;
    run({}, {"/bin/echo", word});
    run({}, {"/bin/echo", "plain"});
    file.write("/run/note", word);
}
"""


def test_no_operation_tells_a_secret(machine: Machine) -> None:
    machine.runs(SECRET % "", 4)
    machine.write(SECRET % "new")

    said = machine.says("plan", "--json") + machine.says("plan")
    planned = machine.plan()
    said += machine.says("reload", "--json")

    assert "hunter" not in said
    assert "s22" not in said
    assert planned["undone lan.2"] in (["run /bin/echo '********'"], ["run /bin/echo ********"])
    assert planned["undone lan.3"] == ["run /bin/echo plain"]
    assert planned["begun lan.2"] == ["then whatever follows: its values are known only once it begins"]


def by_process(answer: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return what is undone, in order, and what begins of each process: one does not wait for another to begin.

    A plan tells in which line of the program that runs something is written, which may be another one by now.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for step in answer["steps"]:
        del step["line"]
        found.setdefault("" if step["what"] == "undone" else step["process"], []).append(step)
    return found


@pytest.mark.parametrize("seed", [*range(200, 216), 292])
def test_of_random_programs_a_plan_says_what_the_kernel_tells(lab: Lab, tmp_path: Path, seed: int) -> None:
    machine = random_programs.Machine(lab, tmp_path)
    edit = machine.edited(random_programs.Editor(Random(seed)))

    control = ["--json", "--control", str(tmp_path / "control")]
    planned = json.loads(netstrata(machine.host, "plan", *control))
    done = json.loads(netstrata(machine.host, "reload", *control))
    machine.wait(edit.new)
    assert by_process(done) == by_process(planned), edit.told

    told = [line for step in planned["steps"] for line in step.get("operations", [])]
    told = [line for line in told if ":" not in line and " rule " not in line and " neighbour " not in line]
    wait_until("the last", lambda: len(heard(edit.news)) >= len(told))
    deleted = [line for line in told if line.startswith("delete")]
    assert deleted == [line for line in heard(edit.news) if line.startswith("delete")], edit.told
    assert sorted(told) == sorted(heard(edit.news)), edit.told
    assert edit.daemon.end() == 0
