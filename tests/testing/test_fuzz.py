"""Random programs keep the rules of the machine, and the rules would notice if one did not."""

import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netstrata.testing.fuzz.choices import Choices, RandomChoices
from netstrata.testing.fuzz.compare import Oracle, program_of
from netstrata.testing.fuzz.data import data_program
from netstrata.testing.fuzz.flow import flow_program
from netstrata.testing.fuzz.outcome import Watcher, outcome_of
from netstrata.testing.play import Play

NCD = [sys.executable, "-m", "netstrata.cli.ncd"]
PROGRAMS = 300


class DrawnChoices(Choices):
    """Choices that hypothesis makes, so that it can look for a smaller program that goes wrong, too."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def below(self, count: int) -> int:
        """Return a number from 0 to one below a count."""
        number: int = self._data.draw(st.integers(0, count - 1))
        return number


@pytest.mark.parametrize("first", range(0, PROGRAMS, 50))
def test_random_programs_end_and_are_undone_in_reverse_order(first: int) -> None:
    for seed in range(first, first + 50):
        assert outcome_of(program_of(seed)).faults == [], program_of(seed)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_programs_that_hypothesis_makes_keep_the_rules(data: st.DataObject) -> None:
    choices = DrawnChoices(data)

    program = data_program(choices) if choices.below(2) else flow_program(choices)

    assert outcome_of(program).faults == [], program


def test_a_seed_makes_the_same_program_each_time() -> None:
    assert flow_program(RandomChoices(7)) == flow_program(RandomChoices(7))
    assert flow_program(RandomChoices(7)) != flow_program(RandomChoices(8))


def test_few_programs_are_given_up_as_endless_and_most_come_to_their_end() -> None:
    outcomes = [outcome_of(program_of(seed)) for seed in range(1, PROGRAMS, 3)]

    assert sum(outcome.ended for outcome in outcomes) > 90
    assert sum(outcome.exit_code == 0 for outcome in outcomes) > 50


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_play_prints_what_the_command_prints(seed: int) -> None:
    outcome = outcome_of(program_of(seed))

    assert Oracle(NCD).run(program_of(seed)) == (outcome.output, outcome.exit_code)


def test_an_oracle_that_goes_another_way_is_noticed() -> None:
    assert Oracle(["/bin/echo"]).run(program_of(1)) != tuple(outcome_of(program_of(1))[:2])


def test_undoing_out_of_order_is_a_fault() -> None:
    watcher = Watcher()
    engine = Play('process main { var("a") a; var("b") b; }', observer=watcher).engine
    first = engine.roots["main"].statements[0]
    assert first is not None

    engine._kill(first)

    assert watcher.faults == [
        "main.1 var (dying) is undone, but is not the last",
        "main.1 var (gone) is gone, but is not the last",
    ]
