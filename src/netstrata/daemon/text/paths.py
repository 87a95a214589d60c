"""Names of running processes and statements, for people: `wired.3`, `wired.3/helper.1`."""

from netstrata.daemon.text.redaction import redacted
from netstrata.engine.process import Process
from netstrata.language.sugar import HIDDEN


def child_path(path: str, index: int, template: str, label: str) -> str:
    """Return where a process hangs that a statement runs: its template, and what tells it from others of the same."""
    return f"{path}.{index + 1}{'' if template.startswith(HIDDEN) else '/' + template}{label}"


def process_path(process: Process) -> str:
    """Return where a process hangs: a top-level one by its name, a template one below the statement that made it."""
    words: list[str] = []
    while process.owner is not None:
        statement = process.owner.creator()
        words.append(child_path("", statement.index, process.code.name, redacted(process.owner.label())))
        process = statement.process
        if len(words) >= 20:
            words.append(".…")
            break
    return process.code.name + "".join(reversed(words))
