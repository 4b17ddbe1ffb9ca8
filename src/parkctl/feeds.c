/* SPDX-License-Identifier: MIT
 * feed try, feed listen, feed replay: a feed before it counts.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkctl/feed_try.h"
#include "parkd/base/charset.h"
#include "parkd/base/crypto.h"

#define WAIT_S 20

static int print_answer(const struct ctl *c, struct view text, int (*print)(const struct json *answer))
{
    struct json *doc = NULL;
    struct why why = {0};
    if (json_parse(text, &doc, &why)) {
        (void)fprintf(stderr, "parkctl: the answer is not JSON: %s\n", why.text);
        return EXIT_FAILED;
    }
    int status = json_is(json_get(doc, "ok"), JSON_BOOL) && !json_true(json_get(doc, "ok")) ? EXIT_FAILED : 0;
    if (c->json)
        (void)printf(VIEW_FMT "\n", VIEW_ARG(view_trim(text)));
    else
        status = print(doc);
    json_free(doc);
    return status;
}

/* ---- try */

int try_local(const struct ctl *c, const struct try_options *o)
{
    struct buf request, answer;
    buf_init(&request, TRY_MAX_BODY);
    buf_init(&answer, TRY_MAX_BODY);
    int status = try_request(o, &request);
    if (!status)
        status = try_here(o, buf_get(&request), &answer);
    if (!status)
        status = print_answer(c, buf_get(&answer), try_print);
    buf_fini(&request);
    buf_fini(&answer);
    return status;
}

static int try_there(struct ctl *c, const struct try_options *o)
{
    struct buf request, answer;
    int status = ctl_find_staff(c);
    if (status)
        return status;
    buf_init(&request, TRY_MAX_BODY);
    buf_init(&answer, TRY_MAX_BODY);
    status = try_request(o, &request);
    if (!status)
        status = ctl_request(c, "POST", "/v1/admin/try", buf_get(&request), &answer);
    if (!status)
        status = print_answer(c, buf_get(&answer), try_print);
    buf_fini(&request);
    buf_fini(&answer);
    return status;
}

static int try_it(struct ctl *c, int argc, char **argv)
{
    struct try_options o = {0};
    int status = try_options_read(c, &o, argc - 1, argv + 1);
    if (!status && !o.url && !o.n_samples && !o.feed)
        status = EXIT_USAGE;
    if (status) {
        (void)fprintf(stderr,
                      "parkctl: feed try (--url URL | --sample FILE) [--dialect NAME] --params FILE|JSON\n");
        return status;
    }
    /* A feed is known to its parkd only: its lots, its parameters. */
    bool there = o.url || o.feed;
    if (there && try_is_file(o.dialect)) {
        (void)fprintf(
            stderr,
            "parkctl: a running parkd asks for --url and --feed, and does not read %s: save an answer "
            "and give it by --sample,\n  or put the file into a folder of dialects.folders, send parkd "
            "SIGHUP, and say --dialect with its name\n",
            o.dialect);
        return EXIT_USAGE;
    }
    return there ? try_there(c, &o) : try_local(c, &o);
}

/* ---- listen */

static int body_of(const struct json *b, struct buf *out)
{
    const struct json *text = json_get(b, "body");
    return text ? buf_view(out, json_text(text)) : base64_decode(out, json_text(json_get(b, "base64")));
}

/* For reading only: what is no UTF-8 is shown as GB 18030 if it is that, else as Base64. */
static void print_text(const struct json *b)
{
    const struct json *text = json_get(b, "body");
    struct buf bytes, utf8;
    buf_init(&bytes, TRY_MAX_BODY);
    buf_init(&utf8, TRY_MAX_BODY);
    bool gb = !text && body_of(b, &bytes) == 0 && bytes.n && !memchr(bytes.p, '\0', bytes.n) &&
              charset_to_utf8(&utf8, VIEW("GB18030"), buf_get(&bytes), NULL) == 0;
    if (gb)
        (void)printf("  not UTF-8; as GB 18030:\n" VIEW_FMT "\n\n", VIEW_ARG(buf_get(&utf8)));
    else
        (void)printf(VIEW_FMT "\n\n", VIEW_ARG(json_text(text ? text : json_get(b, "base64"))));
    buf_fini(&bytes);
    buf_fini(&utf8);
}

static void print_body(const struct json *b)
{
    struct view error = json_text(json_get(b, "error")), type = json_text(json_get(b, "content_type"));
    struct view path = json_text(json_get(b, "path")), topic = json_text(json_get(b, "topic"));
    struct view query = json_text(json_get(b, "query"));
    (void)printf("#%.0f " VIEW_FMT " " VIEW_FMT, json_number(json_get(b, "n")),
                 VIEW_ARG(json_text(json_get(b, "at"))), VIEW_ARG(json_text(json_get(b, "kind"))));
    if (json_number(json_get(b, "status")) > 0)
        (void)printf(" HTTP %.0f", json_number(json_get(b, "status")));
    (void)printf(" " VIEW_FMT VIEW_FMT "%s" VIEW_FMT " " VIEW_FMT " %.0f bytes%s%s\n", VIEW_ARG(topic),
                 VIEW_ARG(path), query.n ? "?" : "", VIEW_ARG(query), VIEW_ARG(type),
                 json_number(json_get(b, "size")),
                 json_true(json_get(b, "cleaned")) ? ", personal fields taken out" : "",
                 json_true(json_get(b, "cut")) ? ", cut off" : "");
    if (error.n)
        (void)printf("  failed: " VIEW_FMT "\n", VIEW_ARG(error));
    print_text(b);
}

static int save(const char *folder, const char *name, struct view bytes, const struct json *proposal)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (f && proposal)
        try_write_params(f, proposal);
    else if (f)
        (void)fwrite(bytes.p, 1, bytes.n, f);
    bool failed = !f || ferror(f);
    if ((f && fclose(f)) || failed) {
        (void)fprintf(stderr, "parkctl: %s cannot be written: %s\n", path, strerror(errno));
        return EXIT_FAILED;
    }
    (void)printf("saved: %s\n", path);
    return 0;
}

/* A first mapping from one body, made here. True: there is one. `folder` NULL: nothing is saved. */
static bool propose(const struct json *b, const char *folder)
{
    struct buf bytes, text;
    struct json_writer w;
    struct json *doc = NULL;
    struct why why = {0};
    buf_init(&bytes, TRY_MAX_BODY);
    buf_init(&text, TRY_MAX_BODY);
    jw_init(&w, &text);
    int err = body_of(b, &bytes);
    if (!err)
        err = dialect_propose(json_text(json_get(b, "content_type")), buf_get(&bytes), &w, &why);
    if (!err)
        err = json_parse(buf_get(&text), &doc, &why);
    if (!err)
        try_print_proposal(doc);
    else
        (void)printf("no mapping is drafted: %s; write one by src/dialects/MAPPING.md\n",
                     why.text[0] ? why.text : err_text(err));
    if (folder && !save(folder, "sample", buf_get(&bytes), NULL) && !err)
        (void)save(folder, "params.json", (struct view){0}, doc);
    json_free(doc);
    buf_fini(&bytes);
    buf_fini(&text);
    return !err;
}

static int ask_bodies(const struct ctl *c, const char *feed, uint64_t after, struct buf *out)
{
    char path[400];
    (void)snprintf(path, sizeof path, "/v1/admin/feeds/%s/bodies?after=%" PRIu64 "&wait=%d", feed, after,
                   WAIT_S);
    buf_clear(out);
    return ctl_request(c, "GET", path, (struct view){0}, out);
}

/* Prints what is new; *after moves on. */
static int show_bodies(const struct ctl *c, const struct try_options *o, struct view answer, uint64_t *after,
                       bool *proposed)
{
    struct json *doc = NULL;
    struct why why = {0};
    const struct json *last = NULL;
    if (json_parse(answer, &doc, &why)) {
        (void)fprintf(stderr, "parkctl: the answer is not JSON: %s\n", why.text);
        return EXIT_FAILED;
    }
    for (const struct json *b = json_first(json_get(doc, "bodies")); b; b = json_next(b)) {
        last = b;
        *after = (uint64_t)json_number(json_get(b, "n"));
        if (!c->json)
            print_body(b);
    }
    if (c->json)
        (void)printf(VIEW_FMT "\n", VIEW_ARG(view_trim(answer)));
    else if (last && !*proposed)
        *proposed = propose(last, o->save);
    (void)fflush(stdout);
    json_free(doc);
    return last ? 0 : EXIT_NOT_FOUND;
}

static int listen_to(struct ctl *c, int argc, char **argv)
{
    struct try_options o = {0};
    uint64_t after = 0;
    bool proposed = false;
    const char *feed = argc > 2 ? argv[2] : NULL;
    int status = feed ? try_options_read(c, &o, argc - 2, argv + 2) : EXIT_USAGE;
    if (status) {
        (void)fprintf(stderr, "parkctl: feed listen FEED [--follow] [--save FOLDER]\n");
        return status;
    }
    struct buf answer;
    buf_init(&answer, TRY_MAX_BODY);
    if ((status = ctl_find_staff(c)) == 0) {
        do {
            status = ask_bodies(c, feed, after, &answer);
            if (!status && show_bodies(c, &o, buf_get(&answer), &after, &proposed) && !o.follow && !c->json)
                (void)printf("nothing came in %d s\n", WAIT_S);
        } while (!status && o.follow);
    }
    buf_fini(&answer);
    return status;
}

/* ---- replay */

static void print_state(const struct json *s)
{
    static const char *const counts[] = {"free", "open", "total", "occupied"};
    if (!json_is(s, JSON_OBJECT)) {
        (void)printf("%-44s", "not said");
        return;
    }
    for (int i = 0; i < 4; i++) {
        const struct json *v = json_get(s, counts[i]);
        if (json_is(v, JSON_NUMBER))
            (void)printf(" %6.0f", json_number(v));
        else
            (void)printf(" %6s", "-");
    }
    (void)printf(" %-8.*s %-6.*s", VIEW_ARG(json_text(json_get(s, "status"))),
                 VIEW_ARG(json_text(json_get(s, "band"))));
}

static int print_replay(const struct json *answer)
{
    size_t changed = 0, n = 0;
    (void)printf("%.0f bodies read again\n\n%-24s         free   open  total  taken\n",
                 json_number(json_get(answer, "bodies")), "lot");
    for (const struct json *l = json_first(json_get(answer, "lots")); l; l = json_next(l), n++) {
        bool differs = json_number(json_get(l, "differs")) > 0;
        changed += differs;
        (void)printf("%-24.*s before ", VIEW_ARG(json_text(json_get(l, "lot"))));
        print_state(json_get(l, "before"));
        if (differs) {
            (void)printf("\n%-24s after  ", "");
            print_state(json_get(l, "after"));
            (void)printf("  other in %.0f of %.0f:", json_number(json_get(l, "differs")),
                         json_number(json_get(l, "in")));
            for (const struct json *f = json_first(json_get(l, "changed")); f; f = json_next(f))
                (void)printf(" " VIEW_FMT, VIEW_ARG(json_text(f)));
        }
        (void)putchar('\n');
    }
    for (const struct json *e = json_first(json_get(answer, "errors")); e; e = json_next(e))
        (void)printf("body %.0f, " VIEW_FMT ": " VIEW_FMT "\n", json_number(json_get(e, "n")),
                     VIEW_ARG(json_text(json_get(e, "params"))), VIEW_ARG(json_text(json_get(e, "text"))));
    (void)printf("\n%zu of %zu lots would say something else\n", changed, n);
    return 0;
}

static int replay(struct ctl *c, int argc, char **argv)
{
    struct try_options o = {0};
    struct buf request, answer;
    char path[400];
    const char *feed = argc > 2 ? argv[2] : NULL;
    int status = feed ? try_options_read(c, &o, argc - 2, argv + 2) : EXIT_USAGE;
    if (!status && !o.params)
        status = EXIT_USAGE;
    if (status) {
        (void)fprintf(stderr, "parkctl: feed replay FEED --params FILE|JSON\n");
        return status;
    }
    buf_init(&request, TRY_MAX_BODY);
    buf_init(&answer, TRY_MAX_BODY);
    status = try_params_request(o.params, &request);
    (void)snprintf(path, sizeof path, "/v1/admin/feeds/%s/replay", feed);
    if (!status)
        status = ctl_find_staff(c);
    if (!status)
        status = ctl_request(c, "POST", path, buf_get(&request), &answer);
    if (!status)
        status = print_answer(c, buf_get(&answer), print_replay);
    buf_fini(&request);
    buf_fini(&answer);
    return status;
}

int ctl_feeds(struct ctl *c, int argc, char **argv)
{
    if (!strcmp(argv[1], "try"))
        return try_it(c, argc, argv);
    if (!strcmp(argv[1], "listen"))
        return listen_to(c, argc, argv);
    return replay(c, argc, argv);
}
