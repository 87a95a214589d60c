"""The lock of the packet filter tools: net.iptables.lock, and its unlock."""

from typing import Final, cast

from netstrata.contract.shapes.common import ANY
from netstrata.engine.external_object import ExternalObject
from netstrata.engine.process import DOWN, DYING, UP, Process, Waiting
from netstrata.engine.structure import outside_object, rest
from netstrata.ports.events import Turn
from netstrata.values import Refused, Value

HOLDER: Final = "net.iptables.lock"  # among what is common to the program: the statement that has the lock


def _held_by_another(process: Process) -> Waiting:
    """Say who has the lock, if it is a statement that holds it, and not a command that runs."""
    holder = process.engine.shared.get(HOLDER)
    text = "waits for the lock, which another statement has"
    return Waiting(text, [holder.process]) if isinstance(holder, Lock) else Waiting(text)


class Lock(ExternalObject):
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
        self.process.engine.shared[HOLDER] = self
        if self.unlock is not None:
            unlock = self.unlock
            self.unlock = None
            unlock.over()
        elif self.state == DOWN:
            self.up()

    def waits_for(self) -> Waiting | None:
        """Say who has the lock."""
        return _held_by_another(self.process)

    def let_go(self, unlock: "Unlock") -> None:
        """Let others have the lock, until `unlock` is undone.

        Raises: Refused if it is not held.
        """
        if self.unlock is not None:
            raise Refused("the lock is unlocked already")
        if self.state != UP or self.turn is None:
            raise Refused("the lock is not held")
        self.unlock = unlock
        self._give_up(self.turn)

    def _give_up(self, turn: Turn) -> None:
        shared = self.process.engine.shared
        if shared.get(HOLDER) is self:
            del shared[HOLDER]
        turn.close()
        self.turn = None

    def die(self) -> None:
        """Let go of the lock, or of the place in the queue; who would take it again does not have to."""
        unlock = self.unlock
        self.unlock = None
        if self.turn is not None:
            self._give_up(self.turn)
        if unlock is not None:
            unlock.over()
        self.dead()


class Unlock(ExternalObject):
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
        """Say who has the lock."""
        return _held_by_another(self.process)

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
