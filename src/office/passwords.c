/* SPDX-License-Identifier: MIT
 * scrypt in the pool: a password takes a tenth of a second and 32 MiB, so few at once.
 */
#include <stdlib.h>
#include <string.h>

#include "office/sign.h"
#include "parkd/net/loop.h"

#define AT_ONCE 8

struct password_job {
    struct office *o; /* NULL: the office has stopped */
    char password[PASSWORD_MAX], stored[PASSWORD_HASH_SIZE], hash[PASSWORD_HASH_SIZE];
    size_t n;
    int err;
    password_fn *done;
    void *ctx;
    struct password_job *next;
};

static void work(void *data)
{
    struct password_job *j = data;
    struct view password = {j->password, j->n};
    j->err = j->stored[0] ? password_check(password, view_of(j->stored)) : password_hash(password, j->hash);
    explicit_bzero(j->password, sizeof j->password);
}

static void forget(struct password_job *j)
{
    struct password_job **at = &j->o->passwords;
    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
}

static void on_done(void *data, bool cancelled)
{
    struct password_job *j = data;
    if (j->o) {
        forget(j);
        j->done(j->ctx, cancelled ? ERR_CANCELLED : j->err, j->hash);
    }
    explicit_bzero(j, sizeof *j);
    free(j);
}

int password_work(struct office *o, struct view password, struct view stored, password_fn *done, void *ctx)
{
    int waiting = 0;
    for (const struct password_job *j = o->passwords; j; j = j->next)
        waiting++;
    if (waiting >= AT_ONCE)
        return ERR_BUSY;
    struct password_job *j = calloc(1, sizeof *j);
    if (!j)
        return ERR_NOMEM;
    if (password.n > sizeof j->password || view_copy(stored, j->stored, sizeof j->stored)) {
        free(j);
        return ERR_INVALID;
    }
    memcpy(j->password, password.n ? password.p : "", password.n);
    j->n = password.n;
    j->done = done;
    j->ctx = ctx;
    j->o = o;
    int rc = loop_work(o->loop, work, on_done, j);
    if (rc) {
        free(j);
        return rc;
    }
    j->next = o->passwords;
    o->passwords = j;
    return 0;
}

static void stop(struct office *o)
{
    struct password_job *next, *all = o->passwords;
    o->passwords = NULL;
    for (struct password_job *j = all; j; j = next) {
        next = j->next;
        j->o = NULL;
        j->done(j->ctx, ERR_CANCELLED, "");
    }
}

const struct office_part part_passwords = {.stop = stop};
