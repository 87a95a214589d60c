"""Settings that several may want to have: the last value counts, and what was there before comes back at the end.

Each setting is a stack of values on what was found.  Whoever leaves takes its value out, in whatever order; only when
the top one leaves is anything written, and only if what was written still stands.

The stack of a daemon before this one is taken over as a whole: whoever wants one of its values again has the place that
it had, so that nothing is written however many there are.  The values that nobody wants go when all else is swept.
Once somebody wants another value, the last one who comes counts again.
"""

from collections.abc import Hashable, Iterable, Iterator
from functools import partial
from typing import ClassVar, Generic, TypeVar

from netstrata.contract import Holder
from netstrata.system.held.along import read_before, settle
from netstrata.system.held.foresight import Leaving, Undoing
from netstrata.system.held.override_stack import Along, OverrideStack, Spec, read_value, text_of_value
from netstrata.system.held.recovery import GONE, NO_RECOVERY, LeftEntry, Recovery, Unanswered
from netstrata.system.held.words import tell, words_of_hidden, words_of_setting
from netstrata.values import Unavailable, no_memory

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Overrides(Generic[K, V]):
    """All settings of one sort that are held."""

    __slots__ = ("_recovery", "stacks")
    kind: ClassVar[str]  # in the undo journal

    def __init__(self, recovery: Recovery = NO_RECOVERY) -> None:
        self.stacks: dict[K, OverrideStack[V]] = {}
        self._recovery = recovery
        recovery.knows(self.kind, self.undo)
        recovery.keeps(self)

    # What a sort of settings says.

    def read(self, key: K, operation: str) -> V:
        """Return what a setting is.

        Raises: Unavailable.
        """
        raise NotImplementedError

    def write(self, key: K, value: V, operation: str) -> None:
        """Change a setting.

        Raises: Unavailable.
        """
        raise NotImplementedError

    def describe(self, key: K, value: V) -> str:
        """Return a setting with its value, as in "the MTU of eth0 to 1400"."""
        raise NotImplementedError

    def along(self, key: K) -> Iterable[K]:
        """Return the settings that the kernel may change with one."""
        return ()

    def consequence(self, key: K, value: V) -> str:
        """Say what the kernel does with a setting that is not undone with it, "" for nothing."""
        return ""

    def planned(self, key: K, value: V) -> str:
        """Return a setting with its value, and with what else comes of it."""
        return self.describe(key, value) + self.consequence(key, value)

    def hold(self, key: K, value: V, who: Holder | None) -> tuple[K, OverrideStack[V], Spec[V]]:
        """Write a value.

        Raises: Unavailable.
        """
        raise NotImplementedError

    def release(self, key: K, stack: OverrideStack[V], spec: Spec[V]) -> None:
        """Take a value out again."""
        self.take_out(key, stack, spec)

    def removed(self, key: K) -> None:
        """Follow a setting no more."""

    # What is the same for all.

    def put(self, key: K, value: V, who: Holder | None) -> tuple[OverrideStack[V], Spec[V]]:
        """Write a value over what is there.

        Raises: Unavailable.
        """
        words = self.describe(key, value)
        operation = f"set {words}"
        stack = self.stacks.get(key)
        now = self.read(key, operation)
        if stack is not None and now != stack.stands:
            # Somebody has changed it, and we have not heard of it yet, or cannot.
            self.lose(key, stack, Unavailable(operation, f"someone has set {self.describe(key, now)}"))
            stack = None
        if stack is None:
            stack = self._begin(key, value, now, who)
        left = next((spec for spec in stack.specs if spec.is_left and spec.value == value), None)
        if left is not None and stack.is_as_left and (stack.is_written or left is not stack.specs[-1]):
            left.who, left.is_left = who, False
            tell(who, lambda: [words_of_setting(self.planned(key, value), is_so=True)])
            return stack, left
        spec = Spec(value, who)
        stack.specs.append(spec)
        try:
            self._write(key, stack, value, now, operation)
        except (Unavailable, MemoryError):
            stack.specs.remove(spec)
            self._take_back(key, stack, now, who)
            raise
        if left is not None:
            stack.specs.remove(left)
        stack.is_as_left = False
        self.stacks[key] = stack
        tell(who, lambda: [words_of_setting(self.planned(key, value), is_so=now == value)])
        return stack, spec

    def to_do(self, key: K, value: V, leaving: Leaving) -> str:
        """Say what setting something does once some have left, unless somebody else has set it so."""
        counts = leaving.coming.get((self.kind, key))
        stack = self.stacks.get(key)
        if counts is None and stack is not None:
            values = [spec.value for spec in stack.specs if spec.who is None or spec.who not in leaving]
            counts = values[-1] if values else stack.found
        leaving.coming[self.kind, key] = value
        return words_of_setting(self.planned(key, value), is_so=counts == value)

    def undoing(self, leaving: Leaving) -> Iterator[Undoing | None]:
        """Say what becomes of all settings if some leave."""
        for key, stack in list(self.stacks.items()):
            yield from stack.undoing(partial(self.planned, key), leaving)

    def lose(self, key: K, stack: OverrideStack[V], reason: Unavailable) -> None:
        """Tell all who hold a setting that it is theirs no more."""
        self.forget(key, stack)
        for spec in stack.specs:
            if spec.who is not None:
                spec.who.lost(reason)

    def forget(self, key: K, stack: OverrideStack[V]) -> None:
        """Hold a setting no more, and put nothing back: what stands is somebody else's."""
        stack.gone = True
        self._drop(key, stack)

    def take_out(self, key: K, stack: OverrideStack[V], spec: Spec[V]) -> None:
        """Take a value out of its stack, and write what counts now."""
        top = stack.specs[-1] is spec
        stack.specs.remove(spec)
        if stack.gone or not top:
            tell(spec.who, lambda: [words_of_hidden(self.planned(key, spec.value))])
        if stack.gone:
            return
        if top and not self._step_down(key, stack, spec):
            if not stack.specs:
                self._leave_behind(key, stack, spec.who)
            return  # it is still ours: whoever comes next puts back what was found
        if not stack.specs:
            self._drop(key, stack)
        elif not top and stack.number:
            self._recovery.journal.done(stack.number, stack.inverse(stack.stands))

    def undo(self, key: bytes, undo: bytes) -> None:
        """Put back what was found, if what was written still stands.

        Raises: Unavailable.
        """
        setting: K = read_value(key)
        found, may_stand, _, *more = read_value(undo)  # a daemon before this version knew of nothing that went along
        along: Along[K, V] = more[0] if more else {}
        operation = "put back a setting"
        try:
            if self.read(setting, operation) in may_stand:
                before = read_before(self, setting, along, is_first=False)
                self.write(setting, found, operation)
                settle(self, before, along, operation, is_back=True)
        except Unavailable as error:
            if error.errno not in GONE:
                raise

    def left(self) -> Iterator[tuple[K, V]]:
        """Yield each setting that a daemon before us has changed and nobody has taken over, and what it was before."""
        for entry in self._recovery.left:
            if entry.kind == self.kind:
                yield read_value(entry.key), read_value(entry.undo)[0]

    def _begin(self, key: K, value: V, now: V, who: Holder | None) -> OverrideStack[V]:
        """Begin a stack on what is there, or go on with that of a daemon before us."""
        journal = self._recovery.journal
        record = text_of_value(key)
        title = who.title if who is not None else ""
        left: LeftEntry | None = self._recovery.claim(self.kind, record)
        if left is not None:
            found, may_stand, values, *more = read_value(left.undo)
            if now in may_stand:
                stack = OverrideStack[V](found)
                stack.number = journal.adopt(left, title)
                stack.stands = now
                stack.is_as_left = True
                stack.along = more[0] if more else {}
                stack.is_written = len(may_stand) == 1
                stack.specs = [Spec(wanted, None, is_left=True) for wanted in values]
                self.stacks[key] = stack
                self._recovery.takes_parts(lambda: self._take_out_left(key, stack))
                return stack
            journal.undone(left.number)
        stack = OverrideStack(now)
        stack.number = journal.intend(self.kind, record, stack.inverse(value), title)
        return stack

    def _take_out_left(self, key: K, stack: OverrideStack[V]) -> None:
        """Take out the values of a daemon before us that nobody wants any more, from below: one is written at most."""
        for spec in [spec for spec in stack.specs if spec.is_left]:
            self.take_out(key, stack, spec)

    def _drop(self, key: K, stack: OverrideStack[V]) -> None:
        self.stacks.pop(key, None)
        self.removed(key)
        self._recovery.journal.undone(stack.number)

    def _step_down(self, key: K, stack: OverrideStack[V], left: Spec[V]) -> bool:
        """Write what counts now; return False if ours may still stand instead."""
        value = stack.specs[-1].value if stack.specs else stack.found
        words = self.describe(key, value)
        operation = f"put back {words}"
        ours = True
        try:
            now = self.read(key, operation)
            ours = now in (stack.stands, value)
            if not ours:
                raise Unavailable(operation, f"someone has set {self.describe(key, now)} meanwhile")
            self._write(key, stack, value, now, operation, left)
            tell(left.who, lambda: [words_of_setting(self.planned(key, value), is_so=now == value)])
            return True
        except (Unavailable, MemoryError) as failure:
            error = failure if isinstance(failure, Unavailable) else no_memory()
            tell(left.who, lambda: [f"set {words}"], error.reason)
            if error.errno not in GONE and left.who is not None:
                left.who.note(f"{error}; ignoring")
            below = stack.specs[-1].who if stack.specs else None
            if below is not None:  # it begins again, and so tries again
                below.lost(error)
            return not ours or error.errno in GONE

    def _leave_behind(self, key: K, stack: OverrideStack[V], who: Holder | None) -> None:
        """Leave what cannot be put back now to whoever sets it next, or to the end."""
        undo = stack.inverse_as_wanted()
        if self._recovery.leave(stack.number, self.kind, text_of_value(key), undo, who, done=True):
            self.stacks.pop(key, None)
            self.removed(key)
        else:
            self.stacks[key] = stack

    def _take_back(self, key: K, stack: OverrideStack[V], now: V, who: Holder | None) -> None:
        """Have again what was there before a value was written, or was not.

        Raises: Unavailable if it cannot be put back: then whoever comes next does it.
        """
        is_new = key not in self.stacks
        if stack.stands != now:
            try:
                before = read_before(self, key, stack.along, is_first=False)
                self.write(key, now, f"put back {self.describe(key, now)}")
                settle(self, before, stack.along, f"put back {self.describe(key, now)}", is_back=now == stack.found)
            except (Unavailable, MemoryError):
                if is_new:
                    self._leave_behind(key, stack, who)
                raise
            stack.stands = now
        if is_new:
            self._drop(key, stack)
        elif stack.number:
            self._recovery.journal.done(stack.number, stack.inverse(now))

    def _write(self, key: K, stack: OverrideStack[V], value: V, now: V, operation: str, *leaving: Spec[V]) -> None:
        """Write a value, unless it is there; the journal knows before that it may stand."""
        journal = self._recovery.journal
        if now != value:
            before = read_before(self, key, stack.along, is_first=now == stack.found)
            if stack.number:
                journal.done(stack.number, stack.inverse(now, value, leaving=leaving))
            silence: Exception | None = None
            try:
                self.write(key, value, operation)
            except (Unanswered, MemoryError) as error:  # it may have been written
                silence = error
            settle(self, before, stack.along, operation, is_back=value == stack.found)
            stack.stands = value  # if it cannot be read
            stack.stands = self.read(key, operation)  # the kernel may have its own way to write it
            if silence is not None and stack.stands == now:
                raise silence
        stack.is_written = True
        if stack.number:
            journal.done(stack.number, stack.inverse(stack.stands))


class HoldingSetting(Generic[K, V]):
    """Hold one setting while the block runs.  Never suspends: see docs/decisions/0002."""

    __slots__ = ("_held", "_key", "_settings", "_value", "_who")

    def __init__(self, settings: Overrides[K, V], key: K, value: V, who: Holder | None) -> None:
        self._who = who
        self._settings = settings
        self._key = key
        self._value = value
        self._held: tuple[K, OverrideStack[V], Spec[V]] | None = None

    def to_do(self, leaving: Leaving) -> list[str]:
        """Say what entering does, unless it is so already."""
        return [self._settings.to_do(self._key, self._value, leaving)]

    async def __aenter__(self) -> None:
        self._held = self._settings.hold(self._key, self._value, self._who)

    async def __aexit__(self, *_: object) -> None:
        held = self._held
        if held is not None:
            self._held = None
            self._settings.release(*held)
