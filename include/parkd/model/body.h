/* SPDX-License-Identifier: MIT
 * One message as a feed sent it or answered it, told to whoever keeps the last of them for people
 * (feed/bodies.h). A value of borrowed views.
 */
#ifndef PARKD_MODEL_BODY_H
#define PARKD_MODEL_BODY_H

#include "parkd/base/view.h"

enum body_kind { BODY_POLL, BODY_PUSH, BODY_MQTT };

struct feed_body {
    enum body_kind kind;
    int64_t at_ms;   /* wall clock */
    int step;        /* poll: 1 is the answer to the first request, 2 to the first further one …; else 0 */
    int http_status; /* poll: of the answer; else 0 */
    struct view content_type;
    struct view path, query; /* push: as asked; the query undecoded or empty */
    struct view topic;       /* MQTT */
    struct view body;
    int err; /* how it was read: 0 or ERR_*; `why` then says more */
    const struct why *why;
};

#endif
