"""Which known word a misspelled one was meant to be."""

from collections.abc import Iterable


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate a word was most likely meant to be, None if nothing is near.

    A swap of neighbours counts as one slip.  A dotted name whose parts stand in another order, or that lacks its
    first parts (`ipv4.addr` for `net.ipv4.addr`), is near too.
    """
    lowered = word.lower()
    most = 1 if len(word) <= 4 else 2 if len(word) <= 9 else 3
    best: str | None = None
    best_score = most + 1.0
    parts = sorted(lowered.split("."))
    for candidate in candidates:
        if candidate == word or not candidate:
            continue
        other = candidate.lower()
        score = _nearness(lowered, other, parts, most)
        if score < best_score or (score == best_score and best is not None and candidate < best):
            best, best_score = candidate, score
    return best


def _nearness(word: str, other: str, parts: list[str], most: int) -> float:
    """Return the slips between two words, or a little more than one for names that differ only in their parts."""
    if word == other:
        return 0.0
    score = float(slips(word, other, most))
    if len(parts) > 1 and sorted(other.split(".")) == parts:
        return min(score, 1.5)
    if len(word) > 2 and (other.endswith("." + word) or word.endswith("." + other)):
        return min(score, 1.5)
    if word.replace("_", ".").replace("-", ".") == other.replace("_", "."):
        return min(score, 0.5)
    # Two short words of two letters have nothing in common when one letter is all they share.
    return score if score < max(len(word), len(other)) else most + 1.0


def slips(word: str, other: str, most: int) -> int:
    """Count insertions, deletions, changes and swaps of neighbours between two words; over `most`, just `most` + 1."""
    if abs(len(word) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        previous, row = row, [i] + [0] * len(other)
        for j, other_letter in enumerate(other, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (letter != other_letter))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == other_letter:
                cost = min(cost, before[j - 2] + 1)
            row[j] = cost
        if min(row) > most:
            return most + 1
        before = previous
    return min(row[-1], most + 1)
