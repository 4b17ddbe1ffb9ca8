/* SPDX-License-Identifier: MIT
 * ledger: list, show, import, export, step, report.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parkctl/parkctl.h"
#include "parkd/base/file.h"
#include "parkd/base/json.h"
#include "parkd/base/json_write.h"

#define LEDGER    "/v1/admin/ledger"
#define PATH_SIZE 1024
#define FILE_MAX  ((size_t)2 * 1024 * 1024)
#define MAX_DOC   (64u << 20)
#define XLSX      "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

struct ledger_options {
    const char *state, *mode, *q, *why; /* NULL: not given */
    bool dry_run, yes, skip_doubtful;
    const char *args[2];
    int n_args;
};

static int usage(const char *what)
{
    if (what)
        (void)fprintf(stderr, "parkctl: %s\n", what);
    (void)fprintf(stderr, "parkctl: ledger list [--stage STATE] [--mode auto|manual] [--find TEXT]\n"
                          "parkctl: ledger show ID\n"
                          "parkctl: ledger import FILE [--dry-run] [--yes] [--skip-doubtful]\n"
                          "parkctl: ledger export [FILE.csv|FILE.xlsx]\n"
                          "parkctl: ledger step ID surveyed|registered|testing|connected|suspended|retired "
                          "--why TEXT\n"
                          "parkctl: ledger report [FILE.csv|FILE.xlsx]\n");
    return EXIT_USAGE;
}

enum { OPT_STATE = 256, OPT_STAFF, OPT_JSON, OPT_DRY, OPT_YES, OPT_SKIP, OPT_ONE = 300 };

static void take(struct ctl *c, struct ledger_options *o, int opt)
{
    const char **const ones[] = {&o->state, &o->mode, &o->q, &o->why};
    if (opt >= OPT_ONE)
        *ones[opt - OPT_ONE] = optarg;
    c->json |= opt == OPT_JSON;
    o->dry_run |= opt == OPT_DRY;
    o->yes |= opt == OPT_YES;
    o->skip_doubtful |= opt == OPT_SKIP;
    if (opt == OPT_STATE)
        c->state = optarg;
    if (opt == OPT_STAFF)
        (void)snprintf(c->staff, sizeof c->staff, "%s", optarg);
}

/* argv[0] is the verb. */
static int read_options(struct ctl *c, struct ledger_options *o, int argc, char **argv)
{
    static const struct option options[] = {{"stage", 1, NULL, OPT_ONE},
                                            {"mode", 1, NULL, OPT_ONE + 1},
                                            {"find", 1, NULL, OPT_ONE + 2},
                                            {"why", 1, NULL, OPT_ONE + 3},
                                            {"dry-run", 0, NULL, OPT_DRY},
                                            {"yes", 0, NULL, OPT_YES},
                                            {"skip-doubtful", 0, NULL, OPT_SKIP},
                                            {"json", 0, NULL, OPT_JSON},
                                            {"state", 1, NULL, OPT_STATE},
                                            {"staff", 1, NULL, OPT_STAFF},
                                            {0}};
    int opt;
    optind = 0;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == '?')
            return usage(NULL);
        take(c, o, opt);
    }
    while (optind < argc) {
        if (o->n_args == 2)
            return usage("too many words");
        o->args[o->n_args++] = argv[optind++];
    }
    return 0;
}

/* --- printing --- */

static int print_all(struct view v)
{
    bool good =
        fwrite(v.p, 1, v.n, stdout) == v.n && (v.n && v.p[v.n - 1] == '\n' ? 1 : putchar('\n') != EOF);
    return good ? 0 : EXIT_FAILED;
}

static struct view text_of(const struct json *j, const char *key)
{
    return json_text(json_get(j, key));
}

static double number_of(const struct json *j, const char *key)
{
    return json_number(json_get(j, key));
}

static void print_progress(const struct json *p)
{
    (void)printf("connected %.0f of %.0f (自动 auto %.0f, 人工 manual %.0f); surveyed %.0f, registered %.0f, "
                 "testing %.0f, suspended %.0f, retired %.0f\n",
                 number_of(p, "connected"), number_of(p, "total"), number_of(p, "auto"),
                 number_of(p, "manual"), number_of(p, "surveyed"), number_of(p, "registered"),
                 number_of(p, "testing"), number_of(p, "suspended"), number_of(p, "retired"));
}

static void print_entry(const struct json *e)
{
    (void)printf("%-20.*s %-10.*s %-6.*s %-10.*s " VIEW_FMT "\n", VIEW_ARG(text_of(e, "id")),
                 VIEW_ARG(text_of(e, "state")), VIEW_ARG(text_of(e, "mode")),
                 VIEW_ARG(text_of(e, "next_date")), VIEW_ARG(text_of(e, "name")));
}

/* --- list, show --- */

static void add_param(char path[PATH_SIZE], const char *key, const char *value)
{
    size_t n = strlen(path);
    if (!value)
        return;
    (void)snprintf(path + n, PATH_SIZE - n, "%c%s=", strchr(path, '?') ? '&' : '?', key);
    ctl_path_add(path, PATH_SIZE, view_of(value));
}

static int list(const struct ctl *c, const struct ledger_options *o)
{
    char path[PATH_SIZE] = LEDGER;
    struct buf out;
    struct json *doc = NULL;
    if (o->n_args)
        return usage("list takes no words; --find TEXT looks for one");
    add_param(path, "state", o->state);
    add_param(path, "mode", o->mode);
    add_param(path, "q", o->q);
    buf_init(&out, MAX_DOC);
    int err = ctl_request(c, "GET", path, (struct view){0}, &out);
    if (!err && c->json)
        err = print_all(buf_get(&out));
    else if (!err && !json_parse(buf_get(&out), &doc, NULL)) {
        for (const struct json *e = json_first(json_get(doc, "ledger")); e; e = json_next(e))
            print_entry(e);
        print_progress(json_get(doc, "progress"));
    }
    json_free(doc);
    buf_fini(&out);
    return err;
}

static int show(const struct ctl *c, const struct ledger_options *o)
{
    char path[PATH_SIZE] = LEDGER "/";
    struct buf out;
    if (o->n_args != 1)
        return usage("show takes one id");
    ctl_path_add(path, sizeof path, view_of(o->args[0]));
    buf_init(&out, MAX_DOC);
    int err = ctl_request(c, "GET", path, (struct view){0}, &out);
    err = err ? err : print_all(buf_get(&out));
    buf_fini(&out);
    return err;
}

/* --- step --- */

static int step(const struct ctl *c, const struct ledger_options *o)
{
    char path[PATH_SIZE] = LEDGER "/";
    struct buf body, out;
    struct json_writer w;
    if (o->n_args != 2 || !o->why)
        return usage("step takes an id, where to, and --why");
    ctl_path_add(path, sizeof path, view_of(o->args[0]));
    (void)snprintf(path + strlen(path), sizeof path - strlen(path), "/step");
    buf_init(&body, 8192);
    buf_init(&out, MAX_DOC);
    jw_init(&w, &body);
    jw_object(&w, NULL);
    jw_str(&w, "to", o->args[1]);
    jw_str(&w, "why", o->why);
    jw_end_object(&w);
    int err = ctl_request(c, "POST", path, buf_get(&body), &out);
    if (!err && c->json)
        err = print_all(buf_get(&out));
    else if (!err)
        (void)printf("%s is %s\n", o->args[0], o->args[1]);
    buf_fini(&body);
    buf_fini(&out);
    return err;
}

/* --- import --- */

static void print_rows(const char *word, const struct json *rows)
{
    for (const struct json *r = json_first(rows); r; r = json_next(r)) {
        const struct json *why = json_get(r, "why");
        (void)printf("%s row %.0f " VIEW_FMT " \"" VIEW_FMT "\": " VIEW_FMT " / " VIEW_FMT "\n", word,
                     number_of(r, "row"), VIEW_ARG(text_of(r, "column")), VIEW_ARG(text_of(r, "value")),
                     VIEW_ARG(text_of(why, "zh")), VIEW_ARG(text_of(why, "en")));
    }
}

static void print_dry_run(const struct json *doc)
{
    print_rows("存疑 doubtful:", json_get(doc, "doubtful"));
    print_rows("拒收 refused: ", json_get(doc, "refused"));
    const struct json *ignored = json_first(json_get(doc, "ignored"));
    if (ignored)
        (void)printf("未识别的列 columns that are not read:");
    for (; ignored; ignored = json_next(ignored))
        (void)printf(" " VIEW_FMT "%s", VIEW_ARG(json_text(ignored)), json_next(ignored) ? "," : "\n");
    (void)printf("%.0f rows: new %.0f, changed %.0f, same %.0f, doubts %zu, refused %zu\n",
                 number_of(doc, "rows"), number_of(doc, "new"), number_of(doc, "changed"),
                 number_of(doc, "same"), json_size(json_get(doc, "doubtful")),
                 json_size(json_get(doc, "refused")));
}

static bool says_yes(void)
{
    char line[16] = "";
    (void)fprintf(stderr, "carry this out? 确认导入？ [y/N] ");
    return fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y');
}

/* EXIT_FAILED with words when nobody agreed. */
static int consent(const struct ledger_options *o)
{
    if (o->yes)
        return 0;
    if (strcmp(o->args[0], "-") == 0 || !isatty(STDIN_FILENO)) {
        (void)fprintf(stderr, "parkctl: nothing was changed; --yes carries it out\n");
        return EXIT_FAILED;
    }
    if (says_yes())
        return 0;
    (void)fprintf(stderr, "parkctl: nothing was changed\n");
    return EXIT_FAILED;
}

static int confirm(const struct ctl *c, const struct ledger_options *o, const struct json *shown)
{
    char path[PATH_SIZE] = LEDGER "/import/";
    struct json *doc = NULL;
    struct buf out;
    ctl_path_add(path, sizeof path, text_of(shown, "import"));
    (void)snprintf(path + strlen(path), sizeof path - strlen(path), "/confirm");
    buf_init(&out, MAX_DOC);
    int err =
        ctl_request(c, "POST", path, o->skip_doubtful ? VIEW("{\"skip_doubtful\":true}") : VIEW("{}"), &out);
    if (!err && c->json)
        err = print_all(buf_get(&out));
    else if (!err && !json_parse(buf_get(&out), &doc, NULL))
        (void)printf("done: new %.0f, changed %.0f, left out %.0f\n", number_of(doc, "new"),
                     number_of(doc, "changed"), number_of(doc, "skipped"));
    json_free(doc);
    buf_fini(&out);
    return err;
}

/* A dry run, shown; carried out if somebody agrees. With --json the last answer alone is printed. */
static int import_bytes(const struct ctl *c, const struct ledger_options *o, struct view bytes)
{
    struct buf out;
    struct json *doc = NULL;
    buf_init(&out, MAX_DOC);
    int err =
        ctl_send(c, "POST", LEDGER "/import", view_starts(bytes, "PK") ? XLSX : "text/csv", bytes, &out);
    if (!err && json_parse(buf_get(&out), &doc, NULL))
        err = EXIT_FAILED;
    if (!err && c->json && o->dry_run)
        err = print_all(buf_get(&out));
    else if (!err && !c->json)
        print_dry_run(doc);
    if (!err && !o->dry_run && number_of(doc, "new") + number_of(doc, "changed") > 0) {
        err = consent(o);
        err = err ? err : confirm(c, o, doc);
    } else if (!err && !o->dry_run && c->json) {
        err = print_all(buf_get(&out)); /* nothing to do */
    }
    json_free(doc);
    buf_fini(&out);
    return err;
}

static int import(const struct ctl *c, const struct ledger_options *o)
{
    struct buf bytes;
    if (o->n_args != 1 || (o->dry_run && o->yes))
        return usage(o->n_args != 1 ? "import takes one file" : "--dry-run or --yes, not both");
    buf_init(&bytes, FILE_MAX);
    int err = ctl_read(o->args[0], &bytes);
    if (err)
        (void)fprintf(stderr, "parkctl: cannot read %s: %s\n", o->args[0],
                      err == ERR_TOO_BIG ? "a spreadsheet may have 2 MiB" : err_text(err));
    err = err ? EXIT_FAILED : import_bytes(c, o, buf_get(&bytes));
    buf_fini(&bytes);
    return err;
}

/* --- export, report --- */

static int export(const struct ctl *c, const struct ledger_options *o)
{
    return o->n_args > 1 ? usage("export takes one file") : ctl_table(c, LEDGER "/export", o->args[0]);
}

static void print_groups(const char *title, const struct json *groups)
{
    (void)printf("%s\n", title);
    for (const struct json *g = json_first(groups); g; g = json_next(g)) {
        struct view name = text_of(g, "name");
        (void)printf("  %.0f of %.0f  " VIEW_FMT "\n", number_of(g, "connected"), number_of(g, "total"),
                     VIEW_ARG(name.n ? name : VIEW("（未填）")));
    }
}

static void print_open(const struct json *e)
{
    struct view obstacle = text_of(e, "obstacle"), plan = text_of(e, "plan"), date = text_of(e, "next_date");
    (void)printf("  %-10.*s %s %-20.*s %-10.*s " VIEW_FMT, VIEW_ARG(date.n ? date : VIEW("-")),
                 json_true(json_get(e, "overdue")) ? "逾期" : "    ", VIEW_ARG(text_of(e, "id")),
                 VIEW_ARG(text_of(e, "state")), VIEW_ARG(text_of(e, "name")));
    if (obstacle.n)
        (void)printf("；困难：" VIEW_FMT, VIEW_ARG(obstacle));
    if (plan.n)
        (void)printf("；措施：" VIEW_FMT, VIEW_ARG(plan));
    (void)putchar('\n');
}

static void print_report(const struct json *doc)
{
    (void)printf(VIEW_FMT " " VIEW_FMT "\n", VIEW_ARG(text_of(doc, "district")),
                 VIEW_ARG(text_of(doc, "date")));
    print_progress(json_get(doc, "progress"));
    (void)printf("逐月接入 connected by month:");
    for (const struct json *m = json_first(json_get(doc, "curve")); m; m = json_next(m))
        (void)printf(" " VIEW_FMT " %.0f%s", VIEW_ARG(text_of(m, "month")), number_of(m, "connected"),
                     json_next(m) ? "," : "\n");
    print_groups("运营单位 by operator:", json_get(doc, "operators"));
    print_groups("街道 by area:", json_get(doc, "areas"));
    (void)printf("未接入 not connected: %zu, 逾期 overdue %.0f, 无日期 without a date %.0f\n",
                 json_size(json_get(doc, "open")), number_of(doc, "overdue"), number_of(doc, "undated"));
    for (const struct json *e = json_first(json_get(doc, "open")); e; e = json_next(e))
        print_open(e);
}

static int report(const struct ctl *c, const struct ledger_options *o)
{
    struct buf out;
    struct json *doc = NULL;
    if (o->n_args)
        return o->n_args > 1 ? usage("report takes one file") : ctl_table(c, LEDGER "/report", o->args[0]);
    buf_init(&out, MAX_DOC);
    int err = ctl_request(c, "GET", LEDGER "/report", (struct view){0}, &out);
    if (!err && c->json)
        err = print_all(buf_get(&out));
    else if (!err && !json_parse(buf_get(&out), &doc, NULL))
        print_report(doc);
    json_free(doc);
    buf_fini(&out);
    return err;
}

int ctl_ledger(struct ctl *c, int argc, char **argv)
{
    static const struct {
        const char *verb;
        int (*act)(const struct ctl *c, const struct ledger_options *o);
    } verbs[] = {{"list", list},     {"show", show}, {"import", import},
                 {"export", export}, {"step", step}, {"report", report}};
    struct ledger_options o = {0};
    if (argc < 2)
        return usage(NULL);
    int err = read_options(c, &o, argc - 1, argv + 1);
    for (size_t i = 0; !err && i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(argv[1], verbs[i].verb) != 0)
            continue;
        err = ctl_find_staff(c);
        return err ? err : verbs[i].act(c, &o);
    }
    return err ? err : usage("there is no such verb");
}
