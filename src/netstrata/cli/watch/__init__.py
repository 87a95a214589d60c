"""`netstrata watch`: the pyramid and the time line, live, in a terminal; it needs textual."""

import sys

FAILED = 1


def watch(control: str) -> int:
    """Show a daemon until the user has seen enough."""
    from netstrata.cli.client import control_path

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _fail("netstrata watch needs a terminal", "`netstrata status` and `netstrata log -f` need none")
    try:
        from netstrata.cli.watch.app import WatchApp
    except ImportError as error:
        return _fail(
            f"netstrata watch needs {error.name}, which is not installed",
            "pip install 'netstrata[tui]' brings it; `netstrata status` and `netstrata log -f` do without",
        )
    WatchApp(control or control_path()).run()
    return 0


def _fail(problem: str, hint: str) -> int:
    print(f"error: {problem}\nhelp: {hint}", file=sys.stderr)
    return FAILED
