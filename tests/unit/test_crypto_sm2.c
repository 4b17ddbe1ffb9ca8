/* SPDX-License-Identifier: MIT
 * SM2: the examples of GB/T 32918 (parts 2, 4, 5), what the openssl program made, both forms, keys in every
 * shape that vendors hand out. The second key was made for this test and protects nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parkd/base/crypto.h"

/* GB/T 32918.5, annex A. */
#define GB_PRIVATE "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
#define GB_X       "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
#define GB_Y       "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
#define GB_SIGNATURE                                                   \
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3" \
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
#define GB_CIPHER                                                        \
    "0404EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73" \
    "E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"   \
    "59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"   \
    "21886CA989CA9C7D58087307CA93092D651EFA"

#define PRIVATE_HEX "ee2eb47cded0d5a3949f708028c504b5cf0b1f7d29f33c004caf5a8999a666d0"
#define X_HEX       "15e6fde29605216a6a910923b11ff837305e25db0a0d5919dde11c3255e21a84"
#define Y_HEX       "17360e206adf3a4795a334dd23f24ab33f05f513406036b56106628cbeebd106"
#define PRIVATE_SEC1                                                   \
    "MHcCAQEEIO4utHze0NWjlJ9wgCjFBLXPCx99KfM8AEyvWomZpmbQoAoGCCqBHM9V" \
    "AYItoUQDQgAEFeb94pYFIWpqkQkjsR/4NzBeJdsKDVkZ3eEcMlXiGoQXNg4gat86" \
    "R5WjNN0j8kqzPwX1E0BgNrVhBmKMvuvRBg=="
#define PUBLIC_SPKI                                                    \
    "MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAEFeb94pYFIWpqkQkjsR/4NzBeJdsK" \
    "DVkZ3eEcMlXiGoQXNg4gat86R5WjNN0j8kqzPwX1E0BgNrVhBmKMvuvRBg=="
/* P-256: the same shape, another curve. */
#define P256_PRIVATE                                                                                         \
    "MHcCAQEEIGA+"                                                                                           \
    "coQ4VSSsaHA1ZwlVbrgSFIk4hI279lN7qmWhjZUtoAoGCCqGSM49AwEHoUQDQgAEXMctGKqMpL9jd7bu7jemwPFXHos5Ofe1mMiy7V" \
    "ArtIvSCSFe8YyCZzjVJnWQRAfg6AXIlNyr4s1gWE/UiSZbMQ=="
#define P256_PUBLIC                                                                                          \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXMctGKqMpL9jd7bu7jemwPFXHos5Ofe1mMiy7VArtIvSCSFe8YyCZzjVJnWQRAfg6A" \
    "XIlNyr4s1gWE/UiSZbMQ=="

/* What is signed in Guiyang's protocol, and what `openssl pkeyutl` (3.0) made of it. */
static const char text[] = "event_time=2026-01-01 08:00:00&open_parking_number=120&park_id=P001"
                           "&remain_parking_number=42&reserved_parking_number=0&total_parking_number=300";
static const char openssl_sign64[] =
    "MEYCIQDyCa1GFZZf1iUpLNhuh8MTSKHz9/Rt5+vbKwfdZ1Je2wIhAMIa4lpbPScmQSGU3M1tce4KJkK9d2pryw9m0aI9R/0D";
static const char openssl_cipher64[] =
    "MHsCIH3azmnU/LnINYVGAyaMaCLfo8rfjZsd6BanTuqap+V9AiBa0w8zbu7GDSHuiyWZazx9Wu0zKT3mfa7nIUvOUYprgAQg"
    "HEakMPuRjEuhTJmg3ro9ouQmT8QVBsV+FOqN0oBcNVkEE2zvXiIPtO4dhoHGUGCr/tbrhEw=";

static const char *const private_keys[] = {
    "MDECAQEEIO4utHze0NWjlJ9wgCjFBLXPCx99KfM8AEyvWomZpmbQoAoGCCqBHM9VAYIt", /* without its point */
    PRIVATE_HEX,
    " EE2EB47CDED0D5A3949F708028C504B5CF0B1F7D29F33C004CAF5A8999A666D0\n",
    PRIVATE_SEC1,
    "-----BEGIN EC PRIVATE KEY-----\n" PRIVATE_SEC1 "\n-----END EC PRIVATE KEY-----\n",
    "MIGHAgEAMBMGByqGSM49AgEGCCqBHM9VAYItBG0wawIBAQQg7i60fN7Q1aOUn3CAKMUEtc8LH30p8zwATK9aiZmmZtChRANCAAQV5v3i"
    "lgUhamqRCSOxH/g3MF4l2woNWRnd4RwyVeIahBc2DiBq3zpHlaM03SPySrM/BfUTQGA2tWEGYoy+69EG",
    "-----BEGIN SM2 PARAMETERS-----\nBggqgRzPVQGCLQ==\n-----END SM2 PARAMETERS-----\n"
    "-----BEGIN PRIVATE "
    "KEY-----"
    "\nMIGHAgEAMBMGByqGSM49AgEGCCqBHM9VAYItBG0wawIBAQQg7i60fN7Q1aOUn3CAKMUEtc8LH30p8zwATK9aiZmmZtChRANCAAQV5v"
    "3ilgUhamqRCSOxH/g3MF4l2woNWRnd4RwyVeIahBc2DiBq3zpHlaM03SPySrM/BfUTQGA2tWEGYoy+69EG\n-----END PRIVATE "
    "KEY-----\n",
};
static const char *const public_keys[] = {
    "04" X_HEX Y_HEX,
    X_HEX Y_HEX,
    "02" X_HEX,
    PUBLIC_SPKI,
    "-----BEGIN PUBLIC KEY-----\n" PUBLIC_SPKI "\n-----END PUBLIC KEY-----\n",
    PUBLIC_SPKI "\n",
};

static void unhex(struct buf *b, const char *hex)
{
    buf_init(b, 1000);
    assert_int_equal(hex_decode(b, view_of(hex)), 0);
}

static void unbase(struct buf *b, const char *base64)
{
    buf_init(b, 1000);
    assert_int_equal(base64_decode(b, view_of(base64)), 0);
}

static int verify(const char *key, const char *id, const char *data, struct view sig, enum sm2_form form)
{
    struct sm2_signed what = {view_of(id), view_of(data), sig, form};
    return sm2_verify(view_of(key), &what);
}

static void examples_of_the_standard(void **state)
{
    (void)state;
    struct buf sig, cipher, out;
    unhex(&sig, GB_SIGNATURE);
    unhex(&cipher, GB_CIPHER);
    buf_init(&out, 1000);
    assert_int_equal(verify(GB_X GB_Y, SM2_USER_ID, "message digest", buf_get(&sig), SM2_RAW), 0);
    assert_int_equal(verify(GB_X GB_Y, "ALICE123@YAHOO.COM", "message digest", buf_get(&sig), SM2_RAW),
                     ERR_AUTH);
    assert_int_equal(verify(GB_X GB_Y, "", "message digest", buf_get(&sig), SM2_RAW), ERR_AUTH);
    assert_int_equal(verify(GB_X GB_Y, SM2_USER_ID, "message digesT", buf_get(&sig), SM2_RAW), ERR_AUTH);
    assert_int_equal(verify("04" X_HEX Y_HEX, SM2_USER_ID, "message digest", buf_get(&sig), SM2_RAW),
                     ERR_AUTH);
    assert_int_equal(sm2_decrypt(&out, VIEW(GB_PRIVATE), SM2_RAW, buf_get(&cipher)), 0);
    assert_string_equal(out.p, "encryption standard");
    buf_fini(&sig);
    buf_fini(&cipher);
    buf_fini(&out);
}

static void opens_what_openssl_made(void **state)
{
    (void)state;
    struct buf sig, cipher, out;
    unbase(&sig, openssl_sign64);
    unbase(&cipher, openssl_cipher64);
    for (size_t i = 0; i < sizeof public_keys / sizeof *public_keys; i++)
        if (verify(public_keys[i], SM2_USER_ID, text, buf_get(&sig), SM2_DER))
            fail_msg("public key %zu", i);
    for (size_t i = 0; i < sizeof private_keys / sizeof *private_keys; i++) {
        buf_init(&out, 1000);
        if (sm2_decrypt(&out, view_of(private_keys[i]), SM2_DER, buf_get(&cipher)))
            fail_msg("private key %zu", i);
        assert_string_equal(out.p, "encryption standard");
        buf_fini(&out);
    }
    buf_fini(&sig);
    buf_fini(&cipher);
}

static void signs_and_verifies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof private_keys / sizeof *private_keys; i++) {
        const char *public_key = public_keys[i % (sizeof public_keys / sizeof *public_keys)];
        enum sm2_form form = i % 2 ? SM2_RAW : SM2_DER, other = i % 2 ? SM2_DER : SM2_RAW;
        struct buf sig;
        buf_init(&sig, 200);
        assert_int_equal(sm2_sign(&sig, view_of(private_keys[i]), VIEW("me"), form, view_of(text)), 0);
        assert_true(form == SM2_RAW ? sig.n == 64 : sig.n >= 68 && sig.n <= 72);
        assert_int_equal(verify(public_key, "me", text, buf_get(&sig), form), 0);
        assert_int_equal(verify(public_key, SM2_USER_ID, text, buf_get(&sig), form), ERR_AUTH);
        assert_int_equal(verify(public_key, "me", "other", buf_get(&sig), form), ERR_AUTH);
        assert_int_equal(verify(public_key, "me", text, buf_get(&sig), other), ERR_AUTH);
        assert_int_equal(verify(GB_X GB_Y, "me", text, buf_get(&sig), form), ERR_AUTH);
        sig.p[10] ^= 1;
        assert_int_equal(verify(public_key, "me", text, buf_get(&sig), form), ERR_AUTH);
        buf_fini(&sig);
    }
    struct buf sig;
    buf_init(&sig, 200);
    assert_int_equal(sm2_sign(&sig, VIEW(PRIVATE_HEX), VIEW(""), SM2_DER, view_of(NULL)), 0);
    assert_int_equal(verify(PUBLIC_SPKI, "", NULL, buf_get(&sig), SM2_DER), 0);
    assert_int_equal(verify(PUBLIC_SPKI, "", NULL, (struct view){sig.p, sig.n - 1}, SM2_DER), ERR_AUTH);
    assert_int_equal(buf_char(&sig, '\0'), 0);
    assert_int_equal(verify(PUBLIC_SPKI, "", NULL, buf_get(&sig), SM2_DER), ERR_AUTH); /* bytes behind it */
    buf_fini(&sig);
    assert_int_equal(verify(PUBLIC_SPKI, "", "x", (struct view){NULL, 0}, SM2_DER), ERR_AUTH);
    assert_int_equal(verify(PUBLIC_SPKI, "", "x", (struct view){NULL, 0}, SM2_RAW), ERR_AUTH);
    static const char zeros[64], many[5000];
    assert_int_equal(verify(PUBLIC_SPKI, "", "x", (struct view){zeros, sizeof zeros}, SM2_RAW), ERR_AUTH);
    assert_int_equal(verify(PUBLIC_SPKI, "", "x", (struct view){many, sizeof many}, SM2_DER), ERR_AUTH);
}

static void encrypts_and_decrypts(void **state)
{
    (void)state;
    static char data[SM2_TEXT_MAX + 1];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 11);
    for (size_t n = 1; n <= SM2_TEXT_MAX; n += n < 70 ? 1 : 4096) {
        enum sm2_form form = n % 2 ? SM2_RAW : SM2_DER;
        struct view plain = {data, n};
        struct buf out, again, back;
        buf_init(&out, SM2_TEXT_MAX + 200);
        buf_init(&again, SM2_TEXT_MAX + 200);
        buf_init(&back, SM2_TEXT_MAX);
        assert_int_equal(sm2_encrypt(&out, VIEW(PUBLIC_SPKI), form, plain), 0);
        assert_int_equal(sm2_encrypt(&again, VIEW(X_HEX Y_HEX), form, plain), 0);
        assert_false(view_eq(buf_get(&out), buf_get(&again)));
        assert_true(form == SM2_DER || (out.n == 97 + n && out.p[0] == 4));
        assert_int_equal(sm2_decrypt(&back, VIEW(PRIVATE_HEX), form, buf_get(&out)), 0);
        assert_true(view_eq(buf_get(&back), plain));
        buf_fini(&out);
        buf_fini(&again);
        buf_fini(&back);
    }
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(sm2_encrypt(&out, VIEW(PUBLIC_SPKI), SM2_RAW, (struct view){data, sizeof data}),
                     ERR_TOO_BIG);
    assert_int_equal(sm2_encrypt(&out, VIEW(PUBLIC_SPKI), SM2_RAW, VIEW("")), ERR_INVALID);
    buf_fini(&out);
}

/* Cuts, changes and strangers' bytes: an error, nothing written, nothing leaked. */
static void broken_ciphers_leave_nothing(void **state)
{
    (void)state;
    static char much[SM2_TEXT_MAX * 2];
    struct buf raw, der, out;
    unhex(&raw, GB_CIPHER);
    unbase(&der, openssl_cipher64);
    buf_init(&out, 1000);
    buf_str(&out, "kept");
    for (size_t n = 0; n < raw.n; n++) {
        int rc = sm2_decrypt(&out, VIEW(GB_PRIVATE), SM2_RAW, (struct view){raw.p, n});
        assert_int_equal(rc, n <= 97 ? ERR_SYNTAX : ERR_AUTH);
    }
    for (size_t n = 0; n < der.n; n++)
        assert_int_equal(sm2_decrypt(&out, VIEW(PRIVATE_HEX), SM2_DER, (struct view){der.p, n}), ERR_SYNTAX);
    for (size_t i = 0; i < raw.n; i++) {
        raw.p[i] ^= 1;
        assert_int_equal(sm2_decrypt(&out, VIEW(GB_PRIVATE), SM2_RAW, buf_get(&raw)),
                         i ? ERR_AUTH : ERR_SYNTAX);
        raw.p[i] ^= 1;
    }
    for (size_t i = 0; i < der.n; i++) {
        der.p[i] ^= 0x40;
        assert_int_not_equal(sm2_decrypt(&out, VIEW(PRIVATE_HEX), SM2_DER, buf_get(&der)), 0);
        der.p[i] ^= 0x40;
    }
    assert_int_equal(buf_char(&der, '\0'), 0);
    assert_int_equal(sm2_decrypt(&out, VIEW(PRIVATE_HEX), SM2_DER, buf_get(&der)), ERR_SYNTAX);
    assert_int_equal(sm2_decrypt(&out, VIEW(PRIVATE_HEX), SM2_RAW, buf_get(&raw)), ERR_AUTH);
    assert_int_equal(sm2_decrypt(&out, VIEW(PRIVATE_HEX), SM2_RAW, buf_get(&der)), ERR_SYNTAX);
    assert_int_equal(sm2_decrypt(&out, VIEW(PRIVATE_HEX), SM2_DER, buf_get(&raw)), ERR_SYNTAX);
    assert_int_equal(sm2_decrypt(&out, VIEW(PRIVATE_HEX), SM2_DER, (struct view){much, sizeof much}),
                     ERR_TOO_BIG);
    assert_string_equal(out.p, "kept");
    assert_int_equal(out.n, 4);
    buf_fini(&raw);
    buf_fini(&der);
    buf_fini(&out);
}

static void refuses_unusable_keys(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "no key",
        "00",
        P256_PRIVATE,
        P256_PUBLIC,
        "-----BEGIN SM2 PARAMETERS-----\nBggqgRzPVQGCLQ==\n-----END SM2 PARAMETERS-----\n",
        "-----BEGIN SM2 PARAMETERS-----",
        /* zero, the order less one, the order, all ones */
        "0000000000000000000000000000000000000000000000000000000000000000",
        "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122",
        "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        /* the same in DER */
        "MDECAQEEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAoAoGCCqBHM9VAYIt",
        "MDECAQEEIP////7///////////////9yA99rIcYFK1O79Ak51UEioAoGCCqBHM9VAYIt",
        "MDECAQEEIP////7///////////////9yA99rIcYFK1O79Ak51UEjoAoGCCqBHM9VAYIt",
        /* not on the curve, cut, of an unknown form */
        "04" X_HEX X_HEX,
        X_HEX X_HEX,
        "04" X_HEX,
        "05" X_HEX,
        "06" X_HEX Y_HEX,
        "07" X_HEX Y_HEX,
        "03" X_HEX "00",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        struct view key = view_of(rows[i]);
        static const char sig[64] = {1};
        buf_init(&out, 1000);
        struct sm2_signed what = {VIEW(SM2_USER_ID), VIEW("x"), {sig, sizeof sig}, SM2_RAW};
        if (sm2_sign(&out, key, VIEW(SM2_USER_ID), SM2_DER, VIEW("x")) != ERR_INVALID ||
            sm2_verify(key, &what) != ERR_INVALID ||
            sm2_encrypt(&out, key, SM2_DER, VIEW("x")) != ERR_INVALID ||
            sm2_decrypt(&out, key, SM2_DER, VIEW("x")) != ERR_INVALID)
            fail_msg("key %zu", i);
        assert_int_equal(out.n, 0);
        buf_fini(&out);
    }
    struct buf out;
    buf_init(&out, 1000);
    assert_int_equal(sm2_sign(&out, VIEW(PUBLIC_SPKI), VIEW("me"), SM2_DER, VIEW("x")), ERR_INVALID);
    assert_int_equal(sm2_encrypt(&out, VIEW(PRIVATE_SEC1), SM2_DER, VIEW("x")), ERR_INVALID);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_standard),     cmocka_unit_test(opens_what_openssl_made),
        cmocka_unit_test(signs_and_verifies),           cmocka_unit_test(encrypts_and_decrypts),
        cmocka_unit_test(broken_ciphers_leave_nothing), cmocka_unit_test(refuses_unusable_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
