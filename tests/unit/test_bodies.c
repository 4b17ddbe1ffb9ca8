/* SPDX-License-Identifier: MIT
 * Raw bodies: what is taken out of them, how many are kept, and that they come back as they were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "feed/redact.h"
#include "parkd/base/charset.h"
#include "parkd/base/crypto.h"
#include "parkd/base/json.h"
#include "parkd/feed/bodies.h"
#include "parkd/net/loop.h"

static size_t clean(struct view type, struct view body, struct buf *out)
{
    size_t masked = 0;
    buf_init(out, 16 * body.n + 4096);
    assert_int_equal(redact_body(type, body, out, &masked), 0);
    return masked;
}

static void expect(const char *type, const char *body, const char *want)
{
    struct buf out;
    (void)clean(view_of(type), view_of(body), &out);
    if (!view_is(buf_get(&out), want))
        fail_msg("%s\n became %.*s\n not    %s", body, (int)out.n, out.p, want);
    buf_fini(&out);
}

static void test_json(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        /* by name */
        {"{\"plateNo\":\"A-12\",\"free\":12}", "{\"plateNo\":\"***\",\"free\":12}"},
        {"{\"carOwner\" : {\"n\":\"王五\",\"age\":34567,\"x\":[\"a\",null,true]},\"lot\":\"P1\"}",
         "{\"carOwner\" : {\"n\":\"***\",\"age\":0,\"x\":[\"***\",null,true]},\"lot\":\"P1\"}"},
        {"{\"phone\":13912345678,\"tel\":\"0571-88880000\",\"total\":100}",
         "{\"phone\":0,\"tel\":\"***\",\"total\":100}"},
        {"{\"车牌号\":\"临时\",\"车位总数\":300}", "{\"车牌号\":\"***\",\"车位总数\":300}"},
        {"{\"photos\":[\"http://x/1.jpg\"],\"name\":\"人民公园停车场\"}",
         "{\"photos\":[\"***\"],\"name\":\"人民公园停车场\"}"},
        {"[{\"imgUrl\":\"http://x/1.jpg\",\"a\":1},{\"b\":\"free\"}]",
         "[{\"imgUrl\":\"***\",\"a\":1},{\"b\":\"free\"}]"},
        {"{\"cardNo\":\"88812345\",\"token\":\"abcdef\"}", "{\"cardNo\":\"***\",\"token\":\"***\"}"},
        /* a count has a short number, whatever it is called */
        {"{\"carNum\":35,\"carNumber\":\"120\",\"plate_count\":7}",
         "{\"carNum\":35,\"carNumber\":\"120\",\"plate_count\":7}"},
        /* names that only look alike */
        {"{\"topic\":\"parking\",\"template\":\"abcdef\",\"capacity\":100,\"hotelName\":\"x "
         "y\",\"cardinality\":\"many\"}",
         "{\"topic\":\"parking\",\"template\":\"abcdef\",\"capacity\":100,\"hotelName\":\"x "
         "y\",\"cardinality\":\"many\"}"},
        /* by look */
        {"{\"msg\":\"京A12345 入场\",\"v\":\"粤BD12345\",\"w\":\"沪A·12345\",\"x\":\"粤Z1234港\"}",
         "{\"msg\":\"*** 入场\",\"v\":\"***\",\"w\":\"***\",\"x\":\"***\"}"},
        {"{\"msg\":\"\\u4eacA12345 in\",\"n\":\"\\u505c\\u8f66\"}",
         "{\"msg\":\"*** in\",\"n\":\"\\u505c\\u8f66\"}"},
        {"{\"a\":\"call 138 1234 5678 or +8613812345678\",\"b\":15912345678,\"c\":\"110101199003071234\"}",
         "{\"a\":\"call *** or +***\",\"b\":0,\"c\":\"***\"}"},
        /* not plates, not phones */
        {"{\"a\":\"京A座停车场\",\"b\":\"川A1234\",\"t\":1795363125094,\"lat\":30.13812345678,\"id\":"
         "\"12345678901\"}",
         "{\"a\":\"京A座停车场\",\"b\":\"川A1234\",\"t\":1795363125094,\"lat\":30.13812345678,\"id\":"
         "\"12345678901\"}"},
        /* inside a text */
        {"{\"data\":\"{\\\"plateNo\\\":\\\"京A12345\\\",\\\"free\\\":3}\"}",
         "{\"data\":\"{\\\"plateNo\\\":\\\"***\\\",\\\"free\\\":3}\"}"},
        /* broken, cut */
        {"{\"free\":3,\"plate\":\"京A12345\"", "{\"free\":3,\"plate\":\"***\""},
        {"{\"free\":3,\"who\":\"京A12345 and", "{\"free\":3,\"who\":\"*** and"},
        {"cb({\"phone\":\"02088880000\",\"free\":3});", "cb({\"phone\":\"***\",\"free\":3});"},
        /* a personal list does not cost what comes after it */
        {"{\"users\":[],\"owner\":{\"a\":{\"b\":\"c\"}},\"free\":\"多\"}",
         "{\"users\":[],\"owner\":{\"a\":{\"b\":\"***\"}},\"free\":\"多\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect("application/json", rows[i][0], rows[i][1]);
}

static void test_xml(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"<?xml version=\"1.0\"?><r><free>3</free><plateNo>A-12</plateNo><x>y</x></r>",
         "<?xml version=\"1.0\"?><r><free>3</free><plateNo>***</plateNo><x>y</x></r>"},
        {"<r><ns:owner a='1'><n>王五</n><owner>z</owner></ns:owner><free>12</free></r>",
         "<r><ns:owner a='1'><n>***</n><owner>***</owner></ns:owner><free>12</free></r>"},
        {"<lot phone=\"0571-88880000\" total=\"120\"/>", "<lot phone=\"***\" total=\"120\"/>"},
        {"<f name='phone'>0571-88880000</f><f name='free'>7 of 9</f>",
         "<f name='phone'>***</f><f name='free'>7 of 9</f>"},
        {"<p>\n 京A12345 &amp; &#x4eac;B12345 </p>", "<p>\n *** &amp; *** </p>"},
        {"<d><![CDATA[{\"plate\":\"x y\",\"free\":1}]]></d>",
         "<d><![CDATA[{\"plate\":\"***\",\"free\":1}]]></d>"},
        {"<html><img src=\"a.png\"><td>448 / 548</td>", "<html><img src=\"a.png\"><td>448 / 548</td>"},
        {"<a><plate>x", "<a><plate>***"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect("text/xml", rows[i][0], rows[i][1]);
}

static void test_lines(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"park=P1&free=3&plate=%E4%BA%ACA12345&msg=%E4%BA%ACB12345",
         "park=P1&free=3&plate=%2A%2A%2A&msg=%2A%2A%2A"},
        {"data=%7B%22phone%22%3A%22057188880000%22%7D&free=3", "data=%7B%22phone%22%3A%22***%22%7D&free=3"},
        {"id;free;plate\r\n1;20;x1\r\n2;30;\"a;b\"\r\n", "id;free;plate\r\n1;20;***\r\n2;30;\"***\"\r\n"},
        {"编号,余位,车主\n1,20,王五\n", "编号,余位,车主\n1,20,***\n"},
        {"free: 12\nplate: A 12\n", "free: 12\nplate:***\n"},
        {"free 12 of 20\n", "free 12 of 20\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char want[256];
        size_t n = 0;
        for (const char *p = rows[i][1]; *p && n + 1 < sizeof want; p++) { /* '*' may be written either way */
            bool star = i < 2 && p[0] == '%' && p[1] == '2' && p[2] == 'A';
            want[n++] = star ? '*' : *p;
            p += star ? 2 : 0;
        }
        want[n] = '\0';
        expect("", rows[i][0], want);
    }
}

static void test_blobs(void **state)
{
    (void)state;
    char blob[600], body[800], row[300];
    for (size_t i = 0; i < sizeof blob - 1; i++)
        blob[i] = "ABCDEFGHabcdefgh0123456789+/"[i * 7 % 28];
    blob[sizeof blob - 1] = '\0';
    (void)snprintf(body, sizeof body, "{\"x\":\"%s\",\"free\":2}", blob);
    expect("", body, "{\"x\":\"***\",\"free\":2}");
    for (size_t i = 0; i < sizeof row - 1; i++)
        row[i] = i % 3 ? '0' : '1';
    row[sizeof row - 1] = '\0'; /* which bays are taken */
    (void)snprintf(body, sizeof body, "{\"bays\":\"%s\",\"free\":2}", row);
    expect("", body, body);
}

/* Base64 that holds a message is cleaned inside. */
static void test_base64(void **state)
{
    (void)state;
    struct buf packed, out, back;
    buf_init(&packed, 4096);
    buf_init(&back, 4096);
    assert_int_equal(
        base64_encode(&packed,
                      VIEW("{\"free\":12,\"total\":100,\"park\":\"人民公园停车场\",\"plate\":\"京A12345\","
                           "\"x\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}")),
        0);
    assert_int_equal(clean(VIEW(""), buf_get(&packed), &out), 1);
    assert_int_equal(base64_decode(&back, buf_get(&out)), 0);
    assert_non_null(strstr(back.p, "\"free\":12"));
    assert_null(strstr(back.p, "12345"));
    buf_fini(&packed);
    buf_fini(&out);
    buf_fini(&back);
}

static void test_charsets(void **state)
{
    (void)state;
    struct buf gbk, out, back;
    buf_init(&gbk, 4096);
    buf_init(&back, 4096);
    assert_int_equal(
        charset_from_utf8(&gbk, VIEW("GB18030"), VIEW("{\"msg\":\"京A12345\",\"名称\":\"人民公园\"}")), 0);
    assert_int_equal(clean(VIEW("application/json"), buf_get(&gbk), &out), 1);
    assert_int_equal(charset_to_utf8(&back, VIEW("GB18030"), buf_get(&out), NULL), 0);
    assert_string_equal(back.p, "{\"msg\":\"***\",\"名称\":\"人民公园\"}");
    buf_fini(&out);
    assert_int_equal(clean(VIEW("image/jpeg"),
                           (struct view){"\xff\xd8\xff\x00\x01\x02\x03\x04\x05\x06\x07\x08", 12}, &out),
                     1);
    assert_string_equal(out.p, "***");
    buf_fini(&gbk);
    buf_fini(&out);
    buf_fini(&back);
}

static void test_query(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1024);
    assert_int_equal(redact_query(VIEW("park=7&secret=abcdef&sign=00ff&plate=x1y2z3&free=3"), &out), 0);
    assert_string_equal(out.p, "park=7&secret=***&sign=***&plate=***&free=3");
    buf_fini(&out);
}

/* Nothing that comes from outside may make it fall: every cut of a message, and every byte spoilt. */
static void test_hostile(void **state)
{
    (void)state;
    static const char *const seeds[] = {
        "{\"a\":[{\"plate\":\"\\u4eacA12345\",\"x\":\"{\\\"phone\\\":\\\"13812345678\\\"}\"}],\"n\":-1.5e3}",
        "<r a='b' phone=\"1\"><!-- c --><![CDATA[x]]><plate>&#x4eac;A12345</plate></r>",
        "a=%7B%22b%22%3A1%7D&phone=13812345678",
        "id;plate\n\"1;2\";京A12345\n",
    };
    for (size_t k = 0; k < sizeof seeds / sizeof *seeds; k++) {
        size_t n = strlen(seeds[k]);
        for (size_t cut = 0; cut <= n; cut++) {
            char *copy = malloc(cut + 1);
            struct buf out;
            memcpy(copy, seeds[k], cut);
            for (int spoil = 0; spoil < 4 && cut; spoil++) {
                copy[cut - 1] = "\"<\\\xff"[spoil];
                (void)clean(VIEW(""), (struct view){copy, cut}, &out);
                buf_fini(&out);
            }
            free(copy);
        }
    }
}

static void test_deep(void **state)
{
    (void)state;
    size_t n = 20000;
    char *deep = malloc(n + 40);
    struct buf out;
    memset(deep, '[', n);
    (void)snprintf(deep + n, 40, "{\"plate\":\"abc\"}");
    assert_int_equal(clean(VIEW(""), view_of(deep), &out), 1);
    assert_null(strstr(out.p, "abc"));
    buf_fini(&out);
    free(deep);
}

/* ---- keeping */

struct seen {
    uint64_t first, last;
    size_t n, size; /* bodies; bytes of the last */
    char text[256], end;
};

static bool look(void *ctx, const struct kept_body *k)
{
    struct seen *s = ctx;
    if (!s->n++)
        s->first = k->n;
    s->last = k->n;
    s->size = k->body.body.n;
    s->end = s->size ? k->body.body.p[s->size - 1] : 0;
    (void)snprintf(s->text, sizeof s->text, "%.*s", (int)(k->body.body.n < 200 ? k->body.body.n : 200),
                   k->body.body.p);
    return true;
}

static struct seen see(const struct bodies *b, const char *feed, uint64_t after)
{
    struct seen s = {0};
    assert_int_equal(bodies_each(b, view_of(feed), after, look, &s), 0);
    return s;
}

static void keep(struct bodies *b, const char *feed, int n, int64_t at_ms, struct view body)
{
    struct feed_body one = {
        .kind = BODY_PUSH, .at_ms = at_ms, .content_type = VIEW("application/json"), .body = body};
    bodies_keep(b, feed, n, &one);
}

static void test_ring(void **state)
{
    (void)state;
    char text[64];
    struct bodies *b = bodies_new(NULL);
    for (int i = 1; i <= 9; i++) {
        (void)snprintf(text, sizeof text, "{\"free\":%d,\"plate\":\"京A12345\"}", i);
        keep(b, "f1", 4, 1000 * i, view_of(text));
    }
    struct seen s = see(b, "f1", 0);
    assert_int_equal(s.n, 4);
    assert_int_equal(s.first, 6);
    assert_int_equal(s.last, 9);
    assert_string_equal(s.text, "{\"free\":9,\"plate\":\"***\"}");
    assert_int_equal(bodies_newest(b, VIEW("f1")), 9);
    assert_int_equal(see(b, "f1", 8).n, 1);
    assert_int_equal(bodies_each(b, VIEW("f2"), 0, look, &s), ERR_NOT_FOUND);
    bodies_drop(b, "f1");
    assert_int_equal(bodies_newest(b, VIEW("f1")), 0);
    keep(b, "f1", 0, 1, VIEW("{}"));
    assert_int_equal(bodies_newest(b, VIEW("f1")), 0);
    bodies_free(b);
}

/* Thousands of pushes a second must not all be cleaned and compressed; later ones are kept again. */
static void test_rate(void **state)
{
    (void)state;
    struct bodies *b = bodies_new(NULL);
    for (int i = 0; i < 1000; i++)
        keep(b, "f1", 100, 5000, VIEW("{\"free\":1}"));
    size_t burst = see(b, "f1", 0).n;
    assert_in_range(burst, 10, 30);
    keep(b, "f1", 100, 6000, VIEW("{\"free\":2}"));
    assert_string_equal(see(b, "f1", 0).text, "{\"free\":2}");
    bodies_free(b);
}

/* What a poll asked on for belongs to its first answer, whatever the rate. */
static void test_follow_ups(void **state)
{
    (void)state;
    struct bodies *b = bodies_new(NULL);
    for (int i = 1; i <= 30; i++) {
        struct feed_body one = {
            .kind = BODY_POLL, .at_ms = 5000, .step = i, .http_status = 200, .body = VIEW("[1]")};
        bodies_keep(b, "f1", 100, &one);
    }
    assert_int_equal(see(b, "f1", 0).n, 30);
    bodies_free(b);
}

/* Random digits do not compress: the feed's share is full long before the number of bodies is. */
static void test_share(void **state)
{
    (void)state;
    size_t n = 30000, kept;
    char *noise = malloc(n);
    uint64_t random = 1;
    struct bodies *b = bodies_new(NULL);
    for (int i = 0; i < 200; i++) {
        for (size_t k = 0; k < n; k++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
            noise[k] = (char)(k % 50 == 49 ? ' ' : ':' + (random >> 33) % 69); /* no digit, no blob */
        }
        keep(b, "f1", 200, 5000 + i * 1000, (struct view){noise, n});
    }
    kept = see(b, "f1", 0).n;
    assert_in_range(kept, 60, 120);
    assert_int_equal(see(b, "f1", 0).last, 200);
    bodies_free(b);
    free(noise);
}

/* What stands around a body counts too. */
static void test_share_of_small_ones(void **state)
{
    (void)state;
    char path[1001];
    struct bodies *b = bodies_new(NULL);
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    for (int i = 0; i < 3000; i++) {
        struct feed_body one = {.kind = BODY_PUSH,
                                .at_ms = 5000 + i * 1000,
                                .path = view_of(path),
                                .query = view_of(path),
                                .topic = view_of(path),
                                .body = VIEW("{}")};
        bodies_keep(b, "f1", 3000, &one);
    }
    assert_in_range(see(b, "f1", 0).n, 100, BODIES_MAX_FEED / 3000);
    bodies_free(b);
}

/* Blanks compress to nothing, but whoever looks gets them all. */
static void test_share_of_text(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct bodies *b = bodies_new(loop);
    size_t n = BODIES_MAX_RAW;
    char *text = malloc(n);
    memset(text, ' ', n);
    for (int i = 0; i < 8; i++) {
        keep(b, "f1", 20, 5000 + i * 1000, (struct view){text, n});
        (void)loop_run(loop);
    }
    assert_int_equal(see(b, "f1", 0).n, BODIES_MAX_TEXT / n);
    assert_int_equal(see(b, "f1", 0).last, 8);
    bodies_free(b);
    assert_int_equal(loop_close(loop), 0);
    free(text);
}

static void test_shown(void **state)
{
    (void)state;
    struct buf out;
    struct json_writer w;
    struct json *doc = NULL;
    struct why why = {0}, bad = {.at = "/x", .text = "no count in 京A12345"};
    struct bodies *b = bodies_new(NULL);
    struct feed_body one = {.kind = BODY_PUSH,
                            .at_ms = 1000,
                            .content_type = VIEW("text/plain"),
                            .path = VIEW("/push"),
                            .query = VIEW("secret=abcdefg&p=1"),
                            .topic = VIEW("park/7"),
                            .body = {"\xd0\xc2 13", 5},
                            .err = ERR_SYNTAX,
                            .why = &bad};
    bodies_keep(b, "f1", 5, &one);
    buf_init(&out, 65536);
    jw_init(&w, &out);
    jw_object(&w, NULL);
    bodies_write(b, VIEW("f1"), 0, &w);
    jw_end_object(&w);
    assert_int_equal(json_parse(buf_get(&out), &doc, &why), 0);
    const struct json *k = json_first(json_get(doc, "bodies"));
    assert_true(view_is(json_text(json_get(k, "query")), "secret=***&p=1"));
    assert_true(view_is(json_text(json_get(k, "topic")), "park/7"));
    assert_true(view_is(json_text(json_get(k, "error")), "no count in ***"));
    assert_true(view_is(json_text(json_get(k, "base64")), "0MIgMTM="));
    json_free(doc);
    buf_fini(&out);
    bodies_free(b);
}

/* ---- in the pool */

static void test_large(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct bodies *b = bodies_new(loop);
    size_t n = (size_t)200 * 1000;
    char *text = malloc(n);
    memset(text, ' ', n);
    memcpy(text, "{\"plate\":\"abc\",", 15);
    text[n - 1] = '}';
    keep(b, "f1", 5, 1000, (struct view){text, n});
    keep(b, "f1", 5, 2000, VIEW("{\"free\":1}"));
    keep(b, "f2", 5, 2000, (struct view){text, n});
    memset(text, 'x', n); /* it must have been copied */
    (void)loop_run(loop);
    struct seen s = see(b, "f1", 0);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.first, 1);
    assert_int_equal(s.last, 2); /* in the order in which they came */
    s = see(b, "f2", 0);
    assert_int_equal(s.size, n); /* "***" is as long as "abc" */
    assert_int_equal(s.end, '}');
    keep(b, "f1", 5, 3000, (struct view){text, n});
    bodies_free(b); /* while one is in the pool */
    assert_int_equal(loop_close(loop), 0);
    free(text);
}

/* The body of a feed that was removed does not turn up in the next of the same name. */
static void test_another_life(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct bodies *b = bodies_new(loop);
    size_t n = (size_t)200 * 1000;
    char *text = malloc(n);
    memset(text, ' ', n);
    for (int i = 0; i < 3; i++)
        keep(b, "f1", 5, 1000 * i + 1, (struct view){text, n});
    bodies_drop(b, "f1");
    keep(b, "f1", 5, 5000, VIEW("{\"free\":1}"));
    (void)loop_run(loop);
    assert_int_equal(see(b, "f1", 0).n, 1);
    assert_int_equal(bodies_newest(b, VIEW("f1")), 1);
    bodies_free(b);
    assert_int_equal(loop_close(loop), 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),         cmocka_unit_test(test_xml),
        cmocka_unit_test(test_lines),        cmocka_unit_test(test_blobs),
        cmocka_unit_test(test_base64),       cmocka_unit_test(test_charsets),
        cmocka_unit_test(test_query),        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_deep),         cmocka_unit_test(test_ring),
        cmocka_unit_test(test_rate),         cmocka_unit_test(test_follow_ups),
        cmocka_unit_test(test_share),        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_large),        cmocka_unit_test(test_share_of_text),
        cmocka_unit_test(test_another_life), cmocka_unit_test(test_share_of_small_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
