"""What happens, as log lines in NCD's words."""

from netstrata.daemon.logs.ncd_format import DEBUG, ERROR, INFO, NcdFormat
from netstrata.daemon.text.rendering import traceback_of
from netstrata.engine.environment import Observer
from netstrata.engine.process import STATE_NAMES, Process, Statement
from netstrata.engine.program import Slot
from netstrata.values import Refused, Unavailable

CORE = "ncd"


class NcdLog(Observer[Process, Statement]):
    """Log lines in NCD's words."""

    def __init__(self, log: NcdFormat) -> None:
        self._log = log

    def _where(self, process: Process, index: int) -> str:
        return f"process {process.code.name}: statement {index}: "

    def moved(self, statement: Statement, before: int, after: int) -> None:
        """Log a transition."""
        word = {"gone": "died", "dying": "killing"}.get(STATE_NAMES[after], STATE_NAMES[after])
        if STATE_NAMES[before] == "gone":
            word = "initializing"
        self._log.line(CORE, INFO, self._where(statement.process, statement.index) + word)

    def restarted(self, statement: Statement) -> None:
        """Log both halves of a down-up."""
        where = self._where(statement.process, statement.index)
        self._log.line(CORE, INFO, where + "down")
        self._log.line(CORE, INFO, where + "up")

    def cleaned(self, statement: Statement) -> None:
        """Log that a statement is clean."""
        self._log.line(CORE, INFO, self._where(statement.process, statement.index) + "clean")

    def process_moved(self, process: Process, what: str) -> None:
        """Log what NCD logs of processes."""
        name = process.code.name
        if what == "created" and process.owner is not None:
            self._log.line(CORE, INFO, f"created process from template {name}")
        elif what == "complete":
            self._log.line(CORE, INFO, f"process {name}: victory")
        elif what == "retrying":
            self._log.line(CORE, INFO, f"process {name}: retrying")
        elif what == "terminating":
            self._log.line(CORE, INFO, f"process {name}: process termination requested")

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """Log why a statement failed, with a traceback if that is our fault."""
        text = error.message if isinstance(error, Refused) else str(error)
        if not isinstance(error, (Refused, Unavailable)):
            text = traceback_of(error)
        self._log.line(CORE, ERROR, f"{self._where(process, slot.index)}{slot.type}: {text}")

    def broken(self, error: BaseException) -> None:
        """Log what is no one statement's failure."""
        self._log.line(CORE, ERROR, traceback_of(error))

    def noted(self, statement: Statement, kind: str, line: str) -> None:
        """Log what a statement has to tell."""
        self._log.line(CORE, DEBUG, f"{self._where(statement.process, statement.index)}{line}")

    def heard(self, statement: Statement, child: str, pid: int, line: str) -> None:
        """Log what a child has said."""
        self._log.line(CORE, DEBUG, f"{self._where(statement.process, statement.index)}{line}")
