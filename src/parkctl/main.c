/* SPDX-License-Identifier: MIT
 * The command line of parkctl: finds the staff listener, hands the rest to the noun.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkctl/parkctl.h"
#include "parkd/base/json.h"

static const char usage_text[] =
    "parkctl: registrations and state of a running parkd\n"
    "\n"
    "  parkctl [--state DIR | --staff URL] [--json] NOUN VERB …\n"
    "\n"
    "  lots | feeds | sinks  list                 what is registered\n"
    "  lots | feeds | sinks  show ID              one registration, as stored (secrets masked)\n"
    "  lots | feeds | sinks  put FILE             adds or replaces; FILE is JSON (one, or a list), - is "
    "standard input\n"
    "  lots | feeds | sinks  remove ID\n"
    "  feeds poll ID                              polls a feed now\n"
    "  sinks resume ID                            lets a paused sink try again, sends its quarantined items "
    "now\n"
    "  status                                     feeds, sinks and store in short\n"
    "\n"
    "  --state DIR   parkd's state directory (run.json there names the staff listener); default: "
    "$PARKD_STATE_DIR, parkd-state\n"
    "  --staff URL   the staff listener itself, http://127.0.0.1:8081 or unix:/path\n"
    "  --json        prints answers as they are\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 usage, 3 parkd not reachable, 4 not found.\n";

static int find_staff(struct ctl *c, const char *state)
{
    char path[600];
    struct buf text;
    struct json *doc = NULL;
    struct why why = {0};
    const char *dir = state ? state : getenv("PARKD_STATE_DIR");
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

static int act(const struct ctl *c, int argc, char **argv)
{
    if (strcmp(argv[0], "status") == 0 && argc == 1)
        return ctl_status(c);
    if (argc >= 2 && (!strcmp(argv[0], "lots") || !strcmp(argv[0], "feeds") || !strcmp(argv[0], "sinks")))
        return ctl_registrations(c, argc, argv);
    (void)fputs(usage_text, stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"state", required_argument, NULL, 's'}, {"staff", required_argument, NULL, 'u'},
        {"json", no_argument, NULL, 'j'},        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},        {0}};
    struct ctl c = {0};
    const char *state = NULL;
    int opt;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (opt) {
        case 's':
            state = optarg;
            break;
        case 'u':
            (void)snprintf(c.staff, sizeof c.staff, "%s", optarg);
            break;
        case 'j':
            c.json = true;
            break;
        case 'V':
            (void)printf("parkctl %s\n", PARKD_VERSION);
            return 0;
        case 'h':
            (void)fputs(usage_text, stdout);
            return 0;
        default:
            (void)fputs(usage_text, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind == argc) {
        (void)fputs(usage_text, stderr);
        return EXIT_USAGE;
    }
    int err = c.staff[0] ? 0 : find_staff(&c, state);
    return err ? err : act(&c, argc - optind, argv + optind);
}
