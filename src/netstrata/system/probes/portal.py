"""What a captive portal says of itself, and what comes in the place of a page that everybody can have."""

from asyncio import get_running_loop, sleep, timeout
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import cycle
from typing import Final

from netstrata.contract.shapes.probe import PortalAnswer
from netstrata.contract.shapes.url import Url
from netstrata.ports.probes import Portal
from netstrata.protocols.captive_portal import UNKNOWN_S, PortalWatch, read_api, read_check
from netstrata.system.probes.name_servers import QuestionFailed
from netstrata.system.probes.pages import PageClient
from netstrata.system.probes.questions import LONGEST_S

_MOST_API: Final = 65536  # bytes
_API_S: Final = 3.0  # so that the page has its turn before the network is taken for free
_JSON: Final = "application/captive+json"
_Ask = Callable[[Url], Awaitable[PortalAnswer | None]]


class PortalProbe:
    """Asks over a link, again and again, whether a captive portal is in the way."""

    def __init__(self, portal: Portal) -> None:
        """Ask nothing yet."""
        self._came: list[str] = []  # in the place of answers, in the last round
        self._portal = portal
        self._pages = PageClient(portal.link, portal.family, portal.pages)
        self._checks = cycle(portal.checks)

    @property
    def came(self) -> str:
        """What came in the place of answers, last; "" if each was one."""
        return "; ".join(self._came)

    async def answers(self) -> AsyncGenerator[PortalAnswer, None]:
        """Yield what is known, once it is, and whenever that is something new."""
        await sleep(0)  # whoever waits is a task, and limits of time take one
        loop, watch = get_running_loop(), PortalWatch()
        guess_s = loop.time() + UNKNOWN_S
        while True:
            left_s = LONGEST_S if watch.answer is not None else guess_s - loop.time()
            is_new = watch.take(await self._answer(left_s), loop.time())
            is_new = is_new or (loop.time() >= guess_s and watch.guess())
            if is_new and watch.answer is not None:
                yield watch.answer
            wait_s = watch.wait_s(loop.time())
            await sleep(wait_s if watch.answer is not None else min(wait_s, max(0.0, guess_s - loop.time())))

    async def _answer(self, most_s: float) -> PortalAnswer | None:
        """Ask the portal itself, if it can be asked, else for a page; None if neither says anything."""
        self._came = []
        api, answer = self._portal.api, None
        if api is not None:
            answer = await self._bounded(self._ask_portal, api, min(_API_S, most_s))
        return answer or await self._bounded(self._ask_for, next(self._checks), most_s)

    async def _bounded(self, ask: _Ask, url: Url, most_s: float) -> PortalAnswer | None:
        try:
            async with timeout(most_s):
                return await ask(url)
        except QuestionFailed as refusal:
            self._came.append(str(refusal))
        except TimeoutError:
            self._came.append(f"no answer from {url}")
        return None

    async def _ask_portal(self, api: Url) -> PortalAnswer | None:
        response = await self._pages.fetch(api, _MOST_API, _JSON)
        return read_api(response.body) if response.status == 200 else None

    async def _ask_for(self, url: Url) -> PortalAnswer | None:
        response = await self._pages.fetch(url, len(self._portal.pages.body))
        redirect = response.headers.get("location", "")
        return read_check(response.status, self._pages.is_expected(response), redirect, str(url))
