/* SPDX-License-Identifier: MIT
 * What came of a sink's trial, for people.
 */
#ifndef PARKD_PARKCTL_SINK_PRINT_H
#define PARKD_PARKCTL_SINK_PRINT_H

#include "parkd/base/json.h"

/* 0 when all was good, else EXIT_FAILED. */
int sink_print(const struct json *answer);

#endif
