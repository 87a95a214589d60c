"""The lock of the packet filter tools: net.iptables.lock, and its unlock."""

from typing import cast

from netstrata.contract.shapes import ANY
from netstrata.engine.outsider import Outsider
from netstrata.engine.statement import DOWN, DYING, UP
from netstrata.engine.structure import outside_object, rest
from netstrata.engine.surroundings import Waiting
from netstrata.ports.events import Turn
from netstrata.values import Refused, Value


class Lock(Outsider):
    """Up while it has the lock, or its unlock has let go of it."""

    __slots__ = ("turn", "unlock")

    def begin(self, values: list[Value]) -> None:
        """Ask for the lock."""
        self.unlock: Unlock | None = None
        self.turn: Turn | None = None
        self.ask()

    def ask(self) -> None:
        """Wait for the lock, and go on when it is held."""
        turn: Turn = self.ports.filter_turns.ask(self.later(self._go_on))
        self.turn = turn
        if turn.held:
            self._go_on()

    def _go_on(self) -> None:
        if self.turn is None or not self.turn.held:
            return
        if self.unlock is not None:
            unlock = self.unlock
            self.unlock = None
            unlock.over()
        elif self.state == DOWN:
            self.up()

    def waits_for(self) -> Waiting | None:
        """Say that somebody else has the lock."""
        return Waiting("somebody else holds the lock")

    def let_go(self, unlock: "Unlock") -> None:
        """Let others have the lock, until `unlock` is undone.

        Raises: Refused if it is not held.
        """
        if self.unlock is not None:
            raise Refused("the lock is unlocked already")
        if self.state != UP or self.turn is None:
            raise Refused("the lock is not held")
        self.unlock = unlock
        self.turn.close()
        self.turn = None

    def die(self) -> None:
        """Let go of the lock, or of the place in the queue; who would take it again does not have to."""
        unlock = self.unlock
        self.unlock = None
        if self.turn is not None:
            self.turn.close()
            self.turn = None
        if unlock is not None:
            unlock.over()
        self.dead()


class Unlock(Outsider):
    """Lets others have the lock while it is up."""

    __slots__ = ("lock",)

    def begin(self, values: list[Value]) -> None:
        """Let go of the lock, and be up."""
        self.lock: Lock | None = None
        lock = cast(Lock, self.target)
        lock.let_go(self)
        self.lock = lock
        self.up()

    def waits_for(self) -> Waiting | None:
        """Say that somebody else has the lock."""
        return Waiting("somebody else holds the lock")

    def over(self) -> None:
        """Know that the lock is held again, or gone."""
        self.lock = None
        if self.state == DYING:
            self.dead()

    def die(self) -> None:
        """Wait for the lock, unless that is gone."""
        if self.lock is None:
            self.dead()
        else:
            self.lock.ask()


_EXAMPLE = """
    Example:
        net.iptables.lock() lock;
        println("nobody else changes the packet filter now");  # nobody else changes the packet filter now
        lock->unlock();
        println("now others may");  # now others may

    Source: NCD, net.iptables.lock.
    """
outside_object(
    "net.iptables.lock",
    Lock,
    rest("ignored", ANY),
    "Hold the lock under which this program's packet filter commands run, one after the other.\n" + _EXAMPLE,
    layer=4,
)
outside_object(
    "net.iptables.lock::unlock",
    Unlock,
    rest("ignored", ANY),
    "Let others have the lock; on the way down, wait until it can be held again.\n" + _EXAMPLE,
    layer=4,
)
