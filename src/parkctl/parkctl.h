/* SPDX-License-Identifier: MIT
 * parkctl: the command line for staff, a client of the staff listener. One file a noun.
 *
 * Exit codes: 0 done, 1 failed (the reason on stderr), 2 usage, 3 parkd not reachable, 4 not found.
 */
#ifndef PARKD_PARKCTL_PARKCTL_H
#define PARKD_PARKCTL_PARKCTL_H

#include "parkd/base/buf.h"

struct json;

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3, EXIT_NOT_FOUND = 4 };

struct ctl {
    char staff[600];   /* "http://127.0.0.1:8081" or "unix:/path" */
    bool json;         /* print answers as they are */
    bool dry_run;      /* what would change something is shown, not asked */
    const char *state; /* parkd's state directory; NULL: the default */
};

/* Finds the staff listener unless it was named. EXIT_UNREACHABLE with words, or 0. */
int ctl_find_staff(struct ctl *c) must_check;
/* One request to the staff listener; of a dry run one that is no GET is printed alone, and `out` is empty.
 * Prints the reason of a failure (problem+json in plain words) and returns an exit code; 0: `out` holds the
 * answer. `body` empty: none. */
int ctl_request(const struct ctl *c, const char *method, const char *path, struct view body,
                struct buf *out) must_check;
/* The same with a body of another type than JSON. */
int ctl_send(const struct ctl *c, const char *method, const char *path, const char *type, struct view body,
             struct buf *out) must_check;
/* Appends `raw`, percent-encoded; what does not fit is left off. */
void ctl_path_add(char *path, size_t size, struct view raw);
/* The same, and the answer parsed; the caller frees *doc. */
int ctl_request_json(const struct ctl *c, const char *method, const char *path, struct json **doc) must_check;
/* The table that `path` answers, to a file (its name tells the format) or, as CSV, to standard output (NULL).
 */
int ctl_table(const struct ctl *c, const char *path, const char *file) must_check;
/* A file, or standard input for "-". */
int ctl_read(const char *path, struct buf *out) must_check;

/* argv[0] is the noun, argv[1] the verb. */
int ctl_registrations(const struct ctl *c, int argc, char **argv);
int ctl_status(const struct ctl *c);
/* try, listen, replay; they read options of their own behind the verb. */
int ctl_feeds(struct ctl *c, int argc, char **argv);
int ctl_dialects(struct ctl *c, int argc, char **argv);
int ctl_sink_try(struct ctl *c, int argc, char **argv);
int ctl_ledger(struct ctl *c, int argc, char **argv);
/* The whole audit trail, one JSON object a line. */
int ctl_audit_export(struct ctl *c, int argc, char **argv);

#endif
