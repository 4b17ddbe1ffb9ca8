/* SPDX-License-Identifier: MIT
 * One command to Redis, argument by argument; and the scripts that commands call by digest. Pure.
 *
 * The first failure sticks, so a builder appends without looking; redis_link_send reports it. The caller owns
 * the struct and ends it with redis_cmd_fini.
 */
#ifndef PARKD_STORE_REDIS_CMD_H
#define PARKD_STORE_REDIS_CMD_H

#include "parkd/store/keys.h"

struct redis_script {
    const char *text;
    size_t n;
    char sha[41];
};

struct redis_cmd {
    struct buf bytes;
    struct redis_arg {
        size_t off, n;
    } * args;
    size_t n, cap;
    int err;
    int64_t block_ms;                  /* how long the server itself may wait (XREAD BLOCK) */
    const struct redis_script *script; /* borrowed until the reply; set by redis_cmd_eval */
};

/* Text of a script and its digest. ERR_NOMEM or what crypto_digest says. */
int redis_script_init(struct redis_script *s, const void *text, size_t n) must_check;

void redis_cmd_init(struct redis_cmd *c);
void redis_cmd_fini(struct redis_cmd *c);
void redis_cmd_view(struct redis_cmd *c, struct view v);
void redis_cmd_str(struct redis_cmd *c, const char *s);
void redis_cmd_key(struct redis_cmd *c, struct key k);
void redis_cmd_int(struct redis_cmd *c, int64_t v);
void redis_cmd_uint(struct redis_cmd *c, uint64_t v);
/* "EVALSHA <sha> <keys>"; keys and arguments follow. */
void redis_cmd_eval(struct redis_cmd *c, const struct redis_script *s, size_t keys);
/* All arguments of `more` behind those of c. */
void redis_cmd_join(struct redis_cmd *c, const struct redis_cmd *more);
/* The whole command as Redis reads it (RESP), *n bytes; the caller frees. NULL: out of memory or too large.
 */
char *redis_cmd_format(const struct redis_cmd *c, size_t *n);

#endif
