"""One setting that several may want to have: what was found, who wants what over it, and what stands."""

from collections.abc import Callable, Hashable, Iterator
from operator import itemgetter
from typing import Any, Generic, TypeVar

from netstrata.contract import Holder
from netstrata.system.held.foresight import Leaving, Undoing
from netstrata.system.held.words import words_of_hidden, words_of_setting

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Along = dict[K, tuple[V, V | None]]  # what each was, and what it became; None: that has not been seen yet


class Spec(Generic[V]):
    """One value that somebody wants, or that a daemon before us wanted and nobody has taken over yet."""

    __slots__ = ("is_left", "value", "who")

    def __init__(self, value: V, who: Holder | None, *, is_left: bool = False) -> None:
        self.value = value
        self.who = who
        self.is_left = is_left


class OverrideStack(Generic[V]):
    """What was found, what is wanted, and what stands since the last time it was written."""

    __slots__ = ("along", "found", "gone", "is_as_left", "is_written", "number", "specs", "stands")

    def __init__(self, found: V) -> None:
        self.found = found
        self.stands = found
        self.specs: list[Spec[V]] = []
        self.gone = False  # ours does not stand any more, so nothing is put back
        self.is_as_left = False  # by a daemon before us: nobody has wanted anything else since
        self.is_written = True  # what stands is the last value, as the kernel writes it
        self.number = 0  # in the undo journal
        self.along: Along[Any, V] = {}  # what the kernel changed with it

    def inverse(self, *may_stand: V, leaving: "tuple[Spec[V], ...]" = ()) -> bytes:
        """Return what the undo journal needs: what was found, what may stand that we have written, and all values;
        and what went along.

        Shapes: leaving is what has left, but may stand still.
        """
        return self._written(may_stand, [spec.value for spec in (*self.specs, *leaving)])

    def inverse_as_wanted(self) -> bytes:
        """Return what the undo journal needs of what stands, as if somebody wanted it still."""
        return self._written((self.stands,), [self.stands])

    def _written(self, may_stand: tuple[V, ...], values: list[V]) -> bytes:
        return text_of_value((self.found, may_stand, values, *([self.along] if self.along else [])))

    def undoing(self, describe: Callable[[V], str], leaving: Leaving) -> Iterator[Undoing | None]:
        """Say what becomes of it if some leave: when the top value leaves, what counts then is written."""
        specs = [(leaving[one.who], one) for one in self.specs if one.who is not None and one.who in leaving]
        if not specs:
            yield None
            return
        rest, stands = list(self.specs), self.stands
        for _, spec in sorted(specs, key=itemgetter(0)):
            is_top = rest[-1] is spec
            rest.remove(spec)
            if is_top:
                value = rest[-1].value if rest else self.found
                words = words_of_setting(describe(value), is_so=value == stands)
                stands = value
            else:
                words = words_of_hidden(describe(spec.value))
            if spec.who is not None:
                yield Undoing(spec.who, self.number, words)


def text_of_value(value: object) -> bytes:
    """Write for the undo journal."""
    return repr(value).encode("utf-8", "surrogateescape")


def read_value(text: bytes) -> Any:
    """Read what `text_of_value` has written."""
    from ast import literal_eval

    return literal_eval(text.decode("utf-8", "surrogateescape"))
