/* SPDX-License-Identifier: MIT
 * Registrations from staff: a mask (model/secrets.h) that comes back is refused. Pure.
 */
#ifndef PARKD_SRC_API_REGISTRATION_H
#define PARKD_SRC_API_REGISTRATION_H

#include "parkd/api/api.h"
#include "parkd/base/json.h"
#include "parkd/base/json_write.h"

/* ERR_INVALID with `why` when a mask came back: it would overwrite the secret. */
int registration_refuse_masks(const struct json *doc, struct why *why) must_check;

#endif
