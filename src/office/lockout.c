/* SPDX-License-Identifier: MIT
 * Wrong tries by name (an account, an address): a small table, the entry that waits least gives way.
 */
#include <stdlib.h>

#include "office/sign.h"

#define ENTRIES   1024
#define WAIT_MAX  ((int64_t)15 * 60 * 1000)
#define FORGET_MS ((int64_t)60 * 60 * 1000)

struct entry {
    uint64_t name; /* hash; two names that share one share their wait */
    int failures;
    int64_t last_ms, until_ms;
};
struct lockout {
    struct entry v[ENTRIES];
};

struct lockout *lockout_new(void)
{
    return calloc(1, sizeof(struct lockout));
}

void lockout_free(struct lockout *l)
{
    free(l);
}

static uint64_t hash_of(struct view name)
{
    uint64_t h = 1469598103934665603U; /* FNV-1a */
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)name.p[i]) * 1099511628211U;
    return h ? h : 1;
}

static struct entry *find(struct lockout *l, struct view name)
{
    uint64_t h = hash_of(name);
    for (int i = 0; i < ENTRIES; i++) {
        if (l->v[i].name == h)
            return &l->v[i];
    }
    return NULL;
}

static struct entry *take(struct lockout *l, struct view name)
{
    struct entry *least = &l->v[0];
    for (int i = 1; i < ENTRIES; i++) {
        if (l->v[i].until_ms < least->until_ms)
            least = &l->v[i];
    }
    *least = (struct entry){.name = hash_of(name)};
    return least;
}

int lockout_wait_s(struct lockout *l, struct view name, int64_t mono_ms)
{
    const struct entry *e = find(l, name);
    return !e || e->until_ms <= mono_ms ? 0 : (int)((e->until_ms - mono_ms + 999) / 1000);
}

void lockout_failed(struct lockout *l, struct view name, int64_t mono_ms)
{
    struct entry *e = find(l, name);
    if (!e)
        e = take(l, name);
    if (mono_ms - e->last_ms > FORGET_MS)
        e->failures = 0;
    e->failures++;
    e->last_ms = mono_ms;
    int over = e->failures - LOCKOUT_FREE;
    int64_t wait = over <= 0 ? 0 : over > 20 ? WAIT_MAX : (int64_t)1000 << (over - 1);
    e->until_ms = mono_ms + (wait > WAIT_MAX ? WAIT_MAX : wait);
}

void lockout_forget(struct lockout *l, struct view name)
{
    struct entry *e = find(l, name);
    if (e)
        *e = (struct entry){0};
}
