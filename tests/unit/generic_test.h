/* SPDX-License-Identifier: MIT
 * What the tests of `generic` share: a mapping and a message in, what came out as text.
 */
#ifndef PARKD_TEST_GENERIC_TEST_H
#define PARKD_TEST_GENERIC_TEST_H

#include "dialect_test.h"

static struct dialects *ds;

static inline int generic_set_up(void **state)
{
    (void)state;
    ds = dialects_new();
    return dialects_add_all_built_in(ds);
}

static inline int generic_tear_down(void **state)
{
    (void)state;
    dialects_free(ds);
    return 0;
}

/* Rows are written with ' for ", as long as the row's mapping or message needs no ' itself. */
static inline char *with_quotes(const char *text)
{
    char *copy = view_dup(view_of(text));
    assert_non_null(copy);
    for (char *p = copy; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    return copy;
}

/* Decodes a message; what came out as text, an error as "error NAME at: text". */
static inline void decode_body(struct dialect_session *s, struct view head, struct view body, struct buf *out)
{
    struct report_list list;
    struct dialect_request next;
    bool more;
    struct why why = {0};
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_response res = {200, head, body};
    report_list_init(&list);
    int err = dialect_decode(s, &ctx, &res, &list, &next, &more, &why);
    print_list(out, &list);
    if (err)
        buf_printf(out, "error %s %s: %s\n", err_name(err), why.at, why.text);
    assert_false(more);
    dialect_request_fini(&next);
    report_list_fini(&list);
}

static inline struct dialect_session *open_mapping(const char *mapping)
{
    struct why why = {0};
    struct buf params;
    char *text = with_quotes(mapping);
    buf_init(&params, 1 << 20);
    buf_printf(&params, "{\"mapping\":%s}", text);
    struct dialect_session *s = dialect_open(dialects_find(ds, "generic"), buf_get(&params), &why);
    if (!s)
        fail_msg("%s\n%s: %s", text, why.at, why.text);
    buf_fini(&params);
    free(text);
    return s;
}

struct reading_row {
    const char *mapping, *body, *want;
};

static inline bool check_row(const struct reading_row *row, bool quotes)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    char *body = quotes ? with_quotes(row->body) : view_dup(view_of(row->body));
    struct dialect_session *s = open_mapping(row->mapping);
    decode_body(s, (struct view){0}, view_of(body), &out);
    bool good = strcmp(out.p ? out.p : "", row->want) == 0;
    if (!good)
        print_error("%s\n%s\ngave %s\nnot  %s\n", row->mapping, row->body, out.p ? out.p : "", row->want);
    dialect_close(s);
    free(body);
    buf_fini(&out);
    return good;
}

/* JSON messages, with ' for ". */
static inline void check_rows(const struct reading_row *rows, size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++)
        wrong += !check_row(&rows[i], true);
    assert_int_equal(wrong, 0);
}

/* Messages as they stand. */
static inline void check_texts(const struct reading_row *rows, size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++)
        wrong += !check_row(&rows[i], false);
    assert_int_equal(wrong, 0);
}

#endif
