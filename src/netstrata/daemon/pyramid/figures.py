"""How many there are of what stands now."""

from typing import Any

from netstrata.control.answers import Slices
from netstrata.daemon.events.event import LAYERS
from netstrata.daemon.pyramid.lights import lights_of
from netstrata.daemon.pyramid.projection import SLICE, Projection

_PROCESSES = ("complete", "waiting", "failed", "undoing", "undone", "gone")
_FLOORS = ("gone", "down", "up", "dying")


def counts_of(stands: Projection) -> Slices[dict[str, Any]]:
    """Return the processes by state, the floors by layer and state, and the lights of the program's own processes."""
    processes = dict.fromkeys(_PROCESSES, 0)
    floors = {(layer, state): 0 for layer in (0, *LAYERS) for state in _FLOORS}
    lights: list[dict[str, Any]] = []
    counted = 0
    for root in [*stands.roots.values()]:
        together = yield from stands.below([root])
        of_layers = yield from lights_of(together)
        lights += [{"process": root.path, "layer": layer, "state": of.state} for layer, of in of_layers[root].items()]
        for process in together:
            processes[process.state] += 1
            for written, floor in process.floors():
                floors[max(0, process.layers_of(written, floor).bit_length() - 1), floor.state] += 1
                counted += 1
                if not counted % SLICE:
                    yield
        yield
    return {
        "processes": processes,
        "floors": [{"layer": layer, "state": state, "floors": n} for (layer, state), n in floors.items()],
        "lights": lights,
    }
