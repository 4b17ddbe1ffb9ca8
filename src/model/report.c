/* SPDX-License-Identifier: MIT
 * Reports and the list that a dialect fills.
 */
#include "parkd/model/report.h"

#include <stdlib.h>

#define FIRST_CAP 16

void report_init(struct report *r)
{
    *r = (struct report){
        .free = REPORT_NONE, .open = REPORT_NONE, .total = REPORT_NONE, .occupied = REPORT_NONE};
    for (int c = 0; c < PLACE_CLASS_N; c++)
        r->classes[c] = (struct place_claim){REPORT_NONE, REPORT_NONE};
    for (int z = 0; z < REPORT_MAX_ZONES; z++)
        r->zones[z].count = (struct place_claim){REPORT_NONE, REPORT_NONE};
}

void report_list_init(struct report_list *l)
{
    *l = (struct report_list){0};
}

void report_list_fini(struct report_list *l)
{
    free(l->v);
    free(l->faults);
    report_list_init(l);
}

/* The array with room for one more than `n`, NULL without memory. */
static void *room(void *v, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return v;
    size_t more = *cap ? *cap * 2 : FIRST_CAP;
    void *p = realloc(v, more * size);
    if (p)
        *cap = more;
    return p;
}

int report_list_add(struct report_list *l, const struct report *r)
{
    if (l->n >= REPORT_LIST_MAX)
        return ERR_FULL;
    struct report *v = room(l->v, l->n, &l->cap, sizeof *v);
    if (!v)
        return ERR_NOMEM;
    l->v = v;
    l->v[l->n++] = *r;
    return 0;
}

int report_list_fault(struct report_list *l, int32_t item, struct view lot, const struct why *why)
{
    if (l->n_faults >= REPORT_LIST_MAX)
        return ERR_FULL;
    struct report_fault *v = room(l->faults, l->n_faults, &l->cap_faults, sizeof *v);
    if (!v)
        return ERR_NOMEM;
    l->faults = v;
    struct report_fault *f = &v[l->n_faults++];
    *f = (struct report_fault){.item = item};
    if (why)
        f->why = *why;
    /* A name too long to be one of ours is left empty; the item's index still tells which it was. */
    if (view_copy(lot, f->lot, sizeof f->lot))
        f->lot[0] = '\0';
    return 0;
}
