# SPDX-License-Identifier: Apache-2.0
"""Encodings, hashes and the transcript give exactly the vectors that ``spec/model`` made."""

from __future__ import annotations

import pytest

from support.spec_vectors import cases, load, points, scalars, unhex
from tallystick.algebra import Generators, Points, Random, Vector
from tallystick.encoding import dumps, loads
from tallystick.errors import DecodeError
from tallystick.transcript import Transcript, expand_message_xmd


@pytest.mark.parametrize("kind", ["canonical", "signed"])
def test_field_encoding(backend, kind):
    for case in load("field/encoding")[kind]:
        value = int(case["value"])
        assert Vector.from_ints(backend, [value]).to_bytes() == unhex(case["bytes"])
        assert scalars(backend, case["bytes"]).to_bytes() == unhex(case["bytes"])
        if kind == "canonical":
            assert scalars(backend, case["bytes"]).to_ints() == [value]


@pytest.mark.parametrize("case", cases("field/bad_encoding"))
def test_bad_field_encoding(backend, case):
    assert case["error"] == "decode"
    with pytest.raises(DecodeError):
        scalars(backend, case["bytes"])


def test_field_arithmetic(backend):
    data = load("field/arithmetic")
    a, b = scalars(backend, data["a"]), scalars(backend, data["b"])
    assert (a + b).to_bytes() == unhex(data["sum"])
    assert (a - b).to_bytes() == unhex(data["difference"])
    assert (a * b).to_bytes() == unhex(data["product"])
    assert (-a).to_bytes() == unhex(data["negative"])
    assert b.inverse().to_bytes() == unhex(data["inverse_of_b"])
    assert [a.dot(b)] == scalars(backend, data["dot"]).to_ints()


def test_transforms(backend):
    data = load("field/ntt")
    for case in data["cases"]:
        size = case["size"]
        coefficients, values = scalars(backend, case["coefficients"]), scalars(backend, case["values"])
        assert coefficients.ntt(size).equal(values)
        assert values.ntt(size, inverse=True).equal(coefficients)


def test_point_multiples(backend):
    data = load("points/multiples")
    base = points(backend, data["base"])
    for case in data["cases"]:
        product = base.scale(scalars(backend, case["scalar"]))
        assert product.to_bytes() == unhex(case["point"])
        assert points(backend, case["point"]).equal(product)


def test_point_addition(backend):
    for case in load("points/addition")["cases"]:
        total = points(backend, case["a"]) + points(backend, case["b"])
        assert total.to_bytes() == unhex(case["sum"]), case["name"]


def test_point_sums(backend):
    for case in load("points/msm")["cases"]:
        bases, weights = points(backend, case["points"]), scalars(backend, case["scalars"])
        assert bases.msm(weights).to_bytes() == unhex(case["sum"])


@pytest.mark.parametrize("case", cases("points/bad_encoding"))
def test_bad_point_encoding(backend, case):
    assert case["error"] == "decode"
    with pytest.raises(DecodeError):
        points(backend, case["bytes"])


@pytest.mark.parametrize("case", cases("cbor/encoding"))
def test_cbor(case):
    data = unhex(case["bytes"])
    assert dumps(loads(data, max_size=1000)) == data


@pytest.mark.parametrize("case", cases("cbor/bad_encoding"))
def test_bad_cbor(case):
    assert case["error"] == "decode"
    with pytest.raises(DecodeError):
        loads(unhex(case["bytes"]), max_size=1000)


@pytest.mark.parametrize("case", cases("expand/expand"))
def test_expand(backend, case):
    out = Vector.expand(backend, unhex(case["seed"]), unhex(case["nonce"]), case["count"], case["offset"])
    assert out.to_bytes() == unhex(case["elements"])


def test_stream_of_draws(backend):
    data = load("expand/stream")
    random = Random(unhex(data["seed"]))
    for draw in data["draws"]:
        assert random.vector(backend, draw["n"]).to_bytes() == unhex(draw["elements"])


def test_generators(backend):
    data = load("generators/generators")
    few = [case for case in data["G"] if case["index"] < 8]
    generators = Generators(backend, len(few))
    for case in few:
        assert generators.g[case["index"] : case["index"] + 1].to_bytes() == unhex(case["point"])
    assert generators.h.to_bytes() == unhex(data["H"])
    assert generators.q.to_bytes() == unhex(data["Q"])
    messages = [case["index"].to_bytes(4, "big") for case in data["G"]]
    hashed = Points.hash(backend, messages, b"TALLYSTICK-V1-G_BLS12381G1_XMD:SHA-256_SSWU_RO_")
    assert hashed.to_bytes() == b"".join(unhex(case["point"]) for case in data["G"])


@pytest.mark.parametrize("case", cases("transcript/transcript"))
def test_transcript(backend, case):
    transcript = Transcript(case["protocol"])
    assert transcript.state == unhex(case["start"])
    for step in case["steps"]:
        if step["do"] == "absorb":
            transcript.absorb(step["label"], unhex(step["data"]))
        else:
            assert [transcript.challenge(step["label"])] == scalars(backend, step["element"]).to_ints()
        assert transcript.state == unhex(step["state"])


def test_expand_message_xmd():
    data = load("transcript/expand_message_xmd")
    for case in data["cases"]:
        out = expand_message_xmd(unhex(case["message"]), data["dst"].encode(), case["length"])
        assert out == unhex(case["bytes"])
