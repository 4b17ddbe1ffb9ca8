/* SPDX-License-Identifier: MIT
 * Decides which log lines are held back because they repeat. Pure: time comes in as a value.
 *
 * A line is known by the address of its format. Within LOG_REPEAT_MS from the first, LOG_REPEAT_FREE lines
 * pass and the rest are counted. Counts that are due are fetched with log_repeat_due before a line is
 * written.
 */
#ifndef PARKD_BASE_LOG_REPEAT_H
#define PARKD_BASE_LOG_REPEAT_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_REPEAT_MS    10000
#define LOG_REPEAT_FREE  5
#define LOG_REPEAT_SLOTS 64

struct log_repeat_slot {
    const char *fmt, *group; /* fmt NULL: unused */
    int level;
    int64_t since_ms;
    uint64_t seen;
};

struct log_repeat {
    struct log_repeat_slot slots[LOG_REPEAT_SLOTS];
};

/* Counts a line; false: hold it back. When all slots are taken a new format passes uncounted. */
bool log_repeat_pass(struct log_repeat *r, const struct log_repeat_slot *line, int64_t now_ms);
/* Frees one slot whose time is over, and returns how many of its lines were held back (the slot is copied to
 * *out); 0 when nothing is to be reported. Call until it returns 0. */
uint64_t log_repeat_due(struct log_repeat *r, int64_t now_ms, struct log_repeat_slot *out);

#endif
