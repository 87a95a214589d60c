"""What stands now: processes, their statements floor by floor, and what each waits for."""

from typing import Any

from netstrata.control.answers import Items
from netstrata.daemon.events.layers import Layers
from netstrata.daemon.events.walks import floors_of, processes_from
from netstrata.daemon.text.paths import process_path
from netstrata.daemon.text.rendering import variables_of
from netstrata.engine.process import COMPLETE, PAUSED, TERMINATING, Process
from netstrata.engine.program import Slot
from netstrata.engine.statement import DOWN, DYING, STATE_NAMES, UP, Statement


def state_of(process: Process) -> str:
    """Say in a word how a process is."""
    if process.mode == TERMINATING:
        return "undone" if process.free else "gone"
    if process.mode == COMPLETE:
        return "complete"
    if process.mode == PAUSED or process.advance < process.free:
        return "undoing"
    return "failed" if process in process.engine.retrying else "waiting"


def floor_of(slot: Slot, statement: Statement | None, process: Process, layers: Layers) -> dict[str, Any]:
    """Return a statement of a process as it is now."""
    floor: dict[str, Any] = {
        "statement": slot.index + 1,
        "name": slot.type,
        "file": slot.span.source.name,
        "line": slot.span.line,
        "state": "gone",
        "layer": layers.of(slot, statement, process.engine),
    }
    if slot.name:
        floor["label"] = slot.name
    if statement is not None:
        floor["state"] = STATE_NAMES[statement.state]
        floor["since"] = statement.since
        if statement.state == UP:
            floor["values"] = variables_of(statement)
        elif statement.state in (DOWN, DYING):
            waiting = statement.waits_for()
            if waiting is not None:
                floor["waits"] = waiting.text
        children = statement.processes()
        if children:
            floor["processes"] = (process_path(child) for child in children)
    return floor


def pyramids(roots: list[Process], layers: Layers, below: bool) -> Items:
    """Yield processes with their floors and lights; with below, each is followed by those below it."""
    for top in roots:
        together = yield from processes_from([top])
        lights = yield from layers.lights(together)
        for process in together if below else [top]:
            one: dict[str, Any] = {"process": process_path(process), "state": state_of(process)}
            one["floors"] = _floors(process, layers)
            if lights[process]:
                one["lights"] = {str(layer): light.state for layer, light in lights[process].items()}
                one["lights_since"] = {str(layer): light.since for layer, light in lights[process].items()}
            yield one


def _floors(process: Process, layers: Layers) -> Items:
    for floor in floors_of([process]):
        yield floor_of(floor[1], floor[2], process, layers) if floor is not None else None
