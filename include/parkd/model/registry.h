/* SPDX-License-Identifier: MIT
 * All lots with their newest reading: a projection of Redis that can be thrown away at any time. Pure.
 *
 * A lot keeps its index for the life of the registry, also when it is removed (then `removed`, and skipped by
 * the finders). The registry owns registrations and texts. `generation` rises with every visible change,
 * `confirmed` with every change of any kind; watchers are called in order of adding, inside the call that
 * changed, and must not change the registry.
 */
#ifndef PARKD_MODEL_REGISTRY_H
#define PARKD_MODEL_REGISTRY_H

#include "parkd/model/freshness.h"

#define REGISTRY_NONE UINT32_MAX

struct registry;
struct registry_lot {
    uint32_t idx;
    bool removed;
    struct lot lot;
    char *text;          /* the registration as stored */
    uint64_t version;    /* of the registration */
    int64_t interval_ms; /* of its reports: declared by the feed, else learned; wall-clock ms, 0 unknown */
    bool interval_declared;
    struct reading reading;
};

enum registry_event { REGISTRY_CHANGED, REGISTRY_CONFIRMED, REGISTRY_REGISTERED, REGISTRY_REMOVED };
typedef void registry_watch_fn(void *ctx, uint32_t idx, enum registry_event ev);

struct registry *registry_new(void);
void registry_free(struct registry *reg);
/* Adds or replaces a registration (an older version is ignored, but in a reload Redis is right). ERR_NOMEM,
 * ERR_CONFLICT: (feed, foreign id) is another lot's. */
int registry_put(struct registry *reg, const struct lot *lot, struct view text, uint64_t version,
                 uint32_t *idx) must_check;
void registry_remove(struct registry *reg, const char *id);
/* The office's correction of a lot's counts; stays when the lot is registered anew. */
void registry_correct(struct registry *reg, uint32_t idx, struct correction c);
uint32_t registry_find(const struct registry *reg, struct view id);
/* By the feed's own name of the lot, else by parkd's id if that lot belongs to the feed. */
uint32_t registry_find_foreign(const struct registry *reg, const char *feed, struct view foreign);
const struct registry_lot *registry_lot(const struct registry *reg, uint32_t idx); /* idx must exist */
uint32_t registry_size(const struct registry *reg);  /* indexes in use, removed ones included */
uint32_t registry_count(const struct registry *reg); /* lots that are not removed */
/* Takes a reading as Redis holds it; ignores one with a lower seq, or the same seq and an older observation.
 * Learns the interval. Returns true if something changed. */
bool registry_apply(struct registry *reg, uint32_t idx, const struct reading *r);
/* Forgets all readings and registrations not seen since: used around a reload (begin, then put/apply all,
 * then end). */
void registry_reload_begin(struct registry *reg);
void registry_reload_end(struct registry *reg);
void registry_declare_interval(struct registry *reg, const char *feed, int64_t interval_ms);
uint64_t registry_generation(const struct registry *reg);
uint64_t registry_confirmed(const struct registry *reg);
int registry_watch(struct registry *reg, registry_watch_fn *fn,
                   void *ctx) must_check; /* ERR_FULL beyond 64 */
void registry_unwatch(struct registry *reg, registry_watch_fn *fn, void *ctx);

#endif
