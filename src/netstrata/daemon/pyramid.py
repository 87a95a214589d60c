"""What stands now: processes, their statements floor by floor, and what each waits for."""

from typing import Any

from netstrata.daemon.layers import Layers
from netstrata.daemon.path import process_path
from netstrata.daemon.telling import variables_of
from netstrata.engine.machine import Engine
from netstrata.engine.process import COMPLETE, PAUSED, TERMINATING, Process
from netstrata.engine.statement import DOWN, DYING, STATE_NAMES, UP


def find_process(engine: Engine, path: str) -> Process | None:
    """Return the process with a path: `wired`, `wired.3/helper`."""
    words = path.split(".", 1)
    found = next((root for root in engine.roots if root.code.name == words[0]), None)
    if found is None or len(words) == 1:
        return found
    return next((child for child in all_below(found) if process_path(child) == path), None)


def all_below(process: Process) -> list[Process]:
    """Return all processes below one, parents before children."""
    found: list[Process] = []
    waiting = [process]
    while waiting:
        current = waiting.pop()
        children = [child for s in current.statements if s is not None for child in s.processes()]
        found.extend(children)
        waiting.extend(reversed(children))
    return found


def state_of(process: Process) -> str:
    """Say in a word how a process is."""
    if process.mode == TERMINATING:
        return "undone" if process.top else "gone"
    if process.mode == COMPLETE:
        return "complete"
    if process.mode == PAUSED or process.live < process.top:
        return "undoing"
    return "failed" if process in process.engine.retrying else "waiting"


def floors_of(process: Process, layers: Layers) -> list[dict[str, Any]]:
    """Return the statements of a process as they are now."""
    floors: list[dict[str, Any]] = []
    for slot, statement in zip(process.code.slots, process.statements, strict=True):
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
            children = [process_path(child) for child in statement.processes()]
            if children:
                floor["processes"] = children
        floors.append(floor)
    return floors


def pyramids(processes: list[Process], layers: Layers, below: bool) -> list[dict[str, Any]]:
    """Return processes with their floors and lights; with below, each is followed by those below it."""
    found: list[dict[str, Any]] = []
    for top in processes:
        together = [top, *all_below(top)]
        lights = layers.lights(together)
        for process in together if below else [top]:
            one: dict[str, Any] = {"process": process_path(process), "state": state_of(process)}
            one["floors"] = floors_of(process, layers)
            if lights[process]:
                one["lights"] = {str(layer): light.state for layer, light in lights[process].items()}
                one["lights_since"] = {str(layer): light.since for layer, light in lights[process].items()}
            found.append(one)
    return found
