# SPDX-License-Identifier: Apache-2.0
"""``Opened``: values that everybody will see; arithmetic on them is exact and part of the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from math import prod
from typing import TypeAlias

import numpy as np

from ..disclosure import copied_inputs
from ..plan import (
    MAX_LABEL,
    MAX_PLACES,
    Expression,
    Input,
    PublicBinary,
    PublicConstant,
    PublicNeg,
    PublicRounded,
    PublicTake,
)
from ._builder import Builder, fail, refusal
from ._describe import label_of
from ._secret import Secret, exact_fraction, pick

__all__ = ["Opened", "PublicOperand", "announce", "inputs_shown", "public_constant", "reveal"]

PublicOperand: TypeAlias = "Opened | int | Fraction | Decimal | np.integer"

_UNKNOWN = "an opened value is not known while the program is traced"


def _binary(op: str, *, reflected: bool = False) -> Callable[[Opened, PublicOperand], Opened]:
    """Return the method of an operator; reflected, its other operand is the first."""
    if reflected:
        return lambda self, other: self._binary(op, other, self)
    return lambda self, other: self._binary(op, self, other)


class Opened:
    """An array of exact public fractions, unknown while the program is traced."""

    __slots__ = ("_builder", "_expression", "shape")

    __array_ufunc__ = None

    def __init__(self, builder: Builder, expression: int, shape: tuple[int, ...]) -> None:
        self._builder = builder
        self._expression = expression
        self.shape = shape

    @property
    def builder(self) -> Builder:
        """The trace that this value belongs to."""
        return self._builder

    @property
    def expression(self) -> int:
        """The position of its expression in the trace."""
        return self._expression

    @property
    def size(self) -> int:
        """The number of entries."""
        return prod(self.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    def __len__(self) -> int:
        if not self.shape:
            fail("an opened scalar has no length")
        return self.shape[0]

    def __repr__(self) -> str:
        return f"Opened(shape={self.shape})"

    # ------------------------------------------------------------------ arithmetic
    __add__ = _binary("add")
    __radd__ = _binary("add", reflected=True)
    __sub__ = _binary("sub")
    __rsub__ = _binary("sub", reflected=True)
    __mul__ = _binary("mul")
    __rmul__ = _binary("mul", reflected=True)
    __truediv__ = _binary("div")
    __rtruediv__ = _binary("div", reflected=True)

    def __neg__(self) -> Opened:
        return self._made(PublicNeg(self._expression), self.shape)

    def __pow__(self, exponent: int) -> Opened:
        if isinstance(exponent, bool) or not isinstance(exponent, int) or not 1 <= exponent <= 64:
            fail("an opened value is raised to an integer power between 1 and 64")
        power = self
        for _ in range(exponent - 1):
            power = power * self
        return power

    def __round__(self, places: int = 0) -> Opened:
        """Return the nearest multiple of 10^-places, ties to even; results show that many decimals."""
        return self._rounded("round", places)

    def sqrt(self, places: int) -> Opened:
        """Return the square root to ``places`` decimals, ties to even; undefined for a negative number."""
        return self._rounded("sqrt", places)

    def _rounded(self, op: str, places: int) -> Opened:
        if isinstance(places, bool) or not isinstance(places, int) or not 0 <= places <= MAX_PLACES:
            fail(f"rounding to {places!r} places: an integer between 0 and {MAX_PLACES} is needed")
        return self._made(PublicRounded(op, self._expression, places), self.shape)

    def _binary(self, op: str, left: object, right: object) -> Opened:
        a, b = self._operand(left), self._operand(right)
        try:
            shape = np.broadcast_shapes(a.shape, b.shape)
        except ValueError:
            fail(f"shapes {a.shape} and {b.shape} do not match")
        a, b = a._broadcast_to(shape), b._broadcast_to(shape)
        return self._made(PublicBinary(op, a._expression, b._expression), shape)

    def _operand(self, value: object) -> Opened:
        if isinstance(value, Secret):
            fail(
                "an opened value and a secret do not mix: the plan is fixed before anything is opened",
                hint="keep both secret, or reveal both",
            )
        if isinstance(value, Opened):
            if value._builder is not self._builder:
                fail("an opened value of another trace")
            return value
        return public_constant(self._builder, value)

    # ------------------------------------------------------------------ shape
    def __getitem__(self, key: object) -> Opened:
        """Return entries at public positions, as NumPy does."""
        return self._take(pick(np.arange(self.size, dtype=np.int64).reshape(self.shape), key))

    def __iter__(self) -> Iterator[Opened]:
        """Iterate over the first axis."""
        return (self[k] for k in range(len(self)))

    def _broadcast_to(self, shape: tuple[int, ...]) -> Opened:
        if shape == self.shape:
            return self
        return self._take(np.broadcast_to(np.arange(self.size, dtype=np.int64).reshape(self.shape), shape))

    def _take(self, positions: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Opened:
        flat = tuple(int(p) for p in positions.reshape(-1))
        if flat == tuple(range(self.size)):
            return Opened(self._builder, self._expression, positions.shape)
        return self._made(PublicTake(self._expression, flat), positions.shape)

    def _made(self, expression: Expression, shape: tuple[int, ...]) -> Opened:
        return Opened(self._builder, self._builder.express(expression), shape)

    # ------------------------------------------------------------------ what would need the value
    __bool__ = refusal(_UNKNOWN, hint="decide on the results after the run")
    __int__ = __index__ = __float__ = refusal(_UNKNOWN, hint="return it as a result")
    __array__ = refusal("an opened value cannot become a numpy array while the program is traced")
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = refusal(
        "opened values are not known while the program is traced", hint="compare the results after the run"
    )
    __hash__ = object.__hash__


def reveal(secret: Secret, *, label: str | None = None, allow_input: bool = False) -> Opened:
    """Open a secret to everybody; ``label`` says what it is in the list of what is revealed.

    Entries of a member's column as they are, or shifted and scaled in public, are opened only with
    ``allow_input``; so is a sum in which everything but one entry cancels.  A statistic of a member's only row is
    left to the plan's warnings.
    """
    if not isinstance(secret, Secret):
        fail(f"ts.reveal takes a secret, not {type(secret).__name__}")
    if secret.interval is None:
        fail("advice without a proved range cannot be revealed")
    if label is not None and not 1 <= len(label) <= MAX_LABEL:
        fail(f"a label has between 1 and {MAX_LABEL} characters")
    if not allow_input and inputs_shown(secret):
        fail(
            f"this would reveal entries of an input as they are: {secret.origin.text}",
            hint="compute something from them, or say ts.reveal(…, allow_input=True)",
        )
    return _open(secret, label, keep=False)


def announce(secret: Secret) -> Opened:
    """Open a secret that everybody must know who sees what was made beside it, whether or not a result reads it."""
    return _open(secret, None, keep=True)


def _open(secret: Secret, label: str | None, *, keep: bool) -> Opened:
    builder = secret.builder
    names = [m.name for m in builder.members]
    text = label_of(secret.origin, names, secret.size) if label is None else label
    opened = Opened(builder, builder.reveal(secret.node, text, keep=keep), secret.shape)
    return opened / 10**secret.decimals if secret.decimals else opened


def inputs_shown(secret: Secret) -> list[Input]:
    """Return the inputs of which the secret has entries as they are, but not for a statistic of a member's only row.

    A join of a single row shows whether it matches besides.
    """
    builder = secret.builder
    copied = copied_inputs(builder.nodes, builder.lengths, builder.intervals, [secret.node])
    assert copied is not None
    inputs = [node for v in sorted(copied[0]) if isinstance(node := builder.nodes[v], Input)]
    if secret.origin.statistic and secret.size == 1 and all(n.n == 1 and n.order is None for n in inputs):
        return []
    return inputs


def public_constant(builder: Builder, value: object) -> Opened:
    """Return a public number as an opened value."""
    if isinstance(value, Decimal):
        value = exact_fraction(value)
    if isinstance(value, bool) or not isinstance(value, int | np.integer | Fraction):
        hint = "write floats as Fraction or Decimal" if isinstance(value, float) else None
        fail(f"{type(value).__name__} does not work with opened values", hint=hint)
    number = Fraction(int(value)) if isinstance(value, np.integer) else Fraction(value)
    return Opened(builder, builder.express(PublicConstant((number,))), ())
