"""What a captive portal says of itself, and what comes in the place of a page that everybody can have."""

from asyncio import Task, TimerHandle, get_running_loop, sleep, timeout
from collections.abc import Awaitable, Callable
from itertools import cycle
from typing import Final
from urllib.parse import urljoin

from netstrata.contract.shapes.url import Url, parse_url
from netstrata.ports.probes import Portal
from netstrata.protocols.captive_portal import UNKNOWN_S, PortalAnswer, PortalWatch, read_api, read_check
from netstrata.system.probes.name_servers import QuestionFailed
from netstrata.system.probes.pages import PageClient
from netstrata.system.probes.questions import LONGEST_S

_MOST_API: Final = 65536  # bytes
_API_S: Final = 3.0  # so that the page has its turn before the network is taken for free
_JSON: Final = "application/captive+json"
_Ask = Callable[[Url], Awaitable[PortalAnswer | None]]


class PortalProbe:
    """Asks over a link, again and again, whether a captive portal is in the way."""

    def __init__(self, portal: Portal, tell: Callable[[PortalAnswer], None]) -> None:
        """Ask nothing yet; tell is given what is known, and whenever that is something new."""
        self.came = ""  # in the place of the last answer
        self._portal = portal
        self._pages = PageClient(portal.link, portal.family, portal.pages)
        self._checks = cycle(portal.checks)
        self._tell = tell
        self._watch = PortalWatch()
        self._task: Task[None] | None = None
        self._timer: TimerHandle | None = None

    def begin(self) -> None:
        """Ask from now on."""
        loop = get_running_loop()
        self._task = loop.create_task(self._ask())
        self._timer = loop.call_later(UNKNOWN_S, lambda: self._tell_if(self._watch.guess()))

    def end(self) -> None:
        """Ask no more."""
        if self._task is not None and self._timer is not None:
            self._timer.cancel()
            self._task.cancel()
            self._task = None

    async def _ask(self) -> None:
        loop = get_running_loop()
        while True:
            answer = await self._answer()
            self._tell_if(self._watch.take(answer, loop.time()))
            await sleep(self._watch.wait_s(loop.time()))

    def _tell_if(self, is_new: bool) -> None:
        if is_new and self._watch.answer is not None:
            self._tell(self._watch.answer)

    async def _answer(self) -> PortalAnswer | None:
        """Ask the portal itself, if it can be asked, else for a page; None if neither says anything."""
        self.came = ""
        api, answer = self._portal.api, None
        if api is not None:
            answer = await self._bounded(self._ask_portal, api, _API_S)
        return answer or await self._bounded(self._ask_for, next(self._checks), LONGEST_S)

    async def _bounded(self, ask: _Ask, url: Url, most_s: float) -> PortalAnswer | None:
        try:
            async with timeout(most_s):
                return await ask(url)
        except QuestionFailed as refusal:
            self.came = str(refusal)
        except TimeoutError:
            self.came = f"no answer from {url}"
        return None

    async def _ask_portal(self, api: Url) -> PortalAnswer | None:
        response = await self._pages.fetch(api, _MOST_API, _JSON)
        return read_api(response.body) if response.status == 200 else None

    async def _ask_for(self, url: Url) -> PortalAnswer | None:
        response = await self._pages.fetch(url, len(self._portal.pages.body))
        redirect = response.headers.get("location", "")
        to = parse_url(urljoin(str(url), redirect)) if redirect else None
        return read_check(response.status, self._pages.is_expected(response), str(to or ""), str(url))
