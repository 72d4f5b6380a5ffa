/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of one code path: TS_TEST_CPU is its table, TS_TEST_RUN the name of the function that
 * runs them. The including file has the path's static functions in scope. */

static const ts_cpu *const cpu = &TS_TEST_CPU;

static void *test_alloc(size_t size) {
    void *p = malloc(size ? size : 1);
    if (p == NULL) abort();
    return p;
}

/* ---- Fr ---- */

static ts_fr *fr_decode(const uint8_t *in, size_t n) {
    ts_fr *out = test_alloc(n * sizeof *out);
    size_t bad;
    CHECK(cpu->fr_vec_from_bytes(out, &bad, in, n) == TS_OK);
    return out;
}

static int fr_same(const ts_fr *a, const uint8_t *expected, size_t n) {
    uint8_t *bytes = test_alloc(32 * n);
    cpu->fr_vec_to_bytes(bytes, a, n);
    int same = memcmp(bytes, expected, 32 * n) == 0;
    free(bytes);
    return same;
}

typedef void fr_binary(ts_fr *out, const ts_fr *a, const ts_fr *b, size_t n);

/* Runs into fresh memory, over a, over b, and with a == b == out, at every length up to 20 and at full length. */
static void fr_check_binary(fr_binary *f, const uint8_t *expected) {
    const size_t n = FRV_A_COUNT;
    ts_fr *a = fr_decode(frv_a[0], n), *b = fr_decode(frv_b[0], n), *out = test_alloc((n + 1) * sizeof *out);
    ts_fr *square = test_alloc(n * sizeof *square);
    for (size_t length = 0; length <= n; length = length < 20 ? length + 1 : length < n ? n : n + 1) {
        memset(out, 0xa5, (n + 1) * sizeof *out);
        f(out, a, b, length);
        CHECK(fr_same(out, expected, length));
        for (size_t i = 0; i < sizeof *out; i++) CHECK(((const uint8_t *)&out[length])[i] == 0xa5);
    }
    f(square, a, a, n);
    memcpy(out, a, n * sizeof *out);
    f(out, out, out, n);
    CHECK(memcmp(out, square, n * sizeof *out) == 0);
    memcpy(out, a, n * sizeof *out);
    f(out, out, b, n);
    CHECK(fr_same(out, expected, n));
    memcpy(out, b, n * sizeof *out);
    f(out, a, out, n);
    CHECK(fr_same(out, expected, n));
    free(a), free(b), free(out), free(square);
}

static void test_fr_binary(void) {
    fr_check_binary(cpu->fr_vec_add, frv_sum[0]);
    fr_check_binary(cpu->fr_vec_sub, frv_difference[0]);
    fr_check_binary(cpu->fr_vec_mul, frv_product[0]);
}

/* Long enough to be written past the cache, at an address that allows it and at one that does not. */
static void test_fr_long(void) {
    const size_t n = ((size_t)1 << 19) + 3, given = FRV_A_COUNT;
    ts_fr *a = test_alloc(n * sizeof *a), *some = fr_decode(frv_a[0], given), *sum = test_alloc(n * sizeof *sum);
    uint8_t *memory = test_alloc(n * sizeof *a + 72);
    for (size_t k = 0; k < n; k++) a[k] = some[k % given];
    for (size_t k = 0; k < n; k += given) cpu->fr_vec_add(&sum[k], &a[k], &a[k], n - k < given ? n - k : given);
    ts_fr *aligned = (ts_fr *)((uintptr_t)(memory + 63) & ~(uintptr_t)63);
    for (size_t shift = 0; shift <= 8; shift += 8) {
        ts_fr *out = (ts_fr *)((uint8_t *)aligned + shift);
        cpu->fr_vec_add(out, a, a, n);
        CHECK(memcmp(out, sum, n * sizeof *out) == 0);
        cpu->fr_vec_sub(out, out, a, n);
        CHECK(memcmp(out, a, n * sizeof *out) == 0);
        cpu->fr_vec_neg(out, out, n);
        cpu->fr_vec_add(out, out, a, n);
        CHECK(cpu->fr_vec_is_zero(out, n));
    }
    free(a), free(some), free(sum), free(memory);
}

static void test_fr_affine(void) {
    const size_t n = FRV_A_COUNT;
    ts_fr *a = fr_decode(frv_a[0], n), *b = fr_decode(frv_b[0], n), *out = test_alloc(n * sizeof *out);
    ts_fr *expected = test_alloc(n * sizeof *out), *t = test_alloc(n * sizeof *out);
    cpu->fr_vec_mul(t, a, b, n);
    cpu->fr_vec_add(expected, t, b, n);
    cpu->fr_vec_muladd(out, a, b, b, n);
    CHECK(cpu->fr_vec_equal(out, expected, n));
    memcpy(out, b, n * sizeof *out);
    cpu->fr_vec_muladd(out, a, out, out, n);
    CHECK(cpu->fr_vec_equal(out, expected, n));
    const ts_fr s = a[n - 1];
    for (size_t k = 0; k < n; k++) cpu->fr_vec_mul(&expected[k], &s, &b[k], 1);
    memcpy(out, b, n * sizeof *out);
    cpu->fr_vec_scale(out, &s, out, n);
    CHECK(cpu->fr_vec_equal(out, expected, n));
    cpu->fr_vec_add(expected, expected, a, n);
    memcpy(out, a, n * sizeof *out);
    cpu->fr_vec_axpy(out, &s, b, out, n);
    CHECK(cpu->fr_vec_equal(out, expected, n));
    cpu->fr_vec_neg(out, a, n);
    cpu->fr_vec_add(out, out, a, n);
    CHECK(cpu->fr_vec_is_zero(out, n) && !cpu->fr_vec_is_zero(a, n) && !cpu->fr_vec_equal(a, b, n));
    free(a), free(b), free(out), free(expected), free(t);
}

static void test_fr_inverse(void) {
    const size_t n = FRV_A_COUNT;
    ts_fr *a = fr_decode(frv_a[0], n), *inverse = fr_decode(frv_inverse[0], n), *out = test_alloc(n * sizeof *out);
    size_t kept = 0;
    for (size_t k = 0; k < n; k++)
        if (!cpu->fr_vec_is_zero(&a[k], 1)) a[kept] = a[k], inverse[kept++] = inverse[k];
    for (size_t length = 0; length < 20; length++) {
        CHECK(cpu->fr_vec_inv(out, a, length) == TS_OK);
        CHECK(cpu->fr_vec_equal(out, inverse, length));
    }
    CHECK(cpu->fr_vec_inv(out, a, kept) == TS_OK && cpu->fr_vec_equal(out, inverse, kept));
    memset(&a[kept / 2], 0, sizeof *a);
    CHECK(cpu->fr_vec_inv(out, a, kept) == TS_ERR_ZERO && cpu->fr_vec_is_zero(out, kept));
    free(a), free(inverse), free(out);
}

static void test_fr_conversion(void) {
    ts_fr out[2], expected[2];
    size_t bad = 99;
    for (size_t i = 0; i < FRV_REFUSE_COUNT; i++) {
        uint8_t in[64] = {1};
        memcpy(in + 32, frv_refuse[i], 32);
        CHECK(cpu->fr_vec_from_bytes(out, &bad, in, 2) == TS_ERR_ENCODING && bad == 1);
        CHECK(cpu->fr_vec_is_zero(out, 2));
    }
    const int64_t small[2] = {INT64_MIN, INT64_MAX};
    const uint8_t magnitudes[64] = {0, 0, 0, 0, 0, 0, 0, 0x80, [32] = 255, 255, 255, 255, 255, 255, 255, 127};
    cpu->fr_vec_from_i64(out, small, 2);
    CHECK(cpu->fr_vec_from_bytes(expected, &bad, magnitudes, 2) == TS_OK);
    cpu->fr_vec_neg(expected, expected, 1);
    CHECK(cpu->fr_vec_equal(out, expected, 2));
}

/* Sums, inner products and matrices against one multiplication and addition at a time. */
static void test_fr_reductions(void) {
    const size_t m = 5, c = 37, n = m * c;
    ts_fr *a = fr_decode(frv_a[0], n), *b = fr_decode(frv_b[0], n), *out = test_alloc(n * sizeof *out), t, acc[64];
    memset(acc, 0, sizeof acc);
    for (size_t k = 0; k < n; k++) {
        cpu->fr_vec_mul(&t, &a[k], &b[k], 1);
        cpu->fr_vec_add(&acc[0], &acc[0], &t, 1);
        cpu->fr_vec_add(&acc[1], &acc[1], &a[k], 1);
        cpu->fr_vec_dot(&out[0], a, b, k + 1);
        cpu->fr_vec_sum(&out[1], a, k + 1);
        CHECK(cpu->fr_vec_equal(out, acc, 2));
    }
    cpu->fr_vec_matvec(out, a, b, m, c);
    for (size_t i = 0; i < m; i++) {
        cpu->fr_vec_dot(&t, a + i * c, b, c);
        CHECK(cpu->fr_vec_equal(&t, &out[i], 1));
    }
    memset(acc, 0, sizeof acc);
    for (size_t i = 0; i < m; i++) cpu->fr_vec_axpy(acc, &b[i], a + i * c, acc, c);
    cpu->fr_vec_combine(out, a, b, m, c);
    CHECK(cpu->fr_vec_equal(out, acc, c));
    memset(acc, 0, sizeof acc);
    for (size_t i = 0; i < m; i++) cpu->fr_vec_add(acc, acc, a + i * c, c);
    cpu->fr_vec_sum_axis(out, a, 1, m, c);
    CHECK(cpu->fr_vec_equal(out, acc, c));
    cpu->fr_vec_sum_axis(out, a, m, c, 1);
    cpu->fr_vec_sum(acc, out, m);
    cpu->fr_vec_sum(&t, a, n);
    CHECK(cpu->fr_vec_equal(&t, acc, 1));
    free(a), free(b), free(out);
}

static void test_fr_scatter(void) {
    ts_fr *a = fr_decode(frv_a[0], 6), out[4], expected[4];
    int64_t index[6] = {3, 0, 3, 1, 0, 3};
    memset(expected, 0, sizeof expected);
    for (size_t k = 0; k < 6; k++) cpu->fr_vec_add(&expected[index[k]], &expected[index[k]], &a[k], 1);
    CHECK(cpu->fr_vec_scatter_add(out, 4, a, index, 6) == TS_OK && cpu->fr_vec_equal(out, expected, 4));
    index[5] = 4;
    CHECK(cpu->fr_vec_scatter_add(out, 4, a, index, 6) == TS_ERR_INDEX && cpu->fr_vec_is_zero(out, 4));
    index[5] = -1;
    CHECK(cpu->fr_vec_scatter_add(out, 4, a, index, 6) == TS_ERR_INDEX);
    free(a);
}

/* Against the sum that defines the transform, and back. */
static void test_fr_ntt(void) {
    const size_t largest = 128;
    ts_fr *table = test_alloc(largest * sizeof *table), *power = test_alloc(largest * sizeof *power);
    ts_fr *a = fr_decode(frv_a[0], 2 * largest), *out = test_alloc(2 * largest * sizeof *out);
    ts_fr *back = test_alloc(2 * largest * sizeof *back), x, y;
    cpu->fr_ntt_table(table, largest);
    for (size_t size = 1; size <= largest; size *= 2) {
        ts_fr w = ts_fr_omega;
        for (size_t order = (size_t)1 << TS_FR_TWO_ADICITY; order > size; order /= 2) ts_fr_mul(&w, &w, &w);
        cpu->fr_vec_ntt(out, a, size, 2, table, 0);
        x = ts_fr_one;
        for (size_t k = 0; k < size; k++) {
            cpu->fr_vec_powers(power, size, &x, &ts_fr_one);
            for (size_t batch = 0; batch < 2; batch++) {
                cpu->fr_vec_dot(&y, a + batch * size, power, size);
                CHECK(cpu->fr_vec_equal(&y, &out[batch * size + k], 1));
            }
            ts_fr_mul(&x, &x, &w);
        }
        cpu->fr_vec_ntt(back, out, size, 2, table, 1);
        CHECK(cpu->fr_vec_equal(back, a, 2 * size));
    }
    free(table), free(power), free(a), free(out), free(back);
}

static void test_expand(void) {
    uint8_t key[32], block[TS_CHACHA20_LANES * TS_CHACHA20_BLOCK];
    const uint8_t nonce[12] = {0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0};
    ts_fr all[40], part[40];
    for (uint8_t i = 0; i < 32; i++) key[i] = i;
    ts_chacha20_blocks(block, key, nonce, 1);
    CHECK(memcmp(block, chacha20_block[0], TS_CHACHA20_BLOCK) == 0);
    cpu->fr_vec_expand(all, 1, key, nonce, 1);
    CHECK(fr_same(all, chacha20_reduced[0], 1));
    cpu->fr_vec_expand(all, 40, key, nonce, 0xffffffd8);
    for (size_t k = 0; k < 40; k++) {
        cpu->fr_vec_expand(part, 40 - k, key, nonce, 0xffffffd8 + k);
        CHECK(cpu->fr_vec_equal(part, all + k, 40 - k));
    }
}

/* ---- Fp ---- */

static void fp_decode(ts_fp *out, const uint8_t *in) {
    uint64_t v[TS_FP_LIMBS];
    CHECK(ts_fp_decode(v, in) == TS_OK);
    ts_fp_from_limbs(out, v);
}

static int fp_same(const ts_fp *a, const uint8_t *expected) {
    uint8_t bytes[TS_FP_BYTES];
    ts_fp_encode(bytes, a);
    return memcmp(bytes, expected, sizeof bytes) == 0;
}

static void test_fp(void) {
    for (size_t k = 0; k < FPV_A_COUNT; k++) {
        ts_fp a, b, t;
        fp_decode(&a, fpv_a[k]);
        fp_decode(&b, fpv_b[k]);
        ts_fp_add(&t, &a, &b);
        CHECK(fp_same(&t, fpv_sum[k]));
        ts_fp_sub(&t, &a, &b);
        CHECK(fp_same(&t, fpv_difference[k]));
        ts_fp_mul(&t, &a, &b);
        CHECK(fp_same(&t, fpv_product[k]));
        t = a;
        ts_fp_mul(&t, &t, &b);
        CHECK(fp_same(&t, fpv_product[k]));
        ts_fp_sqr(&t, &a);
        ts_fp_mul(&b, &a, &a);
        CHECK(ts_fp_equal(&t, &b));
        CHECK(ts_fp_sqrt(&b, &t));
        ts_fp_add(&t, &a, &b);
        CHECK(ts_fp_equal(&a, &b) || ts_fp_is_zero(&t));
    }
    uint64_t v[TS_FP_LIMBS];
    for (size_t k = 0; k < FPV_REFUSE_COUNT; k++) CHECK(ts_fp_decode(v, fpv_refuse[k]) == TS_ERR_ENCODING);
}

static void test_fp_inverse(void) {
    enum { n = 40 };
    ts_fp a[n], out[n];
    for (size_t k = 0; k < n; k++) {
        fp_decode(&a[k], fpv_a[FPV_A_COUNT - 1 - k]);
        ts_fp_inv(&out[0], &a[k]);
        CHECK(fp_same(&out[0], fpv_inverse[FPV_A_COUNT - 1 - k]));
    }
    memset(&a[3], 0, sizeof a[3]);
    ts_fp_inv(&out[0], &a[3]);
    CHECK(ts_fp_is_zero(&out[0]));
    ts_fp_batch_inv(out, a, n);
    for (size_t k = 0; k < n; k++)
        CHECK(k == 3 ? ts_fp_is_zero(&out[k]) != 0 : fp_same(&out[k], fpv_inverse[FPV_A_COUNT - 1 - k]));
}

/* ---- hashes ---- */

static void test_sha256(void) {
    uint8_t data[200], digest[TS_SHA256_SIZE];
    ts_sha256 h;
    for (uint8_t i = 0; i < 200; i++) data[i] = i;
    for (size_t n = 0; n < SHA256_DIGEST_COUNT; n++) {
        for (size_t cut = 0; cut <= n; cut += 37) {
            ts_sha256_init(&h);
            ts_sha256_update(&h, data, cut);
            ts_sha256_update(&h, data + cut, n - cut);
            ts_sha256_final(digest, &h);
            CHECK(memcmp(digest, sha256_digest[n], sizeof digest) == 0);
        }
    }
}

static void xmd_check(const ts_test_string *dst, const ts_test_string *message, const ts_test_string *uniform) {
    uint8_t *out = test_alloc(uniform->size);
    ts_xmd_expand(out, uniform->size, message->data, message->size, dst->data, dst->size);
    CHECK(memcmp(out, uniform->data, uniform->size) == 0);
    free(out);
}

static void test_xmd(void) {
    for (size_t k = 0; k < XMD_38_COUNT; k++) xmd_check(xmd_38_dst, &xmd_38_message[k], &xmd_38_uniform[k]);
    for (size_t k = 0; k < XMD_256_COUNT; k++) xmd_check(xmd_256_dst, &xmd_256_message[k], &xmd_256_uniform[k]);
}

static void test_hash_to_curve(void) {
    for (size_t k = 0; k < H2C_AFFINE_COUNT; k++) {
        ts_g1 p;
        const uint64_t end = h2c_message[k].size;
        uint8_t bytes[96];
        size_t bad;
        cpu->g1_vec_hash(&p, 1, h2c_message[k].data, &end, h2c_dst->data, h2c_dst->size);
        cpu->g1_vec_to_affine(bytes, &p, 1);
        CHECK(memcmp(bytes, h2c_affine[k], 96) == 0);
        cpu->g1_vec_to_bytes(bytes, &p, 1);
        CHECK(memcmp(bytes, h2c_compressed[k], 48) == 0);
        ts_g1 q;
        CHECK(cpu->g1_vec_from_bytes_var(&q, &bad, h2c_compressed[k], 1) == TS_OK);
        CHECK(cpu->g1_vec_equal(&p, &q, 1));
    }
}

/* The exceptional inputs of the map: u = 0, and u with Z^2 u^4 + Z u^2 = 0, that is u^2 = -1/Z. */
static void test_sswu_exceptions(void) {
    ts_fp u = {{0}}, xn, xd, y, left, right, dd, ddd;
    ts_fp_inv(&y, &ts_sswu_z);
    ts_fp_neg(&y, &y);
    for (int k = 0; k < 2; k++) {
        if (k == 1 && !ts_fp_sqrt(&u, &y)) break;
        ts_sswu_map(&xn, &xd, &y, &u);
        CHECK(!ts_fp_is_zero(&xd));
        ts_fp_sqr(&dd, &xd);
        ts_fp_mul(&ddd, &dd, &xd);
        ts_sswu_curve(&right, &xn, &dd, &ddd);
        ts_fp_sqr(&left, &y);
        ts_fp_mul(&left, &left, &ddd);
        CHECK(ts_fp_equal(&left, &right));
    }
}

/* ---- G1 ---- */

static ts_g1 *g1_decode(const uint8_t *in, size_t n) {
    ts_g1 *out = test_alloc(n * sizeof *out);
    size_t bad;
    CHECK(cpu->g1_vec_from_affine_var(out, &bad, in, n) == TS_OK);
    return out;
}

/* Every pair of points of order dividing 11, through every addition there is: equal, opposite and infinite operands
 * all occur, and all are outside G1. */
static void test_group_of_order_11(void) {
    ts_g1 *p = g1_decode(eleven[0], 11), sum[2];
    for (int i = 0; i < 11; i++) {
        CHECK(!ts_g1_in_subgroup(&p[i]) == (i != 0));
        for (int j = 0; j < 11; j++) {
            ts_g1p a, b, t;
            ts_g1 work[2] = {p[i], p[j]};
            ts_fp slope, inverse;
            const ts_g1 *expected = &p[(i + j) % 11];
            ts_g1p_from_affine(&a, &p[i]);
            ts_g1p_from_affine(&b, &p[j]);
            ts_g1p_add(&t, &a, &b);
            ts_g1_from_projective(sum, &t, 1);
            CHECK(cpu->g1_vec_equal(sum, expected, 1));
            ts_g1p_double(&a, &b);
            ts_g1p_add_affine(&a, &a, &p[i]);
            ts_g1_from_projective(sum, &a, 1);
            CHECK(cpu->g1_vec_equal(sum, &p[(i + 2 * j) % 11], 1));
            cpu->g1_vec_add(sum, &p[i], &p[j], 1);
            CHECK(cpu->g1_vec_equal(sum, expected, 1));
            cpu->g1_vec_sum(sum, work, 2);
            CHECK(cpu->g1_vec_equal(sum, expected, 1));
            ts_g1_slope_den_var(&slope, &work[0], &work[1]);
            ts_fp_batch_inv(&inverse, &slope, 1);
            ts_g1_add_slope_var(&work[0], &work[0], &work[1], &inverse);
            CHECK(cpu->g1_vec_equal(work, expected, 1));
        }
        cpu->g1_vec_neg(sum, &p[i], 1);
        CHECK(cpu->g1_vec_equal(sum, &p[(11 - i) % 11], 1));
    }
    free(p);
}

/* All pairs of these points in one call, into fresh memory and over either operand, at lengths around every block. */
static void test_g1_add_many(void) {
    enum { n = 9 * 121 };
    ts_g1 *p = g1_decode(eleven[0], 11), *a = test_alloc(n * sizeof *a), *b = test_alloc(n * sizeof *b);
    ts_g1 *expected = test_alloc(n * sizeof *expected), *out = test_alloc((n + 1) * sizeof *out);
    for (size_t k = 0; k < n; k++) {
        const size_t i = k % 11, j = k / 11 % 11;
        a[k] = p[i], b[k] = p[j], expected[k] = p[(i + j) % 11];
    }
    for (size_t length = 0; length <= n; length = length < 20 || (length > 510 && length < 515) ? length + 1 : length < 511 ? 511 : length < n ? n : n + 1) {
        memset(out, 0xa5, (n + 1) * sizeof *out);
        cpu->g1_vec_add(out, a, b, length);
        CHECK(memcmp(out, expected, length * sizeof *out) == 0);
        for (size_t i = 0; i < sizeof *out; i++) CHECK(((const uint8_t *)&out[length])[i] == 0xa5);
    }
    memcpy(out, a, n * sizeof *out);
    cpu->g1_vec_add(out, out, b, n);
    CHECK(memcmp(out, expected, n * sizeof *out) == 0);
    memcpy(out, b, n * sizeof *out);
    cpu->g1_vec_add(out, a, out, n);
    CHECK(memcmp(out, expected, n * sizeof *out) == 0);
    memcpy(out, a, n * sizeof *out);
    cpu->g1_vec_add(out, out, out, n);
    for (size_t k = 0; k < n; k++) CHECK(cpu->g1_vec_equal(&out[k], &p[2 * (k % 11) % 11], 1));
    free(p), free(a), free(b), free(expected), free(out);
}

static void test_g1_mul(void) {
    const size_t n = MULTIPLE_POINT_COUNT;
    ts_g1 *expected = g1_decode(multiple_point[0], n), *base = test_alloc(n * sizeof *base);
    ts_fr *scalars = fr_decode(multiple_scalar[0], n);
    for (size_t k = 0; k < n; k++) base[k] = expected[1];
    cpu->g1_vec_mul(base, base, scalars, n);
    CHECK(cpu->g1_vec_equal(base, expected, n));
    CHECK(cpu->g1_vec_is_identity(base, 1) && !cpu->g1_vec_is_identity(base, 2));
    memset(base, 0, n * sizeof *base);
    cpu->g1_vec_mul(base, base, scalars, n);
    CHECK(cpu->g1_vec_is_identity(base, n));
    free(expected), free(base), free(scalars);
}

static void test_g1_refuse(void) {
    const struct {
        const uint8_t *in;
        size_t n;
        int code;
    } cases[] = {
        {refuse_encoding[0], REFUSE_ENCODING_COUNT, TS_ERR_ENCODING},
        {refuse_curve[0], REFUSE_CURVE_COUNT, TS_ERR_CURVE},
        {refuse_subgroup[0], REFUSE_SUBGROUP_COUNT, TS_ERR_SUBGROUP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t k = 0; k < cases[i].n; k++) {
            uint8_t in[96];
            ts_g1 out[2];
            size_t bad = 99;
            memcpy(in, h2c_compressed[0], 48);
            memcpy(in + 48, cases[i].in + 48 * k, 48);
            CHECK(cpu->g1_vec_from_bytes_var(out, &bad, in, 2) == cases[i].code && bad == 1);
            CHECK(cpu->g1_vec_is_identity(out, 2));
        }
    }
}

/* ---- multi-scalar multiplication ---- */

/* Deterministic operands: scalars of every kind the row commitments meet, points with repetitions, opposites
 * and infinity. */
static void msm_operands(ts_g1 *points, ts_fr *rows, size_t n, size_t m) {
    ts_g1 *given = g1_decode(multiple_point[0], MULTIPLE_POINT_COUNT);
    ts_fr *edge = fr_decode(frv_a[0], FRV_A_COUNT);
    for (size_t k = 0; k < n; k++) points[k] = given[k * 7 % MULTIPLE_POINT_COUNT];
    for (size_t k = 0; k + 1 < n; k += 11) cpu->g1_vec_neg(&points[k], &points[k + 1], 1);
    const uint8_t key[32] = {1}, nonce[12] = {2};
    cpu->fr_vec_expand(rows, m * n, key, nonce, 0);
    for (size_t i = 0; i < m; i++)
        for (size_t k = 0; k < n; k++)
            if (i == 0 || (i == 1 && k % 3 == 0)) rows[i * n + k] = edge[(i + 1) * k * 13 % FRV_A_COUNT];
    const int64_t bits[2] = {0, 1};
    for (size_t i = 2; i < m; i++)
        for (size_t k = 0; k < n; k++)
            if (i == 2 || k % 16) cpu->fr_vec_from_i64(&rows[i * n + k], &bits[(k * k + i) % 3 == 0], 1);
    free(given), free(edge);
}

static void msm_check(size_t n) {
    enum { m = 4 };
    ts_g1 *points = test_alloc(n * sizeof *points), *terms = test_alloc(n * sizeof *terms), out[m], expected;
    ts_fr *rows = test_alloc(m * n * sizeof *rows);
    size_t size = cpu->g1_msm_scratch(n);
    uint8_t *scratch = test_alloc(size + 1);
    msm_operands(points, rows, n, m);
    /* An odd address: the scratch memory may have any alignment. */
    cpu->g1_msm_rows_var(out, m, points, n, rows, scratch + 1);
    for (size_t i = 0; i < m; i++) {
        cpu->g1_vec_mul(terms, points, rows + i * n, n);
        cpu->g1_vec_sum(&expected, terms, n);
        CHECK(cpu->g1_vec_equal(&out[i], &expected, 1));
    }
    free(points), free(terms), free(rows), free(scratch);
}

static void test_msm(void) {
    for (size_t n = 0; n < 12; n++) msm_check(n);
    msm_check(64);
    msm_check(300);
}

/* What is left in the scratch memory does not depend on the scalars. */
static void test_msm_wipes(void) {
    enum { n = 200, m = 2 };
    ts_g1 *points = test_alloc(n * sizeof *points), out[m];
    ts_fr *rows = test_alloc(m * n * sizeof *rows);
    const size_t size = cpu->g1_msm_scratch(n);
    uint8_t *scratch[2] = {test_alloc(size + 64), test_alloc(size + 64)};
    const uint8_t nonce[12] = {0};
    for (uint8_t k = 0; k < 2; k++) {
        const uint8_t key[32] = {k};
        /* Both at the same distance from a cache line, as the layout is aligned. */
        uint8_t *at = (uint8_t *)((uintptr_t)(scratch[k] + 63) & ~(uintptr_t)63);
        memset(at, 0, size);
        msm_operands(points, rows, n, m);
        cpu->fr_vec_expand(rows, k ? m * n : n, key, nonce, 0);
        cpu->g1_msm_rows_var(out, m, points, n, rows, at);
        memmove(scratch[k], at, size);
    }
    CHECK(memcmp(scratch[0], scratch[1], size) == 0);
    free(points), free(rows), free(scratch[0]), free(scratch[1]);
}

/* All additions fall into one bucket, in one long tree. */
static void test_msm_one_bucket(void) {
    const size_t n = 1200;
    ts_g1 *points = test_alloc(n * sizeof *points), *given = g1_decode(multiple_point[0], 2), out, expected;
    ts_fr *ones = test_alloc(n * sizeof *ones), count;
    const int64_t total = (int64_t)n;
    void *scratch = test_alloc(cpu->g1_msm_scratch(n));
    for (size_t k = 0; k < n; k++) points[k] = given[1], ones[k] = ts_fr_one;
    cpu->g1_msm_rows_var(&out, 1, points, n, ones, scratch);
    cpu->fr_vec_from_i64(&count, &total, 1);
    cpu->g1_vec_mul(&expected, &given[1], &count, 1);
    CHECK(cpu->g1_vec_equal(&out, &expected, 1));
    free(points), free(given), free(ones), free(scratch);
}

/* ---- sums of subsets ---- */

static void subset_check(size_t m, size_t n) {
    ts_g1 *given = g1_decode(multiple_point[0], MULTIPLE_POINT_COUNT), *points = test_alloc(n * sizeof *points);
    ts_g1 *terms = test_alloc(n * sizeof *terms), *out = test_alloc((m + 1) * sizeof *out), expected;
    uint8_t *bits = test_alloc(m * n), *scratch = test_alloc(ts_g1_subset_scratch(m) + 1);
    /* Equal, opposite and infinite points among them; rows of zeros, of ones, of one bit, and mixed ones. */
    for (size_t k = 0; k < n; k++) points[k] = given[k % 5 == 4 ? 1 : k % MULTIPLE_POINT_COUNT];
    for (size_t k = 0; k < n; k += 3) cpu->g1_vec_neg(&points[k], &points[k / 2], 1);
    for (size_t i = 0; i < m; i++)
        for (size_t k = 0; k < n; k++)
            bits[i * n + k] = i % 4 == 0 ? 0 : i % 4 == 1 ? 1 : i % 4 == 2 ? k == i % n : (k * k + k / 3 + i) % 3 == 0;
    memset(out, 0xa5, (m + 1) * sizeof *out);
    CHECK(ts_g1_subset_sums(cpu, out, m, points, n, bits, scratch + 1, ts_g1_subset_scratch(m)) == TS_OK);
    for (size_t i = 0; i < m; i++) {
        for (size_t k = 0; k < n; k++) {
            terms[k] = points[k];
            if (!bits[i * n + k]) memset(&terms[k], 0, sizeof terms[k]);
        }
        cpu->g1_vec_sum(&expected, terms, n);
        CHECK(cpu->g1_vec_equal(&out[i], &expected, 1));
    }
    for (size_t i = 0; i < sizeof *out; i++) CHECK(((const uint8_t *)&out[m])[i] == 0xa5);
    free(given), free(points), free(terms), free(out), free(bits), free(scratch);
}

static void test_subsets(void) {
    /* Groups of every size that so many rows choose, whole ones and a short one at the end. */
    static const size_t rows[] = {0, 1, 2, 5, 11, 40, 150};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t n = 0; n < 10; n++) subset_check(rows[r], n);
    /* More groups than are in work at a time. */
    subset_check(1, 4099);
    subset_check(450, 97);
}

/* What is left in the scratch memory does not depend on the bits. */
static void test_subsets_wipe(void) {
    enum { m = 3, n = 50 };
    ts_g1 *points = g1_decode(multiple_point[0], MULTIPLE_POINT_COUNT), out[m];
    const size_t size = ts_g1_subset_scratch(m);
    uint8_t *scratch[2] = {test_alloc(size + 64), test_alloc(size + 64)}, bits[m * n];
    for (uint8_t k = 0; k < 2; k++) {
        uint8_t *at = (uint8_t *)((uintptr_t)(scratch[k] + 63) & ~(uintptr_t)63);
        memset(at, 0, size), memset(bits, k, sizeof bits);
        CHECK(ts_g1_subset_sums(cpu, out, m, points, MULTIPLE_POINT_COUNT < n ? MULTIPLE_POINT_COUNT : n, bits, at, size) == TS_OK);
        memmove(scratch[k], at, size);
    }
    CHECK(memcmp(scratch[0], scratch[1], size) == 0);
    free(points), free(scratch[0]), free(scratch[1]);
}

#include "test_ring.h"

void TS_TEST_RUN(void) {
    test_fr_binary();
    test_fr_long();
    test_fr_affine();
    test_fr_inverse();
    test_fr_conversion();
    test_fr_reductions();
    test_fr_scatter();
    test_fr_ntt();
    test_expand();
    test_fp();
    test_fp_inverse();
    test_sha256();
    test_xmd();
    test_hash_to_curve();
    test_sswu_exceptions();
    test_group_of_order_11();
    test_g1_add_many();
    test_g1_mul();
    test_g1_refuse();
    test_msm();
    test_msm_wipes();
    test_subsets();
    test_subsets_wipe();
    test_msm_one_bucket();
    test_ring_all();
}
