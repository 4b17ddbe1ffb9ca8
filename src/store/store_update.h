/* SPDX-License-Identifier: MIT
 * What waits to be written, lot by lot. Shared by store_update.c (what waits, merging) and store_batch.c
 * (calls and replies).
 *
 * A slot holds the updates of one lot in order: `head` waits, `flying` is in the call that its partition has
 * in flight. A slot stands in its partition's queue when it has something waiting and nothing flying.
 */
#ifndef PARKD_STORE_UPDATE_H
#define PARKD_STORE_UPDATE_H

#include "store/store_impl.h"

#define SAMPLES_MAX 31   /* 30 minutes that wait, and the newest */
#define SAMPLE_HELD (-2) /* the count that Redis holds: a beat's */
#define SLOT_MAX    64   /* updates of one lot that wait */

enum update_op { UPDATE_SET, UPDATE_BEAT, UPDATE_HINT, UPDATE_EXPIRE };

struct sample {
    int64_t at_ms;
    int32_t free;
};

struct update {
    struct update *next;
    enum update_op op;
    struct waiter *first, **last; /* who waits for it */
    struct reading r;             /* what is to be written; hints: computed when the call is built */
    int64_t at_ms;                /* beat, hint */
    int32_t in, out;              /* hint: cars */
    bool applied;                 /* hint: it moves the reading of its run, or is in it already */
    uint64_t known;               /* highest seq known of that lot besides the registry's */
    uint64_t want_seq;            /* hint, expire: only if this is held */
    int64_t want_obs;
    unsigned tries;
    struct sample *samples;
    size_t n_samples;
};

struct slot {
    uint32_t lot;
    unsigned part;
    struct update *head, **tail, *flying;
    size_t n;
    bool queued;
    struct slot *next;
};

struct part {
    struct slot *first, **last;
    struct batch *flying;
};

struct updates {
    struct store *st;
    struct slot **slots; /* by lot */
    size_t n_slots;
    struct part *parts;
    unsigned n_parts;
    struct timer *flush;
    size_t n_updates; /* in all slots, flying ones too */
};

void update_free(struct updates *u,
                 struct update *up); /* without its waiters, which are moved or called before */
/* Calls everybody who waits for the update, and frees it. */
void update_finish(struct updates *u, struct update *up, const struct store_outcome *o);
/* Tells those who wanted an acknowledgement, soon; the others go on waiting. */
void update_tell_acks(struct store *st, struct update *up, enum store_code code);
/* Takes out the hints for which nobody waits any more: their senders were told to send again, and a movement
 * must not be counted twice. Returns the list without them. */
struct update *updates_drop_told(struct updates *u, struct update *list);
void update_sample(struct update *up, int64_t at_ms, int32_t free);
/* Puts what was flying back before what came meanwhile. */
void slot_requeue(struct updates *u, struct slot *s);
void slot_queue(struct updates *u, struct slot *s);
/* Sends the next call of a partition if it may be sent. */
void batch_send(struct updates *u, unsigned part);

#endif
