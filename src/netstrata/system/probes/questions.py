"""Questions that take several packets: a task each, which ends in time."""

from asyncio import Task, get_running_loop, timeout
from collections.abc import Callable, Coroutine
from typing import Any, Final

from netstrata.system.probes.asker import Heard
from netstrata.system.probes.name_servers import QuestionFailed

LONGEST_S: Final = 10.0


class TaskAsker:
    """Asks by a coroutine, which returns when it was answered as it should be."""

    def __init__(self, silence: str, answered: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Take what is said of it if it says nothing, and what asks; that raises QuestionFailed."""
        self.silence = silence
        self._answered = answered
        self._heard: Heard | None = None
        self._tasks: set[Task[None]] = set()

    def begin(self, heard: Heard) -> None:
        """Be ready to ask."""
        self._heard = heard

    def ask(self, number: int) -> None:
        """Ask one question."""
        task = get_running_loop().create_task(self._question(number))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end(self) -> None:
        """Ask no more."""
        self._heard = None
        for task in self._tasks:
            task.cancel()

    async def _question(self, number: int) -> None:
        why = ""
        try:
            async with timeout(LONGEST_S):
                await self._answered()
        except QuestionFailed as refusal:
            why = str(refusal)
        except TimeoutError:
            why = self.silence
        if self._heard is not None:
            self._heard(number, why)
