/* SPDX-License-Identifier: MIT
 * Pages of a poll: chunks of ids one behind the other, and in each the pages that the feed's answers name.
 */
#include "dialect/generic_impl.h"

#include <stdio.h>

#include "dialect/map_read.h"
#include "dialect/map_url.h"

/* ---- asking */

int generic_keep_url(struct generic *g, const char *url)
{
    g->url = arena_copy(&g->texts, view_of(url));
    return g->url.p ? 0 : ERR_NOMEM;
}

static bool uses_ids(const struct generic *g)
{
    return map_asks_with(g->m, g->eval.ctx->url, HOLE_IDS);
}

/* The request of this chunk and page; `link`: by its own URL. */
static int ask_page(struct generic *g, struct view token, struct view link, struct dialect_request *out,
                    struct why *why)
{
    const struct map_chunk *chunk = &g->m->chunk;
    size_t left = g->ids.n - g->chunk;
    struct map_turn turn = {
        .ids = &g->ids,
        .first_id = g->chunk,
        .n_ids = chunk->size && chunk->size < left ? chunk->size : left,
        .page = token,
        .url = link,
    };
    int err = map_request_main(&g->eval, &turn, out, why);
    g->waiting = FOR_PAGE;
    return err ? err : generic_keep_url(g, out->url);
}

int generic_first_page(struct generic *g, struct dialect_request *out, struct why *why)
{
    char token[24] = "";
    g->page = g->m->pages.first;
    g->pages = 0;
    if (g->m->pages.kind != PAGES_NEXT)
        (void)snprintf(token, sizeof token, "%lld", (long long)g->page);
    return ask_page(g, view_of(token), (struct view){0}, out, why);
}

int generic_check_chunks(const struct generic *g, struct why *why)
{
    size_t size = g->m->chunk.size;
    if (!uses_ids(g))
        return 0;
    if (g->ids.n == 0)
        return why_set(why, ERR_STATE, "",
                       "no lot of this feed is registered, so there is nothing to ask for");
    if (size && (g->ids.n + size - 1) / size > GENERIC_MAX_PAGES)
        return why_set(why, ERR_BUDGET, "/params/chunk/size", "%zu lots take more than %d requests", g->ids.n,
                       GENERIC_MAX_PAGES);
    return 0;
}

/* ---- pages */

int generic_check_status(int status, struct why *why)
{
    if (status / 100 == 2)
        return 0;
    if (status == 0)
        return why_set(why, ERR_CONNECT, "", "no answer");
    return why_set(why, status == 401 || status == 403 ? ERR_AUTH : ERR_REFUSED, "", "answered HTTP %d",
                   status);
}

int generic_take_page(struct generic *g, const struct dialect_response *res, struct why *why)
{
    struct message *msg = &g->messages[g->n_messages];
    int err = generic_check_status(res->status, why);
    if (err)
        return err;
    if (g->n_messages == GENERIC_MAX_PAGES || g->bytes + res->body.n > GENERIC_MAX_KEPT)
        return why_set(why, ERR_TOO_BIG, "", "pages of more than %d bytes, or more than %d of them",
                       GENERIC_MAX_KEPT, GENERIC_MAX_PAGES);
    *msg = (struct message){.url = g->asking ? g->url : g->eval.ctx->url};
    if (g->n_messages)
        (void)snprintf(msg->label, sizeof msg->label, "page %zu:", g->n_messages + 1);
    if (g->m->wants_head)
        msg->head = arena_copy(&g->texts, res->head);
    err = map_read_message(&g->m->message, map_header_of(res->head, "content-type"), res->body, msg, why);
    if (err)
        return err;
    g->bytes += res->body.n;
    g->n_messages++;
    return map_read_success(&g->eval, msg, why);
}

/* The words of pages.next at the page that came last; empty: it was the last. */
static int next_words(struct generic *g, struct found *out, struct why *why)
{
    const struct message *msg = &g->messages[g->n_messages - 1];
    struct map_frame root = map_root_frame(msg);
    char at[160];
    g->eval.base = &root;
    map_lets_reset(&g->eval);
    map_value_scalar(&g->eval, &root, g->m->pages.value, out);
    if (out->kind == FOUND_BAD) {
        found_place(&g->eval, &root, out, at, sizeof at);
        return why_set(why, ERR_PROTOCOL, at, VIEW_FMT, VIEW_ARG(out->text));
    }
    return 0;
}

static int follow_link(struct generic *g, struct view words, struct dialect_request *next, struct why *why)
{
    struct buf url;
    buf_init(&url, sizeof next->url);
    int err = url_resolve(g->url, words, &url);
    if (err)
        err = why_set(why, ERR_PROTOCOL, "/pages/next", "the link to the next page is no URL");
    else if (!url_same_origin(buf_get(&url), g->url))
        err = why_set(why, ERR_ADDRESS, "/pages/next", "the link to the next page leads to another host");
    else if (view_eq(buf_get(&url), g->url))
        err = why_set(why, ERR_PROTOCOL, "/pages/next", "the next page is the same page");
    else
        err = ask_page(g, (struct view){0}, buf_get(&url), next, why);
    buf_fini(&url);
    return err;
}

static int next_by_words(struct generic *g, struct dialect_request *next, bool *more, struct why *why)
{
    char digits[40];
    struct found at;
    int err = next_words(g, &at, why);
    if (err)
        return err;
    struct view words = view_trim(found_words(&at, digits, sizeof digits));
    bool no = at.kind == FOUND_BOOL && at.number == 0;
    if (no || words_say_nothing(words))
        return 0;
    *more = true;
    if (map_asks_with(g->m, g->eval.ctx->url, HOLE_PAGE))
        return ask_page(g, words, (struct view){0}, next, why);
    return follow_link(g, words, next, why);
}

static int count_pages(struct generic *g, struct why *why)
{
    struct found at;
    double n = 0;
    int err = g->pages ? 0 : next_words(g, &at, why);
    if (err || g->pages)
        return err;
    err = found_to_number(&at, &g->m->marks, &n);
    if (err && err != ERR_MISSING && at.kind != FOUND_NOTHING)
        return why_set(why, ERR_PROTOCOL, "/pages/count", "the number of pages is none");
    g->pages = n > 1 ? (int64_t)(n > GENERIC_MAX_PAGES ? GENERIC_MAX_PAGES + 1 : n) : 1;
    return 0;
}

/* Is there a page behind this one, by its number? */
static int is_another(struct generic *g, bool *yes, struct why *why)
{
    int64_t items = 0;
    int err = 0;
    if (g->m->pages.kind == PAGES_COUNT) {
        err = count_pages(g, why);
        *yes = g->page - g->m->pages.first + 1 < g->pages;
    } else {
        err = map_read_size(&g->eval, &g->messages[g->n_messages - 1], &items, why);
        *yes = items > 0;
    }
    return err;
}

static int next_by_number(struct generic *g, struct dialect_request *next, bool *more, struct why *why)
{
    char token[24];
    int err = is_another(g, more, why);
    if (err || !*more)
        return err;
    (void)snprintf(token, sizeof token, "%lld", (long long)++g->page);
    return ask_page(g, view_of(token), (struct view){0}, next, why);
}

int generic_next_page(struct generic *g, struct dialect_request *next, bool *more, struct why *why)
{
    int err = 0;
    if (g->m->pages.kind == PAGES_NEXT)
        err = next_by_words(g, next, more, why);
    else if (g->m->pages.kind != PAGES_ONE)
        err = next_by_number(g, next, more, why);
    if (err || *more)
        return err;
    size_t size = g->m->chunk.size;
    if (!size || g->chunk + size >= g->ids.n || !uses_ids(g))
        return 0;
    g->chunk += size;
    *more = true;
    return generic_first_page(g, next, why);
}
