/* SPDX-License-Identifier: MIT
 * Standard Webhooks: the published vector, and everything that must not pass for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "parkd/base/webhook.h"

#define SECRET "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define OTHER  "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
#define SENT   1614265330
#define SIG    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static struct webhook_message published(void)
{
    return (struct webhook_message){VIEW("msg_p5jXN8AQM9LWM0D4loKWxJek"), SENT,
                                    VIEW("{\"test\": 2432232314}")};
}

static void signs_the_published_vector(void **state)
{
    (void)state;
    char sig[WEBHOOK_SIG_SIZE];
    struct webhook_message m = published();
    assert_int_equal(webhook_sign(VIEW(SECRET), &m, sig), 0);
    assert_string_equal(sig, SIG);
    assert_int_equal(webhook_sign(VIEW("whsec_" SECRET), &m, sig), 0);
    assert_string_equal(sig, SIG);
}

static void verifies(void **state)
{
    (void)state;
    static const struct {
        const char *name, *secret, *signatures;
        int64_t now_s;
        int want;
    } rows[] = {
        {"the vector", SECRET, SIG, SENT, 0},
        {"second of two", SECRET, "v1,AAAA " SIG, SENT, 0},
        {"first of two", SECRET, SIG " v1,AAAA", SENT, 0},
        {"blanks around", SECRET, "  " SIG " ", SENT, 0},
        {"an asymmetric one beside it", SECRET, "v1a,AAAA " SIG, SENT, 0},
        {"at the window's end", SECRET, SIG, SENT + 300, 0},
        {"at the window's begin", SECRET, SIG, SENT - 300, 0},
        {"too old", SECRET, SIG, SENT + 301, ERR_AUTH},
        {"from the future", SECRET, SIG, SENT - 301, ERR_AUTH},
        {"another secret", OTHER, SIG, SENT, ERR_AUTH},
        {"another version", SECRET, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", SENT, ERR_AUTH},
        {"cut short", SECRET, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE", SENT, ERR_AUTH},
        {"no header", SECRET, "", SENT, ERR_INVALID},
        {"only blanks", SECRET, "   ", SENT, ERR_INVALID},
        {"a secret that is none", "whsec_!!", SIG, SENT, ERR_INVALID},
        {"a short secret", "whsec_AAAA", SIG, SENT, ERR_INVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct webhook_message m = published();
        int got = webhook_verify(view_of(rows[i].secret), &m, view_of(rows[i].signatures), rows[i].now_s);
        if (got != rows[i].want)
            fail_msg("%s: %d, not %d", rows[i].name, got, rows[i].want);
    }
}

static void every_part_is_signed(void **state)
{
    (void)state;
    struct webhook_message m = published();
    m.body = VIEW("{\"test\": 2432232315}");
    assert_int_equal(webhook_verify(VIEW(SECRET), &m, VIEW(SIG), SENT), ERR_AUTH);
    m = published();
    m.id = VIEW("msg_p5jXN8AQM9LWM0D4loKWxJel");
    assert_int_equal(webhook_verify(VIEW(SECRET), &m, VIEW(SIG), SENT), ERR_AUTH);
    m = published();
    m.timestamp_s++;
    assert_int_equal(webhook_verify(VIEW(SECRET), &m, VIEW(SIG), SENT), ERR_AUTH);
}

static void refuses_wrong_ids(void **state)
{
    (void)state;
    char sig[WEBHOOK_SIG_SIZE], longest[129];
    memset(longest, 'a', sizeof longest);
    struct webhook_message m = published();
    m.id = VIEW("a.b");
    assert_int_equal(webhook_sign(VIEW(SECRET), &m, sig), ERR_INVALID);
    m.id = (struct view){0};
    assert_int_equal(webhook_sign(VIEW(SECRET), &m, sig), ERR_INVALID);
    m.id = (struct view){longest, 129};
    assert_int_equal(webhook_sign(VIEW(SECRET), &m, sig), ERR_INVALID);
    m.id.n = 128;
    assert_int_equal(webhook_sign(VIEW(SECRET), &m, sig), 0);
}

static void checks_secrets(void **state)
{
    (void)state;
    static const struct {
        const char *secret;
        bool good;
    } rows[] = {
        {SECRET, true},
        {"whsec_" SECRET, true},
        {OTHER, true},
        {"whsec_", false},
        {"", false},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==", false}, /* 23 bytes */
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw!", false},
        {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==",
         true}, /* 64 */
        {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=",
         false}, /* 65 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct why why = {0};
        int err = webhook_check_secret(view_of(rows[i].secret), &why);
        if ((err == 0) != rows[i].good)
            fail_msg("%s: %d", rows[i].secret, err);
        assert_true(err == 0 || why.text[0] != '\0');
    }
}

static void refuses_a_huge_header(void **state)
{
    (void)state;
    char header[2000];
    memset(header, 'v', sizeof header);
    struct webhook_message m = published();
    assert_int_equal(webhook_verify(VIEW(SECRET), &m, (struct view){header, sizeof header}, SENT),
                     ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_the_published_vector),
        cmocka_unit_test(verifies),
        cmocka_unit_test(every_part_is_signed),
        cmocka_unit_test(refuses_wrong_ids),
        cmocka_unit_test(checks_secrets),
        cmocka_unit_test(refuses_a_huge_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
