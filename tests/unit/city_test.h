/* SPDX-License-Identifier: MIT
 * What the tests of cities' protocols share: an item to tell, and what a sink sent given to a feed as it
 * would arrive.
 */
#ifndef PARKD_TEST_CITY_TEST_H
#define PARKD_TEST_CITY_TEST_H

#include "dialect_test.h"

#include "parkd/base/crypto.h"

#define CITY_CHANGED 1767225600000 /* 2026-01-01 08:00:00 in Beijing, as in the vectors */

struct city_item {
    struct lot lot;
    struct reading reading;
};

/* The lot of the vectors: of 300 places 120 are open, 42 of them free. */
static inline struct dialect_item city_item(struct city_item *c, const char *id)
{
    *c = (struct city_item){0};
    (void)snprintf(c->lot.id, sizeof c->lot.id, "%s", id);
    (void)snprintf(c->lot.name, sizeof c->lot.name, "%s",
                   "\xe5\x8c\x97\xe5\xb9\xbf\xe5\x9c\xba"); /* 北广场 */
    c->lot.total = 300;
    c->lot.open = 120;
    for (int i = 0; i < PLACE_CLASS_N; i++)
        c->lot.class_total[i] = COUNT_NONE;
    c->lot.free_minutes = COUNT_NONE;
    reading_init(&c->reading);
    c->reading.seq = 1;
    c->reading.free = 42;
    c->reading.open = 120;
    c->reading.total = 300;
    c->reading.changed_ms = CITY_CHANGED;
    c->reading.observed_ms = CITY_CHANGED + 5000;
    return (struct dialect_item){
        .lot = &c->lot, .reading = &c->reading, .cars_in = COUNT_NONE, .cars_out = COUNT_NONE};
}

static inline struct dialect_ctx city_ctx(void)
{
    struct dialect_ctx ctx = test_ctx(NULL);
    ctx.now_ms = CITY_CHANGED + 6000;
    return ctx;
}

/* ---- arriving */

struct city_arrival {
    const struct dialect_request *sent;
    char values[8][512];
    int n;
};

static inline int city_hex(char c)
{
    return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

static inline struct view city_query(void *at, const char *name)
{
    struct city_arrival *a = at;
    struct view rest = view_of(a->sent->url);
    (void)view_cut(&rest, '?');
    while (rest.n) {
        struct view value = view_cut(&rest, '&'), key = view_cut(&value, '=');
        if (!view_is(key, name))
            continue;
        char *to = a->values[a->n++ % 8];
        size_t n = 0;
        for (size_t i = 0; i < value.n; i++) {
            bool escaped = value.p[i] == '%';
            to[n++] = escaped ? (char)(city_hex(value.p[i + 1]) * 16 + city_hex(value.p[i + 2])) : value.p[i];
            i += escaped ? 2 : 0;
        }
        return (struct view){to, n};
    }
    return (struct view){0};
}

static inline struct view city_header(void *at, const char *name)
{
    const struct city_arrival *a = at;
    return view_of(header_of(a->sent, name));
}

/* What a sink sent, as the feed hears it. The reply's body in `reply`, which holds text. */
static inline int city_hear(struct dialect_session *feed, const struct dialect_request *sent,
                            struct report_list *heard, struct buf *reply)
{
    struct city_arrival a = {.sent = sent};
    struct dialect_ctx ctx = city_ctx();
    struct dialect_reply answer;
    struct why why = {0};
    struct view path = view_of(sent->url + strlen("https://lot.example"));
    path = view_cut(&path, '?');
    struct dialect_inbound in = {.method = view_of(sent->method[0] ? sent->method : "POST"),
                                 .path = path,
                                 .content_type = city_header(&a, "content-type"),
                                 .body = buf_get(&sent->body),
                                 .header = city_header,
                                 .query = city_query,
                                 .accessor = &a};
    int err = dialect_receive(feed, &ctx, &in, heard, &answer, &why);
    buf_clear(reply);
    buf_view(reply, buf_get(&answer.body));
    dialect_reply_fini(&answer);
    return err;
}

/* ---- bodies */

static inline struct json *city_json(struct view text)
{
    struct json *j = NULL;
    struct why why = {0};
    if (json_parse(text, &j, &why))
        fail_msg("%s in " VIEW_FMT, why.text, VIEW_ARG(text));
    return j;
}

/* Changes the character behind a piece of the text; done again, all is as before. */
static inline void city_spoil(struct buf *text, const char *after)
{
    char *at = strstr(text->p, after);
    assert_non_null(at);
    at[strlen(after)] ^= 1;
}

/* The same with a session of its own: what was heard and the reply are as wanted; the error is given back. */
static inline int city_heard(struct dialects *all, const char *dialect, const char *params,
                             const struct dialect_request *sent, const char *want, const char *reply)
{
    struct report_list heard;
    struct buf answer;
    struct dialect_session *s = open_session(all, dialect, params);
    report_list_init(&heard);
    buf_init(&answer, 4096);
    int err = city_hear(s, sent, &heard, &answer);
    assert_list(&heard, want);
    if (!has_text(buf_get(&answer), reply))
        fail_msg("%s", answer.p ? answer.p : "no answer");
    buf_fini(&answer);
    report_list_fini(&heard);
    dialect_close(s);
    return err;
}

#endif
