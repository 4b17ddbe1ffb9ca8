/* SPDX-License-Identifier: MIT
 * The parts of a feed's registration that have files of their own. Each reads its members of the whole
 * registration `j` into `f`; places in `why` are those of the registration.
 */
#ifndef PARKD_SRC_MODEL_FEED_PARTS_H
#define PARKD_SRC_MODEL_FEED_PARTS_H

#include "parkd/base/json.h"
#include "parkd/model/feed.h"

/* "auth": who may push (feed_auth.c). */
int feed_parse_auth(const struct json *j, struct feed *f, struct why *why) must_check;
/* "access": how parkd shows itself when it asks (feed_access.c). */
int feed_parse_access(const struct json *j, struct feed *f, struct why *why) must_check;
void feed_access_fini(struct feed_access *a);
bool feed_access_same(const struct feed_access *a, const struct feed_access *b);
/* "mqtt", and the broker's URL, which must stand in f->url already (feed_mqtt.c). */
int feed_parse_mqtt(const struct json *j, struct feed *f, struct why *why) must_check;

/* "readers" of a sink (feed_auth.c). */
int sink_parse_readers(const struct json *j, struct sink *s, struct why *why) must_check;

/* Walks the strings of an optional array of at most `max`. */
typedef int feed_take_fn(struct feed *f, struct view text, struct why *why);
int feed_each_text(const struct json *obj, const char *key, int max, feed_take_fn *take, struct feed *f,
                   struct why *why) must_check;

#endif
