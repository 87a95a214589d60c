"""What a daemon refuses, in the words of the command line."""

from netstrata.cli.commands import commands_by_verb
from netstrata.control.errors import Refusal, Words, words_of


def told(refusal: Refusal, command: str = "") -> Words:
    """Say what was refused to a command, what to do, and with which exit code it ends."""
    called = commands_by_verb()
    given = dict(refusal.parameters)
    if "verb" in given:
        given["verb"] = called.get(given["verb"], given["verb"])
    if isinstance(given.get("allowed"), list):
        given["allowed"] = [called[verb] for verb in given["allowed"] if verb in called]
    words = words_of(refusal.name, given, next((verb for verb, name in called.items() if name == command), ""))
    process, dot, statement = str(given.get("process")).rpartition(".")
    if refusal.name == "NoSuchProcess" and command == "restart" and dot and statement.isdecimal():
        return words._replace(hint=f"statement {statement} of {process} is {process}:{statement}")
    return words
