"""What a daemon has counted, and how many of what there are now."""

import time
from typing import Any

from netstrata.control.answers import Slices
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.events.layers import LAYERS
from netstrata.daemon.events.walks import floors_of, processes_from
from netstrata.daemon.pyramid.floors import state_of
from netstrata.daemon.text.paths import process_path
from netstrata.engine.machine import Engine
from netstrata.engine.process import Process
from netstrata.engine.statement import STATE_NAMES
from netstrata.version import VERSION

_STATES = ("complete", "waiting", "failed", "undoing", "undone", "gone")


def figures_of(engine: Engine, stream: EventLog) -> Slices[dict[str, Any]]:
    """Return all figures of a running program."""
    processes = dict.fromkeys(_STATES, 0)
    floors = {(layer, state): 0 for layer in (0, *LAYERS) for state in STATE_NAMES}
    lights: list[dict[str, Any]] = []
    everybody: list[Process] = []
    for root in engine.roots:
        together = yield from processes_from([root])
        of_layers = yield from stream.layers.lights(together)
        path = process_path(root)
        lights += [{"process": path, "layer": layer, "state": of.state} for layer, of in of_layers[root].items()]
        everybody += together
        yield
    for floor in floors_of(everybody):
        if floor is None:
            yield
            continue
        process, slot, statement = floor
        if not slot.index:
            processes[state_of(process)] += 1
        state = STATE_NAMES[statement.state] if statement is not None else STATE_NAMES[0]
        floors[stream.layers.of(slot, statement, engine), state] += 1
    return {
        "version": VERSION,
        "uptime": time.monotonic() - stream.begun,
        "events": stream.seq,
        "errors": stream.errors_counted,
        "retries": stream.retries_counted,
        "steps": engine.steps,
        "processes": processes,
        "floors": [{"layer": layer, "state": state, "floors": n} for (layer, state), n in floors.items()],
        "lights": lights,
    }
