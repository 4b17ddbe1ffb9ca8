/* SPDX-License-Identifier: MIT
 * Spreadsheets that people send are read in the pool: unpacking one may take longer than the loop may stand.
 */
#include <stdlib.h>

#include "office/ledger.h"
#include "parkd/net/loop.h"

/* A file that is being read. */
struct sheet_job {
    struct call *c; /* NULL: the office has stopped */
    sheet_read_fn *done;
    char *bytes;
    size_t n;
    struct sheet *sheet;
    struct why why;
    int err;
    struct sheet_job *next;
};

static void work(void *data)
{
    struct sheet_job *j = data;
    j->err = sheet_read((struct view){j->bytes, j->n}, &j->sheet, &j->why);
}

static void forget(struct sheet_job *j)
{
    struct sheet_job **at = &j->c->o->sheet_jobs;
    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
}

static void on_read(void *data, bool cancelled)
{
    struct sheet_job *j = data;
    if (j->c)
        forget(j);
    if (!j->c)
        sheet_free(j->sheet);
    else if (cancelled || j->err)
        call_why(j->c, cancelled ? ERR_CANCELLED : j->err, &j->why);
    else
        j->done(j->c, j->sheet);
    free(j->bytes);
    free(j);
}

void call_read_sheet(struct call *c, sheet_read_fn *done)
{
    if (c->r.body.n > SHEET_BYTES) {
        call_fail(c, ERR_TOO_BIG, "", "a spreadsheet may have 2 MiB");
        return;
    }
    struct sheet_job *j = calloc(1, sizeof *j);
    int rc = j && (j->bytes = view_dup(c->r.body)) ? 0 : ERR_NOMEM;
    if (!rc) {
        j->c = c;
        j->done = done;
        j->n = c->r.body.n;
        rc = loop_work(c->o->loop, work, on_read, j);
    }
    if (!rc) {
        j->next = c->o->sheet_jobs;
        c->o->sheet_jobs = j;
        return;
    }
    free(j ? j->bytes : NULL);
    free(j);
    call_why(c, rc, NULL);
}

static void stop(struct office *o)
{
    struct sheet_job *next;
    for (struct sheet_job *j = o->sheet_jobs; j; j = next) {
        next = j->next;
        call_why(j->c, ERR_CANCELLED, NULL);
        j->c = NULL;
    }
    o->sheet_jobs = NULL;
}

const struct office_part part_sheet_jobs = {.stop = stop};
