"""What is left of a daemon, undone by who knows how: one that fails stops no other."""

import asyncio
from pathlib import Path

from netstrata.system.held import Recovery
from netstrata.system.undo_journal import Identity, UndoJournal
from netstrata.values import Unavailable

HERE = Identity("a boot", "a namespace")


def test_what_cannot_be_undone_is_told_and_stays_and_all_else_is_undone(tmp_path: Path) -> None:
    path = str(tmp_path / "journal" / "a")
    first = UndoJournal(path, HERE)
    for kind in ("good", "refused", "buggy", "slow", "slow and buggy", "unknown"):
        first.intend(kind, b"key", b"undo", f"main.1 {kind}")
    assert first._file is not None
    first._file.close()
    journal = UndoJournal(path, HERE)
    recovery = Recovery(journal)
    undone: list[str] = []

    def refuse(key: bytes, undo: bytes) -> None:
        raise Unavailable("undo it", "it is busy")

    def break_down(key: bytes, undo: bytes) -> None:
        raise ValueError("a bug")

    async def slow(key: bytes, undo: bytes) -> None:
        undone.append("slow")

    async def slow_and_buggy(key: bytes, undo: bytes) -> None:
        raise KeyError("another")

    recovery.knows("good", lambda key, undo: undone.append("good"))
    recovery.knows("refused", refuse)
    recovery.knows("buggy", break_down)
    recovery.knows_slow("slow", slow)
    recovery.knows_slow("slow and buggy", slow_and_buggy)

    swept = asyncio.run(recovery.sweep())

    assert undone == ["slow", "good"]
    assert {one.entry.kind: one.problem for one in swept} == {
        "unknown": "nobody here knows how to undo a unknown",
        "slow and buggy": "undo a slow and buggy: KeyError('another')",
        "slow": "",
        "buggy": "undo a buggy: ValueError('a bug')",
        "refused": "cannot undo it: it is busy",
        "good": "",
    }
    journal.close()
    assert [entry.kind for entry in UndoJournal(path, HERE).left] == ["refused", "buggy", "slow and buggy", "unknown"]
