/* SPDX-License-Identifier: MIT
 * The only place that looks into a redisReply.
 */
#include "store/redis_reply.h"

#include <hiredis/hiredis.h>

static const redisReply *raw(const struct reply *r)
{
    return (const redisReply *)(const void *)r;
}

bool reply_nil(const struct reply *r)
{
    return !r || raw(r)->type == REDIS_REPLY_NIL;
}

int64_t reply_int(const struct reply *r)
{
    int64_t v = 0;
    if (!r)
        return 0;
    if (raw(r)->type == REDIS_REPLY_INTEGER)
        return raw(r)->integer;
    return view_to_int(reply_text(r), INT64_MIN, INT64_MAX, &v) ? 0 : v;
}

struct view reply_text(const struct reply *r)
{
    if (!r)
        return (struct view){NULL, 0};
    int type = raw(r)->type;
    if (type != REDIS_REPLY_STRING && type != REDIS_REPLY_STATUS && type != REDIS_REPLY_ERROR)
        return (struct view){NULL, 0};
    return (struct view){raw(r)->str, (size_t)raw(r)->len};
}

size_t reply_n(const struct reply *r)
{
    return r && raw(r)->type == REDIS_REPLY_ARRAY ? raw(r)->elements : 0;
}

const struct reply *reply_at(const struct reply *r, size_t i)
{
    return i < reply_n(r) ? (const struct reply *)(const void *)raw(r)->element[i] : NULL;
}
