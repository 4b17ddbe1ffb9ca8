/* SPDX-License-Identifier: MIT
 * Who asks, and what it may do. A value; pure.
 *
 * Invariant: every request has exactly one principal, found once at the gate (api/gate.c); nothing behind it
 * looks at keys or cookies. A principal of an operator carries that operator's id, and code that touches a
 * lot, feed, key or record of an operator asks principal_owns. What is another's is "not found", so that
 * guessed ids tell nothing.
 */
#ifndef PARKD_MODEL_PRINCIPAL_H
#define PARKD_MODEL_PRINCIPAL_H

#include "parkd/base/view.h"

#define ACCOUNT_ID_SIZE 33

/* In order of power among staff. A sink's owner reads what concerns its sink; an attendant reports its own
 * lot. */
enum role {
    ROLE_NOBODY,
    ROLE_ATTENDANT,
    ROLE_SINK,
    ROLE_OPERATOR,
    ROLE_VIEWER,
    ROLE_OFFICER,
    ROLE_ADMIN,
    ROLE_N
};

/* What a route asks for. Officers may what viewers may, admins all of it. ACCESS_OPERATOR: an operator, for
 * what is its own, or an officer, for all. */
enum access {
    ACCESS_ANYBODY,
    ACCESS_SIGNED_IN, /* any account, not attendants */
    ACCESS_ATTENDANT, /* or an operator, or an officer */
    ACCESS_SINK,      /* or a viewer */
    ACCESS_OPERATOR,
    ACCESS_VIEWER,
    ACCESS_OFFICER,
    ACCESS_ADMIN
};

struct principal {
    enum role role;
    char account[ACCOUNT_ID_SIZE]; /* "" nobody; "local" the UNIX socket */
    char owner[ACCOUNT_ID_SIZE]; /* operator (or its attendant): the operator's id; sink: the sink's id; else
                                    "" */
    char lot[33];                /* attendant: the one lot; else "" */
    char via[48];  /* "socket", "key:<kid>", "session:<id>", "attendant:<id>", "": for the audit trail */
    char csrf[49]; /* of a session, "" otherwise */
};

const char *role_name(
    enum role r); /* "nobody", "attendant", "sink", "operator", "viewer", "officer", "admin" */
int role_of(struct view name, enum role *out) must_check; /* ERR_NOT_FOUND */
bool principal_may(const struct principal *p, enum access what);
bool principal_is_staff(const struct principal *p); /* viewer, officer, admin */
/* Staff owns everything in this sense (whether it may write is the route's access); an operator what bears
 * its id. */
bool principal_owns(const struct principal *p, const char *operator_id);

#endif
