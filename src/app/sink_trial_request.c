/* SPDX-License-Identifier: MIT
 * Reads the request of a sink's trial: which sink, which lot, in which state.
 */
#include <stdio.h>
#include <string.h>

#include "app/sink_trial_impl.h"
#include "parkd/base/iso8601.h"
#include "parkd/model/band.h"

#define FREE_MADE_UP 37

static const char *const members[] = {"sink",    "registration", "lot", "free", "send",
                                      "compare", "show_secrets", "now", NULL};

static const char made_up_lot[] =
    "{\"id\":\"parkd-test\",\"name\":\"parkd 测试停车场\",\"name_en\":\"parkd test "
    "lot\",\"address\":\"测试地址\","
    "\"area\":\"测试\",\"kind\":\"public\",\"phone\":\"0533-0000000\",\"fee_text\":\"测试\",\"hours_text\":"
    "\"00:00-24:00\","
    "\"location\":{\"lng\":118.018,\"lat\":36.807,\"datum\":\"wgs84\"},\"total\":100,\"open\":90,"
    "\"free_minutes\":15,\"stage\":\"testing\"}";

static int take_sink(struct sink_trial *t, const struct json *registration, struct why *why)
{
    const struct json *own = json_get(t->doc, "registration");
    if (!own == !registration)
        return why_set(why, ERR_MISSING, "/sink", "name a registered sink, or give a registration");
    int err = sink_parse(own ? own : registration, &t->sink, why);
    if (err && own)
        why_under(why, "/registration");
    return err;
}

static int parse_lot(struct sink_trial *t, const struct json *given, struct why *why)
{
    struct json *made = NULL;
    int err = given ? 0 : json_parse(VIEW(made_up_lot), &made, why);
    if (!err)
        err = lot_parse(given ? given : made, &t->lot, why);
    if (err && given)
        why_under(why, "/lot");
    json_free(made);
    t->version = 1;
    t->made_up = true;
    return err;
}

static int copy_lot(struct sink_trial *t, const struct sink_trial_lot *lot, struct why *why)
{
    t->lot = *lot->lot;
    t->reading = *lot->reading;
    t->version = lot->version;
    t->filed = lot->filed;
    t->told = lot->told;
    int err = view_copy(view_of(lot->code), t->code, sizeof t->code);
    return err ? why_set(why, err, "/lot", "%s", err_text(err)) : 0;
}

/* A state of its own. Its seq counts seconds, those of Redis milliseconds: whatever the lot really says comes
 * after it, and of two trials the later one. */
static int give_state(struct sink_trial *t, int64_t free, struct why *why)
{
    int32_t base = t->lot.open >= 0 ? t->lot.open : t->lot.total;
    if (base >= 0 && free > base)
        return why_set(why, ERR_RANGE, "/free", "the lot has %d places open to the public", base);
    reading_init(&t->reading);
    t->reading.seq = (uint64_t)(t->now_ms / 1000);
    t->reading.changed_ms = t->reading.observed_ms = t->reading.received_ms = t->now_ms / 1000 * 1000;
    t->reading.free = (int32_t)free;
    t->reading.open = base;
    t->reading.total = t->lot.total;
    t->reading.status = STATUS_OPEN;
    t->reading.band = band_next(BAND_UNKNOWN, t->reading.free, base);
    t->given = true;
    return 0;
}

static int take_state(struct sink_trial *t, struct why *why)
{
    int32_t base = t->lot.open >= 0 ? t->lot.open : t->lot.total;
    bool said = json_is(json_get(t->doc, "free"), JSON_NUMBER);
    int64_t free = base >= 0 && base < FREE_MADE_UP ? base : FREE_MADE_UP;
    int err = json_want_int(t->doc, "free", 0, COUNT_MAX, &free, why);
    if (err || (!said && !t->made_up))
        return err;
    if (t->told && t->send)
        return why_set(
            why, ERR_STATE, "/free",
            "%s is connected, and the sink is told of it: a made-up number would stand beside its own. "
            "Leave it out, or try with another lot",
            t->lot.id);
    return give_state(t, free, why);
}

static int take_lot(struct sink_trial *t, const struct sink_trial_lot *lot, struct why *why)
{
    const struct json *given = json_get(t->doc, "lot");
    if (given && !lot && !json_is(given, JSON_OBJECT))
        return why_set(why, ERR_NOT_FOUND, "/lot", "no lot has this id");
    int err = lot ? copy_lot(t, lot, why) : parse_lot(t, given, why);
    if (!err)
        err = take_state(t, why);
    if (!err && !t->reading.seq && t->send)
        err = why_set(why, ERR_STATE, "/lot", "%s was never heard of: say which number to send (free)",
                      t->lot.id);
    return err;
}

int sink_trial_parse(struct sink_trial *t, const struct json *registration, const struct sink_trial_lot *lot,
                     struct why *why)
{
    const struct json *now = json_get(t->doc, "now");
    if (!json_is(t->doc, JSON_OBJECT))
        return why_set(why, ERR_TYPE, "", "must be an object");
    int err = json_only(t->doc, members, why);
    if (!err)
        err = json_want_bool(t->doc, "send", &t->send, why);
    if (!err)
        err = json_want_bool(t->doc, "compare", &t->compare, why);
    if (!err)
        err = json_want_bool(t->doc, "show_secrets", &t->show_secrets, why);
    if (!err && now && iso8601_parse(json_text(now), &t->now_ms))
        err = why_set(why, ERR_SYNTAX, "/now", "must be a time as 2026-11-22T08:00:00+08:00");
    if (!err)
        err = take_sink(t, registration, why);
    return err ? err : take_lot(t, lot, why);
}
