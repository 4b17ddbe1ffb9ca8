/* SPDX-License-Identifier: MIT
 * Options of a trial, and the request that they make.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkctl/feed_try.h"
#include "parkd/base/crypto.h"
#include "parkd/base/json_write.h"

enum { OPT_PUSH = 256, OPT_PROPOSE, OPT_FOLLOW, OPT_JSON, OPT_STATE, OPT_STAFF, OPT_ONE, OPT_LIST = 300 };

static int complain(const char *fmt, const char *what)
{
    (void)fprintf(stderr, "parkctl: ");
    (void)fprintf(stderr, fmt, what); /* NOLINT: our own texts */
    (void)fputc('\n', stderr);
    return EXIT_USAGE;
}

struct list {
    const char **v;
    int *n, max;
};

int try_options_read(struct ctl *c, struct try_options *o, int argc, char **argv)
{
    const char **const ones[] = {&o->url,    &o->dialect, &o->params, &o->content_type, &o->feed,
                                 &o->access, &o->tls,     &o->now,    &o->path,         &o->method,
                                 &o->topic,  &o->status,  &o->save};
    const struct list lists[] = {
        {o->samples, &o->n_samples, TRY_MAX_FILES}, {o->sides, &o->n_sides, TRY_MAX_PAIRS},
        {o->queries, &o->n_queries, TRY_MAX_PAIRS}, {o->headers, &o->n_headers, TRY_MAX_PAIRS},
        {o->lots, &o->n_lots, TRY_MAX_PAIRS},       {o->folders, &o->n_folders, TRY_MAX_PAIRS}};
    static const struct option options[] = {
        {"url", 1, NULL, OPT_ONE},           {"dialect", 1, NULL, OPT_ONE + 1},
        {"params", 1, NULL, OPT_ONE + 2},    {"content-type", 1, NULL, OPT_ONE + 3},
        {"feed", 1, NULL, OPT_ONE + 4},      {"access", 1, NULL, OPT_ONE + 5},
        {"tls", 1, NULL, OPT_ONE + 6},       {"now", 1, NULL, OPT_ONE + 7},
        {"path", 1, NULL, OPT_ONE + 8},      {"method", 1, NULL, OPT_ONE + 9},
        {"topic", 1, NULL, OPT_ONE + 10},    {"status", 1, NULL, OPT_ONE + 11},
        {"save", 1, NULL, OPT_ONE + 12},     {"sample", 1, NULL, OPT_LIST},
        {"side", 1, NULL, OPT_LIST + 1},     {"query", 1, NULL, OPT_LIST + 2},
        {"header", 1, NULL, OPT_LIST + 3},   {"lot", 1, NULL, OPT_LIST + 4},
        {"dialects", 1, NULL, OPT_LIST + 5}, {"push", 0, NULL, OPT_PUSH},
        {"propose", 0, NULL, OPT_PROPOSE},   {"follow", 0, NULL, OPT_FOLLOW},
        {"json", 0, NULL, OPT_JSON},         {"state", 1, NULL, OPT_STATE},
        {"staff", 1, NULL, OPT_STAFF},       {0}};
    int opt;
    optind = 0;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == '?')
            return EXIT_USAGE;
        if (opt >= OPT_LIST) {
            const struct list *l = &lists[opt - OPT_LIST];
            if (*l->n == l->max)
                return complain("%s: too many of them", optarg);
            l->v[(*l->n)++] = optarg;
        } else if (opt >= OPT_ONE) {
            *ones[opt - OPT_ONE] = optarg;
        }
        o->push |= opt == OPT_PUSH;
        o->propose |= opt == OPT_PROPOSE;
        o->follow |= opt == OPT_FOLLOW;
        c->json |= opt == OPT_JSON;
        if (opt == OPT_STATE)
            c->state = optarg;
        if (opt == OPT_STAFF)
            (void)snprintf(c->staff, sizeof c->staff, "%s", optarg);
    }
    return optind < argc ? complain("%s: not understood", argv[optind]) : 0;
}

/* ---- the request */

int try_read_json(const char *arg, const char *what, struct buf *out)
{
    struct json *doc = NULL;
    struct why why = {0};
    bool inline_text = arg[strspn(arg, " \t\r\n")] == '{';
    int err = inline_text ? buf_str(out, arg) : ctl_read(arg, out);
    if (err) {
        (void)fprintf(stderr, "parkctl: cannot read %s\n", arg);
        return EXIT_FAILED;
    }
    if (json_parse(buf_get(out), &doc, &why)) {
        (void)fprintf(stderr, "parkctl: %s %s is not good JSON: %s%s%s\n", what, inline_text ? "" : arg,
                      why.at, why.at[0] ? " " : "", why.text);
        return EXIT_FAILED;
    }
    json_free(doc);
    return 0;
}

static void write_params(struct json_writer *w, const char *key, const struct json *doc)
{
    bool bare = !json_get(doc, "mapping") && (json_get(doc, "lot") || json_get(doc, "emit"));
    const struct json *inner = json_get(doc, "dialect") ? json_get(doc, "params") : NULL;
    if (bare)
        jw_object(w, key);
    jw_json(w, bare ? "mapping" : key, inner ? inner : doc);
    if (bare)
        jw_end_object(w);
}

static int put_params(struct json_writer *w, const char *key, const char *arg)
{
    struct buf text;
    struct json *doc = NULL;
    buf_init(&text, TRY_MAX_FILE);
    int err = try_read_json(arg, "params", &text);
    if (!err && json_parse(buf_get(&text), &doc, NULL) == 0)
        write_params(w, key, doc);
    json_free(doc);
    buf_fini(&text);
    return err;
}

int try_read_params(const char *arg, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    return put_params(&w, NULL, arg);
}

int try_params_request(const char *arg, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    int err = put_params(&w, "params", arg);
    jw_end_object(&w);
    return err;
}

static int put_json(struct json_writer *w, const char *key, const char *arg)
{
    struct buf text;
    buf_init(&text, TRY_MAX_FILE);
    int err = try_read_json(arg, key, &text);
    if (!err)
        jw_raw(w, key, view_trim(buf_get(&text)));
    buf_fini(&text);
    return err;
}

/* A text as it is, anything else as Base64. */
static void put_bytes(struct json_writer *w, struct view bytes)
{
    struct buf text;
    if (view_is_utf8(bytes)) {
        jw_view(w, "body", bytes);
        return;
    }
    buf_init(&text, TRY_MAX_BODY);
    if (base64_encode(&text, bytes) == 0)
        jw_view(w, "base64", buf_get(&text));
    buf_fini(&text);
}

static int put_file(struct json_writer *w, const char *path)
{
    struct buf bytes;
    buf_init(&bytes, TRY_MAX_BODY);
    int err = ctl_read(path, &bytes);
    if (err)
        (void)fprintf(stderr, "parkctl: cannot read %s\n", path);
    else
        put_bytes(w, buf_get(&bytes));
    buf_fini(&bytes);
    return err ? EXIT_FAILED : 0;
}

static void put_one(struct json_writer *w, const char *key, const char *value)
{
    if (value)
        jw_str(w, key, value);
}

/* "name=value" or "name: value" */
static int put_pairs(struct json_writer *w, const char *key, const char *const *pairs, int n)
{
    if (n)
        jw_object(w, key);
    for (int i = 0; i < n; i++) {
        const char *sign = pairs[i] + strcspn(pairs[i], "=:");
        if (!*sign)
            return complain("%s: NAME=VALUE is needed", pairs[i]);
        jw_key(w, (struct view){pairs[i], (size_t)(sign - pairs[i])});
        jw_str(w, NULL, sign + 1 + strspn(sign + 1, " "));
    }
    if (n)
        jw_end_object(w);
    return 0;
}

static int put_sample(struct json_writer *w, const struct try_options *o, int i)
{
    jw_object(w, NULL);
    put_one(w, "content_type", o->content_type);
    if (o->status)
        jw_raw(w, "status", view_of(o->status));
    int err = put_file(w, o->samples[i]);
    if (i == 0) {
        put_one(w, "path", o->path);
        put_one(w, "method", o->method);
        put_one(w, "topic", o->topic);
        err = err ? err : put_pairs(w, "query", o->queries, o->n_queries);
        err = err ? err : put_pairs(w, "headers", o->headers, o->n_headers);
    }
    jw_end_object(w);
    return err;
}

static int put_samples(struct json_writer *w, const struct try_options *o)
{
    int err = 0;
    if (o->n_samples)
        jw_array(w, "sample");
    for (int i = 0; i < o->n_samples && !err; i++)
        err = put_sample(w, o, i);
    if (o->n_samples)
        jw_end_array(w);
    return err;
}

static int put_sides(struct json_writer *w, const struct try_options *o)
{
    int err = 0;
    if (o->n_sides)
        jw_object(w, "sides");
    for (int i = 0; i < o->n_sides && !err; i++) {
        const char *sign = strchr(o->sides[i], '=');
        if (!sign)
            return complain("--side %s: NAME=FILE is needed", o->sides[i]);
        jw_key(w, (struct view){o->sides[i], (size_t)(sign - o->sides[i])});
        jw_object(w, NULL);
        err = put_file(w, sign + 1);
        jw_end_object(w);
    }
    if (o->n_sides)
        jw_end_object(w);
    return err;
}

/* A file of a dialect is known here by its name, which try_here finds. */
bool try_is_file(const char *dialect)
{
    size_t n = dialect ? strlen(dialect) : 0;
    return n > 4 && strcmp(dialect + n - 4, ".lua") == 0;
}

int try_request(const struct try_options *o, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    if (o->dialect && !try_is_file(o->dialect))
        jw_str(&w, "dialect", o->dialect);
    else if (!o->dialect && !o->feed)
        jw_str(&w, "dialect", "generic");
    put_one(&w, "feed", o->feed);
    put_one(&w, "url", o->url);
    put_one(&w, "now", o->now);
    if (o->push)
        jw_bool(&w, "push", true);
    if (o->propose)
        jw_bool(&w, "propose", true);
    int err = o->params ? put_params(&w, "params", o->params) : 0;
    if (!err && o->access)
        err = put_json(&w, "access", o->access);
    if (!err && o->tls)
        err = put_json(&w, "tls", o->tls);
    if (!err)
        err = put_samples(&w, o);
    if (!err)
        err = put_sides(&w, o);
    jw_end_object(&w);
    if (!err && out->err) {
        (void)fprintf(stderr, "parkctl: %s\n", err_text(out->err));
        err = EXIT_FAILED;
    }
    return err;
}
