"""What stands now: processes, their statements floor by floor, and what each waits for."""

from typing import Any

from netstrata.control.answers import Items
from netstrata.daemon.pyramid.lights import lights_of
from netstrata.daemon.pyramid.projection import SLICE, Projection
from netstrata.daemon.pyramid.standing import FloorState, Standing, Written


def pyramids(stands: Projection, roots: list[Standing], below: bool) -> Items:
    """Yield processes with their floors and lights; with below, each is followed by those below it."""
    for top in roots:
        together = yield from stands.below([top])
        lights = yield from lights_of(together)
        for process in together if below else [top]:
            one: dict[str, Any] = {"process": process.path, "state": process.state, "floors": _floors(stands, process)}
            if lights[process]:
                one["lights"] = {str(layer): light.state for layer, light in lights[process].items()}
                one["lights_since"] = {str(layer): light.since for layer, light in lights[process].items()}
            yield one


def _floors(stands: Projection, process: Standing) -> Items:
    for written, floor in process.floors():
        yield _floor(stands, process, written, floor)
        if not floor.number % SLICE:
            yield None


def _floor(stands: Projection, process: Standing, written: Written, floor: FloorState) -> dict[str, Any]:
    """Return a statement of a process as it is now."""
    found: dict[str, Any] = {
        "statement": floor.number,
        "name": written.name,
        "file": written.file,
        "line": written.line,
        "state": floor.state,
        "layer": max(0, process.layers_of(written, floor).bit_length() - 1),
    }
    if written.label:
        found["label"] = written.label
    if floor.state != "gone":
        found["since"] = floor.since
        if floor.state == "up":
            found["values"] = floor.values
        else:
            stands.freshen(process, floor)
            if floor.waits:
                found["waits"] = floor.waits
        children = process.children(floor.number)
        if children:
            found["processes"] = (child.path for child in children)
    return found
