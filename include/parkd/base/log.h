/* SPDX-License-Identifier: MIT
 * Log lines on stderr: key=value for people or one JSON object a line for machines.
 *
 * A line has a level, a group and printed key=value pairs; always the id one would grep for (lot=, feed=,
 * sink=). Log transitions, count the rest. A format that repeats within ten seconds is held back after the
 * fifth time and reported with a count. Never bodies, never secrets. Called from the loop's thread only;
 * never fails.
 */
#ifndef PARKD_BASE_LOG_H
#define PARKD_BASE_LOG_H

#include <stdbool.h>

#include "parkd/base/err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_conf {
    enum log_level level;
    bool json;
    bool journal; /* prefix <n> for journald */
};

void log_setup(const struct log_conf *conf);
void log_line(enum log_level level, const char *group, const char *fmt, ...) printf_like(3, 4);

#define log_error(group, ...) log_line(LOG_LEVEL_ERROR, #group, __VA_ARGS__)
#define log_warn(group, ...)  log_line(LOG_LEVEL_WARN, #group, __VA_ARGS__)
#define log_info(group, ...)  log_line(LOG_LEVEL_INFO, #group, __VA_ARGS__)
#define log_debug(group, ...) log_line(LOG_LEVEL_DEBUG, #group, __VA_ARGS__)

#endif
