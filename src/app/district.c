/* SPDX-License-Identifier: MIT
 * A district file, {"lots":[…],"feeds":[…],"sinks":[…]}, seeds a store that holds no registration at all.
 * Everything is checked before the first is written, so that a wrong file writes nothing.
 */
#include <stdlib.h>

#include "app/app.h"
#include "parkd/base/json.h"
#include "parkd/base/log.h"

#define DISTRICT_MAX (16 * 1024 * 1024)

struct seed {
    struct app *app;
    int open, err;
    void (*done)(struct app *a, int err);
};

static const struct part {
    const char *name;
    enum store_noun noun;
    int (*check)(const struct app *a, const struct json *doc, struct why *why);
} parts[] = {
    /* Feeds before lots and sinks, so that nothing is missing when the first reading arrives. */
    {"feeds", STORE_FEED, check_feed},
    {"lots", STORE_LOT, check_lot},
    {"sinks", STORE_SINK, check_sink},
};
#define N_PARTS (sizeof parts / sizeof parts[0])

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
    }
    return err;
}

static void settle(struct seed *s)
{
    if (--s->open > 0)
        return;
    s->done(s->app, s->err);
    free(s);
}

static void on_put(void *ctx, int err, uint64_t version)
{
    struct seed *s = ctx;
    (void)version;
    if (err && !s->err)
        s->err = err;
    settle(s);
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
        err = store_put(s->app->store, part->noun, view_of(id), buf_get(&text), UINT64_MAX, on_put, s);
        if (err)
            s->open--;
    }
    if (err && !s->err)
        s->err = err;
    buf_fini(&text);
}

static int seed_from(struct app *a, const struct json *doc, void (*done)(struct app *a, int err),
                     struct why *why)
{
    int err = check_all(a, doc, why);
    struct seed *s = err ? NULL : calloc(1, sizeof *s);
    if (!s)
        return err ? err : ERR_NOMEM;
    *s = (struct seed){.app = a, .open = 1, .done = done};
    for (size_t p = 0; p < N_PARTS; p++)
        for (const struct json *e = json_first(json_get(doc, parts[p].name)); e; e = json_next(e))
            put_one(s, &parts[p], e);
    settle(s);
    return 0;
}

void district_seed(struct app *a, void (*done)(struct app *a, int err))
{
    struct buf text;
    struct json *doc = NULL;
    struct why why = {0};
    bool empty =
        registry_count(a->reg) + directory_count(a->dir, STORE_FEED) + directory_count(a->dir, STORE_SINK) ==
        0;
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
    }
    json_free(doc);
    buf_fini(&text);
}
