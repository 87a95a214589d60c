"""What a daemon has counted, and how many of what there are now."""

import time
from typing import Any

from netstrata.daemon.layers import LAYERS
from netstrata.daemon.path import process_path
from netstrata.daemon.pyramid import all_below, state_of
from netstrata.daemon.stream import Stream
from netstrata.engine.machine import Engine
from netstrata.engine.statement import STATE_NAMES
from netstrata.version import VERSION

_STATES = ("complete", "waiting", "failed", "undoing", "undone", "gone")


def figures_of(engine: Engine, stream: Stream) -> dict[str, Any]:
    """Return all figures of a running program."""
    processes = dict.fromkeys(_STATES, 0)
    floors = {(layer, state): 0 for layer in (0, *LAYERS) for state in STATE_NAMES}
    lights: list[dict[str, Any]] = []
    for root in engine.roots:
        together = [root, *all_below(root)]
        for layer, light in stream.layers.lights(together)[root].items():
            lights.append({"process": process_path(root), "layer": layer, "state": light.state})
        for process in together:
            processes[state_of(process)] += 1
            for slot, statement in zip(process.code.slots, process.statements, strict=True):
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
