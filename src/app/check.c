/* SPDX-License-Identifier: MIT
 * What a registration must be before it is written: parsed, its dialect there and able, its parameters right,
 * its URL askable.
 */
#include <string.h>

#include "app/app.h"
#include "parkd/base/json.h"

int check_lot(const struct app *a, const struct json *doc, struct why *why)
{
    struct lot lot;
    int err = lot_parse(doc, &lot, why);
    if (err || !lot.feed[0])
        return err;
    uint32_t other = registry_find_foreign(a->reg, lot.feed, view_of(lot.foreign_id));
    if (other != REGISTRY_NONE && strcmp(registry_lot(a->reg, other)->lot.id, lot.id))
        return why_set(why, ERR_CONFLICT, "/foreign_id", "feed %s already names lot %s so", lot.feed,
                       registry_lot(a->reg, other)->lot.id);
    return 0;
}

static int check_dialect(const struct app *a, const char *name, unsigned part, const char *params,
                         struct why *why)
{
    const struct dialect *d = dialects_find(a->dialects, name);
    if (!d)
        return why_set(why, ERR_NOT_FOUND, "/dialect", "no dialect is called %s", name);
    if (!(dialect_parts(d) & part))
        return why_set(why, ERR_INVALID, "/dialect", "dialect %s cannot %s", name,
                       part == DIALECT_POLL   ? "poll"
                       : part == DIALECT_PUSH ? "push to a platform"
                                              : "receive");
    struct dialect_session *s = dialect_open(d, view_of(params), why);
    if (!s)
        return ERR_INVALID;
    dialect_close(s);
    return 0;
}

int check_feed(const struct app *a, const struct json *doc, struct why *why)
{
    struct feed feed;
    int err = feed_parse(doc, &feed, why);
    if (err)
        return err;
    if (feed.mode == FEED_POLL && (err = fetch_check_url(view_of(feed.url), why)))
        why_under(why, "/url");
    if (!err)
        err = feeds_check(a->feeds, &feed, why);
    if (!err)
        err = check_dialect(a, feed.dialect, feed.mode == FEED_POLL ? DIALECT_POLL : DIALECT_RECEIVE,
                            feed.params, why);
    feed_fini(&feed);
    return err;
}

int check_sink(const struct app *a, const struct json *doc, struct why *why)
{
    struct sink sink;
    int err = sink_parse(doc, &sink, why);
    if (err)
        return err;
    if ((err = fetch_check_url(view_of(sink.url), why)))
        why_under(why, "/url");
    if (!err)
        err = check_dialect(a, sink.dialect, DIALECT_PUSH, sink.params, why);
    sink_fini(&sink);
    return err;
}
