/* SPDX-License-Identifier: MIT
 * What operators do for themselves. Private to src/office.
 *
 * An operator sees and changes what bears its id, and nothing else is there for it: guessed ids are "not
 * found". It never sets an owner or a stage; those change by steps that officers or the acceptance test
 * allow.
 */
#ifndef PARKD_SRC_OFFICE_OPERATOR_H
#define PARKD_SRC_OFFICE_OPERATOR_H

#include "office/acceptance.h"
#include "office/ledger.h"

#define REGISTRATION_MAX ((size_t)64 * 1024)

/* The feed of an id if who asks may see it; NULL: none of theirs. */
const struct feed *feed_of(const struct call *c, struct view id);
/* Members of a registration but those named, then what the caller adds: an open object. */
void copy_members(struct json_writer *w, const struct json *doc, const char *const *but);
/* The body as a registration: an object with the id of the path; answers and returns NULL otherwise. The
 * caller frees. */
struct json *registration_body(struct call *c);
/* The version that the request's If-Match allows: 0 whatever. false: answered, it is another. */
bool wanted_version(struct call *c, bool there, uint64_t version, uint64_t *out);

#endif
