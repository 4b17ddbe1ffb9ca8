/* SPDX-License-Identifier: MIT
 * Registrations for staff: secrets masked on the way out, masks refused on the way in. Pure.
 */
#ifndef PARKD_SRC_API_REGISTRATION_H
#define PARKD_SRC_API_REGISTRATION_H

#include "parkd/api/api.h"
#include "parkd/base/json.h"
#include "parkd/base/json_write.h"

/* The stored text as a value without a name: /secret, /bearer, /auth/webhook_secrets, what /access and /mqtt
 * keep secret and secret parameters as "***", the digests of /auth as their number. `params` is what the
 * dialect declares; empty: every text in /params is masked. */
void registration_write(struct json_writer *w, enum noun noun, struct view text, struct view params);
/* ERR_INVALID with `why` when a mask came back: it would overwrite the secret. */
int registration_refuse_masks(const struct json *doc, struct why *why) must_check;

#endif
