"""`netstrata status`, `why`, `log`, `restart` and others: questions to a running daemon."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from netstrata.cli.client import Connection
from netstrata.cli.events import print_events
from netstrata.cli.follow import follow
from netstrata.cli.refusals import told
from netstrata.cli.status import status
from netstrata.cli.terminal_style import Paint, harmless
from netstrata.control.errors import NoAnswer, NoDaemon, Refusal, Words, words_of
from netstrata.control.exit_codes import BAD_USAGE, NO_SUCH_OBJECT


def ask(options: argparse.Namespace) -> int:
    """Ask what the command line says, and print the answer."""
    try:
        if options.command in _BY_PATH:
            return _BY_PATH[options.command](options)
        return _ASKED.get(options.command, _ask_verb)(options, Connection(options.control))
    except (NoAnswer, NoDaemon) as problem:
        return _refused(words_of(type(problem).__name__, {"text": problem}))
    except Refusal as refusal:
        return _refused(told(refusal, options.command))
    except KeyboardInterrupt:
        return 0


def _refused(words: Words) -> int:
    return _fail(words.text, words.hint, words.exit_code)


def _fail(problem: str, hint: str, code: int) -> int:
    lines = [f"error: {problem}".split("\n"), [f"help: {hint}"]]  # of which one may show a stretch of a program
    print("\n".join(harmless(line) for part in lines for line in part), file=sys.stderr)
    return code


def _why(options: argparse.Namespace, daemon: Connection) -> int:
    if options.process is not None:
        try:
            chains = [daemon.call("Why", process=options.process)["causes"]]
        except Refusal as refusal:
            if options.process != "dns" or refusal.name != "NoSuchProcess":
                raise
            return _why_dns(options, daemon)
    else:
        chains = list(_all_chains(daemon))
    if options.json:
        print(json.dumps({"chains": chains}, indent=2))
        return 0
    paint = Paint(sys.stdout)
    if not chains:
        print("all processes are complete")
    for chain in chains:
        for cause in chain:
            print(paint.cut(cause_line(cause, paint)))
    return 0


def _why_dns(options: argparse.Namespace, daemon: Connection) -> int:
    """Say why names are not answered: what stands, what the servers say, and what those wait for who have others."""
    from netstrata.cli.name_servers import problems_of, who_waits

    answer = daemon.call("Dns", probe=True)
    problems = problems_of(harmless(answer))
    chains = [daemon.call("Why", process=process)["causes"] for process in who_waits(daemon)]
    if options.json:
        print(json.dumps({"problems": problems, "chains": chains}, indent=2))
        return 0
    paint = Paint(sys.stdout)
    for line in problems or ["all name servers answer"]:
        print(paint.cut(line))
    for chain in chains:
        for cause in chain:
            print(paint.cut(cause_line(cause, paint)))
    return 0


def _all_chains(daemon: Connection) -> Iterator[list[dict[str, Any]]]:
    """Yield the chains from all that is not complete; what one of them has led to already begins none."""
    told: set[str] = set()
    for process in daemon.call("Status", below=True)["processes"]:
        name = process["process"]
        if process["state"] == "complete" or ("." in name and name in told):
            continue
        try:
            chain = daemon.call("Why", process=name)["causes"]
        except Refusal:
            continue  # it has gone meanwhile
        told.update(cause["process"] for cause in chain)
        yield chain


def cause_line(cause: dict[str, Any], paint: Paint) -> str:
    """Return one link of the chain of causes."""
    cause = harmless(cause)
    indent = "  " * cause["depth"] + ("└ " if cause["depth"] else "")
    if not cause["statement"]:
        return f"{indent}{paint.bold(cause['process'])} {cause['text']}"
    since = f"since {time.strftime('%H:%M:%S', time.localtime(cause['since']))}" if cause["since"] else ""
    if since:  # of a text with parts, it would seem to be about the last one
        since = f" ({since})" if {",", ";", ":"} & set(cause["text"]) else f" {since}"
    where = f"{cause['process']}.{cause['statement']} {cause['name']}"
    text = paint.red(cause["text"]) if cause["root"] else cause["text"]
    return f"{indent}{paint.bold(where)} ({cause['file']}:{cause['line']}): {text}{since}"


def _log(options: argparse.Namespace, daemon: Connection) -> int:
    wanted = {name: getattr(options, name) for name in ("process", "statement", "child", "kind")}
    asked = {name: value for name, value in wanted.items() if value is not None}
    if not options.follow:
        events = daemon.call("Watch", after=options.after, **asked)["events"]
        if not events and options.process is not None:
            daemon.call("Status", process=options.process)  # refuses one that there is not
        print_events(events, options.json)
        return 0
    if options.process is not None:
        try:
            daemon.call("Status", process=options.process)
        except Refusal as refusal:
            _note(f"{harmless(told(refusal).text)} yet")
    try:
        for events in follow(daemon, _note, options.after, **asked):
            print_events(events, options.json)
    except NoDaemon:
        pass  # it has ended, and the stream with it
    return 0


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


def _restart(options: argparse.Namespace, daemon: Connection) -> int:
    process, colon, word = options.place.partition(":")
    statement = 1
    if colon and not word:
        return _fail(f"{options.place} names no statement", f"`netstrata restart {process}` is all of it", BAD_USAGE)
    if word and options.layer is not None:
        return _fail("a statement and a layer are two places to begin at", "name one of them", BAD_USAGE)
    if word.isdecimal():
        statement = int(word)
    elif word or options.layer is not None:
        floors = daemon.call("Status", process=process)["processes"][0]["floors"]
        found = [floor["statement"] for floor in floors if _is_meant(floor, word, options.layer)]
        if not found:
            return _no_floor(process, floors, word, options.layer)
        # Above a layer is what stands on the last of its floors.
        statement = found[-1] if options.above and not word else found[0]
    answer = daemon.call("Restart", process=process, statement=statement, above=options.above)
    if options.json:
        print(json.dumps(answer))
    return 0


def _is_meant(floor: dict[str, Any], word: str, layer: int | None) -> bool:
    return word in (floor.get("label"), floor["name"]) if word else floor.get("layer") == layer


def _no_floor(process: str, floors: list[dict[str, Any]], word: str, layer: int | None) -> int:
    if word:
        named = ", ".join(floor.get("label") or floor["name"] for floor in floors)
        return _fail(f"process {process} has no statement named {word}", f"it has {named}", NO_SUCH_OBJECT)
    layers = ", ".join(str(one) for one in sorted({floor.get("layer") or 0 for floor in floors} - {0}))
    hint = f"it has some of layer {layers}" if layers else "none of its statements has a layer"
    return _fail(f"process {process} has no statement of layer {layer}", hint, NO_SUCH_OBJECT)


def _show(options: argparse.Namespace, daemon: Connection) -> int:
    from netstrata.cli.generated_files import show

    return show(options.file, options.json, daemon)


def _links(options: argparse.Namespace, daemon: Connection) -> int:
    from netstrata.cli.links import links

    return links(options.link, options.json, daemon)


def _routes(options: argparse.Namespace, daemon: Connection) -> int:
    from netstrata.cli.routes import routes

    return routes(options.address, options.json, daemon)


def _dns(options: argparse.Namespace, daemon: Connection) -> int:
    from netstrata.cli.name_servers import name_servers

    return name_servers(options.probe, options.json, daemon)


def _metrics(options: argparse.Namespace) -> int:
    from netstrata.cli.metrics import metrics

    return metrics(options.control, options.output)


def _goals(options: argparse.Namespace) -> int:
    from netstrata.cli.goals import goals

    return goals(options, options.control)


def _change(options: argparse.Namespace, daemon: Connection) -> int:
    from netstrata.cli.changes import change

    return change(options, daemon)


def _ask_verb(options: argparse.Namespace, daemon: Connection) -> int:
    """Ask for the command's verb with what the command line gives to it, and print the answer."""
    from netstrata.cli.answers import print_answer
    from netstrata.control.verbs import verbs

    wanted = verbs()[options.verb].parameters
    given = {name: value for name, value in vars(options).items() if name in wanted and value is not None}
    answer = daemon.call(options.verb, **given)
    if options.json:
        print(json.dumps(answer, indent=2))
    else:
        print_answer(answer, Paint(sys.stdout))
    return 0


# Commands that print what nothing else does; any other asks for its verb, and prints the answer as it is.
_ASKED = {
    "links": _links,
    "routes": _routes,
    "dns": _dns,
    "status": status,
    "why": _why,
    "log": _log,
    "restart": _restart,
    "show": _show,
    **dict.fromkeys(
        ["reload", "load", "replace", "unload", "stop", "start", "spawn", "plan", "revert", "program"], _change
    ),
}
_BY_PATH = {"metrics": _metrics, **dict.fromkeys(["up", "down", "goals"], _goals)}  # those that connect by themselves
