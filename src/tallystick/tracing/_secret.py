# SPDX-License-Identifier: Apache-2.0
"""``Secret``: an array whose entries nobody sees, only its shape, its interval and its scale.

It follows NumPy's conventions (operators, slicing, broadcasting, ``axis``).  An operation that would need a
secret's value while the program is traced (``if secret``, ``int(secret)``) is a ``ProgramError`` with the
line of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import prod
from typing import NoReturn, TypeAlias, TypeVar, cast

import numpy as np
import numpy.typing as npt

from ..plan import (
    HALF,
    MAX_DECIMALS,
    MAX_LENGTH,
    Add,
    Concat,
    Constant,
    Hint,
    Input,
    Matmul,
    Mul,
    Neg,
    Scale,
    Sub,
    Sum,
    Take,
    View,
    Zero,
    advice_of,
    advice_width,
)
from ._builder import Builder, fail, refusal
from ._describe import Origin, joined
from ._nearest import INSTEAD, instead_of

__all__ = [
    "OPERATORS",
    "Array",
    "Operand",
    "Secret",
    "assert_zero",
    "broadcast_shape",
    "coins",
    "concat",
    "constant",
    "exact_fraction",
    "hint",
    "input_bits",
    "pick",
    "public_array",
    "stack",
]

Array: TypeAlias = npt.NDArray[np.object_]
"""A numpy array of Python integers."""

Operand: TypeAlias = (
    "Secret | int | Fraction | Decimal | np.integer | npt.NDArray[np.generic] | Sequence[object]"
)


_Scalar = TypeVar("_Scalar", bound=np.generic)

_MAX_EXPONENT = 1000
"""Powers of ten of a decimal constant; far more than the field holds."""

OPERATORS: dict[str, Callable[..., Secret]] = {}
"""Operators that are programs themselves: the library, which is above this room, enters them here."""

_DIVIDE = "use ts.divide(x, y, decimals=…), or reveal both sides with ts.reveal and divide the opened values"


def _unary(symbol: str) -> Callable[[Secret], Secret]:
    """Return the method of an operator that the library enters."""
    return lambda self: OPERATORS[symbol](self)


def _binary(symbol: str, *, reflected: bool = False) -> Callable[[Secret, Operand], Secret]:
    """Return the method of an operator of two operands that the library enters; reflected, the other is the first."""
    if reflected:
        return lambda self, other: OPERATORS[symbol](other, self)
    return lambda self, other: OPERATORS[symbol](self, other)


def _unsupported(what: str, hint: str) -> Callable[..., NoReturn]:
    return refusal(f"{what} of secrets is not supported", hint=hint)


class Secret:
    """An array of secret integers over 10^decimals, each within [low, high] over 10^decimals.

    Programs get secrets from tables and from operations on them; they do not make them.
    """

    __slots__ = ("_builder", "_node", "decimals", "origin", "shape")

    def __init__(
        self, builder: Builder, node: int, shape: tuple[int, ...], *, decimals: int, origin: Origin
    ) -> None:
        self._builder = builder
        self._node = node
        self.shape = shape
        self.decimals = decimals
        self.origin = origin

    # ------------------------------------------------------------------ what is public about it
    @property
    def size(self) -> int:
        """The number of entries."""
        return prod(self.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def builder(self) -> Builder:
        """The trace that this secret belongs to."""
        return self._builder

    @property
    def node(self) -> int:
        """The position of its node in the trace."""
        return self._node

    @property
    def interval(self) -> tuple[int, int] | None:
        """The public bounds of the integers, or None for advice that nothing bounds."""
        return self._builder.intervals[self._node]

    @property
    def low(self) -> int:
        """The least integer that an entry may be."""
        return self._bounded()[0]

    @property
    def high(self) -> int:
        """The greatest integer that an entry may be."""
        return self._bounded()[1]

    def _bounded(self) -> tuple[int, int]:
        interval = self.interval
        if interval is None:
            fail("this value is advice without a proved range")
        return interval

    def __len__(self) -> int:
        if not self.shape:
            fail("a secret scalar has no length")
        return self.shape[0]

    def __repr__(self) -> str:
        bounds = "unbounded" if self.interval is None else f"[{self.low}, {self.high}]"
        scale = f", decimals={self.decimals}" if self.decimals else ""
        return f"Secret({self.origin.text}, shape={self.shape}, {bounds}{scale})"

    def renamed(self, text: str) -> Secret:
        """Return the same secret, called ``text`` in the description of what is revealed."""
        return self._like(self._node, self.shape, origin=self.origin.renamed(text))

    # ------------------------------------------------------------------ arithmetic
    def __add__(self, other: Operand) -> Secret:
        if isinstance(other, int) and other == 0:
            return self
        a, b, shape = self.aligned(other, "add")
        node = self._builder.add(Add(a._node, b._node))
        return self._like(node, shape, origin=_between("+", a, b))

    __radd__ = __add__

    def __sub__(self, other: Operand) -> Secret:
        a, b, shape = self.aligned(other, "subtract")
        node = self._builder.add(Sub(a._node, b._node))
        return self._like(node, shape, origin=_between("-", a, b))

    def __rsub__(self, other: Operand) -> Secret:
        return -self + other

    def __neg__(self) -> Secret:
        node = self._builder.add(Neg(self._node))
        return self._like(node, self.shape, origin=self.origin.renamed(f"-{self.origin.wrapped}"))

    def __pos__(self) -> Secret:
        return self

    def __mul__(self, other: Operand) -> Secret:
        if isinstance(other, Secret):
            return self._times(other)
        factors, decimals = public_array(other)
        decimals = self._decimals(self.decimals + decimals)
        shape = broadcast_shape(self.shape, factors.shape)
        wide = self.broadcast_to(shape)
        if wide.size == 0:
            return wide._like(wide._node, shape, decimals=decimals)
        pattern, inner = _periodic(factors, shape)
        node = self._builder.add(Scale(wide._node, pattern, inner))
        text = f"{pattern[0] if len(pattern) == 1 else 'constants'} * {self.origin.wrapped}"
        return wide._like(node, shape, decimals=decimals, origin=self.origin.renamed(text))

    __rmul__ = __mul__

    def _times(self, other: Secret) -> Secret:
        self._same_trace(other)
        decimals = self._decimals(self.decimals + other.decimals)
        shape = _joint_shape(self, other)
        a, b = self.broadcast_to(shape), other.broadcast_to(shape)
        if a._node == b._node:
            origin = a.origin.renamed(f"{a.origin.wrapped}^2")
        else:
            origin = joined(f"{a.origin.wrapped} * {b.origin.wrapped}", [a.origin, b.origin])
        # One order of the factors, so that x*y and y*x are the same gates.
        first, second = min(a._node, b._node), max(a._node, b._node)
        return self._like(self._builder.add(Mul(first, second)), shape, decimals=decimals, origin=origin)

    def __pow__(self, exponent: int) -> Secret:
        if isinstance(exponent, bool) or not isinstance(exponent, int | np.integer) or exponent < 1:
            fail(
                "a secret is raised to a public integer power of at least 1",
                hint="use ts.sqrt, ts.reciprocal or ts.divide",
            )
        power: Secret | None = None
        square, rest = self, int(exponent)
        while rest:
            if rest & 1:
                power = square if power is None else power * square
            rest >>= 1
            if rest:
                square = square * square
        assert power is not None
        return power

    def __matmul__(self, other: Operand) -> Secret:
        """Return self @ other: linear for a public matrix, one gate per product for a secret one."""
        if isinstance(other, Secret):
            return _secret_matmul(self, other)
        matrix, decimals = public_array(other)
        _check_matmul(self.shape, matrix.shape)
        # X @ A is (A^T @ X^T)^T, and the operation multiplies from the left.
        columns = matrix.reshape(matrix.shape[0], -1)
        x = self.reshape(1, -1) if self.ndim == 1 else self
        product = x.T._left_matmul(columns.T, decimals).T
        return product.reshape(*self.shape[:-1], *matrix.shape[1:])

    def __rmatmul__(self, other: Operand) -> Secret:
        """Return other @ self for a public matrix or vector."""
        matrix, decimals = public_array(other)
        _check_matmul(matrix.shape, self.shape)
        product = self.reshape(self.shape[0], -1)._left_matmul(matrix.reshape(-1, matrix.shape[-1]), decimals)
        return product.reshape(*matrix.shape[:-1], *self.shape[1:])

    def _left_matmul(self, matrix: Array, decimals: int) -> Secret:
        if 0 in matrix.shape or self.size == 0:
            fail("a matrix product without entries")
        rows, columns = matrix.shape
        entries = tuple(int(e) for e in matrix.reshape(-1))
        inner = self.shape[1]
        node = self._builder.add(Matmul(self._node, rows=rows, columns=columns, inner=inner, entries=entries))
        origin = self.origin.renamed(f"weighted sums of {self.origin.wrapped}")
        return self._like(
            node, (rows, inner), decimals=self._decimals(self.decimals + decimals), origin=origin
        )

    def sum(self, axis: int | None = None) -> Secret:
        """Return the sum of all entries, or along one axis."""
        if axis is None:
            outer, n, inner = 1, self.size, 1
            shape: tuple[int, ...] = ()
        else:
            k = _normal_axis(axis, self.ndim)
            outer, n, inner = prod(self.shape[:k]), self.shape[k], prod(self.shape[k + 1 :])
            shape = (*self.shape[:k], *self.shape[k + 1 :])
        origin = self.origin.renamed(f"sum of {self.origin.wrapped}").as_statistic()
        if n == 1:
            return self._like(self._node, shape, origin=origin)
        return self._like(self._builder.add(Sum(self._node, outer, n, inner)), shape, origin=origin)

    def rescale(self, decimals: int, *, rounding: str | None = None) -> Secret:
        """Return the values with another number of decimals.

        More decimals multiply the integers by a power of ten.  Fewer divide them, and take a rounding: "half
        up" to the nearest, halves towards plus infinity, or "floor".
        """
        if decimals < self.decimals:
            if rounding is None:
                fail(
                    f"from {self.decimals} to {decimals} decimals digits are lost",
                    hint="say how: .rescale(…, rounding='half up') or rounding='floor'",
                )
            return OPERATORS["rescale"](self, decimals, rounding)
        if decimals == self.decimals:
            return self
        node = self._builder.add(Scale(self._node, (10 ** (self._decimals(decimals) - self.decimals),), 1))
        return self._like(node, self.shape, decimals=decimals)

    # ------------------------------------------------------------------ shape
    def reshape(self, *shape: int | tuple[int, ...]) -> Secret:
        """Return the same entries in row-major order under another shape; one dimension may be -1."""
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        dimensions = [int(d) for d in wanted if not isinstance(d, tuple)]
        if dimensions.count(-1) == 1:
            rest = prod(d for d in dimensions if d != -1)
            dimensions[dimensions.index(-1)] = self.size // rest if rest else 0
        if prod(dimensions) != self.size or min(dimensions, default=0) < 0:
            fail(f"shape {self.shape} of {self.size} entries cannot become {tuple(wanted)}")
        return self._like(self._node, tuple(dimensions))

    @property
    def T(self) -> Secret:
        """The transpose: the axes in reverse order."""
        if self.ndim < 2:
            return self
        strides = _strides(self.shape)
        return self._view(tuple(reversed(self.shape)), 0, tuple(reversed(strides)))

    def moveaxis(self, source: int, destination: int) -> Secret:
        """Return the same entries with one axis moved, as ``numpy.moveaxis``."""
        order = list(range(self.ndim))
        order.insert(_normal_axis(destination, self.ndim), order.pop(_normal_axis(source, self.ndim)))
        strides = _strides(self.shape)
        return self._view(tuple(self.shape[k] for k in order), 0, tuple(strides[k] for k in order))

    def __getitem__(self, key: object) -> Secret:
        """Return a basic slice, or entries at public integer positions, as NumPy does."""
        if _has_secret(key):
            fail(
                "a secret cannot select rows",
                hint="positions must be public; multiply by a 0/1 column instead",
            )
        # An array of bytes nobody writes or reads: NumPy works out shape, offset and strides of the view.
        model = np.empty(self.shape, dtype=np.int8)
        picked = pick(model, key)
        if picked.size and not np.shares_memory(picked, model):
            return self._take(pick(np.arange(self.size, dtype=np.int64).reshape(self.shape), key))
        offset = _address(picked) - _address(model) if picked.size else 0
        return self._view(picked.shape, offset, picked.strides)

    def __iter__(self) -> Iterator[Secret]:
        """Iterate over the first axis.  Each step is an operation of its own, so prefer whole arrays."""
        return (self[k] for k in range(len(self)))

    def _take(self, positions: npt.NDArray[np.int64]) -> Secret:
        node = self._builder.add(Take(self._node, tuple(int(p) for p in positions.reshape(-1))))
        origin = self.origin.renamed(f"entries of {self.origin.wrapped}")
        return self._like(node, positions.shape, origin=origin)

    def _view(self, shape: tuple[int, ...], offset: int, strides: tuple[int, ...]) -> Secret:
        clean = tuple(0 if d <= 1 else s for d, s in zip(shape, strides, strict=True))
        n = prod(shape)
        if n > MAX_LENGTH:
            fail(f"shape {shape} has too many entries (at most {MAX_LENGTH})")
        if n == self.size and offset == 0 and _normal(shape, clean) == _normal(shape, _strides(shape)):
            return self._like(self._node, shape)
        node = self._builder.add(View(self._node, shape, offset if n else 0, clean))
        origin = self.origin
        if n < self.size:
            origin = origin.renamed(f"part of {origin.wrapped}")
        return self._like(node, shape, origin=origin)

    def broadcast_to(self, shape: tuple[int, ...]) -> Secret:
        """Return the same entries, repeated along new axes and those of length 1, as NumPy broadcasts."""
        if shape == self.shape:
            return self
        missing = len(shape) - self.ndim
        own = _strides(self.shape)
        strides = (0,) * missing + tuple(
            0 if d != w else s for d, w, s in zip(self.shape, shape[missing:], own, strict=True)
        )
        wide = self._view(shape, 0, strides)
        return wide._like(wide._node, shape, origin=self.origin)

    # ------------------------------------------------------------------ what would need the value
    __bool__ = refusal(
        "a secret has no truth value: the program would branch on it",
        hint="compute both sides and combine them",
    )
    __index__ = refusal("a secret cannot be an index, a length or a count")
    __int__ = refusal(
        "a secret cannot become an integer while the program is traced", hint="reveal it with ts.reveal"
    )
    __float__ = refusal(
        "a secret cannot become a float while the program is traced", hint="reveal it with ts.reveal"
    )
    __array__ = refusal("a secret cannot become a numpy array", hint=instead_of("array"))

    def __array_function__(self, function: object, *_args: object) -> NoReturn:
        name = getattr(function, "__name__", str(function))
        fail(f"numpy.{name} does not work on secrets", hint=instead_of(name))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **options: object) -> Secret:
        """Compute ``array * secret`` and the like as the secret's operators do; other ufuncs fail."""
        symbol = _UFUNCS.get(ufunc.__name__)
        if symbol is None or method != "__call__" or options:
            fail(f"numpy.{ufunc.__name__} does not work on secrets", hint=instead_of(ufunc.__name__))
        left, right = inputs
        direct, reflected = symbol
        if isinstance(left, Secret):
            return cast("Secret", getattr(left, direct)(right))
        return cast("Secret", getattr(right, reflected)(left))

    def __getattr__(self, name: str) -> NoReturn:
        """Fail for what arrays have and secrets do not, and say what to write."""
        if name in INSTEAD:
            fail(f"a secret has no .{name}", hint=INSTEAD[name])
        raise AttributeError(f"a secret has no attribute {name!r}")

    # ------------------------------------------------------------------ operators of the library
    __lt__ = _binary("<")
    __le__ = _binary("<=")
    __gt__ = _binary(">")
    __ge__ = _binary(">=")
    __eq__ = _binary("==")  # type: ignore[assignment]
    __ne__ = _binary("!=")  # type: ignore[assignment]
    __hash__ = object.__hash__
    __and__ = __rand__ = _binary("&")
    __or__ = __ror__ = _binary("|")
    __xor__ = __rxor__ = _binary("^")
    __invert__ = _unary("~")
    __abs__ = _unary("abs")
    __floordiv__ = _binary("//")
    __rfloordiv__ = _binary("//", reflected=True)
    __mod__ = _binary("%")
    __rmod__ = _binary("%", reflected=True)

    def __divmod__(self, other: Operand) -> tuple[Secret, Secret]:
        return self // other, self % other

    def __rdivmod__(self, other: Operand) -> tuple[Secret, Secret]:
        return OPERATORS["//"](other, self), OPERATORS["%"](other, self)

    # ------------------------------------------------------------------ what has no meaning here
    __contains__ = _unsupported("membership (in)", "use ts.isin(values, secret) or (secret == value)")
    __setitem__ = _unsupported("assignment to entries", "secrets do not change; use ts.where or ts.concat")
    __round__ = _unsupported("rounding halves to even", INSTEAD["round"])
    __lshift__ = _unsupported("shifting", "multiply by a power of two")
    __rshift__ = _unsupported("shifting", "use x // 2**k")
    __truediv__ = __rtruediv__ = _unsupported("division", _DIVIDE)

    # ------------------------------------------------------------------ helpers
    def _like(
        self, node: int, shape: tuple[int, ...], *, decimals: int | None = None, origin: Origin | None = None
    ) -> Secret:
        return Secret(
            self._builder,
            node,
            shape,
            decimals=self.decimals if decimals is None else decimals,
            origin=self.origin if origin is None else origin,
        )

    def aligned(self, other: Operand, verb: str) -> tuple[Secret, Secret, tuple[int, ...]]:
        """Return both operands with one shape and one scale, and the shape; ``verb`` is for the error."""
        if isinstance(other, Secret):
            self._same_trace(other)
            b = other
            if self.decimals != b.decimals:
                fail(
                    f"cannot {verb} values of {self.decimals} and {b.decimals} decimals",
                    hint=f"give the coarser one more decimals: .rescale({max(self.decimals, b.decimals)})",
                )
        else:
            values, decimals = public_array(other)
            if decimals > self.decimals:
                fail(
                    f"cannot {verb} a constant of {decimals} decimals and a value of {self.decimals}",
                    hint=f"give the value more decimals: .rescale({decimals})",
                )
            # NumPy turns a product of zero-dimensional object arrays into a bare integer.
            fine = np.asarray(values * 10 ** (self.decimals - decimals), dtype=object)
            b = constant(self._builder, fine, decimals=self.decimals)
        shape = _joint_shape(self, b)
        return self.broadcast_to(shape), b.broadcast_to(shape), shape

    def _same_trace(self, other: Secret) -> None:
        if other._builder is not self._builder:
            fail("a secret of another trace", hint="do not keep secrets in global variables")

    def _decimals(self, decimals: int) -> int:
        if decimals > MAX_DECIMALS:
            fail(f"{decimals} decimals; at most {MAX_DECIMALS} fit the field")
        return decimals


_UFUNCS = {
    "add": ("__add__", "__radd__"),
    "subtract": ("__sub__", "__rsub__"),
    "multiply": ("__mul__", "__rmul__"),
    "matmul": ("__matmul__", "__rmatmul__"),
    "true_divide": ("__truediv__", "__rtruediv__"),
    "divide": ("__truediv__", "__rtruediv__"),
    "floor_divide": ("__floordiv__", "__rfloordiv__"),
    "remainder": ("__mod__", "__rmod__"),
    "less": ("__lt__", "__gt__"),
    "less_equal": ("__le__", "__ge__"),
    "greater": ("__gt__", "__lt__"),
    "greater_equal": ("__ge__", "__le__"),
    "equal": ("__eq__", "__eq__"),
    "not_equal": ("__ne__", "__ne__"),
    "bitwise_and": ("__and__", "__rand__"),
    "bitwise_or": ("__or__", "__ror__"),
    "bitwise_xor": ("__xor__", "__rxor__"),
}
"""NumPy's functions behind the operators, which it calls if an array or one of its scalars comes first."""


# ---------------------------------------------------------------------------------------- making secrets


def concat(secrets: Iterable[Secret], axis: int = 0) -> Secret:
    """Join secrets along an axis, as ``numpy.concatenate`` does; all must have one scale."""
    parts = list(secrets)
    if not parts or not all(isinstance(p, Secret) for p in parts):
        fail("concat needs at least one secret, and secrets only")
    first = parts[0]
    if not first.ndim:
        fail("secret scalars cannot be joined", hint="use ts.stack")
    k = _normal_axis(axis, first.ndim)
    for part in parts[1:]:
        first._same_trace(part)
        if part.decimals != first.decimals:
            fail(f"cannot join values of {first.decimals} and {part.decimals} decimals", hint="use .rescale")
        if (
            part.ndim != first.ndim
            or part.shape[:k] != first.shape[:k]
            or part.shape[k + 1 :] != first.shape[k + 1 :]
        ):
            fail(f"cannot join shapes {first.shape} and {part.shape} along axis {axis}")
    if len(parts) == 1:
        return first
    origin = _joined_rows(parts)
    # Axis k becomes the leading one, where joining is putting vectors end to end.
    fronts = [p.moveaxis(k, 0) for p in parts]
    node = first._builder.add(Concat(tuple(p._node for p in fronts)))
    length = sum(p.shape[k] for p in parts)
    front = first._like(node, (length, *fronts[0].shape[1:]), origin=origin)
    return front.moveaxis(0, k)


def stack(secrets: Iterable[Secret]) -> Secret:
    """Join secrets of one shape along a new first axis, as ``numpy.stack`` does."""
    return concat([s.reshape(1, *s.shape) for s in secrets])


def constant(builder: Builder, values: Array, *, decimals: int = 0) -> Secret:
    """Return public integers as an operand of secrets."""
    flat = tuple(int(v) for v in values.reshape(-1))
    text = str(flat[0]) if len(flat) == 1 else "constants"
    node = builder.add(Constant(flat))
    return Secret(builder, node, values.shape, decimals=decimals, origin=Origin(text, frozenset(), 0))


def hint(
    kind: str,
    *arguments: Secret,
    parameters: Sequence[int],
    n: int,
    boolean: bool,
    builder: Builder | None = None,
) -> Secret:
    """Return untrusted advice of a kind of ``spec/plan.md``: whatever follows from it must be constrained.

    ``builder`` is the trace that it belongs to, for a kind without arguments.
    """
    builder = arguments[0]._builder if builder is None else builder
    node = builder.add(
        Hint(kind, tuple(parameters), tuple(a._node for a in arguments), n, boolean),
    )
    width = advice_of(kind, parameters).width([a.interval for a in arguments])
    limit = advice_width(len(builder.members))
    if width > limit:
        fail(
            f"this needs digits of a value of {width} bits; {len(builder.members)} parties can mask {limit}",
            hint="declare narrower columns, or reduce decimals with .rescale before multiplying",
        )
    text = f"{kind} of {arguments[0].origin.wrapped}" if arguments else kind
    return Secret(builder, node, (n,), decimals=0, origin=joined(text, [a.origin for a in arguments]))


def coins(builder: Builder, values: int, count: int, *, sensitivity: int, delta_bits: int) -> Secret:
    """Return ``count`` fair coins, which nobody knows and no member can bias, for each of ``values`` numbers.

    The other parameters say in the plan what the noise made of them claims (``spec/disclosure.md``).
    """
    node = builder.add(Hint("coins", (values, count, sensitivity, delta_bits), (), values * count, True))
    return Secret(builder, node, (values, count), decimals=0, origin=Origin("coins", frozenset(), 0))


def input_bits(value: Secret) -> Secret:
    """Return the binary digits of x - low of an input x, lowest first along a new last axis.

    From then on the input is committed as its bits, so that its range proof proves them too.
    """
    node = value._builder.nodes[value._node]
    if not isinstance(node, Input) or node.order is not None:
        fail("only a column as its member brings it has committed bits")
    bits = value._builder.bits_of(value._node)
    origin = value.origin.renamed(f"bits of {value.origin.wrapped}")
    return Secret(value._builder, bits, (*value.shape, node.bits), decimals=0, origin=origin)


def assert_zero(value: Secret) -> None:
    """Demand that every entry is 0: checked before anything is opened, and proved."""
    value._builder.add(Zero(value._node))


def public_array(value: object) -> tuple[Array, int]:
    """Return public numbers as integers over 10^decimals: (array of Python ints, decimals).

    Takes ints, Decimals, Fractions with a power of ten as denominator, and arrays or nested sequences of
    them.
    """
    try:
        raw = np.asarray(value, dtype=object)
    except ValueError as error:
        fail(f"constants: {error}")
    exact = [_exact(entry) for entry in raw.reshape(-1)]
    decimals = max((d for _, d in exact), default=0)
    out = np.empty(len(exact), dtype=object)
    out[:] = [_fits(numerator * 10 ** (decimals - d)) for numerator, d in exact]
    return out.reshape(raw.shape), decimals


def pick(array: npt.NDArray[_Scalar], key: object) -> npt.NDArray[_Scalar]:
    """Return array[key], an array even for a single entry; ``ProgramError`` for what is no index."""
    keys = key if isinstance(key, tuple) else (key,)
    if not any(k is Ellipsis for k in keys):
        keys = (*keys, Ellipsis)
    try:
        return array[cast("tuple[slice, ...]", keys)]
    except (IndexError, TypeError, ValueError) as error:
        fail(f"index: {error}")


def _exact(entry: object) -> tuple[int, int]:
    """Return an exact decimal number as (integer, decimals)."""
    if isinstance(entry, int | np.integer | np.bool_):
        return int(entry), 0
    if isinstance(entry, float | np.floating):
        instead = f'write it as an integer or as Decimal("{entry}")'
        fail(f"{entry} is a float, which is not exact", hint=instead)
    if not isinstance(entry, Decimal | Fraction):
        fail(f"{type(entry).__name__} is not a number that works with secrets")
    number = exact_fraction(entry) if isinstance(entry, Decimal) else entry
    decimals = next((d for d in range(MAX_DECIMALS + 1) if 10**d % number.denominator == 0), None)
    if decimals is None:
        fail(f"the constant {number} has no finite decimal form of at most {MAX_DECIMALS} digits")
    return int(number * 10**decimals), decimals


def exact_fraction(value: Decimal) -> Fraction:
    """Return a decimal constant as a fraction, unless its exponent alone would make that take for ever."""
    if not value.is_finite():
        fail(f"the constant {value} is not a number")
    if value and not -_MAX_EXPONENT <= int(value.as_tuple().exponent) <= value.adjusted() <= _MAX_EXPONENT:
        fail(f"the constant {value:.6g} has a power of ten beyond 10^±{_MAX_EXPONENT}")
    return Fraction(value) if value else Fraction(0)


def _fits(value: int) -> int:
    if abs(value) > HALF:
        fail(f"a constant of {value.bit_length()} bits does not fit the field")
    return value


def _between(symbol: str, a: Secret, b: Secret) -> Origin:
    return joined(f"{a.origin.wrapped} {symbol} {b.origin.wrapped}", [a.origin, b.origin])


def _joined_rows(parts: Sequence[Secret]) -> Origin:
    texts = list(dict.fromkeys(p.origin.text for p in parts))
    text = texts[0] if len(texts) == 1 else f"({', '.join(texts)})"
    merged = joined(text, [p.origin for p in parts])
    disjoint = sum(len(p.origin.members) for p in parts) == len(merged.members)
    return replace(merged, rows=sum(p.origin.rows for p in parts)) if disjoint else merged


def _secret_matmul(a: Secret, b: Secret) -> Secret:
    _check_matmul(a.shape, b.shape)
    if b.ndim == 1:
        return (a * b).sum(axis=a.ndim - 1)
    rows = a.reshape(-1, a.shape[-1])
    wide = rows.reshape(rows.shape[0], rows.shape[1], 1) * b.reshape(1, *b.shape)
    return wide.sum(axis=1).reshape(*a.shape[:-1], b.shape[1])


def _check_matmul(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    if not 1 <= len(a) <= 2 or not 1 <= len(b) <= 2 or a[-1] != b[0]:
        fail(f"matrix product of shapes {a} and {b}: one or two dimensions, the inner ones equal")


def _periodic(factors: Array, shape: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    """Return the factors of a broadcast product as (pattern, inner) of ``Scale``, stored once for all
    repetitions.
    """
    long = [k for k, d in enumerate(factors.shape) if d != 1]
    if not long:
        return (int(factors.reshape(-1)[0]),), 1
    first, end, missing = long[0], long[-1] + 1, len(shape) - factors.ndim
    core = np.broadcast_to(factors.reshape(factors.shape[first:end]), shape[first + missing : end + missing])
    return tuple(int(f) for f in core.reshape(-1)), prod(shape[end + missing :])


def broadcast_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that both broadcast to; ``ProgramError`` if there is none."""
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        fail(
            f"shapes {a} and {b} do not match",
            hint="members may have different numbers of rows; combine sums, or join columns with ts.concat",
        )


def _joint_shape(a: Secret, b: Secret) -> tuple[int, ...]:
    """Return the shape that both broadcast to; columns of different members are of one length, also of length 1."""
    alone = a.ndim == b.ndim == 1 and a.shape != b.shape and 1 in (a.size, b.size)
    if alone and a.origin.members and b.origin.members and not a.origin.members & b.origin.members:
        fail(
            f"columns of different members with {a.size} and {b.size} rows do not match",
            hint="a single value that stands for all rows is a column's entry, as in x[0]",
        )
    return broadcast_shape(a.shape, b.shape)


def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of a row-major array, in entries."""
    return tuple(prod(shape[k + 1 :]) for k in range(len(shape)))


def _normal(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of the axes that have more than one position, the only ones that matter."""
    return tuple(s for d, s in zip(shape, strides, strict=True) if d > 1)


def _normal_axis(axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        fail(f"axis {axis} of {ndim} dimensions")
    return axis % ndim


def _address(array: npt.NDArray[np.int8]) -> int:
    return int(array.__array_interface__["data"][0])


def _has_secret(key: object) -> bool:
    if isinstance(key, tuple | list):
        return any(_has_secret(k) for k in key)
    if isinstance(key, slice):
        return any(isinstance(k, Secret) for k in (key.start, key.stop, key.step))
    return isinstance(key, Secret)
