/* SPDX-License-Identifier: MIT
 * AUTH with a user is Redis 6's form; with the password alone it suits requirepass.
 */
#include "store/redis_link_greet.h"

size_t redis_greeting(const struct redis_addr *a, bool first, struct redis_cmd out[REDIS_GREET_MAX])
{
    size_t n = 0;
    if (first && a->password[0]) {
        redis_cmd_init(&out[n]);
        redis_cmd_str(&out[n], "AUTH");
        if (a->user[0])
            redis_cmd_str(&out[n], a->user);
        redis_cmd_str(&out[n++], a->password);
    }
    if (first && a->db) {
        redis_cmd_init(&out[n]);
        redis_cmd_str(&out[n], "SELECT");
        redis_cmd_int(&out[n++], a->db);
    }
    redis_cmd_init(&out[n]);
    redis_cmd_str(&out[n++], "PING");
    return n;
}
