/* SPDX-License-Identifier: MIT
 * mqtt: one subscription against a broker that the test plays byte by byte: the good way, refusals, lies,
 * floods. (The flow tests have a real one, with passwords and TLS.)
 */
#include "net_test.h"

#include <fcntl.h>

#include "parkd/base/buf.h"
#include "parkd/net/addr_filter.h"
#include "parkd/net/mqtt.h"

/* --- the broker --- */

struct broker {
    int listener, fd; /* fd -1: nobody is connected */
    int n_accepted, connack, suback;
    bool session, silent;
    unsigned char in[4096];
    size_t n_in;
    int n_subscribed, n_disconnected;
    size_t n_rest;
    char connect[512]; /* the CONNECT packet's body, as text */
    char url[64];
    int port;
};

static struct broker broker;

static void broker_start(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof in;
    memset(&broker, 0, sizeof broker);
    broker.fd = -1;
    broker.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(broker.listener, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(broker.listener, 8), 0);
    assert_int_equal(getsockname(broker.listener, (struct sockaddr *)&in, &n), 0);
    broker.port = ntohs(in.sin_port);
    snprintf(broker.url, sizeof broker.url, "mqtt://127.0.0.1:%d", broker.port);
}

static void broker_hang_up(void)
{
    if (broker.fd >= 0)
        close(broker.fd);
    broker.fd = -1;
    broker.n_in = 0;
}

static void broker_stop(void)
{
    broker_hang_up();
    if (broker.listener >= 0)
        close(broker.listener);
    broker.listener = -1;
}

static void broker_send(const void *p, size_t n)
{
    assert_int_equal(send(broker.fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT), n);
}

static void broker_packet(const unsigned char *p, size_t n)
{
    switch (p[0] >> 4) {
    case 1: /* CONNECT */
        for (size_t i = 2; i < n && i < sizeof broker.connect; i++)
            broker.connect[i - 2] = p[i] ? (char)p[i] : '.';
        broker_send((unsigned char[]){0x20, 2, broker.session, (unsigned char)broker.connack}, 4);
        break;
    case 8: { /* SUBSCRIBE of at most two topics */
        unsigned char ack[] = {0x90, 3, p[2], p[3], (unsigned char)broker.suback, 0};
        size_t first = 4 + 2 + p[5] + 1;
        if (first < n)
            ack[1] = 4;
        broker_send(ack, first < n ? 6 : 5);
        broker.n_subscribed++;
        break;
    }
    case 14:
        broker.n_disconnected++;
        break;
    default:
        break;
    }
}

static void broker_turn(void)
{
    if (broker.fd < 0 && broker.listener >= 0 && (broker.fd = accept(broker.listener, NULL, NULL)) >= 0) {
        broker.n_accepted++;
        fcntl(broker.fd, F_SETFL, O_NONBLOCK);
    }
    if (broker.fd < 0)
        return;
    ssize_t got = recv(broker.fd, broker.in + broker.n_in, sizeof broker.in - broker.n_in, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        broker_hang_up();
        return;
    }
    broker.n_in += got > 0 ? (size_t)got : 0;
    while (!broker.silent && broker.n_in >= 2 && broker.n_in >= 2u + broker.in[1]) {
        size_t n = 2u + broker.in[1];
        broker_packet(broker.in, n);
        memmove(broker.in, broker.in + n, broker.n_in -= n);
    }
}

/* A PUBLISH of QoS 0; false: the socket is full, and what did not go is sent first the next time. */
static bool broker_publish(const char *topic, const char *payload, size_t n, bool retain)
{
    static char rest[512 * 1024];
    struct buf b;
    size_t left = 2 + strlen(topic) + n;
    if (broker.n_rest) {
        ssize_t sent = send(broker.fd, rest, broker.n_rest, MSG_NOSIGNAL | MSG_DONTWAIT);
        memmove(rest, rest + (sent > 0 ? sent : 0), broker.n_rest -= sent > 0 ? (size_t)sent : 0);
        if (broker.n_rest)
            return false;
    }
    buf_init(&b, 1 << 20);
    buf_char(&b, retain ? 0x31 : 0x30);
    do {
        buf_char(&b, (char)((left & 127) | (left > 127 ? 128 : 0)));
        left >>= 7;
    } while (left);
    buf_char(&b, 0);
    buf_char(&b, (char)strlen(topic));
    buf_str(&b, topic);
    buf_put(&b, payload, n);
    ssize_t sent = send(broker.fd, b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0)
        memcpy(rest, b.p + sent, broker.n_rest = b.n - (size_t)sent);
    buf_fini(&b);
    return sent > 0;
}

/* --- who listens --- */

static struct {
    struct loop *loop;
    struct mqtt *mqtt;
    int up, down, messages, old, too_big;
    char topic[64], payload[64];
    size_t size;
    struct why why;
    bool close_on_message;
    uint64_t take_ns; /* by each message */
} heard;

static void on_message(void *ctx, const struct mqtt_message *m)
{
    (void)ctx;
    heard.messages++;
    heard.old += m->old;
    heard.too_big += m->too_big;
    heard.size = m->size;
    snprintf(heard.topic, sizeof heard.topic, VIEW_FMT, VIEW_ARG(m->topic));
    snprintf(heard.payload, sizeof heard.payload, VIEW_FMT, VIEW_ARG(m->payload));
    for (uint64_t from = uv_hrtime(); uv_hrtime() - from < heard.take_ns;) {}
    if (!heard.close_on_message)
        return;
    mqtt_close(heard.mqtt);
    heard.mqtt = NULL;
}

static void on_state(void *ctx, enum mqtt_state state, const struct why *why)
{
    (void)ctx;
    heard.up += state == MQTT_UP;
    heard.down += state == MQTT_WAITING;
    heard.why = why ? *why : (struct why){0};
    assert_true((why == NULL) == (state == MQTT_UP));
}

static struct mqtt *open_with(const char *url, const char *id, const struct addr_filter *filter,
                              struct why *why)
{
    static const char *const topics[] = {"park/+/left", "cars/#"};
    static const struct mqtt_events events = {on_message, on_state};
    struct mqtt_conf conf = {.url = url,
                             .user = "u",
                             .password = "p",
                             .client_id = id,
                             .topics = topics,
                             .n_topics = 2,
                             .qos = 1,
                             .filter = filter};
    return mqtt_open(heard.loop, &conf, &events, NULL, why);
}

static int setup(void **state)
{
    (void)state;
    memset(&heard, 0, sizeof heard);
    heard.loop = loop_new();
    broker_start();
    return 0;
}

/* Nothing may be left open. */
static int teardown(void **state)
{
    (void)state;
    mqtt_close(heard.mqtt);
    broker_stop();
    return loop_close(heard.loop);
}

/* Turns loop and broker until *flag is at least `want`. */
static void until(const int *flag, int want)
{
    uint64_t end = uv_hrtime() / 1000000 + NET_TEST_LIMIT_MS;
    while (*flag < want && uv_hrtime() / 1000000 < end) {
        broker_turn();
        uv_run(loop_uv(heard.loop), UV_RUN_NOWAIT);
        usleep(200);
    }
    if (*flag < want)
        fail_msg("up %d down %d messages %d: %s", heard.up, heard.down, heard.messages, heard.why.text);
}

static void turns(int n)
{
    for (int i = 0; i < n; i++) {
        broker_turn();
        uv_run(loop_uv(heard.loop), UV_RUN_NOWAIT);
        usleep(200);
    }
}

static void begin(const char *id)
{
    struct why why = {0};
    int before = heard.up + heard.down;
    heard.mqtt = open_with(broker.url, id, NULL, &why);
    assert_non_null(heard.mqtt);
    assert_int_equal(heard.up + heard.down, before); /* callbacks come later */
}

/* --- tests --- */

static void hears_what_is_published(void **state)
{
    (void)state;
    begin("");
    until(&heard.up, 1);
    assert_int_equal(mqtt_state(heard.mqtt), MQTT_UP);
    assert_non_null(strstr(broker.connect, "MQTT"));
    assert_non_null(strstr(broker.connect, "parkd-"));
    assert_true((unsigned char)broker.connect[7] & 2); /* a clean session */
    assert_true(broker_publish("park/7/left", "{\"free\":3}", 10, false));
    until(&heard.messages, 1);
    assert_string_equal(heard.topic, "park/7/left");
    assert_string_equal(heard.payload, "{\"free\":3}");
    assert_int_equal(heard.old, 0);
    assert_true(broker_publish("park/8/left", "", 0, true)); /* retained, and empty */
    until(&heard.messages, 2);
    assert_int_equal(heard.old, 1);
    mqtt_close(heard.mqtt);
    heard.mqtt = NULL;
    until(&broker.n_disconnected, 1);
}

static void keeps_a_session_by_its_client_id(void **state)
{
    (void)state;
    broker.session = true;
    begin("district-7");
    until(&heard.up, 1);
    assert_non_null(strstr(broker.connect, "district-7"));
    assert_false((unsigned char)broker.connect[7] & 2);
    assert_true(broker_publish("park/7/left", "1", 1, false)); /* queued, nobody knows since when */
    until(&heard.messages, 1);
    assert_int_equal(heard.old, 1);
    run_for(heard.loop, 1100);
    assert_true(broker_publish("park/7/left", "2", 1, false));
    until(&heard.messages, 2);
    assert_int_equal(heard.old, 1);
}

static void names_refusals(void **state)
{
    static const struct {
        int connack, suback;
        const char *words;
    } rows[] = {{1, 0, "does not speak"},   {2, 0, "client id"},  {3, 0, "not available"},
                {4, 0, "user or the pass"}, {5, 0, "wrong user"}, {99, 0, "reason of its own"},
                {0, 0x80, "park/+/left"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int down = heard.down;
        broker.connack = rows[i].connack;
        broker.suback = rows[i].suback;
        begin("");
        until(&heard.down, down + 1);
        if (!strstr(heard.why.text, rows[i].words))
            fail_msg("connack %d: %s", rows[i].connack, heard.why.text);
        assert_int_equal(mqtt_state(heard.mqtt), MQTT_WAITING);
        mqtt_close(heard.mqtt);
        turns(20);
        broker_hang_up();
    }
    assert_int_equal(heard.up, 0);
    heard.mqtt = NULL;
}

static void comes_back_by_itself(void **state)
{
    (void)state;
    begin("");
    until(&heard.up, 1);
    broker_hang_up();
    until(&heard.down, 1);
    assert_non_null(strstr(heard.why.text, "lost"));
    until(&heard.up, 2);
    assert_int_equal(broker.n_subscribed, 2);
}

static void names_what_is_no_broker(void **state)
{
    static const struct {
        const char *talk;
        size_t n;
    } rows[] = {{"\x20\xff\xff\xff\xff\xff", 6}, {"\xf0", 2}, {"\x20\x01", 3}, {"\x10\x02\x01\x01", 4}};
    (void)state;
    broker.silent = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int down = heard.down, n = broker.n_accepted;
        begin("");
        until(&broker.n_accepted, n + 1);
        broker_send(rows[i].talk, rows[i].n);
        until(&heard.down, down + 1);
        if (!strstr(heard.why.text, "not MQTT"))
            fail_msg("row %zu: %s", i, heard.why.text);
        mqtt_close(heard.mqtt);
        broker_hang_up();
    }
    int down = heard.down, n = broker.n_accepted;
    begin("");
    until(&broker.n_accepted, n + 1);
    broker_hang_up();
    until(&heard.down, down + 1);
    assert_non_null(strstr(heard.why.text, "without an answer"));
    mqtt_close(heard.mqtt);
    broker_stop();
    begin("");
    until(&heard.down, down + 2);
    assert_non_null(strstr(heard.why.text, "refused"));
    /* Under TLS libmosquitto does not notice by itself. */
    struct why why = {0};
    mqtt_close(heard.mqtt);
    snprintf(broker.url + 4, sizeof broker.url - 4, "s://127.0.0.1:%d", broker.port);
    heard.mqtt = open_with(broker.url, "", NULL, &why);
    until(&heard.down, down + 3);
    assert_non_null(strstr(heard.why.text, "refused"));
}

static void large_payloads_are_left_out(void **state)
{
    static char bytes[MQTT_MAX_PAYLOAD + 1];
    (void)state;
    begin("");
    until(&heard.up, 1);
    int wide = 1 << 20;
    setsockopt(broker.fd, SOL_SOCKET, SO_SNDBUF, &wide, sizeof wide);
    memset(bytes, 'x', sizeof bytes);
    assert_true(broker_publish("park/1/left", bytes, sizeof bytes - 1, false));
    until(&heard.messages, 1);
    assert_int_equal(heard.too_big, 0);
    assert_true(broker_publish("park/1/left", bytes, sizeof bytes, false));
    until(&heard.messages, 2);
    assert_int_equal(heard.too_big, 1);
    assert_int_equal(heard.size, sizeof bytes);
    assert_string_equal(heard.payload, "");
    assert_int_equal(heard.down, 0);
}

/* A packet announces 256 MB, and never ends. */
static void endless_packets_are_cut(void **state)
{
    static char bytes[64 * 1024];
    size_t sent = 0;
    (void)state;
    begin("");
    until(&heard.up, 1);
    broker_send("\x30\xff\xff\xff\x7f", 5);
    while (!heard.down && sent < (size_t)64 * 1024 * 1024) {
        ssize_t n = broker.fd < 0 ? 0 : send(broker.fd, bytes, sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        sent += n > 0 ? (size_t)n : 0;
        uv_run(loop_uv(heard.loop), UV_RUN_NOWAIT);
        if (n < 0 && errno != EAGAIN)
            broker_hang_up();
    }
    assert_int_equal(heard.down, 1);
    assert_non_null(strstr(heard.why.text, "8 MiB"));
    assert_true(sent < (size_t)24 * 1024 * 1024);
    assert_int_equal(heard.messages, 0);
}

/* However fast it talks: a fifth of the time is given to it, and the loop turns on. */
static void floods_wait_in_the_socket(void **state)
{
    (void)state;
    begin("");
    until(&heard.up, 1);
    heard.take_ns = 1000000;
    uint64_t from = uv_hrtime();
    int full = 0, most = 0;
    while (heard.messages < 60 || !full) {
        for (int i = 0; i < 200; i++)
            full += !broker_publish("park/1/left", "{\"free\":1}", 10, false);
        int before = (int)heard.messages;
        uv_run(loop_uv(heard.loop), UV_RUN_NOWAIT);
        if ((int)heard.messages - before > most)
            most = (int)heard.messages - before;
    }
    uint64_t slices = (uv_hrtime() - from) / 100000000 + 2; /* 20 messages of a millisecond fit into each */
    assert_in_range(heard.messages, 60, slices * 21);
    assert_in_range(most, 1, 21); /* then the loop turns */
    assert_int_equal(heard.down, 0);
}

static void may_be_closed_inside_a_message(void **state)
{
    (void)state;
    begin("");
    until(&heard.up, 1);
    heard.close_on_message = true;
    for (int i = 0; i < 3; i++)
        assert_true(broker_publish("park/1/left", "1", 1, false));
    until(&heard.messages, 1);
    turns(50);
    assert_int_equal(heard.messages, 1);
    assert_int_equal(heard.down, 0);
}

static void may_be_closed_at_any_moment(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) {
        begin(i & 1 ? "" : "kept");
        turns(i);
        mqtt_close(heard.mqtt);
        turns(2);
        broker_hang_up();
    }
    heard.mqtt = NULL;
}

static void calls_only_allowed_addresses(void **state)
{
    struct addr_filter filter = {.n_allow = 0};
    struct why why = {0};
    (void)state;
    heard.mqtt = open_with(broker.url, "", &filter, &why);
    until(&heard.down, 1);
    assert_string_equal(heard.why.text, "address 127.0.0.1 is not allowed");
    assert_int_equal(broker.n_accepted, 0);
    mqtt_close(heard.mqtt);
    assert_int_equal(addr_filter_allow(&filter, VIEW("127.0.0.0/8")), 0);
    heard.mqtt = open_with(broker.url, "", &filter, &why);
    until(&heard.up, 1);
}

static void bad_conf_is_refused_at_once(void **state)
{
    static const char *const urls[] = {
        "", "http://a:1", "mqtt://a", "mqtt://a:0", "mqtt://:1", "mqtt://a:99999999", "mqtts://a:1:notaport"};
    struct why why;
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        why = (struct why){0};
        assert_null(open_with(urls[i], "", NULL, &why));
        assert_string_equal(why.at, "/url");
    }
    struct mqtt_conf conf = {.url = "mqtts://a:1",
                             .user = "",
                             .password = "",
                             .client_id = "",
                             .tls = {.ca_file = "/nowhere.pem"}};
    assert_null(mqtt_open(heard.loop, &conf, &(struct mqtt_events){on_message, on_state}, NULL, &why));
    assert_string_equal(why.at, "/tls/ca_file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hears_what_is_published, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_a_session_by_its_client_id, setup, teardown),
        cmocka_unit_test_setup_teardown(names_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(comes_back_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(names_what_is_no_broker, setup, teardown),
        cmocka_unit_test_setup_teardown(large_payloads_are_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(endless_packets_are_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(floods_wait_in_the_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(may_be_closed_inside_a_message, setup, teardown),
        cmocka_unit_test_setup_teardown(may_be_closed_at_any_moment, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_only_allowed_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_conf_is_refused_at_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
