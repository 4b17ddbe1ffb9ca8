/* SPDX-License-Identifier: MIT
 * Reads messages: the envelope, the items of all pages, and lots that were named twice.
 */
#include "dialect/map_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/map_report.h"
#include "parkd/base/crypto.h"

int map_read_message(const struct map_message *spec, struct view content_type, struct view body,
                     struct message *msg, struct why *why)
{
    struct buf plain;
    msg->doc = NULL;
    if (!spec->base64)
        return doc_read(&spec->doc, content_type, body, &msg->doc, why);
    buf_init(&plain, DOC_MAX_BODY);
    int err = base64_decode(&plain, view_trim(body));
    if (err)
        err = why_set(why, err, "", "not Base64 as the mapping says");
    else
        err = doc_read(&spec->doc, content_type, buf_get(&plain), &msg->doc, why);
    buf_fini(&plain);
    return err;
}

/* ---- the envelope */

static int refuse(struct map_eval *e, const struct map_frame *root, const struct map_cond *c, struct why *why)
{
    char digits[40], more[40], at[160] = "";
    struct found said = {0}, message;
    map_value_scalar(e, root, c->message, &message);
    if (c->value) {
        map_value_scalar(e, root, c->value, &said);
        map_value_place(e, root, c->value, at, sizeof at);
    }
    struct view words = found_words(&said, digits, sizeof digits),
                text = found_words(&message, more, sizeof more);
    if (said.kind == FOUND_BAD)
        return why_set(why, ERR_REFUSED, at, VIEW_FMT, VIEW_ARG(said.text));
    if (words.p)
        return why_set(why, ERR_REFUSED, at, "the envelope says " VIEW_FMT "%s" VIEW_FMT, VIEW_ARG(words),
                       text.n ? ": " : "", VIEW_ARG(text));
    return why_set(why, ERR_REFUSED, at, "the envelope does not say that it succeeded%s" VIEW_FMT,
                   text.n ? ": " : "", VIEW_ARG(text));
}

int map_read_success(struct map_eval *e, const struct message *msg, struct why *why)
{
    struct map_frame root = map_root_frame(msg);
    struct found bad;
    int err = 0;
    e->base = &root;
    map_lets_reset(e);
    for (size_t i = 0; i < e->m->success.n && !err; i++) {
        if (map_cond_eval(e, &root, e->m->success.v[i], &bad) <= 0)
            err = refuse(e, &root, e->m->success.v[i], why);
    }
    e->base = NULL;
    return e->err ? why_set(why, e->err, "", "%s", err_text(e->err)) : err;
}

/* ---- items */

static int count_item(void *ctx, const struct map_frame *f)
{
    (void)ctx;
    (void)f;
    return 0;
}

int map_read_size(struct map_eval *e, const struct message *msg, int64_t *n, struct why *why)
{
    struct map_frame root = map_root_frame(msg);
    struct map_mark mark = map_eval_here(e);
    const struct map_message *spec = &e->m->message;
    int err = 0;
    *n = 0;
    for (size_t i = 0; i < (spec->n_items ? spec->n_items : 1) && !err; i++) {
        err = map_items_of(e, &root, spec->n_items ? spec->items[i] : NULL, spec->single, n, count_item, NULL,
                           why);
        err = err == ERR_NOT_FOUND ? 0 : err;
    }
    map_eval_back(e, mark);
    return err;
}

struct pass {
    struct map_eval *e;
    struct report_list *out;
    int32_t item;
    int32_t *from; /* dry: the item to start at */
};

static int read_item(void *ctx, const struct map_frame *f)
{
    struct pass *r = ctx;
    int32_t item = r->item++;
    if (item == MAP_MAX_ITEMS)
        return ERR_FULL;
    if (r->from && item < *r->from)
        return 0;
    if (r->from)
        *r->from = item;
    return map_report_item(r->e, f, item, r->from != NULL, r->out);
}

/* ---- lots named twice */

struct seen {
    uint32_t *slots; /* index + 1 into the list; 0 free */
    size_t mask;
};

/* Which of two reports of one lot stays: the later one? */
static bool later_wins(enum map_repeats how, const struct report *before, const struct report *now)
{
    if (how == REPEATS_LAST)
        return true;
    return how == REPEATS_NEWEST && now->source_ms >= before->source_ms;
}

/* Keeps one report a lot, where its first stood. */
static int drop_repeats(enum map_repeats how, struct report_list *l, size_t from)
{
    size_t kept = from;
    struct seen s = {.mask = 15};
    while (s.mask < 2 * (l->n - from))
        s.mask = s.mask * 2 + 1;
    s.slots = calloc(s.mask + 1, sizeof *s.slots);
    if (!s.slots)
        return ERR_NOMEM;
    for (size_t i = from; i < l->n; i++) {
        size_t at = (size_t)view_hash(view_of(l->v[i].lot)) & s.mask;
        while (s.slots[at] && strcmp(l->v[s.slots[at] - 1].lot, l->v[i].lot) != 0)
            at = (at + 1) & s.mask;
        if (!s.slots[at]) {
            if (kept != i)
                l->v[kept] = l->v[i];
            s.slots[at] = (uint32_t)++kept;
        } else if (later_wins(how, &l->v[s.slots[at] - 1], &l->v[i])) {
            l->v[s.slots[at] - 1] = l->v[i];
        }
    }
    free(s.slots);
    l->n = kept;
    return 0;
}

/* ---- the whole */

static int explain(int err, struct why *why)
{
    if (err == ERR_NOT_FOUND)
        return ERR_PROTOCOL; /* the words are there */
    if (err == ERR_BUDGET)
        return why_set(why, err, "", "reading it takes more time or steps than a message may");
    if (err && !why->text[0])
        return why_set(why, err == ERR_FULL ? ERR_TOO_BIG : err, "", "%s",
                       err == ERR_FULL ? "more lots than a message may have" : err_text(err));
    return err;
}

static int read_pages(const struct message *pages, size_t n, struct pass *r, struct why *why)
{
    int err = 0;
    why->text[0] = '\0';
    for (size_t i = 0; i < n && !err; i++) {
        struct map_mark mark = map_eval_here(r->e);
        err = map_items_walk(r->e, &r->e->m->message, &pages[i], read_item, r, why);
        map_eval_back(r->e, mark);
        if (err == ERR_NOT_FOUND && i > 0) /* the page behind the last */
            err = 0;
    }
    r->e->base = NULL;
    return err;
}

int map_read_dry(struct map_eval *e, const struct message *pages, size_t n, int32_t *from, struct why *why)
{
    struct report_list nothing;
    struct pass r = {.e = e, .out = &nothing, .from = from};
    report_list_init(&nothing);
    int err = read_pages(pages, n, &r, why);
    report_list_fini(&nothing);
    return explain(err, why);
}

int map_read_reports(struct map_eval *e, const struct message *pages, size_t n, struct report_list *out,
                     struct why *why)
{
    struct pass r = {.e = e, .out = out};
    size_t before = out->n;
    int err = read_pages(pages, n, &r, why);
    if (!err && e->m->repeats != REPEATS_ALL && out->n > before)
        err = drop_repeats(e->m->repeats, out, before);
    return explain(err, why);
}
