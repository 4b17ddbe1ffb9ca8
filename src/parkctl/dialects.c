/* SPDX-License-Identifier: MIT
 * dialect list | show NAME | check FILE: the dialects of this machine, without a server.
 */
#include <stdio.h>
#include <string.h>

#include "parkctl/feed_try.h"
#include "parkd/dialect/dialect.h"

#define PARTS_SIZE 96

static const struct {
    unsigned bit;
    const char *name, *says;
} all_parts[] = {
    {DIALECT_POLL, "poll", "polled"},
    {DIALECT_RECEIVE, "receive", "receives"},
    {DIALECT_PUSH, "push", "pushes"},
    {DIALECT_BEAT, "beat", "beats"},
    {DIALECT_REGISTER, "register", "registers"},
    {DIALECT_DAY, "day", "daily statement"},
    {DIALECT_ASK, "ask", "can be asked"},
};
#define N_PARTS (sizeof all_parts / sizeof *all_parts)

static const char *part_names(unsigned parts, char dst[PARTS_SIZE])
{
    size_t n = 0;
    dst[0] = '\0';
    for (size_t i = 0; i < N_PARTS; i++) {
        if (parts & all_parts[i].bit)
            n += (size_t)snprintf(dst + n, PARTS_SIZE - n, "%s%s", n ? ", " : " ", all_parts[i].says);
    }
    return dst;
}

static void print_json(const struct dialect *d, struct json_writer *w)
{
    jw_object(w, NULL);
    jw_str(w, "name", dialect_name(d));
    jw_array(w, "parts");
    for (size_t i = 0; i < N_PARTS; i++) {
        if (dialect_parts(d) & all_parts[i].bit)
            jw_str(w, NULL, all_parts[i].name);
    }
    jw_end_array(w);
    jw_raw(w, "params", dialect_params(d));
    jw_end_object(w);
}

static void print_params(const struct dialect *d)
{
    struct json *params = NULL;
    if (json_parse(dialect_params(d), &params, NULL))
        return;
    for (const struct json *p = json_first(params); p; p = json_next(p))
        (void)printf("  %-20.*s " VIEW_FMT "\n", VIEW_ARG(json_key(p)), VIEW_ARG(json_text(p)));
    json_free(params);
}

static void print_one(const struct ctl *c, const struct dialect *d)
{
    char parts[PARTS_SIZE];
    struct buf text;
    struct json_writer w;
    if (!c->json) {
        (void)printf("%s:%s\n", dialect_name(d), part_names(dialect_parts(d), parts));
        print_params(d);
        return;
    }
    buf_init(&text, 1u << 20);
    jw_init(&w, &text);
    print_json(d, &w);
    (void)printf(VIEW_FMT "\n", VIEW_ARG(buf_get(&text)));
    buf_fini(&text);
}

static void list(const struct ctl *c, const struct dialects *ds)
{
    char parts[PARTS_SIZE];
    for (const struct dialect *d = dialects_next(ds, NULL); d; d = dialects_next(ds, d)) {
        if (c->json)
            print_one(c, d);
        else
            (void)printf("%-16s%s\n", dialect_name(d), part_names(dialect_parts(d), parts));
    }
}

static int show(const struct ctl *c, const struct dialects *ds, const char *name)
{
    const struct dialect *d = dialects_find(ds, name);
    if (!d) {
        (void)fprintf(stderr, "parkctl: there is no dialect %s\n", name);
        return EXIT_NOT_FOUND;
    }
    print_one(c, d);
    return 0;
}

/* ---- check */

/* A mapping that does not compile says where; one that does is opened and closed again. */
static int check_mapping(const struct dialects *ds, const char *file, struct view params)
{
    struct why why = {0};
    struct dialect_session *s = dialect_open(dialects_find(ds, "generic"), params, &why);
    if (!s)
        (void)fprintf(stderr, "parkctl: %s: %s: %s\n", file, why.at[0] ? why.at : "/", why.text);
    else
        (void)printf("%s: good\n", file);
    dialect_close(s);
    return s ? 0 : EXIT_FAILED;
}

/* What try_request makes of the file: a bare mapping, params, or a whole registration. */
static int check_json(const struct dialects *ds, const char *file)
{
    struct buf text;
    struct json *doc = NULL;
    buf_init(&text, 1u << 20);
    int status = try_read_params(file, &text);
    if (!status && json_parse(buf_get(&text), &doc, NULL) == 0)
        status = check_mapping(ds, file, buf_get(&text));
    json_free(doc);
    buf_fini(&text);
    return status;
}

static int check_lua(struct dialects *ds, const char *file)
{
    struct why why = {0};
    char parts[PARTS_SIZE];
    if (dialects_add_file(ds, file, &why)) {
        (void)fprintf(stderr, "parkctl: %s: %s%s%s\n", file, why.at, why.at[0] ? ": " : "", why.text);
        return EXIT_FAILED;
    }
    for (const struct dialect *d = dialects_next(ds, NULL); d; d = dialects_next(ds, d)) {
        if (strcmp(dialect_name(d), "generic") != 0 && strcmp(dialect_name(d), "native") != 0)
            (void)printf("%s: good, %s:%s\n", file, dialect_name(d), part_names(dialect_parts(d), parts));
    }
    return 0;
}

/* With a sample beside it the dialect reads it too, as `feed try` does. */
static int check_sample(struct ctl *c, struct try_options *o, const char *file, bool lua)
{
    if (lua)
        o->dialect = file;
    else
        o->params = file;
    return try_local(c, o);
}

static int check(struct ctl *c, int argc, char **argv)
{
    struct try_options o = {0};
    struct why why = {0};
    int failed = 0;
    const char *file = argc > 2 ? argv[2] : "";
    size_t n = strlen(file);
    bool lua = n > 4 && strcmp(file + n - 4, ".lua") == 0;
    if (argc < 3 || try_options_read(c, &o, argc - 2, argv + 2)) {
        (void)fprintf(stderr, "parkctl: dialect check FILE [--sample FILE …]\n");
        return EXIT_USAGE;
    }
    struct dialects *ds = dialects_load(NULL, &failed, &why);
    int status = !ds ? EXIT_FAILED : lua ? check_lua(ds, file) : check_json(ds, file);
    dialects_free(ds);
    return !status && o.n_samples ? check_sample(c, &o, file, lua) : status;
}

int ctl_dialects(struct ctl *c, int argc, char **argv)
{
    struct try_options o = {0};
    struct view name = {0};
    const char *verb = argv[1];
    if (!strcmp(verb, "check"))
        return check(c, argc, argv);
    bool one = !strcmp(verb, "show");
    if ((!one && strcmp(verb, "list") != 0) || argc < 2 + one ||
        try_options_read(c, &o, argc - 1 - one, argv + 1 + one)) {
        (void)fprintf(stderr, "parkctl: dialect list | show NAME | check FILE\n");
        return EXIT_USAGE;
    }
    struct dialects *ds = try_load(&o, &name);
    int status = !ds ? EXIT_FAILED : 0;
    if (!status && one)
        status = show(c, ds, argv[2]);
    else if (!status)
        list(c, ds);
    dialects_free(ds);
    return status;
}
