"""`netstrata console`: the web console, served until it is told to end."""

import argparse
import sys
import time

FAILED = 1
BAD_USAGE = 2


def console(options: argparse.Namespace) -> int:
    """Serve the web console."""
    if not 0 <= options.port <= 65535:
        return _fail(f"--port {options.port} is no port", "take one from 1 to 65535, or 0 for any", BAD_USAGE)
    try:
        from netstrata.console.server import BadToken, ConsoleOptions, RightsKept, serve
    except ImportError as error:
        hint = "pip install 'netstrata[console]' brings starlette, uvicorn and msgspec"
        return _fail(f"the web console needs {error.name}", hint, FAILED)
    from netstrata.cli.client import control_path

    try:
        serve(
            ConsoleOptions(
                options.control or control_path(),
                options.port,
                not options.read_only,
                options.user,
                options.token_file,
            ),
            _say,
            lambda address: print(f"open {address}", flush=True),
        )
    except BadToken as problem:
        return _fail(f"no token: {problem}", "without --token-file there is a new one for each start", FAILED)
    except RightsKept as problem:
        hint = "name a user with --user; root itself, if there is no other in this namespace"
        return _fail(f"{problem}; root's rights are too much for a web server", hint, FAILED)
    except OSError as error:
        hint = "another one may run; name another port with --port, 0 for any"
        return _fail(f"cannot serve on port {options.port}: {error.strerror or error}", hint, FAILED)
    return 0


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} console: {text}", file=sys.stderr, flush=True)


def _fail(problem: str, hint: str, code: int) -> int:
    print(f"error: {problem}\nhelp: {hint}", file=sys.stderr)
    return code
