"""The words of the commands that change the program: `netstrata reload`, `load`, `revert` and others."""

import argparse
from collections.abc import Callable


def add_changes(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    """Add each of them; `add` takes a command, its verb, and what it is for."""
    reload = add("reload", "Reload", "read the program again, and change what differs; nothing else is touched")
    load = add("load", "Load", "add the processes and templates of a file")
    replace = add("replace", "Replace", "have another text of one process or template")
    unload = add("unload", "Unload", "have a process or template no more")
    stop = add("stop", "Stop", "undo a process, and leave it so")
    start = add("start", "Start", "let a process run again that was stopped")
    spawn = add("spawn", "Spawn", "run a template as a process of its own")
    add("plan", "Plan", "what reload would undo and begin, and do outside; exit code 0 if nothing, 10 if something")
    add("confirm", "Confirm", "keep the program that has to be confirmed")
    revert = add("revert", "Revert", "go back to a program that ran before")
    program = add("program", "Program", "the program that runs, as text")
    for command in (replace, unload, stop, start):
        command.add_argument("process", help="a process" if command in (stop, start) else "a process or template")
    for command in (load, replace):
        command.add_argument("file", help="its file; - for standard input")
    unload.add_argument("--force", action="store_true", help="also if others stand on it, which goes down then")
    spawn.add_argument("template")
    spawn.add_argument("words", nargs="*", metavar="ARGUMENT", help="a string for the template")
    spawn.add_argument("--as", dest="name", required=True, metavar="NAME", help="the process's name")
    revert.add_argument("version", nargs="?", type=int, metavar="NUMBER", help="else the last other one")
    program.add_argument("--changes", action="store_true", help="what people have changed of its file")
    program.add_argument("--versions", action="store_true", help="the programs that have run")
    for command in (load, replace, unload, stop, spawn):
        command.add_argument("--persist", action="store_true", help="also for the next daemon")
    for command in (reload, load, replace, unload, stop, start, revert):
        told = "go back unless it is confirmed within so long, by a number that is shown here or by `netstrata confirm`"
        command.add_argument("--confirm", type=int, metavar="SECONDS", help=told)
    for command in (reload, load, replace, unload, stop, start, spawn, revert):
        command.add_argument("--plan", action="store_true", help="change nothing: say what would be undone and begun")
