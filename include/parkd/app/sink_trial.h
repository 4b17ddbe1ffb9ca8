/* SPDX-License-Identifier: MIT
 * A platform tried with one lot: the requests as they would be sent, what was answered, the verdict and what
 * to do about it, and what the platform holds. Whoever owns the trial sends; nothing of it touches what a
 * publisher knows. Pure.
 *
 * Request:
 *  {"sink":"its id", or "registration":{…as a sink's}; "lot":"its id" or {…as a lot's registration}, else one
 *   is made up; "free":N, "send":true, "compare":true, "show_secrets":true, "now":"RFC 3339"}
 *
 * Answer:
 *  {"ok", "dialect", "url", "send", "now", "error":null|{"code","at","text"},
 *   "lot":{"id","name","code","made_up","state":"held"|"given","free","open","total","status","seq","changed"},
 *   "steps":[{"part":"register"|"push"|"beat"|"ask", "note":null|"…", "error":null|{"code","at","text"},
 *     "requests":[{"part":…|"first","method","url","headers":[{"name","value"}],"body"|"base64","size","hidden",
 *       "sent",
 *       "answer":null|{"status","took_ms","tls","error","content_type","body"|"base64","size","cut","hidden"},
 *       "verdict":null|"ok"|"retry"|"reject"|"pause","words","next","code","clock_off_ms"}]}],
 *   "compare":null|{"asked","note","fields":[{"name","here","there","same":true|false|null}]}}
 * "ok": everything that was to be done went well, every verdict is ok, and nothing that both sides know
 * differs. hidden: secrets in it are shortened; with show_secrets nothing is.
 */
#ifndef PARKD_APP_SINK_TRIAL_H
#define PARKD_APP_SINK_TRIAL_H

#include "parkd/app/trial.h"
#include "parkd/model/feed.h"

struct sink_trial;

/* A registered lot and what is known of it; copied. */
struct sink_trial_lot {
    const struct lot *lot;
    const struct reading *reading;
    uint64_t version;
    bool filed;       /* the platform has taken a registration of it */
    const char *code; /* what the platform calls it, NULL: nothing */
    bool told;        /* the sink is told of it anyway */
};

/* Takes `request` over, also on failure. `registration` is that of the sink it names, NULL: none; `lot` the
 * one that it names by an id, NULL: none. ERR_* with the pointer of what is wrong in the request. */
int sink_trial_new(struct json *request, const struct json *registration, const struct sink_trial_lot *lot,
                   int64_t now_ms, struct sink_trial **out, struct why *why) must_check;
void sink_trial_free(struct sink_trial *t); /* NULL is fine */
/* The sums that go along with a push; taken over. */
void sink_trial_sums(struct sink_trial *t, struct summary *sums);

/* Opens the dialect and makes the first requests. True: send sink_trial_request and give its answer to
 * sink_trial_take. `ds` must live until sink_trial_end. */
bool sink_trial_begin(struct sink_trial *t, const struct dialects *ds);
const struct dialect_request *sink_trial_request(const struct sink_trial *t);
const struct sink *sink_trial_sink(const struct sink_trial *t);
bool sink_trial_sends(const struct sink_trial *t); /* does it tell the platform anything? */
bool sink_trial_take(struct sink_trial *t, const struct trial_answer *a);
void sink_trial_write(struct sink_trial *t, struct json_writer *w);
/* Closes the session: the dialects may go. */
void sink_trial_end(struct sink_trial *t);

#endif
