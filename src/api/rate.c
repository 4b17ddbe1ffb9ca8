/* SPDX-License-Identifier: MIT
 * One hash table, in order of first asking: what is at its front is the oldest.
 */
#define HASH_NONFATAL_OOM 1

#include "api/rate.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define KEY_SIZE  16
#define WINDOW_US ((int64_t)RATE_WINDOW_S * 1000000)

struct asker {
    unsigned char key[KEY_SIZE];
    int64_t full_us; /* when it will have all its requests again ("theoretical arrival time") */
    UT_hash_handle hh;
};
struct rate {
    int limit;
    struct asker *askers;
};

struct rate *rate_new(int per_minute)
{
    struct rate *r = calloc(1, sizeof *r);
    if (r)
        r->limit = per_minute;
    return r;
}

static void forget(struct rate *r, struct asker *a)
{
    HASH_DEL(r->askers, a);
    free(a);
}

void rate_free(struct rate *r)
{
    while (r && r->askers)
        forget(r, r->askers);
    free(r);
}

/* An address in its usual form; what is none ("unix") counts as itself. */
static void key_of(struct view address, unsigned char key[KEY_SIZE])
{
    char text[64];
    unsigned char bytes[16];
    memset(key, 0, KEY_SIZE);
    if (view_copy(address, text, sizeof text))
        return;
    if (inet_pton(AF_INET6, text, bytes) == 1)
        memcpy(key, bytes, 8); /* a client owns a whole /64 */
    else if (inet_pton(AF_INET, text, bytes) == 1)
        memcpy(key + 12, bytes, 4);
    else
        memcpy(key, text, strlen(text) < KEY_SIZE ? strlen(text) : KEY_SIZE);
}

static struct asker *asker_of(struct rate *r, struct view address, int64_t now_us)
{
    unsigned char key[KEY_SIZE];
    struct asker *a = NULL;
    key_of(address, key);
    HASH_FIND(hh, r->askers, key, KEY_SIZE, a);
    if (a)
        return a;
    /* Two that are full again make room for one that is new, so the table shrinks by itself. */
    for (int i = 0;
         i < 2 && r->askers && (r->askers->full_us <= now_us || HASH_COUNT(r->askers) >= RATE_ADDRESSES); i++)
        forget(r, r->askers);
    a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    memcpy(a->key, key, KEY_SIZE);
    HASH_ADD_KEYPTR(hh, r->askers, a->key, KEY_SIZE, a);
    struct asker *there = NULL;
    HASH_FIND(hh, r->askers, key, KEY_SIZE, there);
    if (there == a)
        return a;
    free(a);
    return NULL;
}

static int seconds_up(int64_t us)
{
    return us > 0 ? (int)((us + 999999) / 1000000) : 0;
}

struct rate_state rate_take(struct rate *r, struct view address, int64_t mono_ms)
{
    int64_t now_us = mono_ms * 1000, each_us = WINDOW_US / r->limit;
    struct rate_state s = {.limit = r->limit};
    struct asker *a = asker_of(r, address, now_us);
    if (!a)
        return s;
    int64_t from_us = a->full_us > now_us ? a->full_us : now_us;
    if (from_us + each_us > now_us + WINDOW_US)
        s.retry_s = seconds_up(from_us + each_us - now_us - WINDOW_US);
    else
        a->full_us = from_us + each_us;
    s.remaining = (int)((now_us + WINDOW_US - (a->full_us > now_us ? a->full_us : now_us)) / each_us);
    s.reset_s = seconds_up(a->full_us - now_us);
    return s;
}
