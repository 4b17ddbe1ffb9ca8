/* SPDX-License-Identifier: MIT
 * The published vectors of the standards: digests (RFC 1321, FIPS 180), HMAC (RFC 2202, RFC 4231), AES (NIST
 * SP 800-38A), SM4 (GB/T 32907); and the block ciphers of the field's recipes. Signatures of vendors stand in
 * test_crypto.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parkd/base/crypto.h"

#define FOX "The quick brown fox jumps over the lazy dog"
#define AES_PLAIN                                                      \
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" \
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
#define AES_128 "2b7e151628aed2a6abf7158809cf4f3c"
#define AES_192 "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"
#define AES_256 "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
#define AES_IV  "000102030405060708090a0b0c0d0e0f"
#define SM4_ONE "0123456789abcdeffedcba9876543210"

static void unhex(struct buf *b, const char *hex)
{
    buf_init(b, 4096);
    assert_int_equal(hex_decode(b, view_of(hex)), 0);
}

static void assert_hex(const char *name, struct view bytes, const char *want)
{
    struct buf hex;
    buf_init(&hex, 8192);
    assert_int_equal(hex_encode(&hex, bytes), 0);
    if (strcmp(hex.p, want) != 0)
        fail_msg("%s: %s", name, hex.p);
    buf_fini(&hex);
}

static void digests_of_the_standards(void **state)
{
    (void)state;
    static const struct {
        const char *name, *in, *want;
    } rows[] = {
        {"md5", "abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"md5", FOX, "9e107d9d372bb6826bd81d3542a419d6"},
        {"sha1", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"sha1", FOX, "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"},
        {"sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"sha256", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"sha512", "",
         "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
         "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
        {"sm3", "abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
        {"sm3", "abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd",
         "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum digest alg = DIGEST_MD5;
        unsigned char raw[DIGEST_MAX];
        size_t n = 0;
        assert_int_equal(digest_of_name(view_of(rows[i].name), &alg), 0);
        assert_int_equal(crypto_digest(alg, view_of(rows[i].in), raw, &n), 0);
        assert_hex(rows[i].name, (struct view){(const char *)raw, n}, rows[i].want);
    }
}

static void macs_of_the_standards(void **state)
{
    (void)state;
    static const struct {
        enum digest alg;
        const char *key, *in, *want;
    } rows[] = {
        {DIGEST_MD5, "Jefe", "what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738"},
        {DIGEST_SHA1, "Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {DIGEST_SHA256, "Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {DIGEST_SHA512, "Jefe", "what do ya want for nothing?",
         "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
         "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
        {DIGEST_SM3, "key", FOX, "bd4a34077888162b210645b8ebf74b9af357303789357a27c7fc457244ebd398"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned char raw[DIGEST_MAX];
        size_t n = 0;
        assert_int_equal(crypto_hmac(rows[i].alg, view_of(rows[i].key), view_of(rows[i].in), raw, &n), 0);
        assert_hex(rows[i].key, (struct view){(const char *)raw, n}, rows[i].want);
    }
}

/* Whole blocks of the standards, both ways. */
static void ciphers_of_the_standards(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum cipher alg;
        enum cipher_mode mode;
        const char *key, *iv, *plain, *want;
    } rows[] = {
        {"F.1.1 ECB-AES128", CIPHER_AES, CIPHER_ECB, AES_128, "", AES_PLAIN,
         "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"
         "43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4"},
        {"F.1.3 ECB-AES192", CIPHER_AES, CIPHER_ECB, AES_192, "", AES_PLAIN,
         "bd334f1d6e45f25ff712a214571fa5cc974104846d0ad3ad7734ecb3ecee4eef"
         "ef7afd2270e2e60adce0ba2face6444e9a4b41ba738d6c72fb16691603c18e0e"},
        {"F.1.5 ECB-AES256", CIPHER_AES, CIPHER_ECB, AES_256, "", AES_PLAIN,
         "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870"
         "b6ed21b99ca6f4f9f153e7b1beafed1d23304b7a39f9f3ff067d8d8f9e24ecc7"},
        {"F.2.1 CBC-AES128", CIPHER_AES, CIPHER_CBC, AES_128, AES_IV, AES_PLAIN,
         "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
         "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"},
        {"F.2.3 CBC-AES192", CIPHER_AES, CIPHER_CBC, AES_192, AES_IV, AES_PLAIN,
         "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
         "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd"},
        {"F.2.5 CBC-AES256", CIPHER_AES, CIPHER_CBC, AES_256, AES_IV, AES_PLAIN,
         "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
         "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"},
        {"GB/T 32907", CIPHER_SM4, CIPHER_ECB, SM4_ONE, "", SM4_ONE, "681edf34d206965e86b3e94f536e4246"},
        {"ECB knows no place", CIPHER_SM4, CIPHER_ECB, SM4_ONE, "", SM4_ONE SM4_ONE,
         "681edf34d206965e86b3e94f536e4246681edf34d206965e86b3e94f536e4246"},
        {"CBC of zeros is ECB of the iv", CIPHER_SM4, CIPHER_CBC, SM4_ONE, SM4_ONE,
         "00000000000000000000000000000000", "681edf34d206965e86b3e94f536e4246"},
        {"nothing", CIPHER_AES, CIPHER_CBC, AES_128, "", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf key, iv, plain, out, back;
        unhex(&key, rows[i].key);
        unhex(&iv, rows[i].iv);
        unhex(&plain, rows[i].plain);
        buf_init(&out, 4096);
        buf_init(&back, 4096);
        struct cipher_spec s = {rows[i].alg, rows[i].mode, true, buf_get(&key), buf_get(&iv)};
        assert_int_equal(cipher_encrypt(&out, &s, buf_get(&plain)), 0);
        assert_hex(rows[i].name, buf_get(&out), rows[i].want);
        assert_int_equal(cipher_decrypt(&back, &s, buf_get(&out)), 0);
        assert_hex(rows[i].name, buf_get(&back), rows[i].plain);
        buf_fini(&key);
        buf_fini(&iv);
        buf_fini(&plain);
        buf_fini(&out);
        buf_fini(&back);
    }
}

/* The standard's second example: the block of the first one, encrypted a million times. CBC over zeros does
 * just that, each cipher text being the next one's input. */
static void a_million_times_sm4(void **state)
{
    (void)state;
    enum { BYTES = 1000000 * CIPHER_BLOCK };
    struct buf one, out;
    char *zeros = calloc(1, BYTES);
    assert_non_null(zeros);
    unhex(&one, SM4_ONE);
    buf_init(&out, BYTES);
    struct cipher_spec s = {CIPHER_SM4, CIPHER_CBC, true, buf_get(&one), buf_get(&one)};
    assert_int_equal(cipher_encrypt(&out, &s, (struct view){zeros, BYTES}), 0);
    assert_int_equal(out.n, BYTES);
    assert_hex("a million", (struct view){out.p + BYTES - CIPHER_BLOCK, CIPHER_BLOCK},
               "595298c7c6fd271f0402f804c33d3f66");
    buf_fini(&one);
    buf_fini(&out);
    free(zeros);
}

/* The recipes of the field: zero iv, PKCS#7, Base64. */
static void recipes_of_the_field(void **state)
{
    (void)state;
    static const char guiyang[] =
        "{\"park_id\":\"P001\",\"total_parking_number\":300,\"remain_parking_number\":42,"
        "\"open_parking_number\":120,\"reserved_parking_number\":0,\"event_time\":\"2026-01-01 08:00:00\"}";
    static const struct {
        const char *name;
        enum cipher alg;
        enum cipher_mode mode;
        const char *key, *in, *want64;
    } rows[] = {
        {"P6v1", CIPHER_AES, CIPHER_CBC, "0123456789abcdef", guiyang,
         "5OIRyOKfn/XG6DQLqaA0OWFMfSqLTda+WdGkYZmLHFoLiv8W6BD8SPpxw8iPinJuBNoQ6WgRlJIuvSgfzSSz7cZyvjtzHpfS"
         "9pZWKT+dv1E5NCsNQt0nTdXV6osDbt6vpGxWI9xfQfp9Z270mwknJLFxELkvBAxWI1aT3E4G7sdSXNr+9LTEOiqPpNW+0KsY"
         "r5WG6JgEd/9Zu4PUWWqZCMAPpwinAOYN/kH1iE6DPOc="},
        {"P6v2", CIPHER_SM4, CIPHER_CBC, "0123456789abcdef", guiyang,
         "ubzCize0p8wiNvO0eUMaXb5y7yMeIDFsX/LSVICY12TRQMlws1BTuUo/mze0Tqd1A65rk/22VlEj2t1G8FkDgGIWCiu6mj/R"
         "NbVGcdQhYH1ufZkhT8vCdmx75jRw2HLPC5lZsDYc4BVOx3IT3JMU3DtrFXsnm2LaOiT5M6NK0nTxDcL2ZpqAPBAdQWTGfGGV"
         "gkhJQCA4A3Gm3IkZ+kY/5h0Aydm7au9bkhZQvN57/l8="},
        {"P7", CIPHER_AES, CIPHER_ECB, "aes-test-key-001",
         "{\"dotime\":1697942682,\"freeberth\":100,\"in\":50,\"out\":40}",
         "bvpLR3TermecQEvvvrmMHaCsUm9WefZoWKi1mWIA86AmC8a4et9+IUbKhT+FanykBKswJjOC8eGjXObG1wCPXA=="},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out, text, back;
        buf_init(&out, 1000);
        buf_init(&text, 1000);
        buf_init(&back, 1000);
        struct cipher_spec s = {rows[i].alg, rows[i].mode, false, view_of(rows[i].key), {0}};
        assert_int_equal(cipher_encrypt(&out, &s, view_of(rows[i].in)), 0);
        assert_int_equal(base64_encode(&text, buf_get(&out)), 0);
        if (strcmp(text.p, rows[i].want64) != 0)
            fail_msg("%s: %s", rows[i].name, text.p);
        assert_int_equal(cipher_decrypt(&back, &s, buf_get(&out)), 0);
        assert_string_equal(back.p, rows[i].in);
        buf_fini(&out);
        buf_fini(&text);
        buf_fini(&back);
    }
}

/* Padding always adds, so that a text of whole blocks comes back as it was; across the pieces of 4096 bytes
 * too. */
static void every_length_comes_back(void **state)
{
    (void)state;
    static char data[8200];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 7);
    for (size_t n = 0; n <= sizeof data; n += n < 40 || (n > 4070 && n < 4120) || n > 8180 ? 1 : 29) {
        struct buf out, back;
        buf_init(&out, 10000);
        buf_init(&back, 10000);
        struct cipher_spec s = {n % 2 ? CIPHER_SM4 : CIPHER_AES, CIPHER_CBC, false, VIEW("0123456789abcdef"),
                                VIEW("fedcba9876543210")};
        assert_int_equal(cipher_encrypt(&out, &s, (struct view){data, n}), 0);
        assert_int_equal(out.n, n / CIPHER_BLOCK * CIPHER_BLOCK + CIPHER_BLOCK);
        assert_int_equal(cipher_decrypt(&back, &s, buf_get(&out)), 0);
        assert_true(view_eq(buf_get(&back), (struct view){data, n}));
        buf_fini(&out);
        buf_fini(&back);
    }
}

static void wrong_calls_leave_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum cipher alg;
        enum cipher_mode mode;
        bool unpadded, decrypts;
        const char *key, *iv, *in;
        int want;
    } rows[] = {
        {"short key", CIPHER_AES, CIPHER_ECB, false, false, "0123456789abcde", "", "x", ERR_INVALID},
        {"no key", CIPHER_AES, CIPHER_CBC, false, false, "", "", "x", ERR_INVALID},
        {"an AES key for SM4", CIPHER_SM4, CIPHER_ECB, false, false, "0123456789abcdef01234567", "", "x",
         ERR_INVALID},
        {"short iv", CIPHER_AES, CIPHER_CBC, false, false, "0123456789abcdef", "123", "x", ERR_INVALID},
        {"iv with ECB", CIPHER_AES, CIPHER_ECB, false, false, "0123456789abcdef", "0123456789abcdef", "x",
         ERR_INVALID},
        {"half a block, unpadded", CIPHER_AES, CIPHER_ECB, true, false, "0123456789abcdef", "", "x",
         ERR_SYNTAX},
        {"half a block", CIPHER_SM4, CIPHER_CBC, false, true, "0123456789abcdef", "", "0123456789abcdefx",
         ERR_SYNTAX},
        {"nothing to decrypt", CIPHER_AES, CIPHER_CBC, false, true, "0123456789abcdef", "", "", ERR_SYNTAX},
        {"no padding inside", CIPHER_AES, CIPHER_CBC, false, true, "0123456789abcdef", "",
         "0123456789abcdef0123456789abcdef", ERR_AUTH},
        {"no padding inside", CIPHER_SM4, CIPHER_ECB, false, true, "0123456789abcdef", "",
         "0123456789abcdef0123456789abcdef", ERR_AUTH},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        buf_init(&out, 100);
        buf_str(&out, "kept");
        struct cipher_spec s = {rows[i].alg, rows[i].mode, rows[i].unpadded, view_of(rows[i].key),
                                view_of(rows[i].iv)};
        int rc = rows[i].decrypts ? cipher_decrypt(&out, &s, view_of(rows[i].in))
                                  : cipher_encrypt(&out, &s, view_of(rows[i].in));
        if (rc != rows[i].want)
            fail_msg("%s: %s", rows[i].name, err_name(rc));
        assert_string_equal(out.p, "kept");
        assert_int_equal(out.n, 4);
        buf_fini(&out);
    }
    struct buf tight;
    struct cipher_spec s = {CIPHER_AES, CIPHER_ECB, false, VIEW("0123456789abcdef"), {0}};
    buf_init(&tight, 10);
    assert_int_equal(cipher_encrypt(&tight, &s, VIEW("x")), ERR_TOO_BIG);
    assert_int_equal(cipher_encrypt(&tight, &s, VIEW("x")), ERR_TOO_BIG); /* an earlier failure sticks */
    buf_fini(&tight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_of_the_standards),  cmocka_unit_test(macs_of_the_standards),
        cmocka_unit_test(ciphers_of_the_standards),  cmocka_unit_test(a_million_times_sm4),
        cmocka_unit_test(recipes_of_the_field),      cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(wrong_calls_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
