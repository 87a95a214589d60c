"""`python -m tests.system.undo_journal.writer JOURNAL PROGRESS SEED`: writes to a journal until it is killed.

`… every JOURNAL PROGRESS`: for each call of C that it makes, one child that is killed before it, and one after it;
prints as JSON how many were killed, how many left a file that was half made, and what was wrong.
"""

import importlib
import itertools
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from tests.system.undo_journal.acts import Act, Live, Progress, after, endless, play, reading

from netstrata.system.undo_journal import Identity, UndoJournal

HERE = Identity("a boot", "a namespace")

# Files of a few pages: what is dead is thrown away when the second page is full, and again, with the first three live.
_BIG = b"u" * 30_000
STORY = [
    *[Act("intend", key=b"kept", undo=b"inverse", text="main.1")] * 3,
    Act("done", 0),
    Act("done with", 1, undo=b"another inverse"),
    *[Act("intend", key=b"big", undo=_BIG, text="main.2"), Act("done", 3), Act("undone", 3)] * 5,
    Act("adopt", 0, text="main.3"),
    *[Act("undone", 0)] * 3,
]


def write(path: str, progress: Progress, seed: int) -> None:
    """Do one act after another by chance."""
    left = {entry.number: entry for entry in reading(Path(path)).entries.values()}
    journal = UndoJournal(path, HERE, compacted=0)
    assert journal.left == list(left.values()), journal.problem
    live = left
    for count, (act, number, then) in enumerate(endless(seed, left, journal._next), 1):
        progress.begin(count)
        assert play(journal, live, act) == number
        progress.end(count)
        live = then


def tell_story(path: str, progress: Progress) -> None:
    """Do what the story says, and end."""
    journal = UndoJournal(path, HERE, compacted=0)
    live: Live = {}
    for count, act in enumerate(STORY, 1):
        progress.begin(count)
        live = after(live, act, play(journal, live, act))
        progress.end(count)
    journal.close()


def killed_at(call: int, path: str, progress: Progress) -> bool:
    """Tell the story in a child that is killed at a call of C, or the return from one; say whether it came to that."""
    pid = os.fork()
    if pid == 0:
        calls = itertools.count(1)

        def hook(_frame: FrameType, event: str, _argument: Any) -> None:
            if event in ("c_call", "c_return") and next(calls) == call:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(hook)
        tell_story(path, progress)
        sys.setprofile(None)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def every(path: Path, progress: Progress) -> dict[str, object]:
    """Kill at each call, and look at what is there then."""
    states: list[Live] = [{}]
    number = 0
    for act in STORY:
        live = states[-1]
        number += act.verb == "intend"
        states.append(after(live, act, number if act.verb == "intend" else sorted(live)[act.which % len(live)]))
    importlib.import_module("asyncio")  # a daemon has it: the calls of an import are none of the journal's
    wrong: list[int] = []
    half_made = 0
    for call in itertools.count(1):
        progress.begin(0)
        progress.end(0)
        if not killed_at(call, str(path), progress):
            break
        half_made += path.with_name(f".{path.name}.new").exists()
        if reading(path).entries not in states[progress.ended : progress.begun + 1]:
            wrong.append(call)
        path.unlink(missing_ok=True)
    return {
        "killed": call - 1,
        "half made": half_made,
        "wrong": wrong,
        "left": sorted(str(left) for left in path.parent.glob("*")),
    }


if __name__ == "__main__":
    if sys.argv[1] == "every":
        print(json.dumps(every(Path(sys.argv[2]), Progress(Path(sys.argv[3])))))
    else:
        write(sys.argv[1], Progress(Path(sys.argv[2])), int(sys.argv[3]))
