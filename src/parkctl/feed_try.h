/* SPDX-License-Identifier: MIT
 * What `feed try`, `feed replay` and `dialect check` share: the options that make a trial's request, a trial
 * in this process, and its answer for people.
 */
#ifndef PARKD_PARKCTL_FEED_TRY_H
#define PARKD_PARKCTL_FEED_TRY_H

#include <stdio.h>

#include "parkctl/parkctl.h"
#include "parkd/base/json.h"
#include "parkd/base/json_write.h"
#include "parkd/dialect/propose.h"

#define TRY_MAX_FILES 33
#define TRY_MAX_PAIRS 16
#define TRY_MAX_BODY  (64u << 20)
#define TRY_MAX_FILE  (1u << 20)

struct try_options {
    const char *url, *dialect, *params, *content_type, *feed, *access, *tls, *now, *path, *method, *topic,
        *status, *save;
    const char *samples[TRY_MAX_FILES], *sides[TRY_MAX_PAIRS], *queries[TRY_MAX_PAIRS],
        *headers[TRY_MAX_PAIRS];
    const char *lots[TRY_MAX_PAIRS]; /* known ones, for dialects that ask by name */
    const char *folders[TRY_MAX_PAIRS];
    int n_samples, n_sides, n_queries, n_headers, n_lots, n_folders;
    bool push, propose, follow;
};

/* Reads the options behind the verb. EXIT_USAGE with words, or 0. */
int try_options_read(struct ctl *c, struct try_options *o, int argc, char **argv) must_check;
/* The request as in trial.h. EXIT_FAILED with words, or 0. */
int try_request(const struct try_options *o, struct buf *out) must_check;
/* A Lua file, and not a dialect's name. NULL is none. */
bool try_is_file(const char *dialect);
/* {"params":…} alone. A bare mapping counts as {"mapping":…}, and of a whole registration its params are
 * meant. */
int try_params_request(const char *arg, struct buf *out) must_check;
/* The params alone, as text. */
int try_read_params(const char *arg, struct buf *out) must_check;
/* The dialects of this machine; a file given as --dialect alone, then `name` is what it calls itself. */
struct dialects *try_load(const struct try_options *o, struct view *name) must_check;
/* Runs it here. `out` gets the answer. */
int try_here(const struct try_options *o, struct view request, struct buf *out) must_check;
/* The same with what is printed; an exit code. */
int try_local(const struct ctl *c, const struct try_options *o) must_check;
/* The answer for people; 0 when it was good, else EXIT_FAILED. */
int try_print(const struct json *answer);
void try_print_proposal(const struct json *proposal);
/* The proposed params alone, to be edited. */
void try_write_params(FILE *f, const struct json *proposal);
/* A file, or the text itself where it is JSON. */
int try_read_json(const char *arg, const char *what, struct buf *out) must_check;

#endif
