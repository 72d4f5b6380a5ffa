# SPDX-License-Identifier: Apache-2.0
"""BGV over a ring of degree 8 gives exactly the vectors that ``spec/model`` made."""

from __future__ import annotations

import numpy as np
import pytest

from support.spec_vectors import cases, load, scalars, unhex
from tallystick.backend import Backend, Ciphertext, Ring, RingParameters
from tallystick.backend._ring_constants import ring_constants
from tallystick.errors import DecodeError


def ring_of(backend: Backend, data) -> Ring:
    return backend.ring(
        RingParameters(
            degree=data["degree"],
            primes=tuple(data["primes"]),
            kept=data["kept"],
            wide_limbs=data["wide_limbs"],
        )
    )


def small(values: list[int]):
    return np.array(values, dtype=np.int64)


def limbs(values: list[str], count: int):
    rows = [[int(v) >> (52 * j) & (1 << 52) - 1 for v in values] for j in range(count)]
    return np.array(rows, dtype=np.uint64)


def test_samplers(backend):
    data = load("ring/samplers")
    ring = ring_of(backend, data)
    at = unhex(data["seed"]), unhex(data["nonce"])
    assert ring.ternary(*at).tolist() == data["ternary"]
    assert ring.binomial(*at).tolist() == data["binomial"]
    for case in data["box"]:
        assert ring.box(*at, case["bits"]).tolist() == case["coefficients"]
    assert np.array_equal(ring.wide(*at), limbs(data["wide"], data["wide_limbs"]))
    assert ring.pack(ring.uniform(*at)) == unhex(data["uniform"])
    assert ring.pack(ring.uniform(at[0], unhex(data["carried_nonce"]))) == unhex(data["carried_uniform"])


def test_bgv(backend):
    data = load("ring/bgv")
    ring = ring_of(backend, data)
    assert ring_constants(ring.parameters).psi == tuple(data["psi"])

    def is_(ciphertext, name):
        assert [ring.pack(ciphertext.c0).hex(), ring.pack(ciphertext.c1).hex()] == data[name]

    s, e, e0, v, e1 = (small(data[name]) for name in ("s", "e", "e0", "v", "e1"))
    s_values = ring.to_evaluation(s)
    assert ring.pack(s_values).hex() == data["s_values"]
    a = ring.unpack(unhex(data["a"]), len(data["primes"]))
    key = ring.public_key(a, s, e)
    assert ring.pack(key.a).hex() == data["a"] and ring.pack(key.b).hex() == data["b"]
    m, y, mask = (scalars(backend, data[name]).data for name in ("m", "y", "mask"))
    assert backend.fr_to_bytes(ring.slots(m)).hex() == data["m_slots"]
    assert backend.fr_equal(ring.coefficients(scalars(backend, data["m_slots"]).data), m)
    c = ring.encrypt(key, m, e0, v, e1)
    is_(c, "c")
    doubled = ring.double(c)
    is_(doubled, "doubled")
    difference = ring.subtract(Ciphertext(key.b, key.b), Ciphertext(c.c0, key.b))
    assert ring.pack(difference.c0).hex() == data["b_minus_c0"] and not difference.c1.any()
    of = [Ciphertext(key.a, key.b), c, Ciphertext(key.b, c.c0)]
    shifts = np.array(data["combine"]["shifts"], dtype=np.int64)
    for got, sums in zip(ring.combine(of, shifts), data["combine"]["sums"], strict=True):
        assert [ring.pack(got.c0).hex(), ring.pack(got.c1).hex()] == sums
    reply = ring.reply(
        doubled,
        y,
        key,
        v=small(data["reply_v"]),
        e1=small(data["reply_e1"]),
        u=limbs(data["u"], data["wide_limbs"]),
        mask=mask,
    )
    is_(reply, "reply")
    assert backend.fr_to_bytes(ring.decrypt(reply, s_values)).hex() == data["opened"]


@pytest.mark.parametrize("case", cases("ring/bad_packing"))
def test_bad_packing(backend, case):
    data = load("ring/bad_packing")
    assert case["error"] == "decode"
    with pytest.raises(DecodeError):
        ring_of(backend, data).unpack(unhex(case["bytes"]), len(data["primes"]))
