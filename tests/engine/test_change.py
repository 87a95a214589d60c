"""A program that changes while it runs: what differs is undone, what is new begins, nothing else is touched."""

from random import Random
from typing import Any

import pytest
from tests.engine.edited import Editor, text_of

from netstrata.engine.change import Change
from netstrata.engine.process import COMPLETE, STATE_NAMES, Process, Statement
from netstrata.engine.prospect import Prospect
from netstrata.engine.structures.names.dependencies import Depend
from netstrata.testing.play import RETRY_MS, Play

PROGRAMS = 400
BESIDE = ("process_manager", "spawn", "ondemand")  # what these run is beside what stands above them


def standing(process: Process) -> Any:
    """Return how a process is, with all that it runs."""
    floors = []
    for slot, statement in zip(process.code.slots, process.statements, strict=True):
        state = STATE_NAMES[statement.state] if statement is not None else "gone"
        children = [standing(child) for child in statement.processes()] if statement is not None else []
        floors.append((text_of_slot(slot), state, children))
    return process.mode == COMPLETE, floors


def all_standing(play: Play) -> dict[str, Any]:
    return {process.code.name: standing(process) for process in play.engine.roots.values()}


def statements_of(processes: list[Process]) -> list[Statement]:
    found = []
    for process in processes:
        for statement in process.begun:
            if statement is not None:
                found += [statement, *statements_of(statement.processes())]
    return found


class Judge:
    """Looks for what was touched without a reason."""

    def __init__(self, before: list[Statement], old: "Texts", new: "Texts") -> None:
        self._old = old
        self._new = new
        self._kept = set(before)  # objects, which are compared by identity
        self.faults: list[str] = []

    def look(self, process: Process, gives_reason: bool = False) -> bool:
        """Say whether anything of a process was touched."""
        texts, wholes = self._old.get(process.code.name, (None, []))
        reason = gives_reason or texts is None
        touched = texts is None or len(process.code.slots) != len(texts)
        for slot, statement in zip(process.code.slots, process.statements, strict=True):
            index = slot.index
            reason = reason or texts is None or index >= len(texts) or texts[index] != text_of_slot(slot)
            if slot.type == "do" and not reason:
                reason = wholes[index] != self._new[process.code.name][1][index]
            if statement is None:
                continue
            if statement not in self._kept:
                touched = True
                if not reason:
                    self.faults.append(f"{process.code.name}.{index + 1} {slot.type} was redone for no reason")
            earlier = False
            for child in statement.processes():
                moved = self.look(child, reason or earlier or statement not in self._kept)
                earlier = earlier or (moved and slot.type in ("foreach_emb", "foreach"))
                reason = reason or (moved and slot.type not in BESIDE)
                touched = touched or reason
            if isinstance(statement, Depend):
                provider = statement.provider
                reason = reason or provider is None or provider not in self._kept
            if slot.type in ("join", "demand") and self._beside_moved(process, index):
                reason = True
        return touched or reason

    def _beside_moved(self, process: Process, index: int) -> bool:
        below = process.statements[index - 1]
        quiet = Judge(list(self._kept), self._old, self._new)
        return below is not None and any(quiet.look(child) for child in below.processes())


def title(statement: Statement) -> tuple[int, str]:
    return id(statement), f"{statement.process.code.name}.{statement.index + 1} {statement.declaration.name}"


def text_of_slot(slot: Any) -> Any:
    hidden = slot.type in ("embcall", "do", "inline_code", "foreach_emb")
    arguments = slot.constants if slot.constants is not None else len(slot.arguments)
    if slot.type == "foreach_emb":
        return slot.type, slot.arguments[0].constant()
    return slot.type, slot.name, slot.target, None if hidden else arguments


Texts = dict[str, tuple[list[Any], list[Any]]]  # of each process: its statements, and with all that they may run


def texts_of(play: Play) -> Texts:
    codes = play.engine.templates

    def whole(slot: Any) -> Any:
        words = slot.constants or [
            part.value
            for argument in slot.arguments
            for part in getattr(argument, "arguments", [argument])
            if hasattr(part, "value")
        ]
        names = [word.decode() for word in words if isinstance(word, bytes)]
        return text_of_slot(slot), [[whole(one) for one in codes[name].slots] for name in names if name in codes]

    return {
        name: ([text_of_slot(slot) for slot in code.slots], [whole(slot) for slot in code.slots])
        for name, code in codes.items()
    }


@pytest.mark.parametrize("first", range(0, PROGRAMS, 50))
def test_after_a_change_stands_what_a_new_start_would_have_brought_up(first: int) -> None:
    for seed in range(first, first + 50):
        random = Random(seed)
        editor = Editor(random)
        old = editor.program()
        play = Play(text_of(old, random))
        for step in range(4):
            new = editor.edited(old)
            text = text_of(new, random)
            before, texts = statements_of([*play.engine.roots.values()]), texts_of(play)

            foreseen = Prospect(play.engine, play.compare(text))
            play.change(text)
            after = set(statements_of([*play.engine.roots.values()]))
            judge = Judge(before, texts, texts_of(play))
            for process in play.engine.roots.values():
                judge.look(process)
            play.pass_time(2 * RETRY_MS)

            told = f"seed {seed}, step {step}:\n{text_of(old, Random(0))}\n-->\n{text}"
            fresh = Play(text)
            fresh.pass_time(2 * RETRY_MS)
            assert play.engine.change is None, told
            undone = {title(one) for one in before if one not in after}
            known = set(map(title, foreseen.undone))
            assert known <= undone, told
            assert known == undone or "Do {" in text, told  # a Do undoes what it ran once that is complete
            assert all_standing(play) == all_standing(fresh), told
            assert judge.faults == [], told
            assert [one for one in play.failures if one.startswith("broken")] == [], told
            old = new
        play.end()
        assert play.engine.stopped


def test_a_change_that_comes_when_all_is_undone_already_leaves_nothing() -> None:
    play = Play('process a { println("up"); rprintln("down"); sleep("0", "100"); } process b { println("b"); }')
    difference = play.compare('process a { println("up"); rprintln("down"); sleep("0", "100"); }')
    told: list[str] = []
    play.engine.event(Change(play.engine, difference, lambda: told.append("begun"), lambda: told.append("done")).begin)

    play.end()
    play.pass_time(1000)

    assert (play.engine.stopped, told, play.output.splitlines()[-1]) == (True, ["done"], "down")


def test_a_process_that_is_gone_in_a_change_is_not_undone_once_more_at_the_end() -> None:
    slow = 'process b { println("b"); rprintln("-b"); sleep("0", "100"); }'
    play = Play('process a { println("a"); } ' + slow)
    play.change(slow.replace('"100"', '"200"'))
    assert play.engine.change is not None

    play.end()

    assert not play.engine.stopped
    play.pass_time(1000)
    assert (play.engine.stopped, play.output.splitlines()[-1]) == (True, "-b")
