"""Sums of slices: correctly rounded, or nearly; the same in any order and over any frame."""

import math
import statistics
from fractions import Fraction

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.engine.expressions import add, alias, col, lit, mul
from tilth.engine.operations.operation import lower
from tilth.engine.operations.slices import Reach, cut, half, joined, parts, slice_names, square_error, total, variance

NUMBERS = st.floats(-1e9, 1e9).map(lambda x: x if abs(x) > 1e-9 else 0.0) | st.floats(-10, 10).map(lambda x: round(x, 2))
LISTS = st.lists(NUMBERS, min_size=1, max_size=40)
X = col("x")


def alone(aggregate):
    return aggregate


def reach_of(numbers):
    sizes = [abs(x) for x in numbers if x and math.isfinite(x)]
    return Reach.of(min(sizes, default=None), max(sizes, default=None), len(numbers))


NUMBERS_OF_X = "SELECT unnest($x::DOUBLE[]) AS x"


def layered(source, *layers):
    """A query with the columns of each layer beside those below it."""
    for layer in layers:
        chosen = ", ".join(lower(alias(tree, name), "duckdb") for name, tree in layer.items())
        source = f"SELECT *, {chosen} FROM ({source})"
    return source


def asked(trees, numbers, source):
    chosen = ", ".join(lower(tree, "duckdb") for tree in trees)
    return duckdb.execute(f"SELECT {chosen} FROM ({source})", {"x": list(numbers)}).fetchall()


def summed(numbers, reach=None):
    """The sum of numbers within a reach, by default their own."""
    reach = reach or reach_of(numbers)
    ((found,),) = asked([total("x", reach, alone)], numbers, layered(NUMBERS_OF_X, *cut(X, "x", reach)))
    return found


@given(LISTS, st.randoms(use_true_random=False))
def test_a_sum_is_that_of_python_in_any_order(numbers, chance):
    other = chance.sample(numbers, len(numbers))
    ours = summed(numbers)
    assert ours == summed(other)
    assert ours == pytest.approx(math.fsum(numbers), rel=2**-52, abs=2**-80)


@given(LISTS)
def test_slices_add_up_to_the_number(numbers):
    reach = reach_of(numbers)
    for row in asked(map(col, slice_names("x", reach)), numbers, layered(NUMBERS_OF_X, *cut(X, "x", reach))):
        assert sum(map(Fraction, row)) in set(map(Fraction, numbers))


@given(LISTS, st.floats(-1e12, 1e12))
def test_numbers_beyond_the_reach_are_summed_as_engines_do(numbers, far):
    more = [*numbers, far, far * 1e30, 1e-200]
    assert summed(more, reach_of(numbers)) == pytest.approx(math.fsum(more), rel=1e-14, abs=1e-80)


@pytest.mark.parametrize(
    ("numbers", "expected"), [([math.inf, 1.0], math.inf), ([-math.inf, 1e308], -math.inf), ([1e308, 2.0], 1e308), ([0.0], 0.0)]
)
def test_what_cannot_be_cut(numbers, expected):
    assert summed(numbers) == expected


def test_infinities_of_both_signs():
    assert math.isnan(summed([math.inf, -math.inf, 1.0], Reach.of(1.0, 1.0, 3)))


def test_no_values():
    assert summed([], Reach.of(None, None, 0)) is None


@pytest.mark.slow
@given(st.lists(NUMBERS, min_size=2, max_size=30), st.sampled_from([0.0, 1.0, 1e6, 1e9]))
def test_a_variance_keeps_its_digits_far_from_zero(numbers, far):
    numbers = [far + x / 1e3 for x in numbers]
    reach = reach_of(numbers)
    square = {"square": mul(X, X), "upper": half(X)}
    error = {"error": square_error(X, col("upper"), col("square"))}
    cuts = [*cut(X, "x", reach), *cut(col("square"), "square", reach.squares), *cut(col("error"), "error", reach.errors)]
    first, rest = parts("square", reach.squares, alone)
    sums = [*parts("x", reach, alone), first, add(rest, total("error", reach.errors, alone))]
    inner = ", ".join(f"{lower(tree, 'duckdb')} AS s{i}" for i, tree in enumerate(sums))
    source = f"SELECT {inner} FROM ({layered(NUMBERS_OF_X, square, error, *cuts)})"
    names = "sum", "lacks", "squares", "squares_lack"
    whole = dict(zip(names, (*joined(col("s0"), col("s1")), *joined(col("s2"), col("s3"))), strict=True))
    made = [col(n) for n in names]
    tree = variance(lit(len(numbers)), (made[0], made[1]), half(made[0]), (made[2], made[3]), half(made[2]))
    ((found,),) = asked([tree], numbers, layered(source, whole))
    expected = float(statistics.variance(map(Fraction, numbers)))
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-26 * max(map(abs, numbers)) ** 2)
