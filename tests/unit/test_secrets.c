/* SPDX-License-Identifier: MIT
 * Secrets of registrations: sealed where they stand, opened again, and nothing else touched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parkd/base/json.h"
#include "parkd/model/secrets.h"

static const unsigned char key[32] = "0123456789abcdef0123456789abcde", other[32] = "x";

/* Only the members named in `secret` may change, and all of them must. */
static void round_trip(enum noun noun, const char *text, const char *params, const char *const *secret,
                       const char *const *plain)
{
    struct buf sealed, again, open;
    buf_init(&sealed, 100000);
    buf_init(&again, 100000);
    buf_init(&open, 100000);
    assert_int_equal(secrets_seal(&sealed, key, noun, VIEW("a"), view_of(text), view_of(params)), 0);
    for (; *secret; secret++)
        if (memmem(sealed.p, sealed.n, *secret, strlen(*secret)))
            fail_msg("%s stands in " VIEW_FMT, *secret, VIEW_ARG(buf_get(&sealed)));
    for (; *plain; plain++)
        if (!memmem(sealed.p, sealed.n, *plain, strlen(*plain)))
            fail_msg("%s does not stand in " VIEW_FMT, *plain, VIEW_ARG(buf_get(&sealed)));
    assert_int_equal(secrets_open(&open, key, noun, VIEW("a"), buf_get(&sealed)), 0);
    assert_true(view_is(buf_get(&open), text));
    assert_int_equal(secrets_seal(&again, key, noun, VIEW("a"), buf_get(&sealed), view_of(params)), 0);
    assert_true(view_eq(buf_get(&again), buf_get(&sealed))); /* once is enough */
    buf_clear(&open);
    assert_int_equal(secrets_open(&open, other, noun, VIEW("a"), buf_get(&sealed)), ERR_AUTH);
    assert_true(view_eq(buf_get(&open), buf_get(&sealed)));
    buf_clear(&open);
    assert_int_equal(secrets_open(&open, key, noun, VIEW("b"), buf_get(&sealed)),
                     ERR_AUTH); /* not in another's place */
    buf_fini(&sealed);
    buf_fini(&again);
    buf_fini(&open);
}

static void feeds(void **state)
{
    (void)state;
    round_trip(NOUN_FEED,
               "{\"id\":\"a\",\"url\":\"http://x/"
               "y\",\"auth\":{\"webhook_secrets\":[\"whsec_1\",\"whsec_2\"],\"bearer_sha256\":[\"ab\"]},"
               "\"params\":{\"app_secret\":\"s3cret\",\"park_id\":\"p1\"},\"access\":{\"basic\":{\"user\":"
               "\"u\",\"password\":\"pw\"}},"
               "\"mqtt\":{\"user\":\"mu\",\"password\":\"mqtt-passw0rd\"},\"interval_ms\":5000}",
               "{\"app_secret\":\"secret\",\"park_id\":\"string\"}",
               (const char *const[]){"whsec_", "s3cret", "\"pw\"", "mqtt-passw0rd", NULL},
               (const char *const[]){"http://x/y", "p1", "\"u\"", "mu", "5000", NULL});
    round_trip(NOUN_FEED, "{\"id\":\"a\",\"params\":{\"x\":\"y1\",\"n\":5}}", "",
               (const char *const[]){"\"y1\"", NULL}, (const char *const[]){"\"n\":5", NULL});
}

static void sinks_and_channels(void **state)
{
    (void)state;
    round_trip(NOUN_SINK, "{\"id\":\"a\",\"url\":\"https://x\",\"secret\":\"s1\",\"bearer\":\"b1\"}", "{}",
               (const char *const[]){"\"s1\"", "\"b1\"", NULL}, (const char *const[]){"https://x", NULL});
    round_trip(NOUN_CHANNEL,
               "{\"id\":\"a\",\"kind\":\"wecom\",\"url\":\"https://x?key=number-one\",\"secret\":\"s1\"}", "",
               (const char *const[]){"key=number-one", "\"s1\"", NULL}, (const char *const[]){"wecom", NULL});
}

static void others_are_left_alone(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 1000);
    assert_int_equal(secrets_seal(&b, key, NOUN_LOT, VIEW("a"), VIEW("{\"secret\":\"x\"}"), VIEW("")), 0);
    assert_true(view_is(buf_get(&b), "{\"secret\":\"x\"}"));
    buf_fini(&b);
}

static struct json *tree_of(const char *text)
{
    struct json *j = NULL;
    assert_int_equal(json_parse(view_of(text), &j, NULL), 0);
    return j;
}

static void masks_stand_for_what_is_held(void **state)
{
    static const struct {
        const char *sent, *held, *becomes, *at;
    } rows[] = {
        {"{\"a\":\"***\",\"b\":[\"***\",\"n\"]}", "{\"a\":\"x\",\"b\":[\"y\"]}",
         "{\"a\":\"x\",\"b\":[\"y\",\"n\"]}", NULL},
        {"{\"k\":2,\"n\":5}", "{\"k\":[\"p\",\"q\"],\"n\":4}", "{\"k\":[\"p\",\"q\"],\"n\":5}", NULL},
        {"{\"a\":{\"b\":\"***\"}}", "{\"a\":{}}", NULL, "/a/b"},
        {"{\"a\":[\"***\"]}", NULL, NULL, "/a/0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json *sent = tree_of(rows[i].sent), *held = rows[i].held ? tree_of(rows[i].held) : NULL;
        struct why why = {0};
        struct buf b;
        buf_init(&b, 1000);
        int err = secrets_unmask(&b, sent, held, &why);
        if (rows[i].becomes ? err || !view_is(buf_get(&b), rows[i].becomes)
                            : !err || strcmp(why.at, rows[i].at) != 0)
            fail_msg("row %zu: %d at %s", i, err, why.at);
        buf_fini(&b);
        json_free(sent);
        json_free(held);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(feeds), cmocka_unit_test(sinks_and_channels),
                                       cmocka_unit_test(others_are_left_alone),
                                       cmocka_unit_test(masks_stand_for_what_is_held)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
