/* SPDX-License-Identifier: MIT
 * GET /v1/export/{format}: the lots in a format that others read. Rendered at most once a second.
 */
#include "api/export.h"
#include "api/internal.h"
#include "parkd/base/iso8601.h"

#define EXPORT_CACHE "public, max-age=5"
#define KEY_MAX      1024

static struct cache_entry *make(const struct call *c, enum export_format f, const struct lots_query *asked,
                                bool key_values, struct view key)
{
    struct api *a = c->api;
    struct cache_stamp now = call_stamp(c);
    struct export_view v = {.district = a->district,
                            .url = a->public_url,
                            .now_ms = now.now_ms,
                            .key_values = key_values,
                            .trend = call_outlook(c, 0).trend,
                            .ctx = a};
    struct selection s;
    struct buf body;
    struct why why = {0};
    int err = select_lots(a->reg, call_places(c), asked, now.now_ms, &s, &why);
    if (err)
        return NULL;
    buf_init(&body, API_MAX_ANSWER);
    err = render_export(f, &s, &v, &body);
    /* Hours and trends move by themselves: a second is how long it stands. */
    struct cache_entry *e =
        err ? NULL : cache_store(a->cache, key, &now, &body, now.now_ms + CACHE_CALM_MS, NULL);
    selection_fini(&s);
    buf_fini(&body);
    return e;
}

/* `options=keyValues` is NGSI-LD's own. */
static int take_options(struct query *q, enum export_format f, bool *key_values, struct why *why)
{
    *key_values = false;
    for (size_t i = 0; f == EXPORT_NGSI && i < q->n && i < QUERY_MAX; i++) {
        if (!view_is(q->v[i].name, "options"))
            continue;
        if (!view_is(q->v[i].value, "keyValues"))
            return why_set(why, ERR_INVALID, "options", "must be keyValues");
        *key_values = true;
        q->v[i] = q->v[--q->n];
        break;
    }
    return 0;
}

/* What stands behind the last slash. */
static struct view name_of(struct view path)
{
    size_t n = path.n;
    while (n && path.p[n - 1] != '/')
        n--;
    return (struct view){path.p + n, path.n - n};
}

void export_handle(const struct call *c)
{
    struct query q;
    struct lots_query asked;
    struct why why = {0};
    struct buf key;
    enum export_format f;
    bool key_values = false;
    call_query(c, &q);
    if (export_format_of(name_of(http_path(c->req)), &f)) {
        reply_problem(c, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    buf_init(&key, KEY_MAX);
    buf_view(&key, http_path(c->req));
    buf_char(&key, '?');
    if (query_print(&q, false, &key) || take_options(&q, f, &key_values, &why) ||
        query_export(&q, &asked, &why)) {
        buf_fini(&key);
        if (!why.text[0])
            (void)why_set(&why, ERR_TOO_BIG, "", "the parameters are too long");
        reply_why(c, PROBLEM_PARAMETER, &why);
        return;
    }
    struct cache_stamp now = call_stamp(c);
    struct cache_entry *e = cache_find(c->api->cache, buf_get(&key), &now);
    if (!e)
        e = make(c, f, &asked, key_values, buf_get(&key));
    reply_entry(c, &(struct reply){.status = 200, .type = export_type(f), .cache_control = EXPORT_CACHE}, e);
    buf_fini(&key);
}
