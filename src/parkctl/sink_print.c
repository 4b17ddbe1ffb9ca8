/* SPDX-License-Identifier: MIT
 * What came of a sink's trial, for people: each request as it stands on the wire, its answer, the verdict and
 * the next step. What a platform sends may hold anything: nothing but text reaches the terminal.
 */
#include "parkctl/sink_print.h"

#include <stdio.h>
#include <string.h>

#include "parkctl/parkctl.h"
#include "parkd/base/charset.h"
#include "parkd/base/crypto.h"

#define BYTES_MAX ((size_t)16 * 1024 * 1024)

static struct view text_of(const struct json *j, const char *key)
{
    return json_text(json_get(j, key));
}

static bool has(const struct json *j, const char *key)
{
    const struct json *v = json_get(j, key);
    return v && !json_is(v, JSON_NULL);
}

/* Control characters, also those of C1, as \xNN. */
static void put(struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i], next = i + 1 < v.n ? (unsigned char)v.p[i + 1] : 0;
        bool c1 = c == 0xC2 && next >= 0x80 && next < 0xA0;
        if (c1)
            (void)printf("\\x%02X\\x%02X", c, next);
        else if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
            (void)printf("\\x%02X", c);
        else
            (void)putchar(c);
        i += c1;
    }
}

static void put_key(const char *before, const struct json *j, const char *key, const char *after)
{
    (void)fputs(before, stdout);
    put(text_of(j, key));
    (void)fputs(after, stdout);
}

/* ---- bytes */

static void put_coded(struct view base64)
{
    struct buf bytes, utf8;
    buf_init(&bytes, BYTES_MAX);
    buf_init(&utf8, BYTES_MAX);
    if (base64_decode(&bytes, base64) == 0 && !memchr(bytes.p, '\0', bytes.n) &&
        charset_to_utf8(&utf8, VIEW("GB18030"), buf_get(&bytes), NULL) == 0) {
        (void)printf("(as GB 18030)\n");
        put(buf_get(&utf8));
        (void)putchar('\n');
    }
    (void)printf("(no UTF-8; as Base64)\n" VIEW_FMT "\n", VIEW_ARG(base64));
    buf_fini(&bytes);
    buf_fini(&utf8);
}

static void put_body(const struct json *j)
{
    struct view body = text_of(j, "body");
    if (has(j, "base64"))
        put_coded(text_of(j, "base64"));
    else if (body.n) {
        put(body);
        if (body.p[body.n - 1] != '\n')
            (void)putchar('\n');
    }
}

/* ---- requests and answers */

static void print_request(const struct json *r)
{
    put_key("\n", r, "part", ": ");
    put_key("", r, "method", " ");
    put_key("", r, "url", "\n");
    for (const struct json *h = json_first(json_get(r, "headers")); h; h = json_next(h)) {
        put_key("", h, "name", ": ");
        put_key("", h, "value", "\n");
    }
    if (json_number(json_get(r, "size")) > 0) {
        (void)putchar('\n');
        put_body(r);
    }
}

static void print_answer(const struct json *a)
{
    struct view tls = text_of(a, "tls");
    if (has(a, "error")) {
        (void)printf("-> no answer in %.0f ms: ", json_number(json_get(a, "took_ms")));
        put_key("", a, "error", "\n");
        return;
    }
    (void)printf("-> HTTP %.0f in %.0f ms, %.0f bytes, ", json_number(json_get(a, "status")),
                 json_number(json_get(a, "took_ms")), json_number(json_get(a, "size")));
    put(tls.n ? tls : VIEW("no TLS"));
    put_key(" ", a, "content_type", "\n");
    put_body(a);
    if (json_true(json_get(a, "cut")))
        (void)printf("… (cut off here)\n");
}

static void print_verdict(const struct json *r)
{
    if (!has(r, "verdict"))
        return;
    put_key("-> ", r, "verdict", "");
    if (has(r, "words") && !has(json_get(r, "answer"), "error"))
        put_key(": ", r, "words", "");
    if (has(r, "next"))
        put_key("\n   ", r, "next", "");
    if (has(r, "code"))
        put_key("\n   the platform calls the lot ", r, "code", "");
    double off = json_number(json_get(r, "clock_off_ms")) / 1000;
    if (off > 1 || off < -1)
        (void)printf("\n   its clock is %.0f s %s ours", off < 0 ? -off : off, off < 0 ? "behind" : "before");
    (void)putchar('\n');
}

static void print_error(const struct json *e)
{
    if (!json_is(e, JSON_OBJECT))
        return;
    put_key("failed: ", e, "at", text_of(e, "at").n ? " " : "");
    put_key("", e, "text", "\n");
}

static bool print_step(const struct json *s)
{
    bool hidden = false;
    if (!json_size(json_get(s, "requests")))
        put_key("\n", s, "part", ":\n");
    for (const struct json *r = json_first(json_get(s, "requests")); r; r = json_next(r)) {
        print_request(r);
        if (has(r, "answer"))
            print_answer(json_get(r, "answer"));
        print_verdict(r);
        hidden |= json_true(json_get(r, "hidden")) || json_true(json_get(json_get(r, "answer"), "hidden"));
        for (const struct json *h = json_first(json_get(r, "headers")); h; h = json_next(h))
            hidden |= view_ieq(text_of(h, "name"), "authorization");
    }
    if (has(s, "note"))
        put_key("-> ", s, "note", "\n");
    print_error(json_get(s, "error"));
    return hidden;
}

/* ---- what the platform holds */

static void put_value(const struct json *v)
{
    if (json_is(v, JSON_NUMBER))
        (void)printf(" %20.0f", json_number(v));
    else
        (void)printf(" %20.*s", VIEW_ARG(json_is(v, JSON_STRING) ? json_text(v) : VIEW("not known")));
}

static void print_compare(const struct json *c)
{
    if (!json_is(c, JSON_OBJECT))
        return;
    (void)printf("\ncompare:\n");
    if (json_size(json_get(c, "fields")))
        (void)printf("%-8s %20s %20s\n", "", "parkd", "platform");
    for (const struct json *f = json_first(json_get(c, "fields")); f; f = json_next(f)) {
        const struct json *same = json_get(f, "same");
        (void)printf("%-8.*s", VIEW_ARG(text_of(f, "name")));
        put_value(json_get(f, "here"));
        put_value(json_get(f, "there"));
        (void)printf("%s\n", !json_is(same, JSON_BOOL) ? "" : json_true(same) ? "  the same" : "  DIFFERENT");
    }
    if (has(c, "note"))
        put_key("", c, "note", "\n");
}

/* ---- the whole */

static void print_lot(const struct json *l)
{
    static const char *const counts[] = {"free", "open", "total"};
    put_key("lot ", l, "id", "");
    put_key(" (", l, "name", ")");
    (void)printf("%s,%s", json_true(json_get(l, "made_up")) ? ", made up" : "",
                 view_is(text_of(l, "state"), "held") ? " as parkd holds it:" : "");
    for (int i = 0; i < 3; i++) {
        if (has(l, counts[i]))
            (void)printf(" %s %.0f,", counts[i], json_number(json_get(l, counts[i])));
        else
            (void)printf(" %s unknown,", counts[i]);
    }
    put_key(" ", l, "status", "");
    (void)printf(", seq %.0f\n", json_number(json_get(l, "seq")));
}

int sink_print(const struct json *answer)
{
    bool ok = json_true(json_get(answer, "ok")), sent = json_true(json_get(answer, "send")), hidden = false;
    put_key("dialect ", answer, "dialect", ", ");
    put_key("", answer, "url", "\n");
    print_lot(json_get(answer, "lot"));
    print_error(json_get(answer, "error"));
    for (const struct json *s = json_first(json_get(answer, "steps")); s; s = json_next(s))
        hidden |= print_step(s);
    print_compare(json_get(answer, "compare"));
    (void)printf("\n%s\n", !ok    ? "not good: see above"
                           : sent ? "good: every verdict is ok"
                                  : "nothing was told to the platform; --send sends this");
    if (hidden)
        (void)printf("secrets are shortened; --show-secrets shows the bytes as they are sent\n");
    return ok ? 0 : EXIT_FAILED;
}
