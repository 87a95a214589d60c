"""`python bench/phases.py PROGRAM`: what each phase of a program's life takes of the processor, in seconds, as JSON.

read: text to checked tree; compile: tree to processes ready to run; run: from the first process until nothing is left.
For programs that need nothing from outside; what they print is not printed.
"""

import json
import sys
import time

from netstrata.daemon.running import garbage
from netstrata.daemon.running.registry import make_registry
from netstrata.daemon.running.timers import HeapTimers
from netstrata.engine.compiler import compile_program
from netstrata.engine.environment import Environment, Observer, Retry
from netstrata.engine.machine import Engine
from netstrata.engine.process import Process, Statement
from netstrata.engine.program import Slot
from netstrata.language.load import load


class Strict(Observer[Process, Statement]):
    """Ends the measurement if anything goes wrong."""

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """Raise the error."""
        raise SystemExit(str(error))

    def broken(self, bug: BaseException) -> None:
        """Raise the bug."""
        raise bug


def _read_file(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def main() -> None:
    """Measure one program, once."""
    clock = time.process_time
    garbage.keep_off()
    started = clock()
    program = load(sys.argv[1], _read_file)
    read = clock()
    codes = compile_program(program, make_registry())
    compiled = clock()
    outside = Environment(lambda data: None, lambda level, text: None, lambda: None, None, [], {})
    engine = Engine(codes, HeapTimers(), Retry(5000), Strict(), outside)
    garbage.freeze()
    begun = clock()
    engine.start()
    engine.work_off(1 << 60)
    ended = clock()
    assert engine.stopped, "the program did not end"
    print(json.dumps({"read": read - started, "compile": compiled - read, "run": ended - begun}))


if __name__ == "__main__":
    main()
