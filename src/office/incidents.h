/* SPDX-License-Identifier: MIT
 * What went wrong and whom it was told. Private to src/office.
 *
 * An incident is a document: it opens when a feed, a sink or a lot has been bad for longer than the grace,
 * and ends when it has been good again for as long as RECOVERED_MS. "told" names the channels that heard of
 * its beginning and its end, so a restart neither repeats nor loses a message; one that ended before anybody
 * heard of it is told to nobody. The parkd that serves the feed or sink judges; the one that leads tells.
 */
#ifndef PARKD_SRC_OFFICE_INCIDENTS_H
#define PARKD_SRC_OFFICE_INCIDENTS_H

#include "office/office_impl.h"
#include "parkd/net/fetch.h"

#define RECOVERED_MS    10000
#define INCIDENTS_SHOWN 12 /* lines of one message */

enum incident_kind { INCIDENT_FEED, INCIDENT_SINK, INCIDENT_LOT };

struct incident {
    char id[LOT_ID_SIZE], object[LOT_ID_SIZE], name[LOT_NAME_SIZE], owner[ACCOUNT_ID_SIZE], reason[160];
    enum incident_kind kind;
    int http;
    size_t lots;
    int64_t since_ms, until_ms; /* until 0: still open */
};
bool incident_read(const struct json *doc, struct incident *out);
/* The document, with one more told (NULL: none). */
void incident_write(struct json_writer *w, const struct incident *i, const struct json *told,
                    const char *channel, bool end);
bool incident_told(const struct json *doc, const char *channel, bool end);
/* What happened, since when, and what to do: one line. */
void incident_line(const struct incident *i, bool chinese, struct buf *out);
/* The same for several: heading and lines; `end`: they are over. */
void incident_message(const struct incident *v, size_t n, bool end, bool chinese, const char *district,
                      struct buf *out);

/* --- troubles.c --- */
/* Writes the document: held NULL makes it; one more told as of incident_write. Failures are logged. */
void incident_put(struct office *o, const struct incident *i, const struct doc *held, const char *channel,
                  bool end);
/* What was seen bad, and since when by our own clock. */
struct troubles;
struct troubles *troubles_new(struct office *o); /* NULL: no memory */
void troubles_free(struct troubles *t);          /* NULL is fine */
/* Looks at everything once; opens what has been bad for the grace, ends what is good again, and forgets what
 * ended 90 days ago. */
void troubles_round(struct troubles *t, int64_t grace_ms);

/* notifier.c: what the last message to a channel failed of, "" nothing; *last_ms when one was taken, 0 never.
 */
const char *notifier_error(const struct office *o, const char *channel, int64_t *last_ms);

/* --- channel.c: how a message goes out --- */
enum channel_kind { CHANNEL_WEBHOOK, CHANNEL_WECOM, CHANNEL_DINGTALK, CHANNEL_FEISHU };
struct channel {
    char id[LOT_ID_SIZE], audience[ACCOUNT_ID_SIZE], secret[128];
    enum channel_kind kind;
    char url[512];
    bool english, enabled;
    int quiet_from, quiet_to; /* minutes of the day in Beijing; -1: never quiet */
};
/* ERR_* with `why`. */
int channel_parse(const struct json *doc, struct channel *out, struct why *why) must_check;
bool channel_is_quiet(const struct channel *c, int64_t now_ms);
struct message {
    const char *id;                /* the same on every try */
    struct view zh, en, incidents; /* incidents: a JSON list, for webhooks */
};
struct channel_request {
    struct buf url, body;
    char webhook_id[64], stamp[24], signature[64];
    struct fetch_header headers[4];
    size_t n_headers;
};
int channel_request_make(const struct channel *c, const struct message *m, int64_t now_ms,
                         struct channel_request *out) must_check;
void channel_request_fini(struct channel_request *r);
/* Did it take the message? Robots answer 200 with a code inside. */
bool channel_took(const struct channel *c, int status, struct view body);

#endif
