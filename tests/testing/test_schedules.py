"""Random schedules keep the rules, and the rules would notice a daemon that breaks one.

`tools/schedules` runs as many as one likes; here are enough that what goes wrong once in some thousands is found.
"""

from collections.abc import Iterable, Iterator

import pytest

from netstrata.protocols.rtnetlink.constants import (
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_DELNEIGH,
    RTM_DELROUTE,
    RTM_DELRULE,
    RTM_GETADDR,
    RTM_NEWADDR,
    RTPROT_STATIC,
)
from netstrata.testing.model.messages import Request, answer
from netstrata.testing.schedules.command import told, tried
from netstrata.testing.schedules.generate import schedule_of
from netstrata.testing.schedules.kernel import WatchedKernel
from netstrata.testing.schedules.program import Node, Program
from netstrata.testing.schedules.run import Outcome, run
from netstrata.testing.schedules.schedule import Schedule, Step
from netstrata.testing.schedules.shrink import kinds_of, shrink

SCHEDULES = 20_000  # half of them with crashes
CHUNK = 1000
DELETIONS = (RTM_DELADDR, RTM_DELROUTE, RTM_DELRULE, RTM_DELNEIGH, RTM_DELLINK)


@pytest.mark.parametrize("crashes", [False, True])
@pytest.mark.parametrize("first", range(0, SCHEDULES // 2, CHUNK))
def test_random_schedules_keep_the_rules(first: int, crashes: bool) -> None:
    wrong, void, writes = tried(range(first, first + CHUNK), crashes)

    assert wrong == {}, "tools/schedules --replay SEED shows what one is"
    assert void.total() < CHUNK / 50, "few ask for what the model does not know"
    assert writes > 5 * CHUNK, "most change something"


# Daemons that break a rule: kernels that do not get, or get otherwise, what the daemon asks for.


class Mutant(WatchedKernel):
    """A kernel behind a daemon that asks for the wrong thing."""

    def answered(self, request: Request) -> Iterable[bytes]:
        """Do what the mutant makes of each request of the daemon's."""
        return list(self.mutated(request)) if request.port in self._daemons else self.sound(request)

    def mutated(self, request: Request) -> Iterator[bytes]:
        """Yield the answers to one request."""
        yield from self.sound(request)

    def sound(self, request: Request) -> Iterable[bytes]:
        """Do a request as it is."""
        return super().answered(request)


class Forgetful(Mutant):
    """Forgets to delete addresses."""

    def mutated(self, request: Request) -> Iterator[bytes]:
        yield from [answer(request, None)] if request.type == RTM_DELADDR else self.sound(request)


class Greedy(Mutant):
    """Deletes somebody else's routes along with its own."""

    def mutated(self, request: Request) -> Iterator[bytes]:
        if request.type == RTM_DELROUTE:
            body = request.body[:5] + bytes((RTPROT_STATIC,)) + request.body[6:]
            list(self.sound(request._replace(body=body)))
        yield from self.sound(request)


class Hasty(Mutant):
    """Deletes an address before what was put there after it."""

    added: Request | None = None

    def mutated(self, request: Request) -> Iterator[bytes]:
        if request.type == RTM_NEWADDR:
            self.added = request
        elif request.type in DELETIONS and self.added is not None:
            list(self.sound(self.added._replace(type=RTM_DELADDR, flags=0)))
            self.added = None
        yield from self.sound(request)


class Boastful(Mutant):
    """Says that addresses are there which are not."""

    def mutated(self, request: Request) -> Iterator[bytes]:
        yield from [answer(request, None)] if request.type == RTM_NEWADDR else self.sound(request)


class Tidy(Mutant):
    """Deletes what its predecessor has left before it looks."""

    added: Request | None = None

    def mutated(self, request: Request) -> Iterator[bytes]:
        if request.type == RTM_NEWADDR:
            self.added = request
        elif request.type == RTM_GETADDR and self.added is not None and request.port != self.added.port:
            list(self.sound(self.added._replace(type=RTM_DELADDR, flags=0, port=request.port)))
            self.added = None
        yield from self.sound(request)


class Deaf(WatchedKernel):
    """Hears nothing of what others do."""

    def tell(self, group: int, kind: int, body: bytes, flags: int = 0, sequence: int = 0, port: int = 0) -> None:
        """Tell nobody."""


def made_of(process: str, *steps: Step, before: tuple[Step, ...] = ()) -> Schedule:
    """Return a schedule."""
    nodes = tuple(Node(f"{statement.strip()};") for statement in process.split(";") if statement.strip())
    return Schedule(before, Program((Node("process main", nodes),)), steps)


ADDRESS = 'net.ipv4.addr("eth0", "192.0.2.1/24");'
ROUTE = 'net.up("eth0"); net.ipv4.route("203.0.113.0/24", "none", "0", "eth0");'
MUTANTS = [
    (Forgetful, made_of(ADDRESS, ("settle",)), "left behind"),
    (Forgetful, made_of(ADDRESS, ("settle",)), "at the end"),
    (
        Greedy,
        made_of(
            ROUTE + ' net.ipv4.route("203.0.113.0/24", "none", "10", "eth0");',
            ("settle",), ("route", "append", "203.0.113.0/24", "none", "eth0", "0", "254"),
        ),
        "not ours",
    ),
    (Hasty, made_of(ADDRESS + 'net.rule(["priority": "100", "table": "7"]);', ("settle",)), "order"),
    (Boastful, made_of(ADDRESS, ("settle",)), "missing"),
    (Deaf, made_of(ADDRESS, ("settle",), ("addr", "del", "eth0", "192.0.2.1/24")), "missing"),
    (
        Deaf,
        made_of(
            'net.up("eth0"); net.backend.waitlink("eth0");', ("settle",), ("link", "carrier", "eth0", "off"),
        ),
        "missing",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("mutant", "schedule", "kind"), MUTANTS)
def test_a_daemon_that_breaks_a_rule_is_noticed(mutant: type[WatchedKernel], schedule: Schedule, kind: str) -> None:
    assert run(schedule).wrong == []

    assert kind in kinds_of(run(schedule, mutant))


def test_a_daemon_that_is_killed_undoes_nothing_and_the_next_one_goes_on() -> None:
    killed = run(made_of(ADDRESS, ("settle",), ("crash",)), told=True)
    tidy = run(made_of(ADDRESS, ("settle",), ("crash",)), Tidy)
    waiting = run(made_of('net.backend.waitdevice("eth0");', ("settle",), ("crash",)))

    assert len([line for line in killed.story if "addr 2 192.0.2.1 24" in line]) == 2, "made once, undone once"
    assert not kinds_of(killed) & {"left behind", "not ours", "missing", "stuck", "not kept", "bug"}
    assert "not kept" in kinds_of(tidy)
    assert waiting.wrong == []


WHOLE = """
net.veth("v0", "v1"); net.bridge("br0"); net.bridge.port("br0", "v1"); net.mac("eth0", "02:00:00:00:0a:01");
net.rename("eth1", "wan"); net.up("eth0"); net.ipv4.addr("eth0", "192.0.2.1/24");
net.ipv4.route("203.0.113.0/24", "none", "0", "eth0"); net.rule(["priority": "100", "table": "7"]);
net.neigh("eth0", "192.0.2.9", "02:00:00:00:0a:01");
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("what", ["write", "record"])
def test_wherever_a_daemon_is_killed_the_next_one_keeps_what_stands_and_leaves_nothing(what: str, when: str) -> None:
    for number in range(50):
        assert run(made_of(WHOLE, ("die", what, str(number), when), ("settle",))).wrong == [], number
        assert run(made_of(WHOLE, ("settle",), ("die", what, str(number), when), ("end",))).wrong == [], number


def test_what_was_there_before_is_not_taken_for_what_a_killed_daemon_has_made() -> None:
    there = (("link", "add", "br0", "bridge"), ("link", "up", "eth0"), ("addr", "add", "eth0", "192.0.2.1/24"))
    statements = 'net.bridge("br0"); net.up("eth0"); net.ipv4.addr("eth0", "192.0.2.1/24");'
    for what in ("record", "write"):
        for number in range(8):
            schedule = made_of(statements, ("die", what, str(number), "before"), ("settle",), before=there)
            assert run(schedule).wrong == [], (what, number)
            schedule = made_of(statements, ("die", what, str(number), "after"), ("settle",), before=there)
            assert run(schedule).wrong == [], (what, number)


def test_an_answer_that_is_lost_is_lost_after_the_thing_was_done() -> None:
    outcome = run(made_of(ADDRESS, ("silence", "0"), ("settle",)), told=True)

    assert len([line for line in outcome.story if "None ->" in line]) == 1


@pytest.mark.parametrize("mutant", [Forgetful, Greedy, Hasty, Boastful, Deaf])
def test_chance_finds_each_of_them(mutant: type[WatchedKernel]) -> None:
    assert any(run(schedule_of(seed), mutant).wrong for seed in range(2000))


def test_a_schedule_that_goes_wrong_is_made_smaller() -> None:
    def forgets(schedule: Schedule) -> Outcome:
        return run(schedule, Forgetful)

    schedule = next(one for one in map(schedule_of, range(400)) if "left behind" in kinds_of(forgets(one)))

    small = shrink(schedule, forgets)

    assert small.program.size() <= 3
    assert len(small.before + small.steps) <= 1
    assert small.program.size() < schedule.program.size()
    assert "left behind" in kinds_of(forgets(small))


def test_a_seed_is_the_same_schedule_each_time_and_goes_the_same_way() -> None:
    assert schedule_of(7) == schedule_of(7) != schedule_of(8)
    for seed in range(60):
        assert run(schedule_of(seed), told=True) == run(schedule_of(seed), told=True)


def test_the_story_of_a_schedule_is_told_in_order() -> None:
    schedule = made_of(ADDRESS, ("settle",), ("addr", "del", "eth0", "192.0.2.1/24"), ("crash",))

    story = run(schedule, told=True).story

    made, gone = "addr 2 192.0.2.1 24 None -> b'", " -> None"
    what_happens = [
        "the kernel before:", "    link eth0 down", "    link eth1 down", "a daemon begins", "== settle",
        f"main.0 net.ipv4.addr: {made}", "main.0 net.ipv4.addr: down -> up", "== addr del eth0 192.0.2.1/24",
        "others: addr",
        "== crash", "the daemon is killed", "a daemon begins", f"main.0 net.ipv4.addr: {made}",
        "the kernel while it stands:", "addr 192.0.2.1/24 dev eth0", "== end", "up -> dying", gone, "dying -> gone",
        "the kernel after:", "    link eth0 down", "    link eth1 down",
    ]  # fmt: skip
    lines = iter(story)
    assert [one for one in what_happens if not any(one in line for line in lines)] == []


def test_a_seed_tells_program_steps_and_what_came_of_it() -> None:
    text, went_wrong = told(3)

    assert not went_wrong
    assert text.startswith("# seed 3\n# before the program begins:\n")
    assert "process p0 {" in text
    assert "# the kernel after:\n" in text
    assert text.endswith("nothing is wrong")
