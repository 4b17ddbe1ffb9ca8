/* SPDX-License-Identifier: MIT
 * sink try: a platform tried with one lot, by a running parkd for a sink that is registered there, or from
 * here.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkctl/feed_try.h"
#include "parkctl/sink_print.h"
#include "parkd/app/sink_run.h"
#include "parkd/base/clock.h"

#define MAX_HEAD ((size_t)64 * 1024)

struct sink_options {
    const char *sink, *url, *dialect, *params, *lot, *lot_file, *free, *now, *secret, *bearer, *tls;
    bool send, compare, show;
    struct try_options load; /* of dialects */
};

enum { OPT_SEND = 256, OPT_COMPARE, OPT_SHOW, OPT_JSON, OPT_STATE, OPT_STAFF, OPT_FOLDER, OPT_ONE = 300 };

static int usage(const char *what)
{
    if (what)
        (void)fprintf(stderr, "parkctl: %s\n", what);
    (void)fprintf(stderr,
                  "parkctl: sink try SINK [--lot ID | --lot-file FILE] [--free N] [--send] [--compare] "
                  "[--show-secrets]\n"
                  "parkctl: sink try --url URL --dialect NAME --params FILE|JSON [--lot-file FILE] …\n");
    return EXIT_USAGE;
}

static void take_flag(struct ctl *c, struct sink_options *o, int opt)
{
    o->send |= opt == OPT_SEND;
    o->compare |= opt == OPT_COMPARE;
    o->show |= opt == OPT_SHOW;
    c->json |= opt == OPT_JSON;
    if (opt == OPT_STATE)
        c->state = optarg;
    if (opt == OPT_STAFF)
        (void)snprintf(c->staff, sizeof c->staff, "%s", optarg);
    if (opt == OPT_FOLDER && o->load.n_folders < TRY_MAX_PAIRS)
        o->load.folders[o->load.n_folders++] = optarg;
}

static int read_options(struct ctl *c, struct sink_options *o, int argc, char **argv)
{
    const char **const ones[] = {&o->url,  &o->dialect, &o->params, &o->lot,    &o->lot_file,
                                 &o->free, &o->now,     &o->secret, &o->bearer, &o->tls};
    static const struct option options[] = {
        {"url", 1, NULL, OPT_ONE},           {"dialect", 1, NULL, OPT_ONE + 1},
        {"params", 1, NULL, OPT_ONE + 2},    {"lot", 1, NULL, OPT_ONE + 3},
        {"lot-file", 1, NULL, OPT_ONE + 4},  {"free", 1, NULL, OPT_ONE + 5},
        {"now", 1, NULL, OPT_ONE + 6},       {"secret", 1, NULL, OPT_ONE + 7},
        {"bearer", 1, NULL, OPT_ONE + 8},    {"tls", 1, NULL, OPT_ONE + 9},
        {"send", 0, NULL, OPT_SEND},         {"compare", 0, NULL, OPT_COMPARE},
        {"show-secrets", 0, NULL, OPT_SHOW}, {"json", 0, NULL, OPT_JSON},
        {"state", 1, NULL, OPT_STATE},       {"staff", 1, NULL, OPT_STAFF},
        {"dialects", 1, NULL, OPT_FOLDER},   {0}};
    int opt;
    optind = 0;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == '?')
            return usage(NULL);
        if (opt >= OPT_ONE)
            *ones[opt - OPT_ONE] = optarg;
        else
            take_flag(c, o, opt);
    }
    o->sink = optind < argc ? argv[optind++] : NULL;
    if (optind < argc)
        return usage("one sink at a time");
    bool own = o->url || o->dialect || o->params || o->secret || o->bearer || o->tls;
    if (!o->sink && !o->params && !o->url)
        return usage("name a sink, or give --url");
    if (o->sink && own)
        return usage("a registered sink has its own address and keys: name it, or give them, not both");
    if (o->lot && (o->lot_file || !o->sink))
        return usage("--lot names a lot of a running parkd, so a sink too; a lot of a file is --lot-file");
    return 0;
}

/* ---- the request */

static int parse_file(const char *arg, const char *what, struct json **out)
{
    struct buf text;
    buf_init(&text, TRY_MAX_FILE);
    int err = try_read_json(arg, what, &text);
    if (!err && json_parse(buf_get(&text), out, NULL))
        err = EXIT_FAILED;
    buf_fini(&text);
    return err;
}

static void put_either(struct json_writer *w, const char *key, const char *said, const struct json *otherwise)
{
    if (said)
        jw_str(w, key, said);
    else if (json_get(otherwise, key))
        jw_json(w, key, json_get(otherwise, key));
}

/* The registration that it would be: of a whole one among the params, what is not said otherwise. */
static int put_registration(struct json_writer *w, const struct sink_options *o, struct view dialect)
{
    struct json *params = NULL, *tls = NULL;
    int err = o->params ? parse_file(o->params, "params", &params) : 0;
    if (!err && o->tls)
        err = parse_file(o->tls, "tls", &tls);
    const struct json *whole = json_get(params, "dialect") ? params : NULL;
    const struct json *inner = whole ? json_get(whole, "params") : params;
    char name[64] = "";
    if (dialect.n && view_copy(dialect, name, sizeof name))
        name[0] = '\0';
    jw_object(w, "registration");
    jw_str(w, "id", "trial");
    put_either(w, "dialect", name[0] ? name : o->dialect, whole);
    put_either(w, "url", o->url, whole);
    put_either(w, "secret", o->secret, whole);
    put_either(w, "bearer", o->bearer, whole);
    put_either(w, "timeout_ms", NULL, whole);
    if (tls)
        jw_json(w, "tls", tls);
    else
        put_either(w, "tls", NULL, whole);
    if (inner)
        jw_json(w, "params", inner);
    jw_end_object(w);
    json_free(params);
    json_free(tls);
    return err;
}

static int put_lot(struct json_writer *w, const struct sink_options *o)
{
    struct json *lot = NULL;
    if (o->lot)
        jw_str(w, "lot", o->lot);
    int err = o->lot_file ? parse_file(o->lot_file, "the lot", &lot) : 0;
    if (lot)
        jw_json(w, "lot", lot);
    json_free(lot);
    return err;
}

static int make_request(const struct sink_options *o, struct view dialect, struct buf *out)
{
    struct json_writer w;
    int64_t free = 0;
    if (o->free && view_to_int(view_of(o->free), 0, COUNT_MAX, &free))
        return usage("--free is a number of places");
    jw_init(&w, out);
    jw_object(&w, NULL);
    if (o->sink)
        jw_str(&w, "sink", o->sink);
    int err = o->sink ? 0 : put_registration(&w, o, dialect);
    if (!err)
        err = put_lot(&w, o);
    if (o->free)
        jw_int(&w, "free", free);
    if (o->now)
        jw_str(&w, "now", o->now);
    jw_bool(&w, "send", o->send);
    jw_bool(&w, "compare", o->compare);
    jw_bool(&w, "show_secrets", o->show);
    jw_end_object(&w);
    return err ? err : out->err ? EXIT_FAILED : 0;
}

/* ---- without a server */

struct local {
    struct loop *loop;
    struct dialects *dialects;
    struct buf answer;
    int err;
};

static struct dialects *give_dialects(void *ctx)
{
    struct local *l = ctx;
    struct dialects *ds = l->dialects;
    l->dialects = NULL;
    return ds;
}

static void on_done(void *ctx, int err, struct view json)
{
    struct local *l = ctx;
    l->err = err ? err : buf_view(&l->answer, json);
    loop_stop(l->loop);
}

static int run(struct local *l, struct sink_trial *t)
{
    static const struct fetch_limits limits = {
        .max_body = 64 * 1024, .max_head = MAX_HEAD, .max_active = 1, .max_per_host = 1, .connect_ms = 5000};
    struct sink_run *r = NULL;
    struct fetcher *f = fetcher_new(l->loop, &limits, NULL);
    int err = f ? sink_run_start(l->loop, f, t, give_dialects, l, on_done, l, &r) : ERR_NOMEM;
    if (err)
        sink_trial_free(t);
    else
        (void)loop_run(l->loop);
    if (f)
        fetcher_free(f);
    return err ? err : l->err;
}

static int run_here(struct view request, struct local *l)
{
    struct clock clock;
    struct sink_trial *t = NULL;
    struct json *doc = NULL;
    struct why why = {0};
    clock_system(&clock);
    int err = json_parse(request, &doc, &why);
    if (!err)
        err = sink_trial_new(doc, NULL, NULL, clock_wall_ms(&clock), &t, &why);
    if (!err && !(l->loop = loop_new())) {
        sink_trial_free(t);
        err = ERR_NOMEM;
    }
    if (!err)
        err = run(l, t);
    if (l->loop && loop_close(l->loop))
        err = ERR_STATE;
    if (err)
        (void)fprintf(stderr, "parkctl: %s%s%s\n", why.at, why.at[0] ? " " : "",
                      why.text[0] ? why.text : err_text(err));
    return err ? EXIT_FAILED : 0;
}

static int try_from_here(struct sink_options *o, struct buf *answer)
{
    struct local l = {0};
    struct buf request;
    struct view name = {0};
    o->load.dialect = o->dialect;
    if (!(l.dialects = try_load(&o->load, &name)))
        return EXIT_FAILED;
    buf_init(&request, TRY_MAX_BODY);
    buf_init(&l.answer, TRY_MAX_BODY);
    int status = make_request(o, name, &request);
    if (!status)
        status = run_here(buf_get(&request), &l);
    if (!status && buf_view(answer, buf_get(&l.answer)))
        status = EXIT_FAILED;
    dialects_free(l.dialects);
    buf_fini(&l.answer);
    buf_fini(&request);
    return status;
}

/* ---- by a running parkd */

static int try_there(struct ctl *c, const struct sink_options *o, struct buf *answer)
{
    struct buf request;
    int status = ctl_find_staff(c);
    if (status)
        return status;
    buf_init(&request, TRY_MAX_BODY);
    status = make_request(o, (struct view){0}, &request);
    if (!status)
        status = ctl_request(c, "POST", "/v1/admin/try/sink", buf_get(&request), answer);
    buf_fini(&request);
    return status;
}

static int print_answer(const struct ctl *c, struct view text)
{
    struct json *doc = NULL;
    struct why why = {0};
    if (json_parse(text, &doc, &why)) {
        (void)fprintf(stderr, "parkctl: the answer is not JSON: %s\n", why.text);
        return EXIT_FAILED;
    }
    int status = json_true(json_get(doc, "ok")) ? 0 : EXIT_FAILED;
    if (c->json)
        (void)printf(VIEW_FMT "\n", VIEW_ARG(view_trim(text)));
    else
        status = sink_print(doc);
    json_free(doc);
    return status;
}

int ctl_sink_try(struct ctl *c, int argc, char **argv)
{
    struct sink_options o = {0};
    struct buf answer;
    int status = read_options(c, &o, argc - 1, argv + 1);
    if (status)
        return status;
    buf_init(&answer, TRY_MAX_BODY);
    status = o.sink ? try_there(c, &o, &answer) : try_from_here(&o, &answer);
    if (!status)
        status = print_answer(c, buf_get(&answer));
    buf_fini(&answer);
    return status;
}
