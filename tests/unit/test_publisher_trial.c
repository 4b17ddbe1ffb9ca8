/* SPDX-License-Identifier: MIT
 * What trials and readers want of the publisher: what was acknowledged, a lot that is kept still, whose key
 * it is.
 */
#include "publisher_test.h"

#include "parkd/base/crypto.h"

static uint32_t lot(const char *id)
{
    return registry_find(reg, view_of(id));
}

static int borrow(const char *id)
{
    struct why why = {0};
    return publisher_borrow(pub, VIEW("s1"), lot(id), &why);
}

static void what_was_acknowledged_is_told(void **state)
{
    struct publish_told told;
    (void)state;
    stored_of("A")->acked = 5;
    set("A", 6);
    set("B", 7);
    put_sink(SINK(""));
    assert_false(publisher_told(pub, VIEW("nobody"), lot("A"), &told));
    assert_true(publisher_told(pub, VIEW("s1"), lot("A"), &told));
    assert_true(told.seq == 5 && !told.filed && !told.code);
    pass(300);
    answer(200, "");
    assert_true(publisher_told(pub, VIEW("s1"), lot("A"), &told) && told.seq == 6);
    assert_true(publisher_told(pub, VIEW("s1"), lot("B"), &told) && told.seq == 7);
}

static void a_borrowed_lot_waits_alone(void **state)
{
    (void)state;
    set("A", 1);
    set("B", 1);
    put_sink(SINK(""));
    pass(300);
    assert_int_equal(borrow("A"), ERR_BUSY); /* on its way */
    answer(200, "");
    assert_int_equal(borrow("A"), 0);
    assert_int_equal(borrow("B"), ERR_BUSY); /* one a sink */
    set("A", 2);
    set("B", 2);
    pass(300);
    expect_sent("B=2 ");
    answer(200, "");
    pass(60000);
    assert_int_equal(fake_in_flight(), 0);
    publisher_give_back(pub, VIEW("s1"), lot("B")); /* is not lent */
    set("A", 3);
    pass(300);
    assert_int_equal(fake_in_flight(), 0);
    publisher_give_back(pub, VIEW("s1"), lot("A"));
    pass(300);
    expect_sent("A=3 ");
    answer(200, "");
    assert_string_equal(shown("/0/unacknowledged"), "0");
}

/* A batch that failed waits in its lane; it is not on its way, and is made anew without the lot. */
static void a_lot_of_a_failed_batch_can_be_borrowed(void **state)
{
    (void)state;
    set("A", 1);
    set("B", 1);
    put_sink(SINK(""));
    pass(300);
    answer(503, "");
    assert_int_equal(borrow("A"), 0);
    pass(60000);
    expect_sent("B=1 ");
    answer(200, "");
    publisher_give_back(pub, VIEW("s1"), lot("A"));
    pass(1300);
    expect_sent("A=1 ");
}

/* Of requests that wait for each other only the one that was started is on its way. */
static void a_lot_that_only_waits_can_be_borrowed(void **state)
{
    (void)state;
    fake_one_lot = true;
    set("A", 1);
    set("B", 1);
    put_sink(SINK(""));
    pass(300);
    expect_sent("A=1 ");
    assert_int_equal(borrow("B"), 0);
    answer(200, "");
    pass(60000);
    assert_int_equal(fake_in_flight(), 0);
    publisher_give_back(pub, VIEW("s1"), lot("B"));
    pass(1300);
    expect_sent("B=1 ");
}

static void only_who_tells_the_sink_lends(void **state)
{
    struct why why = {0};
    (void)state;
    set("A", 1);
    store.lease = 0;
    put_sink(SINK(""));
    pass(300);
    assert_int_equal(borrow("A"), ERR_STATE);
    assert_int_equal(publisher_borrow(pub, VIEW("nobody"), lot("A"), &why), ERR_NOT_FOUND);
}

static void a_reader_is_known_by_its_digest(void **state)
{
    unsigned char digest[DIGEST_MAX];
    size_t n = 0;
    (void)state;
    /* printf %s reader-key | sha256sum */
    put_sink(SINK(",\"readers\":[\"0000000000000000000000000000000000000000000000000000000000000000\","
                  "\"ec4408df15da46b328f6f3246fa723d0aa6cb0f0a0dd9c4626080ab1b02aa3b2\"]"));
    assert_int_equal(crypto_digest(DIGEST_SHA256, VIEW("reader-key"), digest, &n), 0);
    const struct sink *s = publisher_reader(pub, digest);
    assert_non_null(s);
    assert_string_equal(s->id, "s1");
    digest[31] ^= 1;
    assert_null(publisher_reader(pub, digest));
    memset(digest, 0, sizeof digest);
    assert_non_null(publisher_reader(pub, digest)); /* is registered; what is not there never fits */
    put_sink(SINK(""));
    assert_null(publisher_reader(pub, digest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_acknowledged_is_told),           TEST(a_borrowed_lot_waits_alone),
        TEST(a_lot_of_a_failed_batch_can_be_borrowed), TEST(a_lot_that_only_waits_can_be_borrowed),
        TEST(only_who_tells_the_sink_lends),           TEST(a_reader_is_known_by_its_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
