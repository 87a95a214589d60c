"""What runs when a command is called: each loads no more than it needs."""

import argparse
import sys

from netstrata.cli.commands import command_line
from netstrata.cli.streams import give_up_output
from netstrata.control.exit_codes import BAD_USAGE, FAILED, OK


def run_command(words: list[str]) -> int:
    """Run one command and return its exit code."""
    if words[:1] == ["ncd"]:
        from netstrata.cli.ncd import run_ncd

        run_ncd(words[1:], "netstrata ncd")
    parser = command_line()
    if words[:1] == ["_complete"]:
        return _complete(words[1:], parser)
    ours, theirs = _split(words)
    options = parser.parse_args(ours)
    options.arguments = theirs
    if options.command is None:
        parser.print_help()
        return BAD_USAGE
    try:
        code: int = _COMMANDS.get(options.command, _client)(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output is gone, as with `netstrata doc | head`.
        give_up_output()
        return OK
    except MemoryError:
        give_up_output()
        print("error: there is no memory left", file=sys.stderr)
        return FAILED
    except OSError as error:
        give_up_output()
        what = f"{error.filename}: " if error.filename else ""
        print(f"error: {what}{error.strerror or error}", file=sys.stderr)
        return FAILED
    return code


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the words before `--` and those after it."""
    at = words.index("--") if "--" in words else len(words)
    return words[:at], words[at + 1 :]


def _client(options: argparse.Namespace) -> int:
    from netstrata.cli.queries import ask

    return ask(options)


def _replay(options: argparse.Namespace) -> int:
    from netstrata.cli.replay import replay

    return replay(options)


def _watch(options: argparse.Namespace) -> int:
    from netstrata.cli.watch import watch

    return watch(options.control)


def _console(options: argparse.Namespace) -> int:
    from netstrata.cli.console_command import console

    return console(options)


def _run(options: argparse.Namespace) -> int:
    from netstrata.cli.run import run

    return run(options)


def _recover(options: argparse.Namespace) -> int:
    from netstrata.cli.recover import recover

    return recover(options)


def _check(options: argparse.Namespace) -> int:
    from netstrata.cli.check_command import check

    return check(options.programs)


def _fmt(options: argparse.Namespace) -> int:
    from netstrata.cli.check_command import layout

    return layout(options.programs, options.check)


def _doc(options: argparse.Namespace) -> int:
    from netstrata.cli.doc import doc, whole_reference

    if options.all:
        return whole_reference(options.markdown, options.output)
    return doc(options.name)


def _request(options: argparse.Namespace) -> int:
    from netstrata.cli.request import request

    return request(options.address, options.value)


def _import(options: argparse.Namespace) -> int:
    from netstrata.cli.import_command import import_wireguard

    return import_wireguard(options.file, options.keys)


def _version(options: argparse.Namespace) -> int:
    from netstrata.engine import machine
    from netstrata.version import VERSION

    engine = "plain" if (machine.__file__ or "").endswith(".py") else "compiled"
    print(f"netstrata {VERSION}, Python {sys.version.split()[0]}, {engine} engine")
    return OK


def _completion(options: argparse.Namespace) -> int:
    from importlib.resources import files

    print(files("netstrata.cli").joinpath(f"completion/netstrata.{options.shell}").read_text(), end="")
    return OK


def _complete(words: list[str], parser: argparse.ArgumentParser) -> int:
    """Answer what those scripts ask: a shell, and a line up to the cursor."""
    from netstrata.cli.completion import complete

    shell, line = (*words, "", "")[:2]
    for found in complete(shell, line, parser):
        print(found)
    return OK


def _demo(options: argparse.Namespace) -> int:
    from netstrata.cli.demo import demo

    code: int = demo(as_json=options.json, keep_going=options.keep_going)
    return code


# All others ask a running daemon.
_COMMANDS = {
    "run": _run,
    "replay": _replay,
    "watch": _watch,
    "console": _console,
    "check": _check,
    "recover": _recover,
    "fmt": _fmt,
    "doc": _doc,
    "request": _request,
    "import": _import,
    "version": _version,
    "completion": _completion,
    "demo": _demo,
}
