"""`netstrata show`: the files that are generated for programs."""

import json
import sys
import time

from netstrata.cli.client import Connection
from netstrata.cli.terminal_style import Paint, harmless, harmless_lines


def show(name: str | None, as_json: bool, daemon: Connection) -> int:
    """Print a file, or without a name which there are.

    Raises: NoDaemon, Refusal.
    """
    answer = daemon.call("Files") if name is None else daemon.call("Show", name=name)
    if as_json:
        print(json.dumps(answer, indent=2))
    elif name is not None:
        text = harmless_lines(answer["text"]) if sys.stdout.isatty() else answer["text"]
        print(text, end="" if text.endswith("\n") else "\n")
    else:
        _list(harmless(answer["files"]), Paint(sys.stdout))
    return 0


def _list(files: list[dict[str, object]], paint: Paint) -> None:
    if not files:
        print("the program's statements generate no files now")
    for file in files:
        stamp = time.strftime("%H:%M:%S", time.localtime(float(str(file["changed"]))))
        where = f"{file['process']}.{file['statement']}"
        print(f"{paint.bold(str(file['name']))}  {file['size']} bytes  {stamp}  {where}")
