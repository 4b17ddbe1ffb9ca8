/* SPDX-License-Identifier: MIT
 * The command line of parkd.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/app.h"

enum { OPT_CHECK = 256, OPT_PRINT, OPT_DESCRIBE };

static const char usage_text[] =
    "parkd: smart-parking aggregation backend of a district\n"
    "\n"
    "  parkd [--config FILE] [--state DIR] [--listen HOST:PORT]\n"
    "\n"
    "  --config FILE       configuration (JSON); without one parkd starts with defaults\n"
    "  --state DIR         folder of the embedded Redis and run.json (state_dir)\n"
    "  --listen HOST:PORT  public listener (public.listen); port 0 picks a free one\n"
    "  --check-config      checks the configuration and ends: 0 good, 2 not\n"
    "  --print-config      prints every key with its value\n"
    "  --describe-config   prints the reference of all keys (Markdown)\n"
    "  --version, --help\n"
    "\n"
    "SIGHUP reads configuration and dialects again, all or nothing; SIGTERM ends in order.\n";

static const char *environment(const char *name)
{
    return getenv(name);
}

static int check_subnets(const struct conf *c, struct why *why)
{
    struct addr_filter unused = {0};
    struct holidays days = {0};
    int err = app_take_subnets(c, &unused, &unused, why);
    struct pages_conf pages;
    err = err ? err : app_take_holidays(c, &days, why);
    return err ? err : app_take_pages(c, &pages, why);
}

int app_read_conf(const struct app *a, struct conf *out, struct why *why)
{
    struct buf text;
    int err = 0;
    conf_defaults(out);
    buf_init(&text, CONF_MAX_FILE);
    if (a->conf_path && !(err = conf_read_file(a->conf_path, &text, why)))
        err = conf_parse(buf_get(&text), out, why);
    buf_fini(&text);
    if (!err)
        err = conf_environment(out, environment, why);
    if (!err && a->flag_state)
        err = conf_set(out, "state_dir", view_of(a->flag_state), why);
    if (!err && a->flag_listen)
        err = conf_set(out, "public.listen", view_of(a->flag_listen), why);
    if (!err)
        err = conf_check(out, why);
    return err ? err : check_subnets(out, why);
}

static int print_buf(int (*fill)(struct buf *out, const struct conf *c), const struct conf *c)
{
    struct buf b;
    buf_init(&b, 1u << 20);
    int err = fill(&b, c);
    if (!err)
        (void)fwrite(b.p, 1, b.n, stdout);
    buf_fini(&b);
    return err ? 1 : 0;
}

static int fill_conf(struct buf *out, const struct conf *c)
{
    int err = conf_print(c, out);
    return err ? err : buf_char(out, '\n');
}

static int fill_reference(struct buf *out, const struct conf *c)
{
    (void)c;
    return conf_describe(out);
}

static int act(struct app *a, int mode)
{
    struct why why = {0};
    if (mode == OPT_DESCRIBE)
        return print_buf(fill_reference, NULL);
    if (app_read_conf(a, &a->conf, &why)) {
        (void)fprintf(stderr, "parkd: configuration: %s%s%s\n", why.at, why.at[0] ? ": " : "", why.text);
        return 2;
    }
    if (mode == OPT_PRINT)
        return print_buf(fill_conf, &a->conf);
    if (mode == OPT_CHECK) {
        (void)printf("configuration is good\n");
        return 0;
    }
    return app_run(a);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"state", required_argument, NULL, 's'},
                                            {"listen", required_argument, NULL, 'l'},
                                            {"check-config", no_argument, NULL, OPT_CHECK},
                                            {"print-config", no_argument, NULL, OPT_PRINT},
                                            {"describe-config", no_argument, NULL, OPT_DESCRIBE},
                                            {"version", no_argument, NULL, 'V'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    static struct app app; /* large; zeroed */
    int mode = 0, opt;
    /* Name look-ups may hang for seconds; they share libuv's pool with nothing that matters, but need room.
     */
    (void)setenv("UV_THREADPOOL_SIZE", "12", 0);
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (opt) {
        case 'c':
            app.conf_path = optarg;
            break;
        case 's':
            app.flag_state = optarg;
            break;
        case 'l':
            app.flag_listen = optarg;
            break;
        case 'V':
            (void)printf("parkd %s\n", PARKD_VERSION);
            return 0;
        case 'h':
            (void)fputs(usage_text, stdout);
            return 0;
        case '?':
            (void)fputs(usage_text, stderr);
            return 2;
        default:
            mode = opt;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "parkd: %s is not an option\n", argv[optind]);
        return 2;
    }
    return act(&app, mode);
}
