/* SPDX-License-Identifier: MIT
 * Roles and what they may.
 */
#include "parkd/model/principal.h"

#include <string.h>

static const char *const names[ROLE_N] = {
    [ROLE_NOBODY] = "nobody",     [ROLE_ATTENDANT] = "attendant", [ROLE_SINK] = "sink",
    [ROLE_OPERATOR] = "operator", [ROLE_VIEWER] = "viewer",       [ROLE_OFFICER] = "officer",
    [ROLE_ADMIN] = "admin"};

const char *role_name(enum role r)
{
    return (unsigned)r < ROLE_N ? names[r] : "?";
}

int role_of(struct view name, enum role *out)
{
    for (int r = 0; r < ROLE_N; r++) {
        if (view_is(name, names[r])) {
            *out = (enum role)r;
            return 0;
        }
    }
    return ERR_NOT_FOUND;
}

bool principal_is_staff(const struct principal *p)
{
    return p->role >= ROLE_VIEWER;
}

bool principal_may(const struct principal *p, enum access what)
{
    switch (what) {
    case ACCESS_ANYBODY:
        return true;
    case ACCESS_SIGNED_IN:
        return p->role >= ROLE_SINK;
    case ACCESS_ATTENDANT:
        return p->role == ROLE_ATTENDANT || p->role == ROLE_OPERATOR || p->role >= ROLE_OFFICER;
    case ACCESS_SINK:
        return p->role == ROLE_SINK || p->role >= ROLE_VIEWER;
    case ACCESS_OPERATOR:
        return p->role == ROLE_OPERATOR || p->role >= ROLE_OFFICER;
    case ACCESS_VIEWER:
        return p->role >= ROLE_VIEWER;
    case ACCESS_OFFICER:
        return p->role >= ROLE_OFFICER;
    case ACCESS_ADMIN:
        return p->role >= ROLE_ADMIN;
    }
    return false;
}

bool principal_owns(const struct principal *p, const char *operator_id)
{
    return principal_is_staff(p) || (p->owner[0] && strcmp(p->owner, operator_id) == 0);
}
