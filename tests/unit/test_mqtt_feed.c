/* SPDX-License-Identifier: MIT
 * Feeds that hear a broker, against fakes of the broker, the clock and the dialects: who subscribes, what of
 * a message counts, what the status says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_net.h"

#include "fake_dialect.h"
#include "parkd/base/json.h"
#include "parkd/feed/feeds.h"
#include "parkd/model/registry.h"
#include "parkd/net/addr_filter.h"
#include "parkd/net/mqtt.h"

/* --- the broker --- */

struct mqtt {
    struct mqtt_events events;
    void *ctx;
    enum mqtt_state state;
};
static struct mqtt *the_mqtt;
static int opened, closed;
static bool cannot_open;
static struct mqtt_conf asked;
static char first_topic[64];

struct mqtt *mqtt_open(struct loop *l, const struct mqtt_conf *conf, const struct mqtt_events *events,
                       void *ctx, struct why *why)
{
    (void)l;
    asked = *conf;
    (void)snprintf(first_topic, sizeof first_topic, "%s", conf->topics[0]);
    if (cannot_open) {
        (void)why_set(why, ERR_TLS, "/tls/ca_file", "cannot use it");
        return NULL;
    }
    assert_null(the_mqtt); /* one at a time */
    the_mqtt = calloc(1, sizeof *the_mqtt);
    *the_mqtt = (struct mqtt){*events, ctx, MQTT_CONNECTING};
    opened++;
    return the_mqtt;
}

void mqtt_close(struct mqtt *m)
{
    if (!m)
        return;
    closed++;
    the_mqtt = NULL;
    free(m);
}

enum mqtt_state mqtt_state(const struct mqtt *m)
{
    return m->state;
}

static void become(enum mqtt_state state, const char *words)
{
    struct why why = {0};
    (void)why_set(&why, ERR_CONNECT, "", "%s", words ? words : "");
    the_mqtt->state = state;
    the_mqtt->events.state(the_mqtt->ctx, state, words ? &why : NULL);
}

static void hear_message(const char *payload, bool old)
{
    struct mqtt_message m = {
        .topic = VIEW("park/7/left"), .payload = view_of(payload), .size = strlen(payload), .old = old};
    the_mqtt->events.message(the_mqtt->ctx, &m);
}

/* --- the world --- */

static struct {
    int calls;
    size_t n;
    struct report last[8];
    bool may;
    int slow;
} heard;

static bool on_reports(void *ctx, const struct feed *feed, const struct report_list *reports)
{
    (void)ctx;
    assert_string_equal(feed->id, "m");
    heard.calls++;
    heard.n = reports->n;
    for (size_t i = 0; i < reports->n && i < 8; i++)
        heard.last[i] = reports->v[i];
    return true;
}

static bool may_poll(void *ctx, const char *feed)
{
    (void)ctx;
    assert_string_equal(feed, "m");
    return heard.may;
}

static int slow_down(void *ctx)
{
    (void)ctx;
    return heard.slow;
}

static struct registry *reg;
static struct addr_filter filter;

static int setup(void **state)
{
    struct feeds_port port = {
        .on_reports = on_reports, .may_poll = may_poll, .slow_down = slow_down, .filter = &filter};
    memset(&heard, 0, sizeof heard);
    heard.may = true;
    heard.slow = 1;
    opened = closed = 0;
    cannot_open = false;
    reg = registry_new();
    *state = feeds_new(NULL, &fake_clock, NULL, &fake_dialects, reg, &port);
    return *state ? 0 : -1;
}

/* Nothing may be left behind. */
static int teardown(void **state)
{
    feeds_free(*state);
    registry_free(reg);
    return the_mqtt || opened != closed || fake_timers || fake_sessions;
}

static int put(struct feeds *fs, const char *more, struct why *why)
{
    char text[512];
    struct json *j = NULL;
    struct feed f;
    (void)snprintf(text, sizeof text,
                   "{\"id\":\"m\",\"dialect\":\"fake\",\"mode\":\"mqtt\",\"url\":\"mqtt://b:1883\","
                   "\"mqtt\":{\"topics\":[\"park/+/left\"],\"qos\":1,\"client_id\":\"c\"}%s}",
                   more);
    assert_int_equal(json_parse(view_of(text), &j, NULL), 0);
    assert_int_equal(feed_parse(j, &f, NULL), 0);
    json_free(j);
    return feeds_put(fs, &f, why);
}

static const char *shown(struct feeds *fs, const char *pointer)
{
    static char text[512];
    struct json_writer w;
    struct json *j = NULL;
    struct buf b;
    buf_init(&b, 65536);
    jw_init(&w, &b);
    jw_array(&w, NULL);
    feeds_write_status(fs, &w);
    jw_end_array(&w);
    assert_int_equal(json_parse(buf_get(&b), &j, NULL), 0);
    const struct json *v = json_at(j, view_of(pointer));
    if (json_is(v, JSON_NUMBER))
        (void)snprintf(text, sizeof text, "%.0f", json_number(v));
    else
        (void)snprintf(text, sizeof text, VIEW_FMT, VIEW_ARG(json_text(v)));
    json_free(j);
    buf_fini(&b);
    return text;
}

static void connect_feed(struct feeds *fs)
{
    assert_int_equal(put(fs, "", NULL), 0);
    feeds_start(fs);
    fake_advance(0);
    assert_non_null(the_mqtt);
    become(MQTT_UP, NULL);
}

/* --- tests --- */

static void only_the_holder_of_the_lease_subscribes(void **state)
{
    heard.may = false;
    assert_int_equal(put(*state, "", NULL), 0);
    fake_advance(10000);
    assert_int_equal(opened, 0); /* not started */
    feeds_start(*state);
    fake_advance(10000);
    assert_int_equal(opened, 0);
    assert_string_equal(shown(*state, "/0/mqtt/connection"), "standby");
    heard.may = true;
    fake_advance(1000);
    assert_int_equal(opened, 1);
    assert_string_equal(shown(*state, "/0/mqtt/connection"), "connecting");
    become(MQTT_UP, NULL);
    assert_string_equal(shown(*state, "/0/mqtt/connection"), "connected");
    fake_advance(60000);
    assert_int_equal(opened, 1);
    heard.may = false;
    fake_advance(1000);
    assert_int_equal(closed, 1);
    assert_string_equal(shown(*state, "/0/mqtt/connection"), "standby");
    heard.may = true;
    fake_advance(1000);
    assert_int_equal(opened, 2);
}

static void nothing_changes_while_redis_is_away(void **state)
{
    heard.may = false;
    assert_int_equal(put(*state, "", NULL), 0);
    feeds_start(*state);
    fake_advance(1000);
    heard.may = true; /* as everybody may then */
    heard.slow = 2;
    fake_advance(60000);
    assert_int_equal(opened, 0);
    heard.slow = 1;
    fake_advance(1000);
    assert_int_equal(opened, 1);
    heard.slow = 2;
    fake_advance(60000);
    assert_int_equal(closed, 0);
}

static void says_what_it_wants_to_hear(void **state)
{
    connect_feed(*state);
    assert_string_equal(asked.url, "mqtt://b:1883");
    assert_string_equal(first_topic, "park/+/left");
    assert_int_equal(asked.n_topics, 1);
    assert_int_equal(asked.qos, 1);
    assert_string_equal(asked.client_id, "c");
    assert_ptr_equal(asked.filter, &filter);
    assert_int_equal(put(*state, ",\"notes\":\"changed\",\"spacing_ms\":1", NULL),
                     0); /* another registration */
    fake_advance(0);
    assert_int_equal(opened, 2);
    assert_int_equal(closed, 1);
    feeds_remove(*state, VIEW("m"));
    assert_int_equal(closed, 2);
}

static void messages_become_reports(void **state)
{
    connect_feed(*state);
    assert_string_equal(shown(*state, "/0/state"), "good");
    hear_message("A 5\nB 7", false);
    assert_int_equal(heard.calls, 1);
    assert_int_equal(heard.n, 2);
    assert_string_equal(heard.last[1].lot, "B");
    assert_string_equal(shown(*state, "/0/reports"), "2");
    assert_string_equal(shown(*state, "/0/mqtt/messages"), "1");
    hear_message("", false); /* clears a retained message */
    assert_string_equal(shown(*state, "/0/mqtt/messages"), "1");
    hear_message("???", false);
    assert_int_equal(heard.calls, 1);
    assert_string_equal(shown(*state, "/0/error"), "not what was expected");
    struct mqtt_message large = {.topic = VIEW("park/7/left"), .size = 300000, .too_big = true};
    the_mqtt->events.message(the_mqtt->ctx, &large);
    assert_int_equal(heard.calls, 1);
    assert_string_equal(shown(*state, "/0/error"),
                        "a message of 300000 bytes on park/7/left, more than 262144");
    hear_message("A 6", false);
    assert_int_equal(heard.calls, 2);
    assert_string_equal(shown(*state, "/0/error"), "");
}

static void what_is_old_needs_a_time(void **state)
{
    char text[256];
    int64_t now = FAKE_WALL + fake_now;
    connect_feed(*state);
    hear_message("A 5", true);
    assert_int_equal(heard.calls, 0);
    (void)snprintf(text, sizeof text, "A 1\nB 2 %lld\nC 3 %lld\nD 4 %lld\nE 5 %lld", (long long)(now - 1000),
                   (long long)(now - 299000), (long long)(now - 301000), (long long)(now + 121000));
    hear_message(text, true);
    assert_int_equal(heard.calls, 1);
    assert_int_equal(heard.n, 2);
    assert_string_equal(heard.last[0].lot, "B");
    assert_string_equal(heard.last[1].lot, "C");
    assert_string_equal(shown(*state, "/0/mqtt/undated"), "4");
    hear_message(text, false); /* who was there takes all of it; norm judges */
    assert_int_equal(heard.n, 5);
}

static void connections_are_part_of_the_health(void **state)
{
    connect_feed(*state);
    become(MQTT_WAITING, "the connection was lost");
    assert_string_equal(shown(*state, "/0/error"), "the connection was lost");
    assert_string_equal(shown(*state, "/0/mqtt/connection"), "waiting");
    become(MQTT_WAITING, "refused");
    become(MQTT_WAITING, "refused");
    assert_string_equal(shown(*state, "/0/state"), "bad");
    assert_string_equal(shown(*state, "/0/failures"), "3");
    become(MQTT_UP, NULL);
    become(MQTT_UP, NULL);
    assert_string_equal(shown(*state, "/0/state"), "good");
    assert_string_equal(shown(*state, "/0/error"), "");
    assert_string_equal(shown(*state, "/0/failures"), "0");
}

static void what_cannot_begin_says_why_and_tries_again(void **state)
{
    cannot_open = true;
    assert_int_equal(put(*state, "", NULL), 0);
    feeds_start(*state);
    fake_advance(0);
    assert_string_equal(shown(*state, "/0/error"), "cannot use it (/tls/ca_file)");
    cannot_open = false;
    fake_advance(10000);
    assert_int_equal(opened, 1);
}

static void disabled_feeds_hear_nothing(void **state)
{
    assert_int_equal(put(*state, ",\"enabled\":false", NULL), 0);
    feeds_start(*state);
    fake_advance(10000);
    assert_int_equal(opened, 0);
    assert_int_equal(feeds_poll_now(*state, VIEW("m")), ERR_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_the_holder_of_the_lease_subscribes, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_changes_while_redis_is_away, setup, teardown),
        cmocka_unit_test_setup_teardown(says_what_it_wants_to_hear, setup, teardown),
        cmocka_unit_test_setup_teardown(messages_become_reports, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_old_needs_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(connections_are_part_of_the_health, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_begin_says_why_and_tries_again, setup, teardown),
        cmocka_unit_test_setup_teardown(disabled_feeds_hear_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
