"""Walks over all that runs, a slice at a time: a program may have 100,000 processes, and who asks must hold up nobody.

What moves between two slices is seen as it was or as it is; what is gone by then is seen as gone.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from netstrata.control.answers import Slices
from netstrata.engine.process import Process
from netstrata.engine.program import Slot
from netstrata.engine.statement import Statement

PROCESSES: Final = 100  # in a slice
STATEMENTS: Final = 200  # in a slice, of some microseconds each

Floor = tuple[Process, Slot, Statement | None]


def processes_from(roots: Iterable[Process]) -> Slices[list[Process]]:
    """Return some processes and all below them: parents before children, each root before the next one."""
    found: list[Process] = []
    seen = 0
    for root in roots:
        waiting = [root]
        found.append(root)
        while waiting:
            children: list[Process] = []
            for floor in floors_of([waiting.pop()]):
                if floor is None:
                    yield
                elif floor[2] is not None:
                    children.extend(floor[2].processes())
            found.extend(children)
            waiting.extend(reversed(children))
            seen += 1
            if not seen % PROCESSES:
                yield
    return found


def floors_of(processes: Iterable[Process]) -> Iterator[Floor | None]:
    """Yield the statements of processes, also those that have not begun; None after each slice."""
    count = 0
    for process in processes:
        begun = list(process.begun)
        for slot in process.code.slots:
            yield process, slot, begun[slot.index] if begun else None
            count += 1
            if not count % STATEMENTS:
                yield None
