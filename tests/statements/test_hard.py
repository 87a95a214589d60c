"""hard_reboot and hard_poweroff, on a machine that only remembers what it was told."""

from netstrata.testing.play import Play
from netstrata.values import Unavailable


class Machine:
    """A machine that does nothing."""

    def __init__(self, refuses: bool = False) -> None:
        self.told: list[str] = []
        self._refuses = refuses

    def reboot(self) -> None:
        self._take("reboot")

    def power_off(self) -> None:
        self._take("power off")

    def _take(self, what: str) -> None:
        if self._refuses:
            raise Unavailable(f"{what} the machine", "Operation not permitted", 1)
        self.told.append(what)


class Environment:
    """As much of the ports as these statements ask for."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine


def test_the_machine_is_told_before_anything_is_undone() -> None:
    machine = Machine()

    play = Play(
        'process main { rprintln("undone"); hard_reboot(); println("up"); hard_poweroff(); println("off"); }',
        Environment(machine),
    )

    assert (play.output, machine.told) == ("up\noff\n", ["reboot", "power off"])


def test_a_refusal_is_an_error_of_the_statement() -> None:
    play = Play('process main { hard_poweroff(); println("off"); }', Environment(Machine(refuses=True)))

    assert play.output == ""
    assert play.failures == ["main.1 hard_poweroff: cannot power off the machine: Operation not permitted"]


def test_an_argument_too_many_is_refused_before_the_machine_is_told() -> None:
    machine = Machine()

    Play('process main { hard_reboot("now"); }', Environment(machine))

    assert machine.told == []
