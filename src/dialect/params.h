/* SPDX-License-Identifier: MIT
 * Parameters of a dialect: {"app_id":"string","park":"string?"} declares, a registration supplies. Pure.
 */
#ifndef PARKD_SRC_DIALECT_PARAMS_H
#define PARKD_SRC_DIALECT_PARAMS_H

#include "parkd/base/json.h"

#define PARAMS_MAX 32

/* Is it a declaration that this parkd understands? ERR_INVALID names the parameter. */
int params_check_spec(struct view spec, struct why *why) must_check;
/* Missing, unknown or wrong parameters, by pointer ("/app_id"). */
int params_check(struct view spec, const struct json *given, struct why *why) must_check;

#endif
