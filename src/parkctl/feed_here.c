/* SPDX-License-Identifier: MIT
 * A trial in this process, with the dialects of this machine: engineers try mappings without a server.
 */
#include <stdio.h>
#include <string.h>

#include "parkctl/feed_try.h"
#include "parkd/app/trial.h"
#include "parkd/base/clock.h"
#include "parkd/model/reading.h"

/* The built-in ones and one file, or the folders given, or those that a parkd reads by itself. */
struct dialects *try_load(const struct try_options *o, struct view *name)
{
    const char *folders[TRY_MAX_PAIRS + 3] = {0};
    struct why why = {0};
    int n = 0, failed = 0;
    bool file = try_is_file(o->dialect);
    for (; !file && n < o->n_folders; n++)
        folders[n] = o->folders[n];
    if (!file && !n) {
        folders[n++] = "/etc/parkd/dialects";
        folders[n] = PARKD_SHARE "/dialects";
    }
    struct dialects *ds = dialects_load(folders, &failed, &why);
    if (ds && file && dialects_add_file(ds, o->dialect, &why)) {
        (void)fprintf(stderr, "parkctl: %s: %s%s%s\n", o->dialect, why.at, why.at[0] ? " " : "", why.text);
        dialects_free(ds);
        return NULL;
    }
    for (const struct dialect *d = NULL; file && (d = dialects_next(ds, d));) {
        if (strcmp(dialect_name(d), "generic") != 0 && strcmp(dialect_name(d), "native") != 0)
            *name = view_of(dialect_name(d));
    }
    if (failed)
        (void)fprintf(stderr, "parkctl: note: a dialect could not be loaded: %s %s\n", why.at, why.text);
    return ds;
}

/* Lots that the dialect may ask for by name. */
static int know_lots(struct trial *t, const struct try_options *o)
{
    int err = 0;
    for (int i = 0; i < o->n_lots && !err; i++) {
        struct lot lot = {.total = COUNT_NONE, .open = COUNT_NONE, .free_minutes = COUNT_NONE};
        struct reading held;
        for (int c = 0; c < PLACE_CLASS_N; c++)
            lot.class_total[c] = COUNT_NONE;
        reading_init(&held);
        err = view_copy(view_of(o->lots[i]), lot.foreign_id, sizeof lot.foreign_id);
        if (!err)
            err = view_copy(view_of(o->lots[i]), lot.id, sizeof lot.id) == ERR_NOMEM ? ERR_NOMEM : 0;
        if (!err)
            err = trial_know(t, &lot, &held, 0);
    }
    return err;
}

/* The request as a tree, with the dialect's name from its file. */
static int parse(struct view request, struct view dialect, struct json **out, struct why *why)
{
    struct buf text;
    struct json *doc = NULL;
    struct json_writer w;
    int err = json_parse(request, &doc, why);
    if (err || !dialect.n) {
        *out = doc;
        return err;
    }
    buf_init(&text, TRY_MAX_BODY);
    jw_init(&w, &text);
    jw_object(&w, NULL);
    jw_view(&w, "dialect", dialect);
    for (const struct json *m = json_first(doc); m; m = json_next(m)) {
        jw_key(&w, json_key(m));
        jw_json(&w, NULL, m);
    }
    jw_end_object(&w);
    err = text.err ? text.err : json_parse(buf_get(&text), out, why);
    buf_fini(&text);
    json_free(doc);
    return err;
}

static void run(struct trial *t, const struct dialects *ds, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    if (trial_begin(t, ds))
        trial_take_samples(t);
    trial_write(t, &w);
    trial_end(t);
}

int try_here(const struct try_options *o, struct view request, struct buf *out)
{
    struct clock clock;
    struct trial *t = NULL;
    struct json *doc = NULL;
    struct why why = {0};
    struct view name = {0};
    struct dialects *ds = try_load(o, &name);
    if (!ds)
        return EXIT_FAILED;
    clock_system(&clock);
    int err = parse(request, name, &doc, &why);
    if (!err)
        err = trial_new(doc, NULL, clock_wall_ms(&clock), &t, &why);
    if (!err)
        err = know_lots(t, o);
    if (!err)
        run(t, ds, out);
    if (err || out->err)
        (void)fprintf(stderr, "parkctl: %s%s%s\n", why.at, why.at[0] ? " " : "",
                      why.text[0] ? why.text : err_text(err ? err : out->err));
    err = err ? err : out->err;
    trial_free(t);
    dialects_free(ds);
    return err ? EXIT_FAILED : 0;
}
