"""Goals: what comes up only while somebody asks for it."""

from tests.daemon.standing import Played

from netstrata.control.answers import finish
from netstrata.daemon.pyramid.goals import find_goals
from netstrata.engine.structures.names.goals import goals

CHAIN = """
process vpn0 {
    on_request("vpn0"); require("internet") way; println("vpn over ", way.link); rprintln("no vpn"); provide("vpn0");
}
process internet {
    on_request("internet"); var("eth0") link; println("online"); rprintln("offline"); provide("internet");
}
"""


class Asked:
    """A program that is asked for goals."""

    def __init__(self, text: str) -> None:
        self.played = Played(text)
        self.play = self.played.play

    def ask(self, *names: bytes) -> str:
        """Ask for goals; return what was printed meanwhile, on one line."""
        return self._do([lambda name=name: goals(self.play.engine).ask(name) for name in names])

    def drop(self, *names: bytes) -> str:
        """Ask for them no more."""
        return self._do([lambda name=name: goals(self.play.engine).drop(name) for name in names])

    def _do(self, actions: list) -> str:  # type: ignore[type-arg]
        before = len(self.play.output)
        for action in actions:
            self.play.engine.event(action)
        self.play.work_off()
        return self.play.output[before:].replace("\n", ", ").rstrip(", ")

    def states(self) -> dict[str, str]:
        """Return how far each goal is."""
        return {goal.name: goal.state for goal in finish(find_goals(self.played.stands())).values()}

    def why(self, process: str) -> list[str]:
        """Return the chain of causes."""
        found = self.played.stands().find(process)
        why = self.played.why()
        assert found is not None
        finish(why.ask(found))
        return [f"{cause.process}.{cause.statement} {cause.text}" for cause in why.causes]


def test_nothing_comes_up_before_it_is_asked_for_and_then_with_what_it_requires() -> None:
    asked = Asked(CHAIN)
    assert asked.play.output == ""
    assert asked.states() == {"vpn0": "idle", "internet": "idle"}

    assert asked.ask(b"vpn0") == "online, vpn over eth0"
    assert asked.states() == {"vpn0": "up", "internet": "up"}

    assert asked.drop(b"vpn0") == "no vpn, offline"
    assert asked.states() == {"vpn0": "idle", "internet": "idle"}


def test_it_stays_up_until_the_last_who_asked_has_gone() -> None:
    asked = Asked(CHAIN)
    asked.ask(b"internet", b"vpn0", b"vpn0")

    assert asked.drop(b"vpn0") == "no vpn"
    assert asked.states() == {"vpn0": "idle", "internet": "up"}
    assert asked.drop(b"internet") == "offline"


def test_dropping_it_while_something_requires_it_changes_nothing() -> None:
    asked = Asked(CHAIN)
    asked.ask(b"internet", b"vpn0")

    assert asked.drop(b"internet") == ""
    assert asked.states() == {"vpn0": "up", "internet": "up"}


def test_two_that_require_it_share_it() -> None:
    asked = Asked(CHAIN + 'process mail { on_request("mail"); require("internet"); println("mail"); }')
    asked.ask(b"vpn0", b"mail")

    assert asked.drop(b"vpn0") == "no vpn"
    assert asked.drop(b"mail") == "offline"


def test_asked_for_again_while_it_is_undone_it_comes_up_when_all_of_that_is_gone() -> None:
    text = 'process slow { on_request("slow"); println("up"); rprintln("undone"); sleep("0", "1000"); println("all"); }'
    asked = Asked(text)
    asked.ask(b"slow")
    asked.play.pass_time(10)

    assert asked.drop(b"slow") == ""
    assert asked.states() == {"slow": "waiting"}
    assert asked.ask(b"slow") == ""
    asked.play.pass_time(2000)

    assert asked.play.output == "up\nall\nundone\nup\nall\n"
    assert asked.states() == {"slow": "up"}


def test_asked_and_dropped_in_one_go_it_ends_as_it_began() -> None:
    asked = Asked(CHAIN)

    asked._do([lambda: goals(asked.play.engine).ask(b"vpn0"), lambda: goals(asked.play.engine).drop(b"vpn0")])

    assert asked.states() == {"vpn0": "idle", "internet": "idle"}
    assert asked.play.output.count("online") == asked.play.output.count("offline")


def test_what_is_asked_for_before_its_statement_begins_comes_up_when_it_does() -> None:
    asked = Asked('process late { sleep("5000"); on_request("late"); println("up"); }')

    assert asked.ask(b"late") == ""
    asked.play.pass_time(5000)

    assert asked.play.output == "up\n"
    assert asked.states() == {"late": "up"}


def test_a_requirement_outside_of_any_goal_asks_from_the_start() -> None:
    asked = Asked(CHAIN + 'process always { require("internet"); println("always"); }')

    assert asked.play.output == "online\nalways\n"


def test_a_goal_that_nobody_provides_waits_and_says_so() -> None:
    asked = Asked('process a { on_request("a"); require("nothing"); println("never"); }')
    asked.ask(b"a")

    assert asked.states() == {"a": "waiting", "nothing": "waiting"}
    assert asked.why("a") == ['a.2 nothing provides "nothing", and no statement of the program does']


def test_why_says_how_to_ask() -> None:
    asked = Asked(CHAIN + 'process user { depend("vpn0"); }')

    assert asked.why("vpn0") == ["vpn0.1 nobody asked for it: netstrata up vpn0"]
    assert asked.why("user")[-1] == "vpn0.1 nobody asked for it: netstrata up vpn0"


def test_goals_that_require_each_other_wait_for_ever_and_can_be_dropped() -> None:
    asked = Asked(
        'process a { on_request("a"); require("b"); provide("a"); }'
        'process b { on_request("b"); require("a"); provide("b"); }'
    )
    asked.ask(b"a")
    assert asked.states() == {"a": "waiting", "b": "waiting"}

    asked.drop(b"a")
    states = asked.states()
    asked.play.end()

    assert states == {"a": "waiting", "b": "waiting"}  # they still ask for each other
    assert asked.play.engine.stopped


def test_several_processes_come_up_for_one_goal_and_it_is_up_when_all_are_complete() -> None:
    asked = Asked(
        'process a { on_request("both"); println("a"); } process b { on_request("both"); sleep("50"); println("b"); }'
    )
    asked.ask(b"both")
    assert asked.states() == {"both": "waiting"}

    asked.play.pass_time(50)

    assert asked.states() == {"both": "up"}


def test_a_thousand_goals_are_asked_for_and_dropped_in_linear_time() -> None:
    text = "".join(
        f'process p{n} {{ on_request("g{n}"); require("g{n + 1}"); provide("g{n}"); }}\n' for n in range(1000)
    )
    asked = Asked(text + 'process last { on_request("g1000"); provide("g1000"); }')

    asked.ask(b"g0")
    assert set(asked.states().values()) == {"up"}
    asked.drop(b"g0")

    assert set(asked.states().values()) == {"idle"}
    asked.play.end()
    assert goals(asked.play.engine).standing == {}
    assert goals(asked.play.engine).required == {}
