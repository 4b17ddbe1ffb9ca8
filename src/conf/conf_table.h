/* SPDX-License-Identifier: MIT
 * The one table of configuration keys: where each value stands in struct conf, its type, range, default and
 * help.
 */
#ifndef PARKD_CONF_CONF_TABLE_H
#define PARKD_CONF_CONF_TABLE_H

#include "parkd/conf/conf.h"

enum conf_type { CONF_TEXT, CONF_INT, CONF_REAL, CONF_LIST, CONF_WORD };

struct conf_field {
    const char *key; /* "public.listen" */
    enum conf_type type;
    bool live;                /* may change on SIGHUP */
    size_t where;             /* offset in struct conf */
    int64_t min, max;         /* CONF_INT */
    const char *const *words; /* CONF_WORD, NULL-terminated */
    const char *def;          /* as text; lists separated by commas */
    const char *help;
};

extern const struct conf_field conf_fields[];
extern const size_t conf_n_fields;

#endif
