/* SPDX-License-Identifier: MIT
 * audit export: page by page, so that a long trail needs little memory and shows that it goes on.
 */
#include <stdio.h>
#include <string.h>

#include "parkctl/parkctl.h"
#include "parkd/base/json.h"
#include "parkd/base/json_write.h"

#define PATH_SIZE 1024
#define LINE_MAX_ 65536

static void add_param(char path[PATH_SIZE], const char *key, struct view value)
{
    size_t n = strlen(path);
    if (!value.n)
        return;
    (void)snprintf(path + n, PATH_SIZE - n, "%c%s=", strchr(path, '?') ? '&' : '?', key);
    ctl_path_add(path, PATH_SIZE, value);
}

static int print_line(const struct json *entry)
{
    struct json_writer w;
    struct buf line;
    buf_init(&line, LINE_MAX_);
    jw_init(&w, &line);
    jw_json(&w, NULL, entry);
    int err = line.err || printf(VIEW_FMT "\n", VIEW_ARG(buf_get(&line))) < 0 ? EXIT_FAILED : 0;
    buf_fini(&line);
    return err;
}

/* `from`: where to go on, "" at the end; *n more entries. */
static int export_page(const struct ctl *c, struct view who, struct view object, char from[64], size_t *n)
{
    char path[PATH_SIZE] = "/v1/admin/audit?limit=1000";
    struct json *doc = NULL;
    add_param(path, "who", who);
    add_param(path, "object", object);
    add_param(path, "after", view_of(from));
    int err = ctl_request_json(c, "GET", path, &doc);
    for (const struct json *e = err ? NULL : json_first(json_get(doc, "entries")); e && !err;
         e = json_next(e)) {
        err = print_line(e);
        ++*n;
    }
    if (!err && view_copy(json_text(json_get(doc, "next")), from, 64))
        err = EXIT_FAILED;
    json_free(doc);
    return err;
}

int ctl_audit_export(struct ctl *c, int argc, char **argv)
{
    struct view who = {0}, object = {0};
    char from[64] = "";
    size_t n = 0;
    for (int i = 2; i < argc; i++) {
        bool is_who = strcmp(argv[i], "--who") == 0;
        if ((!is_who && strcmp(argv[i], "--object") != 0) || i + 1 == argc) {
            (void)fprintf(stderr, "parkctl: audit export [--who ACCOUNT] [--object ID]\n");
            return EXIT_USAGE;
        }
        *(is_who ? &who : &object) = view_of(argv[++i]);
    }
    int err = ctl_find_staff(c);
    err = err ? err : export_page(c, who, object, from, &n);
    while (!err && from[0])
        err = export_page(c, who, object, from, &n);
    (void)fprintf(stderr, "%zu entries\n", n);
    return err;
}
