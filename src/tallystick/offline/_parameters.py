# SPDX-License-Identifier: Apache-2.0
"""Every size of the offline phase, derived by formula from N, r and the security levels.

Normative text and argument: ``spec/preparation.md``, "Parameters".  All bounds are exact integers and hold in the
worst case, infinity norms throughout: a product of two polynomials of degree below N grows by at most N.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm, log2, prod

from ..backend import FR_MODULUS, RingParameters
from ..errors import UsageError
from ..limits import STATISTICAL_BITS

__all__ = [
    "HE_STANDARD_BITS",
    "TRIPLE_REPLIES",
    "Box",
    "Parameters",
    "ProofParameters",
    "derive",
    "ring_primes",
]

_R = FR_MODULUS

#: log2 q allowed for a ternary secret at 128 bits classical: Homomorphic Encryption Standard (2018), table 1.
HE_STANDARD_BITS = {1024: 27, 2048: 54, 4096: 109, 8192: 218, 16384: 438, 32768: 881}

SOUNDNESS_BITS = 128
#: So many replies the honest members together may give to the others in one epoch: the union that 2^-80 is over.
EPOCH_REPLIES = 1 << 25
PRIME_BITS = 50
LIMB_BITS = 52
TERNARY = 1
BINOMIAL = 21
CIPHERTEXTS_PER_PROOF = 8
DIAGONAL_CHALLENGE = 5
#: The least common multiple of all differences of two challenges in {-5, ..., 5}.
DIAGONAL_FACTOR = lcm(*range(1, 2 * DIAGONAL_CHALLENGE + 1))
_MARGIN = 8
#: A batch of triples takes so many replies to every peer: two products and five MACs.
TRIPLE_REPLIES = 7


@dataclass(frozen=True, slots=True)
class Box:
    """Where the mask of one kind of coefficient is drawn, and where a published response must lie.

    The mask is uniform in [-2**bits, 2**bits), a power of two, so that it has no bias; ``shift`` is the largest
    amount that a challenge can move it by; a response is published only if it is at most ``response`` in absolute
    value, and so has 2 * response + 1 values, each from one mask, whatever it was moved by.
    """

    bits: int
    shift: int

    @property
    def response(self) -> int:
        """The bound that the verifier checks."""
        return (1 << self.bits) - 1 - self.shift


@dataclass(frozen=True, slots=True)
class ProofParameters:
    """One kind of proof: how many masks, and the boxes of its kinds of coefficients.

    ``noise`` is for the coefficients of centred binomial witnesses (e, e_0, e_1), ``secret`` for the ternary
    ones (s, v).
    """

    masks: int
    instances: int
    noise: Box
    secret: Box


@dataclass(frozen=True, slots=True)
class Parameters:
    """A parameter set, with the bounds that justify it (``table`` prints them)."""

    ring: RingParameters
    key: ProofParameters
    plaintext: ProofParameters
    diagonal: ProofParameters
    drowning_bits: int
    epoch_replies: int
    hidden_noise: int
    opened_noise: int
    switched_noise: int

    @property
    def modulus(self) -> int:
        """q."""
        return prod(self.ring.primes)

    @property
    def switched_modulus(self) -> int:
        """q'."""
        return prod(self.ring.primes[: self.ring.kept])

    def replies_to_each(self, members: int) -> int:
        """Return how many replies a member may give to each of the others in one epoch.

        Whatever the number h of honest members, h * (members - h) pairs of one that replies and one that may be
        curious are at most a quarter of the square.
        """
        return self.epoch_replies // max(members**2 // 4, 1)

    def table(self) -> list[tuple[str, str]]:
        """The derivation, line by line, for people."""
        ring, n = self.ring, self.ring.degree
        shown = self.epoch_replies * n * (self.hidden_noise // _R + 1)
        rows = [
            ("ring degree N", str(n)),
            ("plaintext modulus r", f"{log2(_R):.1f} bits"),
            ("ciphertext modulus q", f"{len(ring.primes)} primes, {log2(self.modulus):.1f} bits"),
            ("allowed at 128 bits", f"{HE_STANDARD_BITS.get(n, 0)} bits (HE standard, ternary secret)"),
            ("after switching q'", f"{ring.kept} primes, {log2(self.switched_modulus):.1f} bits"),
        ]
        for name, proof in (("key", self.key), ("plaintext", self.plaintext), ("diagonal", self.diagonal)):
            boxes = (
                f"{log2(proof.secret.response):.1f} (ternary) and {log2(proof.noise.response):.1f} (binomial)"
            )
            text = f"{proof.masks} masks for {proof.instances} instances; responses of {boxes} bits"
            rows.append((f"{name} proof", text))
        rows += [
            (
                "noise to hide in a reply",
                f"{log2(self.hidden_noise):.1f} bits, worst case after malicious proofs",
            ),
            ("drowned by", f"u in [0, 2^{self.drowning_bits}), times r"),
            ("replies of an epoch", f"{self.epoch_replies:,} of honest members to others"),
            (
                "shown by all of them",
                f"2^-{self.drowning_bits - log2(shown):.1f} at most (statistical distance)",
            ),
            *(
                (
                    f"limit for {m} members",
                    f"{self.replies_to_each(m) // TRIPLE_REPLIES * n:,} triples an epoch",
                )
                for m in (2, 3, 5, 16)
            ),
            ("noise of a reply", f"{log2(self.opened_noise):.1f} bits, worst case for an honest owner"),
            ("noise after switching", f"{log2(self.switched_noise):.1f} bits, below q'/4"),
        ]
        return rows


def _is_prime(n: int) -> bool:
    """Miller-Rabin with the first twelve primes as bases: exact below 3.3 * 10**24 (Sorenson and Webster, 2015)."""
    bases = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
    if n < 2 or any(n % b == 0 for b in bases):
        return n in bases
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for base in bases:
        x = pow(base, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def ring_primes(degree: int, count: int) -> tuple[int, ...]:
    """Return the ``count`` largest primes below 2**50 that are 1 modulo 2N, in descending order."""
    step = 2 * degree
    candidate = ((1 << PRIME_BITS) - 2) // step * step + 1
    primes: list[int] = []
    while len(primes) < count:
        if _is_prime(candidate):
            primes.append(candidate)
        candidate -= step
    return tuple(primes)


def _box(bound: int, terms: int, coefficients: int) -> Box:
    """A box 8 times as wide as all coefficients' shifts together: accepted with probability at least e**(-1/8)."""
    shift = bound * terms
    return Box(bits=(_MARGIN * coefficients * (shift + 1) - 1).bit_length(), shift=shift)


def _proof(*, masks: int, instances: int, degree: int, kinds: int, challenge: int = 1) -> ProofParameters:
    coefficients = masks * kinds * degree
    terms = instances * challenge
    # A response f = m + r*e_0 is divided with remainder by r, whose carry can add one more per term.
    noise = _box(BINOMIAL + 1, terms, coefficients)
    return ProofParameters(masks, instances, noise, _box(TERNARY, terms, coefficients))


def _masks_for(challenges: int) -> int:
    """Return the least V with challenges**V >= 2**128."""
    masks = 1
    while challenges**masks < 1 << SOUNDNESS_BITS:
        masks += 1
    return masks


def derive(
    degree: int = 32_768, *, insecure_degree: bool = False, epoch_replies: int = EPOCH_REPLIES
) -> Parameters:
    """Derive the parameter set for ring degree N and so many replies in an epoch.

    Raises UsageError when q exceeds what the Homomorphic Encryption Standard allows for 128 bits of security;
    ``insecure_degree`` admits the small rings of tests and vectors.
    """
    n = degree
    monomial_masks = _masks_for(2 * n + 1)
    key = _proof(masks=monomial_masks, instances=1, degree=n, kinds=2)
    plaintext = _proof(masks=monomial_masks, instances=CIPHERTEXTS_PER_PROOF, degree=n, kinds=3)
    diagonal = _proof(
        masks=_masks_for(2 * DIAGONAL_CHALLENGE + 1),
        instances=1,
        degree=n,
        kinds=3,
        challenge=DIAGONAL_CHALLENGE,
    )

    # What the proofs leave a malicious owner: openings of 2*b and 2*ciphertext by g*(z - z'), g with n
    # coefficients in {-1, 0, 1}; of DIAGONAL_FACTOR*ciphertext by at most DIAGONAL_FACTOR*(z - z').  Replies are made
    # with these very multiples, under the key (a, 2*b).
    def opened(box: Box, factor: int = n) -> int:
        return 2 * factor * box.response

    s, e = opened(key.secret), opened(key.noise)
    v = max(opened(plaintext.secret), opened(diagonal.secret, DIAGONAL_FACTOR))
    e1 = max(opened(plaintext.noise), opened(diagonal.noise, DIAGONAL_FACTOR))
    f = _R * max(n * (2 * plaintext.noise.response + 1), DIAGONAL_FACTOR * (2 * diagonal.noise.response + 1))
    # T = y*(f + r*e*v - r*e1*s) + r*e*v_0 - r*e1_0*s - mu, with the replier's own v_0, e1_0, y, mu.
    proven = f + _R * n * (e * v + e1 * s)
    hidden = n * _R * proven + _R * n * (e * TERNARY + BINOMIAL * s) + _R
    # Replies take half of what an epoch may show; all else that it masks is uniform up to 2^-256 an element.
    drowning = (2 * epoch_replies * n * (hidden // _R + 1) - 1).bit_length() + STATISTICAL_BITS

    # An honest owner has the secret 2*s and the error 2*e, and decrypts d_0 - 2*d_1*s of a reply to 2*C or to
    # DIAGONAL_FACTOR*C.
    honest_s, honest_e = 2 * TERNARY, 2 * BINOMIAL
    spread = _R * n * (honest_e * TERNARY + BINOMIAL * honest_s)
    honest = max(2, DIAGONAL_FACTOR) * (_R * (BINOMIAL + 1) + spread)
    noise = n * _R * honest + (_R << drowning) + spread + _R
    count = 1
    while True:
        primes = ring_primes(n, count)
        kept = next(
            (k for k in range(1, count) if _switched(noise, primes, k, n) * 4 < prod(primes[:k])), None
        )
        if kept is not None and 4 * noise < prod(primes):
            break
        count += 1
    modulus = prod(primes)
    if not insecure_degree and modulus.bit_length() > HE_STANDARD_BITS.get(n, 0):
        raise UsageError(
            f"ring degree {n} needs a modulus of {modulus.bit_length()} bits,"
            f" and only {HE_STANDARD_BITS.get(n, 0)} keep 128 bits of security"
        )
    return Parameters(
        ring=RingParameters(degree=n, primes=primes, kept=kept, wide_limbs=-(-drowning // LIMB_BITS)),
        key=key,
        plaintext=plaintext,
        diagonal=diagonal,
        drowning_bits=drowning,
        epoch_replies=epoch_replies,
        hidden_noise=hidden,
        opened_noise=noise,
        switched_noise=_switched(noise, primes, kept, n),
    )


def _switched(noise: int, primes: tuple[int, ...], kept: int, n: int) -> int:
    """Noise after switching: the old noise divided by P, plus r*t/P of both parts, the second times 2*s."""
    dropped = len(primes) - kept
    return noise // prod(primes[kept:]) + 1 + _R * dropped * (1 + n * 2 * TERNARY)
