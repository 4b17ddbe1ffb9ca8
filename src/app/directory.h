/* SPDX-License-Identifier: MIT
 * The registrations of feeds and sinks as stored: a projection of Redis for the staff's lists. Owns its
 * texts.
 */
#ifndef PARKD_APP_DIRECTORY_H
#define PARKD_APP_DIRECTORY_H

#include "parkd/api/api.h"
#include "parkd/base/view.h"
#include "parkd/store/store.h"

struct directory;

struct directory *directory_new(void);
void directory_free(struct directory *d);
/* An empty json removes. ERR_NOMEM. */
int directory_put(struct directory *d, enum noun noun, struct view id, struct view json,
                  uint64_t version) must_check;
/* In order of id. */
void directory_each(struct directory *d, enum noun noun, api_each_fn *fn, void *ctx);
size_t directory_count(const struct directory *d, enum noun noun);

#endif
