"""A daemon that is killed while it writes: what the next one reads is what was written, to the last whole record.

As many kills as one likes: NETSTRATA_KILLS=1000.
"""

import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path
from random import Random

from tests.clock import Clock
from tests.system.undo_journal.acts import Live, Progress, endless, reading
from tests.system.undo_journal.writer import HERE

from netstrata.system.undo_journal import UndoJournal

ROOT = Path(__file__).parents[3]
KILLS = int(os.environ.get("NETSTRATA_KILLS", "25"))
PATIENCE_S = 60
WRITER = [sys.executable, "-m", "tests.system.undo_journal.writer"]


def test_whoever_is_killed_while_writing_has_written_what_was_done_or_about_to_be(tmp_path: Path) -> None:
    path, chance = tmp_path / "journal/a", Random(1)
    for seed in range(KILLS):
        progress = Progress(tmp_path / f"progress-{seed}")
        before = reading(path)
        aim = chance.randrange(1, 2_000)
        with subprocess.Popen([*WRITER, str(path), str(tmp_path / f"progress-{seed}"), str(seed)], cwd=ROOT) as child:
            clock = Clock()
            while progress.ended < aim and clock.seconds < PATIENCE_S and child.poll() is None:
                pass
            child.kill()

        states: list[Live] = [before.entries]
        first = before.last + 1 if before.version else 1
        states += [live for _, _, live in islice(endless(seed, before.entries, first), progress.begun)]
        assert progress.ended >= aim
        assert reading(path).entries in states[progress.ended : progress.begun + 1]

    left = UndoJournal(str(path), HERE)

    assert left.problem == ""
    assert left.left == list(states[-1].values()) or left.left == list(states[-2].values())


def test_killed_at_any_call_it_leaves_a_file_that_is_true(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir(0o700)
    words = [*WRITER, "every", str(tmp_path / "journal/a"), str(tmp_path / "progress")]

    told = json.loads(subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=300).stdout)

    assert told["wrong"] == []
    assert told["killed"] > 500
    assert told["half made"] > 50  # so many while a file was written that takes the place of another
    assert told["left"] == []  # the last one was not killed
