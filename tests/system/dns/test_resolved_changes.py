"""Somebody who sets a link in systemd-resolved again and again."""

import asyncio

from netstrata.system.dns.resolved_links import LinkRecord, ResolvedLinks, _Link
from netstrata.system.dns.resolved_settings import Settings


class Disturbed(ResolvedLinks):
    """A link that another one has set, a moment after it was set again."""

    async def _read(self, ifindex: int) -> Settings:
        return {"DNSEx": ["theirs"]}

    def disturb(self, ifindex: int, wait_s: float) -> None:
        link = self._links[ifindex] = _Link(0, LinkRecord({}, ["DNSEx"]), {}, "eth0")
        link.stands = {"DNSEx": ["ours"]}
        link.repairs.repaired(asyncio.get_running_loop().time())
        link.repairs.wait = wait_s


def test_however_often_it_is_changed_it_is_looked_at_once_when_it_may_be_set_again() -> None:
    async def looked() -> int:
        due: list[None] = []
        links = Disturbed(on_change=lambda: due.append(None))
        links.disturb(7, 0.2)
        links.disturb(8, 0.05)
        for _ in range(20):
            assert await links.look() == []
        await asyncio.sleep(0.15)
        links.close()
        await asyncio.sleep(0.15)
        return len(due)

    assert asyncio.run(looked()) == 1
