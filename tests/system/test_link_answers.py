"""What several who ask over one link have found."""

from netstrata.system.gateways.link_answers import LinkAnswers


def test_that_nothing_gets_through_counts_whatever_another_one_finds() -> None:
    answers, probe, portal = LinkAnswers(), object(), object()

    assert answers.believe(probe, 7, gets_through=False)
    assert not answers.believe(portal, 7, gets_through=True)

    found = answers.of(7)
    assert found is not None
    assert not found.gets_through
    assert answers.of(8) is None


def test_what_one_has_found_stays_when_another_asks_no_more() -> None:
    answers, probe, portal = LinkAnswers(), object(), object()
    answers.believe(probe, 7, gets_through=True)
    answers.believe(portal, 7, gets_through=False)

    assert answers.forget(portal)

    found = answers.of(7)
    assert found is not None
    assert found.gets_through
    assert not answers.forget(probe)
    assert answers.of(7) is None


def test_the_same_again_is_no_news_and_has_been_so_since_the_first_time() -> None:
    answers, probe = LinkAnswers(), object()
    answers.believe(probe, 7, gets_through=False)
    before = answers.of(7)

    assert not answers.believe(probe, 7, gets_through=False)

    assert answers.of(7) == before
    assert answers.believe(probe, 7, gets_through=True)
