"""Several observers in the place of one."""

from netstrata.engine.environment import Observer
from netstrata.engine.process import Process, Statement
from netstrata.engine.program import Slot


class FanOut(Observer[Process, Statement]):
    """Several observers, told one after the other."""

    def __init__(self, observers: list[Observer[Process, Statement]]) -> None:
        self._observers = observers

    def moved(self, statement: Statement, before: int, after: int) -> None:
        """Forward to all."""
        for observer in self._observers:
            observer.moved(statement, before, after)

    def restarted(self, statement: Statement) -> None:
        """Forward to all."""
        for observer in self._observers:
            observer.restarted(statement)

    def revised(self, statement: Statement) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.revised(statement)

    def cleaned(self, statement: Statement) -> None:
        """Forward to all."""
        for observer in self._observers:
            observer.cleaned(statement)

    def process_moved(self, process: Process, what: str) -> None:
        """Forward to all."""
        for observer in self._observers:
            observer.process_moved(process, what)

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """Forward to all."""
        for observer in self._observers:
            observer.failed(process, slot, error)

    def noted(self, statement: Statement, kind: str, line: str) -> None:
        """Forward to all."""
        for observer in self._observers:
            observer.noted(statement, kind, line)

    def heard(self, statement: Statement, child: str, pid: int, line: str) -> None:
        """Forward to all."""
        for observer in self._observers:
            observer.heard(statement, child, pid, line)

    def retries(self, statement: Statement, line: str, wait_ms: int) -> None:
        """Forward to all."""
        for observer in self._observers:
            observer.retries(statement, line, wait_ms)

    def broken(self, error: BaseException) -> None:
        """Forward to all."""
        for observer in self._observers:
            observer.broken(error)
