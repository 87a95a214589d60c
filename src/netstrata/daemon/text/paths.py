"""Names of running processes and statements, for people: `wired.3`, `wired.3/helper.1`."""

from netstrata.daemon.text.redaction import redacted
from netstrata.engine.process import Process


def process_path(process: Process) -> str:
    """Return where a process hangs: a top-level one by its name, a template one below the statement that made it."""
    words: list[str] = []
    while process.owner is not None:
        statement = process.owner.creator()
        name = process.code.name
        hidden = name.startswith("__tmpl")
        words.append(f".{statement.index + 1}{'' if hidden else '/' + name}{redacted(process.owner.label())}")
        process = statement.process
        if len(words) >= 20:
            words.append(".…")
            break
    return process.code.name + "".join(reversed(words))
