/* SPDX-License-Identifier: MIT
 * The counters and their one rendering. Rows of one metric stand together in counters.def, so a metric's head
 * is written where the name changes.
 */
#include "parkd/base/counters.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

/* Dialects count in the pool too. Each value stands for itself, so their order does not matter. */
static _Atomic uint64_t values[COUNTER_N];

static const struct row {
    const char *name, *labels, *help;
} rows[COUNTER_N] = {
#define COUNTER(id, name, labels, help) [id] = {name, labels, help},
#include "parkd/base/counters.def"
#undef COUNTER
};

void counter_add(enum counter id, uint64_t n)
{
    assert(id < COUNTER_N);
    atomic_fetch_add_explicit(&values[id], n, memory_order_relaxed);
}

uint64_t counter_get(enum counter id)
{
    assert(id < COUNTER_N);
    return atomic_load_explicit(&values[id], memory_order_relaxed);
}

void counters_render(struct buf *out)
{
    const char *last = "";
    for (int i = 0; i < COUNTER_N; i++) {
        const struct row *r = &rows[i];
        if (strcmp(last, r->name) != 0)
            buf_printf(out, "# HELP %s %s\n# TYPE %s counter\n", r->name, r->help, r->name);
        last = r->name;
        buf_str(out, r->name);
        if (r->labels[0])
            buf_printf(out, "{%s}", r->labels);
        buf_printf(out, " %" PRIu64 "\n", counter_get((enum counter)i));
    }
}
