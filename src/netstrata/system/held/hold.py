"""The context manager that holds one thing of a store's."""

from typing import Generic, Protocol, TypeVar

from netstrata.contract import Holder
from netstrata.system.held.foresight import Leaving
from netstrata.system.held.held_object import Held

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)
H = TypeVar("H", bound=Held)


class _Holds(Protocol[S_contra, H]):
    def hold(self, spec: S_contra, who: Holder | None) -> H: ...
    def to_do(self, spec: S_contra, leaving: Leaving) -> str: ...
    def release(self, held: H, who: Holder | None) -> None: ...


class Hold(Generic[S, H]):
    """Hold what somebody wants while the block runs.  Never suspends: see docs/decisions/0002."""

    __slots__ = ("_held", "_spec", "_store", "_who")

    def __init__(self, store: _Holds[S, H], spec: S, who: Holder | None) -> None:
        self._store = store
        self._spec = spec
        self._who = who
        self._held: H | None = None

    def to_do(self, leaving: Leaving) -> list[str]:
        """Say what entering does once some have left."""
        return [self._store.to_do(self._spec, leaving)]

    async def __aenter__(self) -> None:
        self._held = self._store.hold(self._spec, self._who)

    async def __aexit__(self, *_: object) -> None:
        held = self._held
        if held is not None:
            self._held = None
            self._store.release(held, self._who)
