/* SPDX-License-Identifier: MIT
 * A feed tried before it counts: what came, the reports, the readings they would become, what was refused and
 * why, and what was left over. Pure: whoever owns the trial asks the network, or has answers from a file; so
 * parkctl runs one without a server, and parkd in libuv's pool.
 *
 * Request:
 *  {"dialect","params":{…}, "feed":"its id, for its lots",
 *   "sample":{"body":"…"|"base64":"…", "content_type", "status":200} or a list of them (the answers to the
 * first request, to the next …); "push":true and "method","path","query":{},"headers":{},"topic" where a box
 * sent it to us, "sides":{"<name of a join>":"…"}, "url","access":{…},"tls":{…},"timeout_ms" for a live
 * trial, members as in a feed's registration, "now":"RFC 3339", "propose":true}
 *
 * Answer:
 *  {"ok",  "dialect", "part":"poll"|"receive", "now",
 *   "came":[{"url" (without its
 * query),"method","status","content_type","charset","size","took_ms","tls","error"}],
 *   "error":null|{"code","at","text"},
 *   "reports":[{"item","lot","kind","free","open","total","occupied","in","out","status","band","source_ms","source_time",
 *     "quality":[…],"derived","name","lng","lat","classes":{"charging":{"free","total"}},"zones":[{"id","free","total"}],
 *     "registered":"<lot id>"|null,
 *     "reading":null|{"free","open","total","status","band","quality":[…],"observed","age_s","freshness","current"},
 *     "refused":null|{"at","text"}}],
 *   "faults":[{"item","lot","at","reason"}], "leftovers":[…], "reply":null|{"status","content_type","body"},
 *   "proposal":null|{…}, "proposal_error":null|"…"}
 * Counts and words that were not said are null. No parameter, header, query value or access is ever in it.
 */
#ifndef PARKD_APP_TRIAL_H
#define PARKD_APP_TRIAL_H

#include "parkd/base/json.h"
#include "parkd/base/json_write.h"
#include "parkd/dialect/dialect.h"

#define TRIAL_MAX_ANSWERS (DIALECT_MAX_FOLLOW_UPS + 1)

struct feed;
struct trial;

/* Takes `request` over, also on failure. `base` is the registration of the feed that the request names, NULL:
 * none. Dialect and URL that the request leaves out are taken from it; so are parameters, access and TLS, but
 * only towards the registered host: a secret must not be drawn out by another address. ERR_* with the pointer
 * of what is wrong in the request. */
int trial_new(struct json *request, const struct json *base, int64_t now_ms, struct trial **out,
              struct why *why) must_check;
void trial_free(struct trial *t); /* NULL is fine */
/* A lot that is registered for the feed, with what is held of it and the interval of its reports. ERR_NOMEM.
 */
int trial_know(struct trial *t, const struct lot *lot, const struct reading *held,
               int64_t interval_ms) must_check;

/* Opens the dialect and builds the first request. True: trial_request says what to ask (or the next sample is
 * taken by trial_sample); false: it is over, well or not. `ds` must live until trial_end. */
bool trial_begin(struct trial *t, const struct dialects *ds);
const struct dialect_request *trial_request(const struct trial *t);
/* What came of a request. */
struct trial_answer {
    int err; /* 0: an HTTP answer came */
    int status;
    struct view head, body;
    int64_t took_ms;
    const char *detail; /* of err */
    const char *tls;    /* "TLSv1.3, …", NULL: none */
};
/* Reads it; true as above. */
bool trial_take(struct trial *t, const struct trial_answer *a);
/* Reads the samples of the request, one after the other, until they or the requests are used up. */
void trial_take_samples(struct trial *t);
/* The whole answer, as one object without a name. */
void trial_write(struct trial *t, struct json_writer *w);

/* Closes the session: the dialects may go. */
void trial_end(struct trial *t);

bool trial_is_live(const struct trial *t); /* no sample: somebody must ask the URL */
/* For a live trial: a feed with the address, access and TLS to use; owned by the trial. */
const struct feed *trial_feed(const struct trial *t);
int64_t trial_timeout_ms(const struct trial *t);

#endif
