"""The lock around the packet filter programs."""

import asyncio

from netstrata.system.packetlock import PacketLock


def test_who_came_first_gets_it_first_and_never_before_asking_has_returned() -> None:
    async def act() -> list[str]:
        lock = PacketLock()
        log: list[str] = []
        one = lock.ask(lambda: log.append("one"))
        two = lock.ask(lambda: log.append("two"))
        three = lock.ask(lambda: log.append("three"))
        log.append("asked")
        await asyncio.sleep(0)
        two.release()
        one.release()
        one.release()
        await asyncio.sleep(0)
        assert three.held
        return log

    assert asyncio.run(act()) == ["asked", "one", "three"]


def test_being_cancelled_while_waiting_leaves_the_queue() -> None:
    async def act() -> list[str]:
        lock = PacketLock()
        log: list[str] = []

        async def holds(name: str) -> None:
            async with lock.locked():
                log.append(name)

        place = lock.ask(lambda: None)
        tasks = [asyncio.create_task(holds(name)) for name in ("a", "b", "c")]
        await asyncio.sleep(0)
        tasks[0].cancel()
        await asyncio.wait([tasks[0]])
        place.release()
        await asyncio.wait(tasks)
        return log

    assert asyncio.run(act()) == ["b", "c"]


def test_a_place_given_up_between_its_turn_and_its_being_told_is_never_told() -> None:
    async def act() -> list[str]:
        lock = PacketLock()
        log: list[str] = []
        lock.ask(lambda: log.append("one")).release()
        lock.ask(lambda: log.append("two"))
        await asyncio.sleep(0)
        return log

    assert asyncio.run(act()) == ["two"]
