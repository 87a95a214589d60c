"""The commands of `netstrata`, and how their words are read."""

import argparse
import re
from collections.abc import Callable

from netstrata.cli.change_options import add_changes
from netstrata.control.interface import KINDS


def command_line() -> argparse.ArgumentParser:
    """Return what reads the words of a command line, and describes them."""
    parser = argparse.ArgumentParser(
        prog="netstrata", description="A network configuration daemon whose configuration is a program."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="run a program until SIGTERM, then undo everything",
        epilog="What follows -- are the program's own arguments (getargs).",
    )
    run.add_argument("program", help="the program's file")
    run.add_argument("--record", metavar="FILE", help="append what happens to a file, one JSON object a line")
    run.add_argument(
        "--journal", choices=["auto", "yes", "no"], default="auto", help="log to the journal, with fields (auto)"
    )
    run.add_argument("--quiet", action="store_true", help="log failures only, no transitions")
    run.add_argument("--retry-time", metavar="MS", type=int, default=5000, help="first wait after a failure (5000)")
    run.add_argument("--stop-time", metavar="S", type=int, default=50, help="for all children to end in (50)")
    run.add_argument(
        "--keep-on-stop", action="store_true", help="undo nothing at SIGTERM: the next daemon takes over what stands"
    )
    run.add_argument(
        "--watch", action="store_true", help="do as reload when the program's file changes, or one it includes"
    )
    run.add_argument(
        "--dry-run", action="store_true", help="only read the options and the program, as before an upgrade in place"
    )
    run.add_argument("--state", metavar="DIR", default="/var/lib/netstrata", help="where leases are kept")
    run.add_argument("--control", metavar="PATH", default="", help="the control socket; none for no socket")
    recover = commands.add_parser("recover", help="undo what a daemon that was killed has left, without a program")
    recover.add_argument("--dry-run", action="store_true", help="only list it, in the order in which it is undone")
    recover.add_argument("--control", metavar="PATH", default="", help="the control socket that the daemon had")
    _add_clients(commands)
    _add_replay(commands)
    _add_console(commands)
    check = commands.add_parser("check", help="check programs without running them")
    check.add_argument("programs", nargs="+", metavar="FILE")
    layout = commands.add_parser("fmt", help="give programs the one canonical layout")
    layout.add_argument("programs", nargs="+", metavar="FILE", help="- for standard input")
    layout.add_argument("--check", action="store_true", help="change nothing; fail if a file would change")
    doc = commands.add_parser("doc", help="the manual of a statement, method or function; without a name, the index")
    doc.add_argument("name", nargs="?")
    doc.add_argument("--all", action="store_true", help="the whole reference, not one page")
    doc.add_argument("--markdown", action="store_true", help="with --all: as Markdown")
    doc.add_argument("--output", metavar="DIR", help="with --all --markdown: write files, and do not print")
    request = commands.add_parser("request", help="send one request to a sys.request_server, and print the replies")
    request.add_argument("address", metavar="ADDRESS", help="unix:PATH, tcp:IPV4:PORT or tcp:[IPV6]:PORT")
    request.add_argument("value", metavar="VALUE", help='as in a program: "text", {"a", "b"}, ["key": "value"]')
    taken_over = commands.add_parser("import", help="print a program that does what another program's file says")
    taken_over.add_argument("kind", choices=["wireguard"], help="wireguard: a file of wg-quick")
    taken_over.add_argument("file", metavar="FILE", help="such as /etc/wireguard/wg0.conf")
    taken_over.add_argument(
        "--keys", metavar="DIR", default="", help="write its keys there, a file each, for its owner only"
    )
    commands.add_parser("version", help="what this is")
    commands.add_parser("ncd", help="NCD's own command line; also installed as netstrata-ncd")
    completion = commands.add_parser("completion", help="what a shell needs to complete names and options at TAB")
    completion.add_argument("shell", choices=["bash", "zsh", "fish"])
    demo = commands.add_parser("demo", help="a whole network in namespaces, and a program that runs it")
    demo.add_argument("--json", action="store_true", help="print one JSON object with the results")
    demo.add_argument("--keep-going", action="store_true", help="play all steps even if one fails")
    return parser


def _add_console(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the web console."""
    console = commands.add_parser("console", help="the web console: prints an address to open in a browser")
    console.add_argument("--port", metavar="PORT", type=int, default=8460, help="on 127.0.0.1; 0 for any (8460)")
    console.add_argument("--read-only", action="store_true", help="restart, ask and drop nothing, whoever asks")
    console.add_argument(
        "--token-file", metavar="FILE", default="", help="keep the token there, for programs; made if missing"
    )
    console.add_argument(
        "--user", metavar="NAME", default="", help="whom root goes on as (netstrata-console, or nobody)"
    )
    console.add_argument("--control", metavar="PATH", default="", help="the daemon's control socket")


def _add_clients(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands that ask a running daemon."""
    asking: list[argparse.ArgumentParser] = []

    def add(name: str, verb: str, told: str) -> argparse.ArgumentParser:
        """Add a command that asks for a verb; its words are parameters of the verb, or `asking` knows what to do."""
        asking.append(_add_client(commands, name, verb, told))
        return asking[-1]

    _add_questions(commands, add)
    for command in commands.choices.values():
        if command.get_default("verb"):
            command.add_argument("--control", metavar="PATH", default="", help="the daemon's control socket")
        if command in asking:
            command.add_argument("--json", action="store_true", help="as JSON")


def _add_questions(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    add: Callable[[str, str, str], argparse.ArgumentParser],
) -> None:
    """Add each of them, with its words."""
    status = add("status", "Status", "what stands: each floor, its state, since when, its values")
    status.add_argument("process", nargs="?")
    status.add_argument("--all", action="store_true", help="also the processes that statements run")
    why = add("why", "Why", "what something waits for, down to the root cause")
    why.add_argument(
        "process", nargs="?", help="a process, template, goal, name or link, or dns; else what is not complete"
    )
    log = _add_client(commands, "log", "Watch", "what happened")
    log.add_argument("-f", "--follow", action="store_true", help="go on as it happens")
    _add_filters(log)
    log.add_argument("--after", type=_number, default=0, metavar="NUMBER", help="only events younger than one")
    _add_client(commands, "watch", "Watch", "the pyramid and the time line, live; needs textual (netstrata[tui])")
    restart = add("restart", "Restart", "undo a process from a statement on, and bring it up again")
    restart.add_argument("place", metavar="PROCESS[:STATEMENT]", help="a statement by its number, or by its name")
    restart.add_argument(
        "--layer",
        type=int,
        choices=range(1, 5),
        help="begin at a layer's first statement; with --above, after its last",
    )
    restart.add_argument("--above", action="store_true", help="leave the statement itself alone")
    retry = add("retry", "Retry", "try again now what could not begin, instead of when its wait is over")
    retry.add_argument("process", nargs="?", help="only this one; else all that wait")
    add_changes(add)
    show = add("show", "Show", "a file that was generated for a program; without a name, which there are")
    show.add_argument("file", nargs="?")
    links = add("links", "Links", "the system's links: state, speed, Wi-Fi, counters, and who uses them")
    links.add_argument("link", nargs="?", metavar="NAME", help="all there is to say of one")
    routes = add("routes", "Routes", "uplinks, which is preferred and why, and who holds which route")
    routes.add_argument("address", nargs="?", metavar="ADDRESS", help="which route is used for it, and whose that is")
    dns = add(
        "dns", "Dns", "who answers names: the servers, whose they are, what each is asked for, and who interfered"
    )
    dns.add_argument("--probe", action="store_true", help="ask each server once, over its link")
    metrics = _add_client(commands, "metrics", "Figures", "what the daemon counts, in Prometheus' text format")
    metrics.add_argument("--output", metavar="FILE", help="write it whole to a file, for node_exporter's textfiles")
    up = add("up", "Ask", "ask for a goal, and for what it requires")
    down = add("down", "Drop", "ask for a goal no more; what nobody else asks for is undone")
    for command, until in ((up, "it is up"), (down, "it is undone")):
        command.add_argument("goal")
        command.add_argument("--wait", action="store_true", help=f"until {until}")
        command.add_argument("--timeout", metavar="SECONDS", type=_seconds, help="wait no longer (exit code 3)")
    add(
        "upgrade",
        "Upgrade",
        "run the version that is installed by now in place of the one that runs; nothing goes down",
    )
    add("goals", "Goals", "what can be asked for, and how far it is")


def _add_client(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, verb: str, told: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=told)
    command.set_defaults(verb=verb)
    return command


def commands_by_verb() -> dict[str, str]:
    """Return what people say for the verbs of the control socket."""
    found: dict[str, list[str]] = {}
    subcommands = next(a for a in command_line()._actions if isinstance(a, argparse._SubParsersAction))
    for name, command in subcommands.choices.items():
        found.setdefault(command.get_default("verb"), []).append(name)
    return {verb: ", ".join(names) for verb, names in found.items() if verb}


def _add_replay(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command that shows a recording."""
    replay = commands.add_parser("replay", help="show a recording as if it were live")
    replay.add_argument("file", metavar="FILE", help="what `run --record FILE` wrote")
    replay.add_argument(
        "--speed", type=_speed, default=1.0, metavar="N", help="so many times as fast; 0: stand still; max"
    )
    replay.add_argument("--at", metavar="WHEN", help="begin there: 120 (an event), 12:03:11, +90 (seconds), end")
    replay.add_argument(
        "--run", type=int, metavar="N", help="which run of the daemon, from 1; the last if none is given"
    )
    replay.add_argument("--control", metavar="PATH", help="answer there as a daemon would: status, why, log, …")
    _add_filters(replay)


def _add_filters(command: argparse.ArgumentParser) -> None:
    """Add what chooses events, and how they are shown."""
    command.add_argument("--process", help="only of one process and those that it runs")
    command.add_argument("--statement", metavar="NAME", help="only of statements of a name, or with a number from 1")
    command.add_argument("--child", metavar="NAME", help="only what a child says, by the base name of its program")
    command.add_argument(
        "--kind", type=_kinds, help=f"only of a kind, or of several with commas in between: {', '.join(KINDS)}"
    )
    command.add_argument("--json", nargs="?", const="lines", choices=["lines"], help="one JSON object a line")


def _speed(text: str) -> float:
    from netstrata.cli.replay import read_speed

    return read_speed(text)


def _kinds(text: str) -> str:
    """Read kinds of events."""
    unknown = [word for word in text.split(",") if word not in KINDS]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no kind {unknown[0]!r}; there are {', '.join(KINDS)}")
    return text


def _number(text: str) -> int:
    """Read the number of an event."""
    if not re.fullmatch(r"\d{1,15}", text):
        raise argparse.ArgumentTypeError(f"expected the number of an event: {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    """Read a time that is not over yet."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f"expected seconds, more than 0: {text!r}")
    return seconds
