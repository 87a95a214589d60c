"""What a daemon refuses, as text for people."""

from typing import Final

from netstrata.cli.client import Refusal

FAILED: Final = 1
# What people say for the verbs of the control socket.
COMMANDS: Final = {
    "Status": "status", "Why": "why", "Watch": "log, watch", "Links": "links", "Figures": "metrics", "Goals": "goals",
    "Files": "show (without a name)", "Show": "show", "Restart": "restart", "Ask": "up", "Drop": "down",
}  # fmt: skip
NO_SUCH_OBJECT: Final = 10


def told(refusal: Refusal, command: str = "") -> tuple[str, str, int]:
    """Say what was refused to a command, what to do, and with which exit code it ends."""
    given = refusal.parameters
    if refusal.name == "NoSuchProcess":
        similar = given.get("similar") or []
        hint = f"did you mean {similar[0]}?" if len(similar) == 1 else f"there are {', '.join(similar)}"
        process, dot, statement = str(given.get("process")).rpartition(".")
        if command == "restart" and dot and statement.isdecimal():
            hint = f"statement {statement} of {process} is {process}:{statement}"
        what = "process, template, goal, name or link" if command == "why" else "process"
        return (f"there is no {what} {given.get('process')}", hint, NO_SUCH_OBJECT)
    if refusal.name == "NoSuchStatement":
        text = f"process {given.get('process')} has no statement {given.get('statement')}"
        return (text, f"it has {given.get('statements')}, counted from 1", NO_SUCH_OBJECT)
    if refusal.name == "NoSuchGoal":
        similar = given.get("similar") or []
        hint = f"there are {', '.join(similar)}" if similar else "the program has none: see `netstrata doc on_request`"
        return (f"there is no goal {given.get('goal')}", hint, NO_SUCH_OBJECT)
    if refusal.name == "NoSuchFile":
        similar = given.get("similar") or []
        hint = f"there are {', '.join(similar)}" if similar else "the program's statements generate none now"
        return (f"there is no generated file {given.get('file')}", hint, NO_SUCH_OBJECT)
    if refusal.name == "NoSuchLink":
        similar = given.get("similar") or []
        hint = f"did you mean {similar[0]}?" if len(similar) == 1 else f"there are {', '.join(similar)}"
        return (f"there is no link {given.get('link')}", hint, NO_SUCH_OBJECT)
    if refusal.name == "Unavailable":
        return (str(given.get("text")), "the system will not; `netstrata log` may say more", FAILED)
    if refusal.name == "PermissionDenied":
        verb = str(given.get("verb"))
        allowed = ", ".join(COMMANDS[one] for one in given.get("allowed") or [] if one in COMMANDS)
        hint = f"you may use {allowed}; members of the group netdev may steer, too"
        return (f"permission denied: {COMMANDS.get(verb, verb)}", hint, FAILED)
    if refusal.name == "TooManyConnections":
        return (f"you have more than {given.get('most')} connections to the daemon", "end some of them", FAILED)
    if refusal.name == "Gap":
        return ("events were missed: they came faster than they were read", "ask again", FAILED)
    if refusal.name == "NotRecorded":
        return (f"a recording is shown there, and {given.get('verb')} is for a daemon", "ask a daemon", FAILED)
    return (f"the daemon answers {refusal.name} {given}", "is it of another version?", FAILED)
