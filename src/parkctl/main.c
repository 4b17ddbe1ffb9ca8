/* SPDX-License-Identifier: MIT
 * The command line of parkctl: finds the staff listener, hands the rest to the noun.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkctl/backup.h"
#include "parkctl/commands.h"
#include "parkctl/doctor.h"
#include "parkd/base/json.h"

static const char
    head_text[] = "parkctl: registrations, people and state of a running parkd\n"
                  "\n"
                  "  parkctl [--state DIR | --staff URL] [--json] [--dry-run] NOUN VERB …\n"
                  "\n",
    tail_text[] =
        "\n"
        "  --state DIR   parkd's state directory (run.json there names the staff listener); default: "
        "$PARKD_STATE_DIR, parkd-state\n"
        "  --staff URL   the staff listener itself, http://127.0.0.1:8081 or unix:/path; over TCP "
        "with the key in $PARKD_KEY\n"
        "  --json        prints answers as they are\n"
        "  --dry-run     shows what would be asked, and asks nothing\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 usage, 3 parkd not reachable, 4 not found.\n";

static void print_usage(FILE *out)
{
    (void)fputs(head_text, out);
    commands_print_help(out);
    (void)fputs(tail_text, out);
}

int ctl_find_staff(struct ctl *c)
{
    char path[600];
    struct buf text;
    struct json *doc = NULL;
    struct why why = {0};
    const char *dir = c->state ? c->state : getenv("PARKD_STATE_DIR");
    if (c->staff[0])
        return 0;
    (void)snprintf(path, sizeof path, "%s/run.json", dir ? dir : "parkd-state");
    buf_init(&text, 65536);
    int err = ctl_read(path, &text);
    if (!err)
        err = json_parse(buf_get(&text), &doc, &why);
    if (!err)
        err = json_need_str(doc, "staff", c->staff, sizeof c->staff, &why);
    if (err)
        (void)fprintf(stderr,
                      "parkctl: no running parkd found: %s is not there or not readable; give --state DIR or "
                      "--staff URL\n",
                      path);
    json_free(doc);
    buf_fini(&text);
    return err ? EXIT_UNREACHABLE : 0;
}

static bool is_words(char **argv, const char *noun, const char *verb)
{
    return strcmp(argv[0], noun) == 0 && strcmp(argv[1], verb) == 0;
}

static int complete(const char *what)
{
    if (strcmp(what, "bash") == 0)
        commands_print_bash();
    else if (strcmp(what, "man") == 0)
        commands_print_man();
    else
        print_usage(stderr);
    return strcmp(what, "bash") == 0 || strcmp(what, "man") == 0 ? 0 : EXIT_USAGE;
}

static bool is_sink_try(int argc, char **argv)
{
    return argc > 1 && (!strcmp(argv[0], "sink") || !strcmp(argv[0], "sinks")) && !strcmp(argv[1], "try");
}

static bool has_own_options(int argc, char **argv)
{
    if (argc < 2)
        return false;
    if (!strcmp(argv[0], "dialect") || !strcmp(argv[0], "dialects"))
        return true;
    return (!strcmp(argv[0], "feed") || !strcmp(argv[0], "feeds")) &&
           (!strcmp(argv[1], "try") || !strcmp(argv[1], "listen") || !strcmp(argv[1], "replay"));
}

static int act(struct ctl *c, int argc, char **argv)
{
    static char *plural[] = {"lots", "feeds", "sinks"};
    for (size_t i = 0; argc && i < 3; i++) { /* "lot" is as good */
        size_t n = strlen(plural[i]) - 1;
        if (strlen(argv[0]) == n && !strncmp(argv[0], plural[i], n))
            argv[0] = plural[i];
    }
    bool noun =
        argc >= 2 && (!strcmp(argv[0], "lots") || !strcmp(argv[0], "feeds") || !strcmp(argv[0], "sinks"));
    bool status = argc == 1 && strcmp(argv[0], "status") == 0;
    if (!noun && !status) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    int err = ctl_find_staff(c);
    if (err)
        return err;
    return status ? ctl_status(c) : ctl_registrations(c, argc, argv);
}

/* `shape` "+" stops at the noun. -1: go on; else the exit status. */
static int read_options(struct ctl *c, const char *shape, int argc, char **argv)
{
    static const struct option options[] = {{"state", required_argument, NULL, 's'},
                                            {"staff", required_argument, NULL, 'u'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"version", no_argument, NULL, 'V'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"dry-run", no_argument, NULL, 'n'},
                                            {0}};
    int opt;
    optind = 0;
    while ((opt = getopt_long(argc, argv, shape, options, NULL)) != -1) {
        if (opt == 's') {
            c->state = optarg;
        } else if (opt == 'u') {
            (void)snprintf(c->staff, sizeof c->staff, "%s", optarg);
        } else if (opt == 'j') {
            c->json = true;
        } else if (opt == 'n') {
            c->dry_run = true;
        } else if (opt == 'V') {
            (void)printf("parkctl %s\n", PARKD_VERSION);
            return 0;
        } else {
            print_usage(opt == 'h' ? stdout : stderr);
            return opt == 'h' ? 0 : EXIT_USAGE;
        }
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct ctl c = {0};
    const struct command *cmd;
    int status = read_options(&c, "+", argc, argv);
    if (status >= 0)
        return status;
    if (optind + 1 < argc && (cmd = command_find(argv[optind], argv[optind + 1])))
        return command_run(&c, cmd, argc - optind - 2, argv + optind + 2);
    if (optind + 1 < argc && is_words(argv + optind, "audit", "export"))
        return ctl_audit_export(&c, argc - optind, argv + optind);
    if (optind < argc && strcmp(argv[optind], "backup") == 0)
        return ctl_backup(&c, argc - optind, argv + optind);
    if (optind < argc && strcmp(argv[optind], "doctor") == 0)
        return ctl_doctor(&c, argc - optind, argv + optind);
    if (optind < argc && strcmp(argv[optind], "restore") == 0)
        return ctl_restore(&c, argc - optind, argv + optind);
    if (optind + 1 < argc && strcmp(argv[optind], "completion") == 0)
        return complete(argv[optind + 1]);
    if (optind < argc && is_sink_try(argc - optind, argv + optind))
        return ctl_sink_try(&c, argc - optind, argv + optind);
    if (optind < argc && strcmp(argv[optind], "ledger") == 0)
        return ctl_ledger(&c, argc - optind, argv + optind);
    if (optind < argc && has_own_options(argc - optind, argv + optind))
        return argv[optind][0] == 'd' ? ctl_dialects(&c, argc - optind, argv + optind)
                                      : ctl_feeds(&c, argc - optind, argv + optind);
    if ((status = read_options(&c, "", argc, argv)) >= 0)
        return status;
    if (optind == argc) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    return act(&c, argc - optind, argv + optind);
}
