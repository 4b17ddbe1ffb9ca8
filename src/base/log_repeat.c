/* SPDX-License-Identifier: MIT
 * A small table, searched from end to end: there are few formats, and lines are rare.
 */
#include "base/log_repeat.h"

#include <stddef.h>

static bool is_over(const struct log_repeat_slot *s, int64_t now_ms)
{
    return now_ms - s->since_ms >= LOG_REPEAT_MS;
}

bool log_repeat_pass(struct log_repeat *r, const struct log_repeat_slot *line, int64_t now_ms)
{
    struct log_repeat_slot *unused = NULL;
    for (int i = 0; i < LOG_REPEAT_SLOTS; i++) {
        struct log_repeat_slot *s = &r->slots[i];
        if (s->fmt == line->fmt && !is_over(s, now_ms))
            return ++s->seen <= LOG_REPEAT_FREE;
        if (!s->fmt && !unused)
            unused = s;
    }
    if (unused) {
        *unused = *line;
        unused->since_ms = now_ms;
        unused->seen = 1;
    }
    return true;
}

uint64_t log_repeat_due(struct log_repeat *r, int64_t now_ms, struct log_repeat_slot *out)
{
    for (int i = 0; i < LOG_REPEAT_SLOTS; i++) {
        struct log_repeat_slot *s = &r->slots[i];
        if (!s->fmt || !is_over(s, now_ms))
            continue;
        *out = *s;
        s->fmt = NULL;
        if (out->seen > LOG_REPEAT_FREE)
            return out->seen - LOG_REPEAT_FREE;
    }
    return 0;
}
