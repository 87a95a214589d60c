"""`netstrata reload`, `load`, `replace`, `plan`, `revert` and others: the program changed while it runs."""

import argparse
import json
import os
import select
import sys
import time
from typing import Any, Final

from netstrata.cli.answers import print_answer
from netstrata.cli.client import Connection
from netstrata.cli.terminal_style import Paint, harmless
from netstrata.control.errors import NoDaemon, Refusal
from netstrata.control.exit_codes import FAILED, OK
from netstrata.control.verbs import verbs

SOMETHING: Final = 10  # the exit code of a plan that would do something
TICK_S: Final = 1.0


def change(options: argparse.Namespace, daemon: Connection) -> int:
    """Ask for a change, and tell what was undone and begun, or would be; wait until somebody confirms it.

    Raises: NoDaemon, Refusal; OSError if a file cannot be read.
    """
    if options.command == "program":
        return _program(options, daemon)
    given = _given(options)
    answer = daemon.call(options.verb, **given)
    is_plan = options.command == "plan" or given.get("plan", False)
    if options.json:
        print(json.dumps(answer, indent=2))
    else:
        _print_steps(answer, is_plan)
    if is_plan:
        return SOMETHING if answer["changed"] else OK
    if given.get("confirm"):
        return _wait(daemon.path, given["confirm"])
    return OK


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the verb is given: what the command line says of its parameters, and the text of a file."""
    wanted = verbs()[options.verb].parameters
    given = {name: value for name, value in vars(options).items() if name in wanted and value not in (None, False)}
    if "arguments" in wanted:
        given["arguments"] = options.words
    if "text" in wanted:
        if options.file == "-":
            given["file"] = "<stdin>"
            given["text"] = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
        else:
            with open(options.file, "rb") as file:
                given["text"] = file.read().decode("utf-8", "surrogateescape")
    return given


def _print_steps(answer: dict[str, Any], is_plan: bool) -> None:
    paint = Paint(sys.stdout)
    if not answer["changed"]:
        print("nothing differs")
    for step in harmless(answer["steps"]):
        undone = step["what"] == "undone"
        verb = {True: "undo" if is_plan else "undid", False: "begin" if is_plan else "began"}[undone]
        mark = paint.red(f"- {verb}") if undone else paint.green(f"+ {verb}")
        text = step.get("text") or step["name"]
        where = f"{step['file']}:{step['line']}"
        perhaps = " (perhaps)" if step.get("perhaps") else ""
        print(paint.cut(f"{mark} {step['process']}.{step['statement']} {text}{perhaps}  {where}"))
        for operation in step.get("operations", ()):
            print(paint.cut(f"      {operation}"))


def _wait(path: str, seconds: int) -> int:
    """Count down until somebody confirms the program, here or elsewhere, or it has gone back."""
    end = time.monotonic() + seconds
    # Keys may get here although nothing gets out any more: only who sees this can know the number.
    number = str(int.from_bytes(os.urandom(4)) % 90 + 10)
    is_terminal = sys.stdin.isatty()
    how = f"Type {number} and Enter to keep it" if is_terminal else "`netstrata confirm` keeps it"
    print(f"{how}; else it goes back.")
    while True:
        left = end - time.monotonic()
        pause = min(TICK_S, max(0.0, left))
        if not is_terminal:
            time.sleep(pause)
        else:
            print(f"\r{max(0, round(left)):>4} s ", end="", flush=True)
            if select.select([sys.stdin], [], [], pause)[0]:
                line = _line()
                is_terminal = line != ""
                if line.strip() == number and _confirms(path):
                    print("kept")
                    return OK
        try:
            answer = Connection(path).call("Confirmation")
        except (NoDaemon, Refusal):
            continue  # it may be on its way up again; it goes on counting
        if "awaited" not in answer:
            return _told(answer.get("runs"), left)


def _line() -> str:
    """Return what was typed; nothing if the terminal has hung up."""
    try:
        return sys.stdin.readline()
    except OSError:
        return ""


def _confirms(path: str) -> bool:
    """Confirm, and say whether that was done: the program may be on its way back, or the daemon on its way up."""
    try:
        Connection(path).call("Confirm")
    except (NoDaemon, Refusal):
        return False
    return True


def _told(runs: dict[str, Any] | None, left: float) -> int:
    """Say what has become of a program that does not wait any more."""
    if runs and runs["why"].startswith("going back"):
        print("nobody has confirmed it: went back" if left <= TICK_S else "went back")
        return FAILED
    print("kept")
    return OK


def _program(options: argparse.Namespace, daemon: Connection) -> int:
    """Print the program, what was changed of its file, or which have run."""
    answer = daemon.call("Program")
    parts = [name for name in ("changes", "versions") if getattr(options, name)]
    if options.json:
        print(json.dumps({name: answer[name] for name in parts} if parts else answer, indent=2))
    elif parts:
        for name in parts:
            for one in answer[name]:
                one["when"] = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one["when"]))
            print_answer({name: answer[name]}, Paint(sys.stdout))
    else:
        for line in answer["text"].splitlines():
            print(harmless(line))
    return OK
