/* SPDX-License-Identifier: MIT
 * Which lots a platform has registered, and what it calls them. A lot that it has not acknowledged is barred
 * from counts; the plan of registrations hands it out, in batches, with the same splitting,
 * quarantine and resuming as states.
 */
#include <stdlib.h>
#include <string.h>

#include "publish/publish_impl.h"

struct publish_known *sink_known(struct publish_sink *s, uint32_t lot)
{
    uint32_t n = registry_size(s->p->reg);
    if (lot >= s->n_known) {
        struct publish_known *v = lot < n ? realloc(s->known, n * sizeof *v) : NULL;
        if (!v)
            return NULL;
        for (s->known = v; s->n_known < n; s->n_known++)
            v[s->n_known] = (struct publish_known){.in = COUNT_NONE, .out = COUNT_NONE};
    }
    return &s->known[lot];
}

const char *sink_code(const struct publish_sink *s, uint32_t lot)
{
    return lot < s->n_known ? s->known[lot].code : NULL;
}

bool sink_filed(const struct publish_sink *s, uint32_t lot)
{
    return publish_plan_known(s->lines[PUBLISH_FILINGS].plan, lot) > 0;
}

void sink_gate(struct publish_sink *s, uint32_t lot)
{
    publish_plan_bar(s->lines[PUBLISH_STATES].plan, lot, s->files && !sink_filed(s, lot),
                     clock_mono_ms(s->p->clock));
}

void sink_gate_all(struct publish_sink *s)
{
    for (uint32_t i = 0; i < registry_size(s->p->reg); i++)
        sink_gate(s, i);
}

static bool set_code(struct publish_sink *s, uint32_t lot, struct view code)
{
    struct publish_known *k = code.n ? sink_known(s, lot) : NULL;
    char *own = !k || (k->code && view_is(code, k->code)) ? NULL : view_dup(code);
    if (!own)
        return false;
    free(k->code);
    k->code = own;
    return true;
}

void sink_load_code(struct publish_sink *s, uint32_t lot, struct view code)
{
    (void)set_code(s, lot, code);
}

void sink_load_unbalanced(struct publish_sink *s, uint32_t lot, uint64_t date)
{
    struct publish_known *k = sink_known(s, lot);
    if (k)
        k->unbalanced = (uint32_t)date;
}

void sink_take_code(struct publish_sink *s, uint32_t lot, const char *code)
{
    if (!set_code(s, lot, view_of(code)))
        return;
    sink_ack(s, PUBLISH_FILINGS,
             (struct publish_item){lot, publish_plan_known(s->lines[PUBLISH_FILINGS].plan, lot)});
}

static void forget(struct publish_known *k)
{
    free(k->code);
    *k = (struct publish_known){.in = COUNT_NONE, .out = COUNT_NONE};
}

void sink_forget_lot(struct publish_sink *s, uint32_t lot)
{
    for (int i = 0; i < PUBLISH_WHATS; i++)
        publish_plan_unknow(s->lines[i].plan, lot);
    if (lot < s->n_known)
        forget(&s->known[lot]);
    sink_gate(s, lot);
}

void sink_free_known(struct publish_sink *s)
{
    for (uint32_t i = 0; i < s->n_known; i++)
        forget(&s->known[i]);
    free(s->known);
    s->known = NULL;
    s->n_known = 0;
}
