"""What a daemon refuses, and that there is none, in words: for the command line, the console and every other client.

One row for each error of the interfaces, and for those that a client meets by itself: what is said, what to do, the
exit code of a command, and the status of an HTTP answer.
"""

from typing import Any, Final, NamedTuple

from netstrata.control.exit_codes import FAILED, NO_DAEMON, NO_SUCH_OBJECT, TIMED_OUT


class NoDaemon(Exception):
    """Nobody answers at the control socket: its path, and why not."""


class NoAnswer(NoDaemon):
    """Somebody is there, and does not answer in time."""


class Refusal(Exception):
    """The daemon refused: the error's name without its interface, and its parameters."""

    def __init__(self, name: str, parameters: dict[str, Any]) -> None:
        super().__init__(name)
        self.name = name
        self.parameters = parameters


class Row(NamedTuple):
    """One error.

    Shapes: text and hint name the error's parameters in braces, `who` being who asks; the hint is that for when nothing
    is similar to what was asked for, else `similar` says what is, and `one_similar` what to say of one thing alone.
    """

    exit_code: int
    status: int
    text: str
    hint: str
    similar: str = "there are {similar}"
    one_similar: str = "there are {similar}"


_MEANT: Final = "did you mean {similar}?"
_OTHER: Final = Row(FAILED, 502, "the daemon answers {error} {given}", "is it of another version?")
_OLD: Final = "it may be of another version"
ERRORS: Final[dict[str, Row]] = {
    "NoSuchProcess": Row(
        NO_SUCH_OBJECT, 404, "there is no process {process}", "there is none now", one_similar=_MEANT
    ),
    "NoSuchStatement": Row(
        NO_SUCH_OBJECT, 404, "process {process} has no statement {statement}", "it has {statements}, counted from 1"
    ),
    "NoSuchGoal": Row(
        NO_SUCH_OBJECT, 404, "there is no goal {goal}", "the program has none: see `netstrata doc on_request`"
    ),
    "NoSuchFile": Row(
        NO_SUCH_OBJECT, 404, "there is no generated file {file}", "the program's statements generate none now"
    ),
    "NoSuchLink": Row(NO_SUCH_OBJECT, 404, "there is no link {link}", "there is none", one_similar=_MEANT),
    "Unavailable": Row(FAILED, 503, "{text}", "the system will not; `netstrata log` may say more"),
    "Refused": Row(FAILED, 422, "the program is refused, and nothing was changed:\n{text}", "mend it, and try again"),
    "Busy": Row(FAILED, 409, "the program {text}", "try again when that is over: `netstrata why` tells"),
    "InUse": Row(FAILED, 409, "{by} stands on {process}", "change that first, or use --force, which undoes it, too"),
    "NoSuchVersion": Row(NO_SUCH_OBJECT, 404, "there is no other program to go back to", "there is none",
        similar="there are {similar}: see `netstrata program --versions`"),
    "NothingAwaited": Row(FAILED, 409, "no program waits to be confirmed", "there is nothing to do"),
    "OtherText": Row(FAILED, 409, "the text of {process} is another one by now", "read it again, and change that one"),
    "PermissionDenied": Row(
        FAILED, 403, "permission denied: {verb}",
        "{who} may use {allowed}; members of the group netdev may steer, too",
    ),
    "TooManyConnections": Row(
        FAILED, 503, "{who} may have no more than {most} connections to the daemon", "end some of them"
    ),
    "Gap": Row(FAILED, 502, "events were missed: they came faster than they were read", "ask again"),
    "OtherLog": Row(FAILED, 404, "the events are those of another daemon by now", "ask again from the first one on"),
    "NotUpgraded": Row(FAILED, 503, "not upgraded: {text}", "all goes on as it was; mend that, and ask again"),
    "NotRecorded": Row(FAILED, 501, "a recording is shown there, and {verb} is for a daemon", "ask a daemon"),
    # Those of every varlink service.
    "InterfaceNotFound": Row(FAILED, 501, "what answers there has no interface {interface}", "is it a daemon of ours?"),
    "MethodNotFound": Row(FAILED, 501, "this daemon knows no {method}", _OLD),
    "MethodNotImplemented": Row(FAILED, 501, "this daemon does not do {method}", _OLD),
    "InvalidParameter": Row(FAILED, 400, "the daemon does not take what was given: {parameter}", _OLD),
    "ExpectedMore": Row(FAILED, 400, "the daemon answers this with a stream only", _OLD),
    # Those that a client meets by itself.
    "NoDaemon": Row(
        NO_DAEMON, 503, "{text}", "start one with `netstrata run PROGRAM`, or name its socket with --control"
    ),
    "NoAnswer": Row(TIMED_OUT, 503, "{text}", "it is very busy, or hangs: see its log"),
}  # fmt: skip
# Where a verb makes another sentence of it.
_OF_VERB: Final = {("Why", "NoSuchProcess"): "there is no process, template, goal, name or link {process}"}


class Words(NamedTuple):
    """An error, as it is told."""

    text: str
    hint: str
    exit_code: int
    status: int

    @property
    def sentence(self) -> str:
        """Return what is wrong and what to do in one line."""
        return f"{self.text}; {self.hint}"


class _Given(dict[str, Any]):
    """What a daemon has said of an error; one of another version may leave something out."""

    def __missing__(self, name: str) -> str:
        return "?"


def words_of(error: str, parameters: dict[str, Any], verb: str = "", who: str = "you") -> Words:
    """Return an error in words: its name without its interface, what was said of it, the verb that was asked for."""
    row = ERRORS.get(error, _OTHER)
    similar = parameters.get("similar")
    given = _Given({name: _listed(value) for name, value in parameters.items()}, who=who)
    if row is _OTHER:
        given.update(error=error, given=parameters)
    if "method" in given:
        given["method"] = given["method"].rpartition(".")[2]
    hint = row.hint
    if isinstance(similar, list) and similar:
        hint = row.one_similar if len(similar) == 1 else row.similar
    text = _OF_VERB.get((verb, error), row.text)
    return Words(text.format_map(given), hint.format_map(given), row.exit_code, row.status)


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
