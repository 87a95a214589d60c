"""val_…: values compared by their one order."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Any_, Truth
from netstrata.values import compare


@computes("val_lesser")
def val_lesser(left: Any_, right: Any_) -> Truth:
    """Say whether one value is before another: strings before lists before maps, bytewise.

    Example:
        val_lesser("a", "a") result;
        println(result);  # false

    Source: NCD, val_lesser.
    """
    return compare(left, right) < 0


@computes("val_greater")
def val_greater(left: Any_, right: Any_) -> Truth:
    """Say whether one value is after another: strings before lists before maps, bytewise.

    Example:
        val_greater("a", "a") result;
        println(result);  # false

    Source: NCD, val_greater.
    """
    return compare(left, right) > 0


@computes("val_lesser_equal")
def val_lesser_equal(left: Any_, right: Any_) -> Truth:
    """Say whether one value is not after another: strings before lists before maps, bytewise.

    Example:
        val_lesser_equal("a", "a") result;
        println(result);  # true

    Source: NCD, val_lesser_equal.
    """
    return compare(left, right) <= 0


@computes("val_greater_equal")
def val_greater_equal(left: Any_, right: Any_) -> Truth:
    """Say whether one value is not before another: strings before lists before maps, bytewise.

    Example:
        val_greater_equal("a", "a") result;
        println(result);  # true

    Source: NCD, val_greater_equal.
    """
    return compare(left, right) >= 0


@computes("val_equal")
def val_equal(left: Any_, right: Any_) -> Truth:
    """Say whether one value equals another: strings before lists before maps, bytewise.

    Example:
        val_equal("a", "a") result;
        println(result);  # true

    Source: NCD, val_equal.
    """
    return left == right


@computes("val_different")
def val_different(left: Any_, right: Any_) -> Truth:
    """Say whether one value differs from another: strings before lists before maps, bytewise.

    Example:
        val_different("a", "a") result;
        println(result);  # false

    Source: NCD, val_different.
    """
    return left != right
