/* SPDX-License-Identifier: MIT
 * lots, feeds and sinks: list, show, put, remove; feeds poll, sinks resume.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkctl/parkctl.h"
#include "parkd/base/crypto.h"
#include "parkd/base/json.h"
#include "parkd/base/json_write.h"

#define MAX_DOC (16u << 20)

/* "/v1/admin/<noun>/<id>", the id percent-encoded. */
static void path_of(const char *noun, struct view id, const char *suffix, char *dst, size_t size)
{
    (void)snprintf(dst, size, "/v1/admin/%s%s", noun, id.n ? "/" : "");
    ctl_path_add(dst, size, id);
    size_t n = strlen(dst);
    (void)snprintf(dst + n, size - n, "%s", suffix);
}

static int print_answer(const struct ctl *c, const char *path)
{
    struct buf out;
    buf_init(&out, MAX_DOC);
    int err = ctl_request(c, "GET", path, (struct view){0}, &out);
    if (!err)
        (void)printf(VIEW_FMT "\n", VIEW_ARG(view_trim(buf_get(&out))));
    buf_fini(&out);
    return err;
}

static void print_row(const char *noun, const struct json *e)
{
    struct view id = json_text(json_get(e, "id"));
    if (!strcmp(noun, "lots"))
        (void)printf("%-20.*s %-12.*s %-16.*s " VIEW_FMT "\n", VIEW_ARG(id),
                     VIEW_ARG(json_text(json_get(e, "stage"))), VIEW_ARG(json_text(json_get(e, "feed"))),
                     VIEW_ARG(json_text(json_get(e, "name"))));
    else
        (void)printf("%-20.*s %-12.*s " VIEW_FMT "\n", VIEW_ARG(id),
                     VIEW_ARG(json_text(json_get(e, "dialect"))), VIEW_ARG(json_text(json_get(e, "url"))));
}

static int list(const struct ctl *c, const char *noun)
{
    char path[128];
    struct json *doc = NULL;
    path_of(noun, (struct view){0}, "", path, sizeof path);
    if (c->json)
        return print_answer(c, path);
    int err = ctl_request_json(c, "GET", path, &doc);
    for (const struct json *e = err ? NULL : json_first(json_get(doc, noun)); e; e = json_next(e))
        print_row(noun, e);
    json_free(doc);
    return err;
}

static void put_digest(struct json_writer *w, const struct json *key)
{
    unsigned char raw[DIGEST_MAX];
    size_t n = 0;
    struct buf hex;
    buf_init(&hex, 2 * DIGEST_MAX + 1);
    if (crypto_digest(DIGEST_SHA256, json_text(key), raw, &n) ||
        hex_encode(&hex, (struct view){(const char *)raw, n}))
        w->b->err = ERR_INVALID;
    jw_view(w, NULL, buf_get(&hex));
    buf_fini(&hex);
}

/* A key in clear must not leave this process: "bearer" of a feed becomes its SHA-256, and so do "url_secret"
 * and the "reader" of a sink, which may be a list of keys. */
static void put_hashed(struct json_writer *w, const char *name, const struct json *key)
{
    jw_array(w, name);
    if (json_is(key, JSON_STRING))
        put_digest(w, key);
    for (const struct json *k = json_first(key); k; k = json_next(k))
        put_digest(w, k);
    jw_end_array(w);
}

static void write_auth(struct json_writer *w, const struct json *auth)
{
    jw_object(w, "auth");
    for (const struct json *m = json_first(auth); m; m = json_next(m)) {
        if (view_is(json_key(m), "bearer") && json_is(m, JSON_STRING)) {
            put_hashed(w, "bearer_sha256", m);
        } else if (view_is(json_key(m), "url_secret") && json_is(m, JSON_STRING)) {
            put_hashed(w, "url_secret_sha256", m);
        } else {
            jw_key(w, json_key(m));
            jw_json(w, NULL, m);
        }
    }
    jw_end_object(w);
}

static void write_registration(struct buf *out, const char *noun, const struct json *doc)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    for (const struct json *m = json_first(doc); m; m = json_next(m)) {
        if (!strcmp(noun, "feeds") && view_is(json_key(m), "auth") && json_is(m, JSON_OBJECT)) {
            write_auth(&w, m);
            continue;
        }
        if (!strcmp(noun, "sinks") && view_is(json_key(m), "reader")) {
            put_hashed(&w, "readers", m);
            continue;
        }
        jw_key(&w, json_key(m));
        jw_json(&w, NULL, m);
    }
    jw_end_object(&w);
}

/* A lot may come before its feed; one that names a feed nobody registered stays silent, so say it. */
static void note_missing_feed(const struct ctl *c, struct view feed)
{
    struct json *doc = NULL;
    bool found = !feed.n || ctl_request_json(c, "GET", "/v1/admin/feeds", &doc) != 0;
    for (const struct json *e = json_first(json_get(doc, "feeds")); e && !found; e = json_next(e))
        found = view_eq(json_text(json_get(e, "id")), feed);
    json_free(doc);
    if (!found)
        (void)fprintf(stderr, "parkctl: note: no feed " VIEW_FMT " is registered yet\n", VIEW_ARG(feed));
}

static int put_one(const struct ctl *c, const char *noun, const struct json *doc)
{
    char path[400];
    struct buf body, out;
    struct view id = json_text(json_get(doc, "id"));
    if (!json_is(doc, JSON_OBJECT) || !id.n) {
        (void)fprintf(stderr, "parkctl: a registration is an object with an \"id\"\n");
        return EXIT_USAGE;
    }
    buf_init(&body, MAX_DOC);
    buf_init(&out, MAX_DOC);
    write_registration(&body, noun, doc);
    path_of(noun, id, "", path, sizeof path);
    int err = body.err ? EXIT_FAILED : ctl_request(c, "PUT", path, buf_get(&body), &out);
    if (!err && c->json)
        (void)printf(VIEW_FMT "\n", VIEW_ARG(view_trim(buf_get(&out))));
    else if (!err && !c->dry_run)
        (void)printf("%.*s " VIEW_FMT " stored\n", (int)strlen(noun) - 1, noun, VIEW_ARG(id));
    else if (err)
        (void)fprintf(stderr, "parkctl: %.*s " VIEW_FMT " was not stored\n", (int)strlen(noun) - 1, noun,
                      VIEW_ARG(id));
    if (!err && !strcmp(noun, "lots"))
        note_missing_feed(c, json_text(json_get(doc, "feed")));
    buf_fini(&body);
    buf_fini(&out);
    return err;
}

static int put(const struct ctl *c, const char *noun, const char *file)
{
    struct buf text;
    struct json *doc = NULL;
    struct why why = {0};
    int status = 0;
    buf_init(&text, MAX_DOC);
    if (ctl_read(file, &text)) {
        (void)fprintf(stderr, "parkctl: cannot read %s\n", file);
        status = EXIT_FAILED;
    } else if (json_parse(buf_get(&text), &doc, &why)) {
        (void)fprintf(stderr, "parkctl: %s is not good JSON: %s\n", file, why.text);
        status = EXIT_FAILED;
    }
    const struct json *inner = json_get(doc, noun); /* a district file's list */
    const struct json *all = inner ? inner : doc;
    if (!status && !json_is(all, JSON_ARRAY))
        status = put_one(c, noun, all);
    else
        for (const struct json *e = status ? NULL : json_first(all); e && !status; e = json_next(e))
            status = put_one(c, noun, e);
    json_free(doc);
    buf_fini(&text);
    return status;
}

static int simple(const struct ctl *c, const char *method, const char *path, const char *done)
{
    struct buf out;
    buf_init(&out, MAX_DOC);
    int err = ctl_request(c, method, path, (struct view){0}, &out);
    if (!err && !c->dry_run)
        (void)printf("%s\n", done);
    buf_fini(&out);
    return err;
}

int ctl_registrations(const struct ctl *c, int argc, char **argv)
{
    char path[400];
    const char *noun = argv[0], *verb = argv[1], *arg = argc > 2 ? argv[2] : NULL;
    if (!strcmp(verb, "list") && argc == 2)
        return list(c, noun);
    if (argc != 3)
        goto usage;
    if (!strcmp(verb, "put"))
        return put(c, noun, arg);
    path_of(noun, view_of(arg), "", path, sizeof path);
    if (!strcmp(verb, "show"))
        return print_answer(c, path);
    if (!strcmp(verb, "remove"))
        return simple(c, "DELETE", path, "removed");
    path_of(noun, view_of(arg), !strcmp(verb, "poll") ? "/poll" : "/resume", path, sizeof path);
    if ((!strcmp(noun, "feeds") && !strcmp(verb, "poll")) ||
        (!strcmp(noun, "sinks") && !strcmp(verb, "resume")))
        return simple(c, "POST", path, "asked for");
usage:
    (void)fprintf(stderr, "parkctl: %s %s: not understood; parkctl --help\n", noun, verb);
    return EXIT_USAGE;
}
