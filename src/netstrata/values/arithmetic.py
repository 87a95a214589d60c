"""Arithmetic on whole numbers from 0 to 2^64 - 1: None where the result would be none of them."""

from typing import Final

LIMIT: Final = 2**64 - 1
WORD: Final = 2**60  # numbers below it are compared without making an object of the limit


def add(left: int, right: int) -> int | None:
    """Return the sum, None if it is too large."""
    total = left + right
    return total if total < WORD or total <= LIMIT else None


def subtract(left: int, right: int) -> int | None:
    """Return the difference, None if it is negative."""
    return left - right if left >= right else None


def multiply(left: int, right: int) -> int | None:
    """Return the product, None if it is too large."""
    product = left * right
    return product if product < WORD or product <= LIMIT else None


def divide(left: int, right: int) -> int | None:
    """Return the quotient without its fraction, None for a division by zero."""
    return left // right if right else None


def modulo(left: int, right: int) -> int | None:
    """Return the remainder, None for a division by zero."""
    return left % right if right else None
