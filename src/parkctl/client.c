/* SPDX-License-Identifier: MIT
 * One HTTP request to the staff listener, over TCP or its UNIX socket; failures in plain words.
 */
#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkctl/parkctl.h"
#include "parkd/base/file.h"
#include "parkd/base/json.h"

#define TIMEOUT_S 30
#define PATH_SIZE 1024
#define MAX_TABLE (64u << 20)

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    return buf_put(ctx, p, size * n) ? 0 : size * n;
}

/* problem+json → "detail; /pointer: reason". */
static void print_problem(long status, struct view body)
{
    struct json *doc = NULL;
    struct why why = {0};
    if (json_parse(body, &doc, &why) || !json_is(doc, JSON_OBJECT)) {
        (void)fprintf(stderr, "parkctl: parkd answered HTTP %ld\n", status);
    } else {
        struct view title = json_text(json_get(doc, "title")), detail = json_text(json_get(doc, "detail"));
        (void)fprintf(stderr, "parkctl: " VIEW_FMT, VIEW_ARG(title));
        const struct json *errors = json_first(json_get(doc, "errors"));
        if (detail.n &&
            !view_eq(detail, json_text(json_get(errors, "detail")))) /* else it comes with its pointer */
            (void)fprintf(stderr, ": " VIEW_FMT, VIEW_ARG(detail));
        (void)fputc('\n', stderr);
        for (const struct json *e = errors; e; e = json_next(e))
            (void)fprintf(stderr, "  " VIEW_FMT ": " VIEW_FMT "\n",
                          VIEW_ARG(json_text(json_get(e, "pointer"))),
                          VIEW_ARG(json_text(json_get(e, "detail"))));
    }
    json_free(doc);
}

static void set_target(CURL *h, const struct ctl *c, const char *path)
{
    char url[1400];
    bool local = strncmp(c->staff, "unix:", 5) == 0;
    const char *socket_path = c->staff + 5;
    while (local && socket_path[0] == '/' && socket_path[1] == '/')
        socket_path++;
    if (local)
        (void)curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, socket_path);
    (void)snprintf(url, sizeof url, "%s%s", local ? "http://parkd" : c->staff, path);
    (void)curl_easy_setopt(h, CURLOPT_URL, url);
}

static int perform(CURL *h, const struct ctl *c, long *status)
{
    char text[CURL_ERROR_SIZE] = "";
    (void)curl_easy_setopt(h, CURLOPT_ERRORBUFFER, text);
    CURLcode code = curl_easy_perform(h);
    (void)curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, status);
    if (code == CURLE_OK)
        return 0;
    (void)fprintf(stderr, "parkctl: cannot reach parkd at %s: %s\n", c->staff,
                  text[0] ? text : curl_easy_strerror(code));
    return EXIT_UNREACHABLE;
}

int ctl_request(const struct ctl *c, const char *method, const char *path, struct view body, struct buf *out)
{
    return ctl_send(c, method, path, "application/json", body, out);
}

/* $PARKD_KEY is the bearer key for a staff listener over TCP. */
static struct curl_slist *add_key(struct curl_slist *heads)
{
    char head[300];
    const char *key = getenv("PARKD_KEY");
    if (!key || !key[0])
        return heads;
    (void)snprintf(head, sizeof head, "Authorization: Bearer %s", key);
    return curl_slist_append(heads, head);
}

int ctl_send(const struct ctl *c, const char *method, const char *path, const char *type, struct view body,
             struct buf *out)
{
    char head[160];
    long status = 0;
    if (c->dry_run && strcmp(method, "GET") != 0) {
        (void)printf("would ask: %s %s\n" VIEW_FMT "%s", method, path, VIEW_ARG(body), body.n ? "\n" : "");
        return 0;
    }
    CURL *h = curl_easy_init();
    (void)snprintf(head, sizeof head, "Content-Type: %s", type);
    struct curl_slist *heads = curl_slist_append(add_key(NULL), head);
    if (!h || !heads) {
        curl_easy_cleanup(h);
        curl_slist_free_all(heads);
        return EXIT_FAILED;
    }
    set_target(h, c, path);
    (void)curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
    (void)curl_easy_setopt(h, CURLOPT_HTTPHEADER, heads);
    (void)curl_easy_setopt(h, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(h, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    (void)curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(h, CURLOPT_WRITEDATA, out);
    if (body.n) {
        (void)curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE, (long)body.n);
        (void)curl_easy_setopt(h, CURLOPT_POSTFIELDS, body.p);
    }
    int err = perform(h, c, &status);
    curl_easy_cleanup(h);
    curl_slist_free_all(heads);
    if (err || status / 100 == 2)
        return err;
    print_problem(status, buf_get(out));
    return status == 404 ? EXIT_NOT_FOUND : EXIT_FAILED;
}

int ctl_request_json(const struct ctl *c, const char *method, const char *path, struct json **doc)
{
    struct buf out;
    struct why why = {0};
    buf_init(&out, 64u << 20);
    int err = ctl_request(c, method, path, (struct view){0}, &out);
    if (!err && json_parse(buf_get(&out), doc, &why)) {
        (void)fprintf(stderr, "parkctl: the answer is not JSON: %s\n", why.text);
        err = EXIT_FAILED;
    }
    buf_fini(&out);
    return err;
}

void ctl_path_add(char *path, size_t size, struct view raw)
{
    size_t n = strlen(path);
    for (size_t i = 0; i < raw.n && n + 4 < size; i++) {
        unsigned char c = (unsigned char)raw.p[i];
        n += (size_t)snprintf(path + n, size - n, isalnum(c) || strchr("-._~", c) ? "%c" : "%%%02X", c);
    }
}

static bool ends(const char *s, const char *suffix)
{
    size_t n = strlen(s), k = strlen(suffix);
    return n > k && strcmp(s + n - k, suffix) == 0;
}

int ctl_table(const struct ctl *c, const char *path, const char *file)
{
    char full[PATH_SIZE];
    struct buf out;
    if (file && !ends(file, ".csv") && !ends(file, ".xlsx")) {
        (void)fprintf(stderr, "parkctl: the file's name must end in .csv or .xlsx\n");
        return EXIT_USAGE;
    }
    (void)snprintf(full, sizeof full, "%s%cformat=%s", path, strchr(path, '?') ? '&' : '?',
                   file && ends(file, ".xlsx") ? "xlsx" : "csv");
    buf_init(&out, MAX_TABLE);
    int err = ctl_request(c, "GET", full, (struct view){0}, &out);
    if (!err && !file && fwrite(buf_get(&out).p, 1, buf_get(&out).n, stdout) != buf_get(&out).n)
        err = EXIT_FAILED;
    if (!err && file && file_write_private(file, buf_get(&out))) {
        (void)fprintf(stderr, "parkctl: cannot write %s\n", file);
        err = EXIT_FAILED;
    }
    buf_fini(&out);
    return err;
}

int ctl_read(const char *path, struct buf *out)
{
    return strcmp(path, "-") == 0 ? file_read_stream(stdin, out) : file_read(path, out);
}
