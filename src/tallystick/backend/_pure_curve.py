# SPDX-License-Identifier: Apache-2.0
"""The group law of BLS12-381's curve on Python ints, one point or many at a time.

The curve is y**2 = x**3 + 4 over Fp.  An affine point is (x, y), with (0, 0) for infinity: x = 0 gives
y = 2 or -2, so (0, 0) is no point of the curve.  The curve's order is odd, so no point has y = 0 and a
zero y alone marks infinity.  A Jacobian point (X, Y, Z) is (X/Z**2, Y/Z**3), infinity if Z = 0.

Sums of many points are *batch affine*: one inversion shared by Montgomery's trick makes an affine addition
cost six products, against eleven for a mixed Jacobian one.  Everything is complete and variable time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from ._protocol import FR_MODULUS

__all__ = [
    "AFFINE_ZERO",
    "BETA",
    "X_ABS",
    "Affine",
    "B",
    "Jacobian",
    "P",
    "add",
    "add_affine",
    "add_pairs",
    "double",
    "in_subgroup",
    "invert",
    "jacobian",
    "msm",
    "straus",
    "sum_groups",
    "times_x",
    "to_affine",
    "wnaf",
]

R = FR_MODULUS
P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
B = 4
# The absolute value of the curve's parameter x = -0xd201000000010000; r = x**4 - x**2 + 1.
X_ABS = 0xD201000000010000
# A primitive cube root of unity in Fp: (x, y) -> (BETA*x, y) acts on G1 as multiplication by -x**2.
BETA = 0x5F19672FDF76CE51BA69C6076A0F77EADDB3A93BE6F89688DE17D813620A00022E01FFFFFFFEFFFE

Affine: TypeAlias = tuple[int, int]
Jacobian: TypeAlias = tuple[int, int, int]

AFFINE_ZERO: Affine = (0, 0)
_ZERO: Jacobian = (1, 1, 0)


# ---------------------------------------------------------------------- single points
def double(p: Jacobian) -> Jacobian:
    """Return 2p, for a curve with a = 0 (the Explicit-Formulas Database's dbl-2009-l, regrouped)."""
    x, y, z = p
    a = x * x % P
    b = y * y % P
    d = 4 * x * b % P
    e = 3 * a
    x3 = (e * e - 2 * d) % P
    return x3, (e * (d - x3) - 8 * b * b) % P, 2 * y * z % P


def add(p: Jacobian, q: Jacobian) -> Jacobian:
    """Return p + q, complete."""
    x1, y1, z1 = p
    x2, y2, z2 = q
    if z1 == 0:
        return q
    if z2 == 0:
        return p
    zz1 = z1 * z1 % P
    zz2 = z2 * z2 % P
    u1 = x1 * zz2 % P
    s1 = y1 * z2 % P * zz2 % P
    h = (x2 * zz1 - u1) % P
    t = (y2 * z1 % P * zz1 - s1) % P
    if h == 0:
        return _ZERO if t else double(p)
    hh = h * h % P
    hhh = h * hh % P
    v = u1 * hh % P
    x3 = (t * t - hhh - 2 * v) % P
    return x3, (t * (v - x3) - s1 * hhh) % P, z1 * z2 % P * h % P


def add_affine(p: Jacobian, q: Affine) -> Jacobian:
    """Return p + q for an affine q, complete."""
    x1, y1, z1 = p
    x2, y2 = q
    if y2 == 0:
        return p
    if z1 == 0:
        return x2, y2, 1
    zz = z1 * z1 % P
    h = (x2 * zz - x1) % P
    t = (y2 * z1 % P * zz - y1) % P
    if h == 0:
        return _ZERO if t else double(p)
    hh = h * h % P
    hhh = h * hh % P
    v = x1 * hh % P
    x3 = (t * t - hhh - 2 * v) % P
    return x3, (t * (v - x3) - y1 * hhh) % P, z1 * h % P


def jacobian(p: Affine) -> Jacobian:
    return (p[0], p[1], 1) if p[1] else _ZERO


def to_affine(points: Sequence[Jacobian]) -> list[Affine]:
    """Normalise with one shared inversion."""
    inverses = invert([z or 1 for _, _, z in points])
    out = []
    for (x, y, z), k in zip(points, inverses, strict=True):
        kk = k * k % P
        out.append((x * kk % P, y * kk % P * k % P) if z else AFFINE_ZERO)
    return out


def times_x(p: Jacobian) -> Jacobian:
    """Return |x| * p; the six set bits of x make this 63 doublings and 5 additions."""
    out = p
    for bit in bin(X_ABS)[3:]:
        out = double(out)
        if bit == "1":
            out = add(out, p)
    return out


def in_subgroup(p: Affine) -> bool:
    """Whether a point of the curve lies in G1.

    The test is phi(p) = -x**2 * p for the endomorphism phi(x, y) = (BETA*x, y) (M. Scott, ePrint
    2021/1130), 126 doublings instead of 255.  phi**2 + phi + 1 = 0 holds on the whole curve, so a point that
    passes has (x**4 - x**2 + 1) * p = r * p = 0; and phi acts on G1 as -x**2 by the choice of BETA.
    """
    if p[1] == 0:
        return True
    x, y, z = times_x(times_x(jacobian(p)))
    zz = z * z % P
    return z != 0 and (BETA * p[0] * zz - x) % P == 0 and (p[1] * zz * z + y) % P == 0


def wnaf(s: int, width: int) -> list[int]:
    """Return the width-w non-adjacent form of s >= 0, lowest digit first: digits odd or zero."""
    digits = []
    full, half = 1 << width, 1 << (width - 1)
    while s:
        d = 0
        if s & 1:
            d = s & (full - 1)
            if d >= half:
                d -= full
            s -= d
        digits.append(d)
        s >>= 1
    return digits


def straus(points: Sequence[Affine], scalars: Sequence[int]) -> Jacobian:
    """Return the sum of scalars[k] * points[k] with shared doublings: best for a handful of terms."""
    terms = []
    for p, s in zip(points, scalars, strict=True):
        if s == 0 or p[1] == 0:
            continue
        # Width 5 pays for its table of eight odd multiples only when the scalar is long.
        width = 5 if s.bit_length() > 64 else 2
        base = jacobian(p)
        odd = [base]
        if width > 2:
            twice = double(base)
            for _ in range((1 << (width - 2)) - 1):
                odd.append(add(odd[-1], twice))
        terms.append((wnaf(s, width), odd))
    out = _ZERO
    for k in range(max((len(digits) for digits, _ in terms), default=0) - 1, -1, -1):
        out = double(out)
        for digits, odd in terms:
            d = digits[k] if k < len(digits) else 0
            if d > 0:
                out = add(out, odd[d >> 1])
            elif d < 0:
                x, y, z = odd[-d >> 1]
                out = add(out, (x, P - y, z))
    return out


# ---------------------------------------------------------------------- many points at once
def invert(values: list[int]) -> list[int]:
    """Return the inverses of non-zero values: Montgomery's trick."""
    prefix = []
    product = 1
    for v in values:
        prefix.append(product)
        product = product * v % P
    inverse = pow(product, -1, P)
    for k in range(len(values) - 1, -1, -1):
        prefix[k] = inverse * prefix[k] % P
        inverse = inverse * values[k] % P
    return prefix


def add_pairs(left: Sequence[Affine], right: Sequence[Affine]) -> list[Affine]:
    """Return left[k] + right[k], complete, with one inversion for all."""
    slopes = []
    for (x1, y1), (x2, y2) in zip(left, right, strict=True):
        # The slope's denominator; 1 where no slope is needed, so that the shared product stays non-zero.
        if y1 == 0 or y2 == 0:
            slopes.append(1)
        elif x1 != x2:
            slopes.append(x2 - x1)
        else:
            slopes.append(2 * y1 if y1 == y2 else 1)
    slopes = invert(slopes)
    out = []
    for (x1, y1), (x2, y2), k in zip(left, right, slopes, strict=True):
        if y1 == 0:
            out.append((x2, y2))
        elif y2 == 0:
            out.append((x1, y1))
        elif x1 == x2 and y1 != y2:
            out.append(AFFINE_ZERO)
        else:
            m = (y2 - y1 if x1 != x2 else 3 * x1 * x1) * k % P
            x3 = (m * m - x1 - x2) % P
            out.append((x3, (m * (x1 - x3) - y1) % P))
    return out


def sum_groups(groups: list[list[Affine]]) -> list[Affine]:
    """Return the sum of each group: all groups are halved together, so each round shares an inversion."""
    while any(len(g) > 1 for g in groups):
        left: list[Affine] = []
        right: list[Affine] = []
        for g in groups:
            pairs = len(g) // 2
            left += g[:pairs]
            right += g[pairs : 2 * pairs]
        sums = add_pairs(left, right)
        at = 0
        for k, g in enumerate(groups):
            pairs = len(g) // 2
            groups[k] = sums[at : at + pairs] + g[2 * pairs :]
            at += pairs
    return [g[0] if g else AFFINE_ZERO for g in groups]


def _window(total_bits: int, longest: int) -> int:
    """Return the window width that minimises additions into buckets plus those that add buckets up."""

    def cost(c: int) -> float:
        # A Jacobian addition, two for each bucket, costs about twice a batch-affine one.
        return total_bits / c + (longest // c + 1) * (4 << (c - 1))

    return min(range(2, 16), key=cost)


def msm(points: Iterable[Affine], scalars: Iterable[int]) -> Jacobian:
    """Return the sum of scalars[k] * points[k]: Pippenger's method with signed digits.

    Scalars above r/2 count as negative, so that -1 is as cheap as 1, and a scalar of few bits only
    meets the windows it reaches: rows of bits cost one addition a set bit.
    """
    terms = []
    for (x, y), s in zip(points, scalars, strict=True):
        if s == 0 or y == 0:
            continue
        terms.append(((x, y), s) if s <= R // 2 else ((x, P - y), R - s))
    if len(terms) <= 4:
        return straus([p for p, _ in terms], [s for _, s in terms])
    lengths = [s.bit_length() for _, s in terms]
    longest = max(lengths)
    if longest == 1:
        return jacobian(sum_groups([[p for p, _ in terms]])[0])
    c = _window(sum(lengths), longest)
    half, full = 1 << (c - 1), 1 << c
    windows = longest // c + 1
    # Bucket w*half + d - 1 collects the points whose digit in window w is d, or -d with the sign moved.
    buckets: list[list[Affine]] = [[] for _ in range(windows * half)]
    for p, s in terms:
        negated = (p[0], P - p[1])
        base = -1
        while s:
            d = s & (full - 1)
            s >>= c
            if d > half:
                s += 1
                buckets[base + full - d].append(negated)
            elif d:
                buckets[base + d].append(p)
            base += half
    sums = sum_groups(buckets)
    out = _ZERO
    for w in range(windows - 1, -1, -1):
        for _ in range(c):
            out = double(out)
        running = total = _ZERO
        for p in reversed(sums[w * half : (w + 1) * half]):
            running = add_affine(running, p)
            total = add(total, running)
        out = add(out, total)
    return out
