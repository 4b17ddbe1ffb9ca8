/* SPDX-License-Identifier: MIT
 * Plain requests by the table.
 */
#include "parkctl/commands.h"

#include <string.h>

#include "parkd/base/file.h"
#include "parkd/base/json.h"
#include "parkd/base/json_write.h"

#define PATH_SIZE   1024
#define OPTIONS_MAX 16
#define MAX_DOC     (64u << 20)

const struct command commands[] = {
#define COMMAND(...) {__VA_ARGS__},
#include "parkctl/commands.def"
#undef COMMAND
};
const size_t commands_count = sizeof commands / sizeof commands[0];

bool next_word(const char **at, struct word *out)
{
    const char *p = *at + strspn(*at, " ");
    size_t n = strcspn(p, " "), name = strcspn(p, " !#?");
    *out = (struct word){.name = {p, name}};
    for (size_t i = name; i < n; i++) {
        out->needed |= p[i] == '!';
        out->number |= p[i] == '#';
        out->flag |= p[i] == '?';
    }
    *at = p + n;
    return n > 0;
}

static bool same_noun(const char *known, const char *said)
{
    size_t n = strlen(known);
    return strcmp(known, said) == 0 ||
           (n && known[n - 1] == 's' && strlen(said) == n - 1 && strncmp(known, said, n - 1) == 0);
}

const struct command *command_find(const char *noun, const char *verb)
{
    for (size_t i = 0; i < commands_count; i++) {
        if (commands[i].method[0] && same_noun(commands[i].noun, noun) && strcmp(commands[i].verb, verb) == 0)
            return &commands[i];
    }
    return NULL;
}

/* --- what was said --- */

struct saying {
    const char *ids[2], *file, *table;
    size_t n_ids;
    const char *values[OPTIONS_MAX]; /* beside the command's options; NULL: not given */
};

static int usage(const struct command *cmd, const char *what, struct view word)
{
    (void)fprintf(stderr, "parkctl: %s " VIEW_FMT "\nparkctl %s %s %s", what, VIEW_ARG(word), cmd->noun,
                  cmd->verb, cmd->args);
    struct word w;
    for (const char *at = cmd->options; next_word(&at, &w);)
        (void)fprintf(stderr, w.needed ? " --" VIEW_FMT "%s" : " [--" VIEW_FMT "%s]", VIEW_ARG(w.name),
                      w.flag ? "" : " …");
    (void)fputc('\n', stderr);
    return EXIT_USAGE;
}

/* One "--name value" or "--name=value"; *used: how many words it took. */
static int take_option(struct ctl *c, const struct command *cmd, struct saying *s, char **argv, int left,
                       int *used)
{
    const char *name = argv[0] + 2, *equals = strchr(name, '=');
    struct view said = {name, equals ? (size_t)(equals - name) : strlen(name)};
    const char *value = equals ? equals + 1 : left > 1 ? argv[1] : NULL;
    struct word w;
    *used = 1;
    if (view_is(said, "json") || view_is(said, "dry-run")) {
        *(view_is(said, "json") ? &c->json : &c->dry_run) = true;
        return 0;
    }
    size_t i = 0;
    bool state = view_is(said, "state"), staff = view_is(said, "staff"), known = state || staff;
    w.flag = false;
    for (const char *at = cmd->options; !known && next_word(&at, &w); i++)
        known = view_eq(said, w.name);
    if (!known)
        return usage(cmd, "there is no option", view_of(argv[0]));
    if (!w.flag && !value)
        return usage(cmd, "a value is missing after", view_of(argv[0]));
    *used = equals || w.flag ? 1 : 2;
    if (state)
        c->state = value;
    else if (staff)
        (void)snprintf(c->staff, sizeof c->staff, "%s", value);
    else
        s->values[i - 1] = w.flag ? "true" : value;
    return 0;
}

static int take_argument(const struct command *cmd, struct saying *s, size_t k, const char *said)
{
    struct word w = {0};
    const char *at = cmd->args;
    for (size_t i = 0; i <= k; i++) {
        if (!next_word(&at, &w))
            return usage(cmd, "too many words:", view_of(said));
    }
    if (view_is(w.name, "FILE"))
        s->file = said;
    else if (view_is(w.name, "[TABLE]"))
        s->table = said;
    else
        s->ids[s->n_ids++] = said;
    return 0;
}

static int check_all(const struct command *cmd, const struct saying *s, size_t n_args)
{
    struct word w;
    size_t i = 0;
    for (const char *at = cmd->args; next_word(&at, &w); i++) {
        if (i >= n_args && w.name.p[0] != '[')
            return usage(cmd, "missing:", w.name);
    }
    i = 0;
    for (const char *at = cmd->options; next_word(&at, &w); i++) {
        int64_t n = 0;
        if (w.needed && !s->values[i])
            return usage(cmd, "missing option", w.name);
        if (w.number && s->values[i] && view_to_int(view_of(s->values[i]), 0, 1000000000, &n))
            return usage(cmd, "must be a whole number:", w.name);
    }
    return 0;
}

static int read_words(struct ctl *c, const struct command *cmd, struct saying *s, int argc, char **argv)
{
    size_t n_args = 0;
    for (int i = 0, used = 1; i < argc; i += used) {
        bool option = strncmp(argv[i], "--", 2) == 0;
        used = 1;
        int err = option ? take_option(c, cmd, s, argv + i, argc - i, &used)
                         : take_argument(cmd, s, n_args++, argv[i]);
        if (err)
            return err;
    }
    return check_all(cmd, s, n_args);
}

/* --- the request --- */

static void write_options(const struct command *cmd, const struct saying *s, struct buf *body)
{
    struct json_writer w;
    struct word word;
    size_t i = 0;
    jw_init(&w, body);
    jw_object(&w, NULL);
    for (const char *at = cmd->options; next_word(&at, &word); i++) {
        if (!s->values[i])
            continue;
        jw_key(&w, word.name);
        if (word.number || word.flag)
            jw_raw(&w, NULL, view_of(s->values[i]));
        else
            jw_str(&w, NULL, s->values[i]);
    }
    jw_end_object(&w);
}

/* `id`: for a {} that nobody gave. */
static void make_path(const struct command *cmd, const struct saying *s, struct view id, char path[PATH_SIZE])
{
    struct word w;
    size_t k = 0, i = 0;
    path[0] = 0;
    for (const char *p = cmd->path; *p; p++) {
        size_t n = strlen(path);
        if (p[0] != '{') {
            (void)snprintf(path + n, PATH_SIZE - n, "%c", *p);
            continue;
        }
        ctl_path_add(path, PATH_SIZE, k < s->n_ids ? view_of(s->ids[k]) : id);
        k++;
        p++;
    }
    for (const char *at = cmd->options; strcmp(cmd->method, "GET") == 0 && next_word(&at, &w); i++) {
        size_t n = strlen(path);
        if (!s->values[i])
            continue;
        (void)snprintf(path + n, PATH_SIZE - n, "%c" VIEW_FMT "=", strchr(path, '?') ? '&' : '?',
                       VIEW_ARG(w.name));
        ctl_path_add(path, PATH_SIZE, w.flag ? VIEW("1") : view_of(s->values[i]));
    }
}

static int read_file(const char *file, struct buf *text, struct json **doc)
{
    struct why why = {0};
    if (ctl_read(file, text))
        (void)fprintf(stderr, "parkctl: cannot read %s\n", file);
    else if (json_parse(buf_get(text), doc, &why))
        (void)fprintf(stderr, "parkctl: %s is not good JSON: %s\n", file, why.text);
    else if (!json_is(*doc, JSON_OBJECT) || !json_text(json_get(*doc, "id")).n)
        (void)fprintf(stderr, "parkctl: %s must be an object with an \"id\"\n", file);
    else
        return 0;
    return EXIT_FAILED;
}

static int print(const struct ctl *c, const struct command *cmd, struct view answer)
{
    struct json *doc = NULL;
    struct view text = view_trim(answer);
    if (c->json || (text.n && json_parse(text, &doc, NULL))) {
        (void)printf(VIEW_FMT "%s", VIEW_ARG(text), text.n ? "\n" : "");
        return 0;
    }
    if (!text.n)
        (void)printf("done\n");
    else if (cmd->list[0])
        rows_print(json_get(doc, cmd->list), cmd->columns);
    else if (strcmp(cmd->method, "GET") == 0 && strcmp(cmd->verb, "verify") != 0)
        (void)printf(VIEW_FMT "\n", VIEW_ARG(text));
    else
        rows_print_members(doc);
    json_free(doc);
    return 0;
}

static int send(const struct ctl *c, const struct command *cmd, const struct saying *s, struct view id,
                struct view body)
{
    char path[PATH_SIZE];
    struct buf out;
    make_path(cmd, s, id, path);
    if (s->table)
        return ctl_table(c, path, s->table);
    buf_init(&out, MAX_DOC);
    int err = ctl_request(c, cmd->method, path, body, &out);
    if (!err && !(c->dry_run && !out.n))
        err = print(c, cmd, buf_get(&out));
    buf_fini(&out);
    return err;
}

int command_run(struct ctl *c, const struct command *cmd, int argc, char **argv)
{
    struct saying s = {.n_ids = 0};
    struct json *doc = NULL;
    struct buf body;
    int err = read_words(c, cmd, &s, argc, argv);
    err = err ? err : ctl_find_staff(c);
    if (err)
        return err;
    buf_init(&body, MAX_DOC);
    if (s.file)
        err = read_file(s.file, &body, &doc);
    else if (strcmp(cmd->method, "POST") == 0 || strcmp(cmd->method, "PUT") == 0)
        write_options(cmd, &s, &body);
    err = err ? err : send(c, cmd, &s, json_text(json_get(doc, "id")), buf_get(&body));
    json_free(doc);
    buf_fini(&body);
    return err;
}
