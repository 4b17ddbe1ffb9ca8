/* SPDX-License-Identifier: MIT
 * Accounts, keys, roles, passwords and sealed texts as values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parkd/base/crypto.h"
#include "parkd/base/json.h"
#include "parkd/model/account.h"

/* Made by Python's hashlib.scrypt and cryptography's AESGCM. */
#define HASHED                                        \
    "scrypt:15:8:1:000102030405060708090a0b0c0d0e0f:" \
    "5c662628ac4eb1068a287e2aa2a202ae248e98db04d61d3327e7342db6ec7097"
#define SEALED "sealed:1:AAECAwQFBgcICQoLMGqlfqa6ugDtws3X1sufFAxuWoXJ+NQ="

static struct json *tree_of(const char *text)
{
    struct json *j = NULL;
    assert_int_equal(json_parse(view_of(text), &j, NULL), 0);
    return j;
}

static void passwords(void **state)
{
    char one[PASSWORD_HASH_SIZE], two[PASSWORD_HASH_SIZE];
    (void)state;
    assert_int_equal(password_check(VIEW("correct horse"), VIEW(HASHED)), 0);
    assert_int_equal(password_check(VIEW("correct horsf"), VIEW(HASHED)), ERR_AUTH);
    assert_int_equal(password_hash(VIEW("geheim geheim"), one), 0);
    assert_int_equal(password_hash(VIEW("geheim geheim"), two), 0);
    assert_string_not_equal(one, two); /* a salt of its own */
    assert_int_equal(password_check(VIEW("geheim geheim"), view_of(two)), 0);
    static const char *const bad[] = {"",
                                      "scrypt",
                                      "scrypt:15:8:1:00:00",
                                      "scrypt:14:8:1:",
                                      "geheim geheim",
                                      "scrypt:15:8:1:000102030405060708090a0b0c0d0e0f:zz"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(password_check(VIEW("x"), view_of(bad[i])), ERR_SYNTAX);
}

static void sealed_texts(void **state)
{
    unsigned char key[SEAL_KEY_BYTES];
    struct buf b;
    (void)state;
    for (unsigned char i = 0; i < sizeof key; i++)
        key[i] = i;
    buf_init(&b, 100);
    assert_int_equal(secret_open(&b, key, VIEW("feed:a/secret"), VIEW(SEALED)), 0);
    assert_true(view_is(buf_get(&b), "whsec_x"));
    buf_clear(&b);
    assert_int_equal(secret_open(&b, key, VIEW("feed:b/secret"), VIEW(SEALED)), ERR_AUTH);
    assert_int_equal(secret_open(&b, key, VIEW("a"), VIEW("whsec_x")), ERR_SYNTAX);
    assert_int_equal(secret_open(&b, key, VIEW("a"), VIEW("sealed:1:AAAA")), ERR_SYNTAX);
    key[0] = 9;
    assert_int_equal(secret_open(&b, key, VIEW("feed:a/secret"), VIEW(SEALED)), ERR_AUTH);
    assert_int_equal(secret_seal(&b, key, VIEW("x"), VIEW("")), 0);
    struct buf back;
    buf_init(&back, 100);
    assert_int_equal(secret_open(&back, key, VIEW("x"), buf_get(&b)), 0);
    assert_int_equal(back.n, 0);
    buf_fini(&back);
    buf_fini(&b);
}

static void who_may(void **state)
{
    static const struct {
        enum role role;
        const char *may; /* one letter an access, in its order */
    } rows[] = {{ROLE_NOBODY, "y......."},   {ROLE_ATTENDANT, "y.y....."}, {ROLE_SINK, "yy.y...."},
                {ROLE_OPERATOR, "yyy.y..."}, {ROLE_VIEWER, "yy.y.y.."},    {ROLE_OFFICER, "yyyyyyy."},
                {ROLE_ADMIN, "yyyyyyyy"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct principal p = {.role = rows[i].role};
        for (int a = ACCESS_ANYBODY; a <= ACCESS_ADMIN; a++)
            if (principal_may(&p, (enum access)a) != (rows[i].may[a] == 'y'))
                fail_msg("%s and access %d", role_name(p.role), a);
    }
    struct principal operator= {.role = ROLE_OPERATOR, .owner = "a"}, nobody = {0},
                     viewer = {.role = ROLE_VIEWER};
    assert_true(principal_owns(&operator, "a"));
    assert_false(principal_owns(&operator, "b") || principal_owns(&operator, "") ||
                 principal_owns(&nobody, ""));
    assert_true(principal_owns(&viewer, "b"));
}

static void accounts_are_checked(void **state)
{
    static const struct {
        const char *text, *at;
    } rows[] = {
        {"{\"id\":\"a\",\"role\":\"operator\",\"name\":\"甲\"}", NULL},
        {"{\"id\":\"b\",\"role\":\"operator\",\"name\":\"甲\"}", "/id"},
        {"{\"id\":\"a\",\"role\":\"king\",\"name\":\"甲\"}", "/role"},
        {"{\"id\":\"a\",\"role\":\"nobody\",\"name\":\"甲\"}", "/role"},
        {"{\"id\":\"a\",\"role\":\"attendant\",\"name\":\"甲\"}", "/role"},
        {"{\"id\":\"a\",\"role\":\"sink\",\"name\":\"甲\"}", "/sink"},
        {"{\"id\":\"a\",\"role\":\"viewer\"}", "/name"},
        {"{\"id\":\"a\",\"role\":\"viewer\",\"name\":\"x\",\"password\":\"y\"}", "/password"},
        {"{\"id\":\"a\",\"role\":\"viewer\",\"name\":\"x\",\"contact\":{\"fon\":\"1\"}}", "/contact/fon"},
        {"{\"id\":\"a\",\"role\":\"viewer\",\"name\":\"x\",\"enabled\":1}", "/enabled"},
        {"[]", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct why why = {0};
        struct json *j = tree_of(rows[i].text);
        int err = account_check(j, VIEW("a"), &why);
        if ((err == 0) != !rows[i].at || (rows[i].at && strcmp(why.at, rows[i].at) != 0))
            fail_msg("row %zu: %d at %s: %s", i, err, why.at, why.text);
        json_free(j);
    }
    struct why why = {0};
    struct json *j = tree_of("{\"id\":\"local\",\"role\":\"admin\",\"name\":\"x\"}");
    assert_int_equal(account_check(j, VIEW("local"), &why), ERR_INVALID);
    json_free(j);
}

/* What staff put does not touch the password; what is shown has neither it nor the invitation. */
static void the_password_stays_and_is_not_shown(void **state)
{
    struct json *put = tree_of("{\"id\":\"a\",\"role\":\"officer\",\"name\":\"甲\"}");
    const struct account own = {
        .password = VIEW("scrypt:x"), .password_ms = 5, .invite = VIEW("abc"), .invite_until_ms = 9};
    struct json_writer w;
    struct buf b;
    struct account back;
    (void)state;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    account_write(&w, put, &own);
    struct json *stored = NULL;
    assert_int_equal(json_parse(buf_get(&b), &stored, NULL), 0);
    assert_true(account_read(stored, &back));
    assert_true(view_is(back.password, "scrypt:x") && back.password_ms == 5 && view_is(back.invite, "abc"));
    assert_true(back.role == ROLE_OFFICER && back.enabled);
    buf_clear(&b);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    account_show(&w, stored, 8);
    jw_end_object(&w);
    assert_null(memmem(b.p, b.n, "scrypt", 6));
    assert_null(memmem(b.p, b.n, "abc", 3));
    assert_non_null(memmem(b.p, b.n, "\"invited\":true", 14));
    buf_fini(&b);
    json_free(stored);
    json_free(put);
}

static void keys_and_tokens(void **state)
{
    struct key_doc k = {.id = "k", .account = "a", .label = "l", .created_ms = 1, .expires_ms = 100}, back;
    struct json_writer w;
    struct buf b;
    struct view id, secret;
    (void)state;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    key_write(&w, &k);
    struct json *j = NULL;
    assert_int_equal(json_parse(buf_get(&b), &j, NULL), 0);
    assert_true(key_read(j, &back) && memcmp(&back, &k, sizeof k) == 0);
    assert_true(key_is_active(&k, 99));
    assert_false(key_is_active(&k, 100));
    k.expires_ms = 0;
    assert_true(key_is_active(&k, INT64_MAX));
    k.revoked_ms = 1;
    assert_false(key_is_active(&k, 0));
    json_free(j);
    buf_fini(&b);
    assert_true(token_split(VIEW("pk_abc_def"), "pk", &id, &secret) && view_is(id, "abc") &&
                view_is(secret, "def"));
    static const char *const bad[] = {
        "",           "pk",        "pk_",
        "pk_abc",     "pk_abc_",   "pk__def",
        "at_abc_def", "pkabc_def", "pk_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (token_split(view_of(bad[i]), "pk", &id, &secret))
            fail_msg("%s", bad[i]);
}

static void which_passwords(void **state)
{
    struct why why = {0};
    (void)state;
    assert_int_equal(password_allowed(VIEW("123456789"), VIEW("a"), &why), ERR_INVALID);
    assert_int_equal(password_allowed(VIEW("1234567890"), VIEW("a"), &why), 0);
    assert_int_equal(password_allowed(VIEW("operator-01"), VIEW("operator-01"), &why), ERR_INVALID);
    assert_int_equal(password_allowed(VIEW("一二三四"), VIEW("a"), &why), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords),
        cmocka_unit_test(sealed_texts),
        cmocka_unit_test(who_may),
        cmocka_unit_test(accounts_are_checked),
        cmocka_unit_test(the_password_stays_and_is_not_shown),
        cmocka_unit_test(keys_and_tokens),
        cmocka_unit_test(which_passwords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
