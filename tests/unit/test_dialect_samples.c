/* SPDX-License-Identifier: MIT
 * The shipped dialects: the known answers of their signing recipes, Hangzhou's cipher both ways, and every
 * sample under tests/data/dialects/<dialect>/: NAME.json is a feed and what it was told, NAME.want the
 * reports that must come of it.
 *
 * A sample: {"params":{…},"lots":["P001"],"path":"/…?…" (pushes),"answers":[{"status":200,"body":"text, or
 * JSON"}]}.
 */
#include <dirent.h>

#include "shipped_test.h"

#include "parkd/base/json_write.h"

static char *read_whole(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s cannot be read", path);
    char *text = calloc(1, 1 << 16);
    *n = fread(text, 1, (1 << 16) - 1, f);
    (void)fclose(f);
    return text;
}

static void print_failure(struct buf *out, int err, const struct why *why)
{
    if (err)
        buf_printf(out, "error %s %s: %s\n", err_name(err), why->at, why->text);
}

static void write_json(const struct json *j, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_json(&w, NULL, j);
}

/* The text of a body: as it stands, or the JSON value written out. */
static void body_text(const struct json *answer, struct buf *out)
{
    const struct json *body = json_get(answer, "body");
    if (json_is(body, JSON_STRING))
        buf_view(out, json_text(body));
    else
        write_json(body, out);
}

static void run_poll(struct dialect_session *s, const struct dialect_ctx *ctx, const struct json *answers,
                     struct buf *out)
{
    struct report_list list;
    struct dialect_request req;
    struct why why = {0};
    bool more = true;
    report_list_init(&list);
    int err = dialect_poll(s, ctx, &req, &why);
    if (!err)
        dialect_request_fini(&req);
    for (const struct json *a = json_first(answers); a && !err && more; a = json_next(a)) {
        struct buf body;
        int64_t status = 200;
        buf_init(&body, 1 << 20);
        body_text(a, &body);
        assert_int_equal(json_want_int(a, "status", 100, 599, &status, &why), 0);
        struct dialect_response res = {(int)status, {0}, buf_get(&body)};
        err = dialect_decode(s, ctx, &res, &list, &req, &more, &why);
        dialect_request_fini(&req);
        buf_fini(&body);
    }
    print_list(out, &list);
    print_failure(out, err, &why);
    report_list_fini(&list);
}

/* What stands in the query of a sample's path; nothing in it is escaped. */
static struct view query(void *accessor, const char *name)
{
    struct view rest = *(const struct view *)accessor;
    while (rest.n) {
        struct view value = view_cut(&rest, '&');
        if (view_is(view_cut(&value, '='), name))
            return value;
    }
    return (struct view){0};
}

static struct view header(void *accessor, const char *name)
{
    (void)accessor;
    (void)name;
    return (struct view){0};
}

static void run_push(struct dialect_session *s, const struct dialect_ctx *ctx, const struct json *sample,
                     struct buf *out)
{
    struct report_list list;
    struct dialect_reply reply;
    struct why why = {0};
    struct buf body;
    buf_init(&body, 1 << 20);
    report_list_init(&list);
    body_text(json_first(json_get(sample, "answers")), &body);
    struct view rest = json_text(json_get(sample, "path")), path = view_cut(&rest, '?');
    struct dialect_inbound in = {.method = VIEW("POST"),
                                 .path = path,
                                 .body = buf_get(&body),
                                 .header = header,
                                 .query = query,
                                 .accessor = &rest};
    int err = dialect_receive(s, ctx, &in, &list, &reply, &why);
    print_list(out, &list);
    print_failure(out, err, &why);
    if (reply.body.n)
        buf_printf(out, "reply %d " VIEW_FMT "\n", reply.status, VIEW_ARG(buf_get(&reply.body)));
    dialect_reply_fini(&reply);
    report_list_fini(&list);
    buf_fini(&body);
}

static void run_sample(const char *dialect, const struct json *sample, struct buf *out)
{
    struct buf params;
    struct registry *reg = registry_new();
    buf_init(&params, 1 << 16);
    write_json(json_get(sample, "params"), &params);
    for (const struct json *l = json_first(json_get(sample, "lots")); l; l = json_next(l)) {
        char foreign[FOREIGN_SIZE];
        assert_int_equal(view_copy(json_text(l), foreign, sizeof foreign), 0);
        add_lot(reg, foreign, "f1", foreign);
    }
    struct dialect_ctx ctx = test_ctx(reg);
    struct dialect_session *s = open_session(ds, dialect, params.p);
    if (json_get(sample, "path"))
        run_push(s, &ctx, sample, out);
    else
        run_poll(s, &ctx, json_get(sample, "answers"), out);
    dialect_close(s);
    registry_free(reg);
    buf_fini(&params);
}

static void check_sample(const char *folder, const char *dialect, const char *name)
{
    char path[512];
    size_t n, n_want;
    struct json *sample = NULL;
    struct why why = {0};
    struct buf out;
    (void)snprintf(path, sizeof path, "%s/%s/%s.json", folder, dialect, name);
    char *text = read_whole(path, &n);
    if (json_parse((struct view){text, n}, &sample, &why))
        fail_msg("%s: %s", path, why.text);
    (void)snprintf(path, sizeof path, "%s/%s/%s.want", folder, dialect, name);
    char *want = read_whole(path, &n_want);
    buf_init(&out, 1 << 16);
    run_sample(dialect, sample, &out);
    if (strcmp(out.p ? out.p : "", want) != 0)
        fail_msg("%s: got\n%s", path, out.p ? out.p : "");
    buf_fini(&out);
    json_free(sample);
    free(text);
    free(want);
}

static int is_name(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int is_sample(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 5 && strcmp(e->d_name + n - 5, ".json") == 0;
}

static int check_folder(const char *folder, const char *dialect)
{
    char path[512], name[128];
    struct dirent **files = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", folder, dialect);
    int n = scandir(path, &files, is_sample, alphasort);
    for (int i = 0; i < n; i++) {
        (void)snprintf(name, sizeof name, "%.*s", (int)strlen(files[i]->d_name) - 5, files[i]->d_name);
        check_sample(folder, dialect, name);
        free(files[i]);
    }
    free(files);
    return n > 0 ? n : 0;
}

static void every_sample_gives_its_reports(void **state)
{
    (void)state;
    static const char folder[] = PARKD_SHARE "/../tests/data/dialects";
    struct dirent **dialects = NULL;
    int checked = 0, n = scandir(folder, &dialects, is_name, alphasort);
    for (int i = 0; i < n; i++) {
        checked += check_folder(folder, dialects[i]->d_name);
        free(dialects[i]);
    }
    free(dialects);
    assert_true(checked >= 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_gives_its_reports),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
