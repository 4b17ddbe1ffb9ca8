/* SPDX-License-Identifier: MIT
 * Polls of `generic` against answers by URL: each request as a line, then what came out.
 */
#ifndef PARKD_TEST_GENERIC_POLL_TEST_H
#define PARKD_TEST_GENERIC_POLL_TEST_H

#include "generic_test.h"

/* What a feed would answer to a request: found by its URL. */
struct answer {
    const char *url; /* NULL ends the list */
    int status;
    const char *body;
};

static inline struct dialect_session *open_params(const char *params)
{
    struct why why = {0};
    char *text = with_quotes(params);
    struct dialect_session *s = dialect_open(dialects_find(ds, "generic"), view_of(text), &why);
    if (!s)
        fail_msg("%s\n%s: %s", text, why.at, why.text);
    free(text);
    return s;
}

static inline void print_request(struct buf *out, const struct dialect_request *r)
{
    buf_printf(out, "%s %s", r->method[0] ? r->method : r->body.n ? "POST" : "GET", r->url);
    for (int i = 0; i < r->n_headers; i++)
        buf_printf(out, " %s=%s", r->headers[i].name, r->headers[i].value);
    if (r->body.n)
        buf_printf(out, " " VIEW_FMT, VIEW_ARG(buf_get(&r->body)));
    buf_char(out, '\n');
}

static inline const struct answer *answer_to(const struct answer *all, const char *url)
{
    while (all->url && strcmp(all->url, url) != 0)
        all++;
    if (!all->url)
        fail_msg("asked for %s", url);
    return all;
}

/* A whole poll: each request as a line, then what came out. */
static inline void poll_once(struct dialect_session *s, const struct dialect_ctx *ctx,
                             const struct answer *answers, struct buf *out)
{
    struct report_list list;
    struct dialect_request req;
    struct why why = {0};
    bool more = true;
    report_list_init(&list);
    int err = dialect_poll(s, ctx, &req, &why);
    while (!err && more) {
        print_request(out, &req);
        const struct answer *a = answer_to(answers, req.url);
        char *body = with_quotes(a->body);
        dialect_request_fini(&req);
        struct dialect_response res = {a->status, VIEW("Content-Type: application/json\r\nX-Mark: m1\r\n"),
                                       view_of(body)};
        err = dialect_decode(s, ctx, &res, &list, &req, &more, &why);
        free(body);
    }
    print_list(out, &list);
    if (err)
        buf_printf(out, "error %s %s: %s\n", err_name(err), why.at, why.text);
    else
        dialect_request_fini(&req);
    report_list_fini(&list);
}

static inline void expect_poll(struct dialect_session *s, const struct dialect_ctx *ctx,
                               const struct answer *answers, const char *want)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    poll_once(s, ctx, answers, &out);
    assert_string_equal(out.p ? out.p : "", want);
    buf_fini(&out);
}

static inline struct registry *lots_of_feed(const char *const *foreign)
{
    struct registry *reg = registry_new();
    char id[16];
    for (int i = 0; foreign[i]; i++) {
        (void)snprintf(id, sizeof id, "lot-%d", i);
        add_lot(reg, id, "f1", foreign[i]);
    }
    add_lot(reg, "other", "f2", "not ours");
    return reg;
}

/* One poll of one feed with these lots. */
static inline void check_poll(const char *params, const char *const *lots, const struct answer *answers,
                              const char *want)
{
    struct registry *reg = lots_of_feed(lots);
    struct dialect_ctx ctx = test_ctx(reg);
    ctx.url = VIEW("https://lot.example/v1/list");
    struct dialect_session *s = open_params(params);
    expect_poll(s, &ctx, answers, want);
    dialect_close(s);
    registry_free(reg);
}

__attribute__((unused)) static const char *const no_lots[] = {NULL};
__attribute__((unused)) static const char *const two_lots[] = {"A", "B", NULL};
__attribute__((unused)) static const char *const five_lots[] = {"A", "B\\\"1", "C", "D", "E", NULL};

#endif
