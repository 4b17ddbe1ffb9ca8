/* SPDX-License-Identifier: MIT
 * A district file, {"lots":[…],"feeds":[…],"sinks":[…]}, seeds a store that holds no registration at all.
 * Everything is checked before the first is written, so that a wrong file writes nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "parkd/base/json.h"
#include "parkd/base/log.h"

#define DISTRICT_MAX (64 * 1024 * 1024)
#define OPEN_MAX     512 /* writes at once: the way to the store holds some thousands, and others need it too */

struct seed {
    struct app *app;
    struct json *doc;
    size_t part;             /* what is written next: an element … */
    const struct json *next; /* … of this part; NULL: the part's first, or none */
    bool begun, writing;
    int open, err;
    void (*done)(struct app *a, int err);
};

static const struct part {
    const char *name;
    enum noun noun;
    int (*check)(const struct app *a, const struct json *doc, struct why *why);
} parts[] = {
    /* Feeds before lots and sinks, so that nothing is missing when the first reading arrives. */
    {"feeds", NOUN_FEED, check_feed},
    {"lots", NOUN_LOT, check_lot},
    {"sinks", NOUN_SINK, check_sink},
};
#define N_PARTS (sizeof parts / sizeof parts[0])

static int view_order(struct view a, struct view b)
{
    int order = memcmp(a.n ? a.p : "", b.n ? b.p : "", a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

struct naming {
    struct view first, second;
    int at;
};

static int by_names(const void *a, const void *b)
{
    const struct naming *x = a, *y = b;
    int order = view_order(x->first, y->first);
    order = order ? order : view_order(x->second, y->second);
    return order ? order : x->at - y->at;
}

/* No two of the list may say the same in `first` and `second` (NULL: first alone); who says neither is free.
 */
static int check_unique(const struct json *list, const char *first, const char *second, struct why *why)
{
    char at[32];
    int n = 0, at_i = 0, err = 0;
    struct naming *all = calloc(json_size(list) + 1, sizeof *all);
    if (!all)
        return ERR_NOMEM;
    for (const struct json *e = json_first(list); e; e = json_next(e), at_i++) {
        struct naming one = {json_text(json_get(e, first)), {0}, at_i};
        if (second)
            one.second = json_text(json_get(e, second));
        if (one.first.n && (!second || one.second.n))
            all[n++] = one;
    }
    qsort(all, (size_t)n, sizeof *all, by_names);
    for (int i = 1; i < n && !err; i++) {
        if (!view_eq(all[i].first, all[i - 1].first) || !view_eq(all[i].second, all[i - 1].second))
            continue;
        (void)snprintf(at, sizeof at, "/%d/%s", all[i].at, second ? second : first);
        err = why_set(why, ERR_CONFLICT, at, "the same as of /%d", all[i - 1].at);
    }
    free(all);
    return err;
}

static int check_names(const struct part *part, const struct json *list, struct why *why)
{
    int err = check_unique(list, "id", NULL, why);
    if (!err && part->noun == NOUN_LOT)
        err = check_unique(list, "feed", "foreign_id", why);
    if (err)
        why_under(why, "/%s", part->name);
    return err;
}

static int check_all(const struct app *a, const struct json *doc, struct why *why)
{
    static const char *const names[] = {"lots", "feeds", "sinks", "notes", NULL};
    int err = json_is(doc, JSON_OBJECT) ? json_only(doc, names, why)
                                        : why_set(why, ERR_TYPE, "", "must be an object");
    for (size_t p = 0; p < N_PARTS && !err; p++) {
        const struct json *list = NULL;
        int i = 0;
        err = json_want_node(doc, parts[p].name, JSON_ARRAY, &list, why);
        for (const struct json *e = err ? NULL : json_first(list); e && !err; e = json_next(e), i++)
            if ((err = parts[p].check(a, e, why)))
                why_under(why, "/%s/%d", parts[p].name, i);
        if (!err && list)
            err = check_names(&parts[p], list, why);
    }
    return err;
}

/* The element that is written next; NULL: that was all, or something failed. */
static const struct json *next_of(struct seed *s, const struct part **part)
{
    if (s->err)
        return NULL;
    s->next = s->begun ? json_next(s->next) : json_first(json_get(s->doc, parts[0].name));
    s->begun = true;
    while (!s->next && s->part + 1 < N_PARTS)
        s->next = json_first(json_get(s->doc, parts[++s->part].name));
    *part = &parts[s->part];
    return s->next;
}

static void put_one(struct seed *s, const struct part *part, const struct json *doc);

static void write_on(struct seed *s)
{
    const struct part *part = NULL;
    const struct json *e = NULL;
    bool more = true;
    if (s->writing)
        return;
    s->writing = true;
    while (s->open < OPEN_MAX && more) {
        more = (!s->begun || s->next) && (e = next_of(s, &part)) != NULL;
        if (more)
            put_one(s, part, e);
    }
    s->writing = false;
    if (s->open)
        return;
    s->done(s->app, s->err);
    json_free(s->doc);
    free(s);
}

static void on_put(void *ctx, int err, uint64_t version)
{
    struct seed *s = ctx;
    (void)version;
    if (err && !s->err) {
        s->err = err;
        log_error(DISTRICT, "reason=\"%s\" while writing: not all is in the store", err_text(err));
    }
    s->open--;
    write_on(s);
}

static void put_one(struct seed *s, const struct part *part, const struct json *doc)
{
    struct buf text;
    struct json_writer w;
    char id[64] = "";
    buf_init(&text, DISTRICT_MAX);
    jw_init(&w, &text);
    jw_json(&w, NULL, doc);
    int err = json_need_str(doc, "id", id, sizeof id, NULL);
    if (!err)
        err = text.err;
    if (!err) {
        s->open++;
        err = app_store_put(s->app, part->noun, view_of(id), buf_get(&text), UINT64_MAX, on_put, s);
        if (err)
            s->open--;
    }
    if (err && !s->err)
        s->err = err;
    buf_fini(&text);
}

/* Takes the document when it is right. */
static int seed_from(struct app *a, struct json *doc, void (*done)(struct app *a, int err), struct why *why)
{
    int err = check_all(a, doc, why);
    struct seed *s = err ? NULL : calloc(1, sizeof *s);
    if (!s)
        return err ? err : ERR_NOMEM;
    *s = (struct seed){.app = a, .doc = doc, .done = done};
    write_on(s);
    return 0;
}

void district_seed(struct app *a, void (*done)(struct app *a, int err))
{
    struct buf text;
    struct json *doc = NULL;
    struct why why = {0};
    bool empty =
        registry_count(a->reg) + directory_count(a->dir, NOUN_FEED) + directory_count(a->dir, NOUN_SINK) == 0;
    if (!a->conf.district.file[0] || !empty) {
        done(a, 0);
        return;
    }
    buf_init(&text, DISTRICT_MAX);
    int err = conf_read_file(a->conf.district.file, &text, &why);
    if (!err)
        err = json_parse(buf_get(&text), &doc, &why);
    if (!err)
        err = seed_from(a, doc, done, &why);
    if (err) {
        log_error(DISTRICT, "file=%s at=%s reason=\"%s\" nothing was written", a->conf.district.file, why.at,
                  why.text);
        done(a, err);
        json_free(doc);
    }
    buf_fini(&text);
}
