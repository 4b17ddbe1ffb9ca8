/* SPDX-License-Identifier: MIT
 * Large answers and messages, read in the pool while the loop goes on: with real dialects, a real loop and a
 * fake network. What is removed, replaced or ended while they are read must not be touched any more; run
 * under TSan and ASan.
 */
#include "dialect_test.h"
#include "fake_net.h"

#include "parkd/feed/feeds.h"
#include "parkd/model/registry.h"
#include "parkd/net/loop.h"

#define FEEDS 6
#define BIG   (200 * 1024)

/* Takes its time; tells the lots that it knows, and how often it was called. */
static const char *const slow_lua =
    "return {name='slow', poll=function(ctx) return {url=ctx.url} end,"
    " decode=function(ctx, res)"
    "  local n = 0 for i = 1, 200000 do n = n + i % 3 end"
    "  ctx.state.calls = (ctx.state.calls or 0) + 1"
    "  if res.body:sub(1, 4) == 'fail' then return nil, 'the vendor says no' end"
    "  if res.body:sub(1, 4) == 'loop' then while true do end end"
    "  local more = res.body:sub(1, 4) == 'more' and {url=ctx.url .. '/more'} or nil"
    "  return {{lot=ctx.lots[1].foreign, free=ctx.state.calls, total=#ctx.lots, occupied=#res.body % "
    "60000}}, more"
    " end,"
    " receive=function(ctx, message)"
    "  for i = 1, 200000 do end"
    "  ctx.state.calls = (ctx.state.calls or 0) + 1"
    "  if message.body:sub(1, 4) == 'fail' then return nil, 'the vendor says no' end"
    "  return {{lot=ctx.lots[1].foreign, free=ctx.state.calls, total=#message.body % 60000}},"
    "   {body=message.path .. ' ' .. message.header('x-box') .. ' ' .. message.query('k')}"
    " end}";

static struct {
    int calls[FEEDS];
    struct report last[FEEDS];
    size_t n;
} heard;

static struct loop *loop;
static struct registry *reg;
static struct dialects *dialects;
static struct feeds *feeds;

static bool on_reports(void *ctx, const struct feed *feed, const struct report_list *reports)
{
    int i = feed->id[1] - '0';
    (void)ctx;
    heard.calls[i]++;
    heard.n += reports->n;
    heard.last[i] = reports->v[reports->n - 1];
    return true;
}

static bool may_poll(void *ctx, const char *feed)
{
    (void)ctx;
    (void)feed;
    return true;
}

static int slow_down(void *ctx)
{
    (void)ctx;
    return 1;
}

static struct dialects *load(void)
{
    struct dialects *ds = load_text(slow_lua);
    assert_int_equal(dialects_add_all_built_in(ds), 0);
    return ds;
}

static int setup(void **state)
{
    struct feeds_port port = {.on_reports = on_reports, .may_poll = may_poll, .slow_down = slow_down};
    (void)state;
    memset(&heard, 0, sizeof heard);
    loop = loop_new();
    reg = registry_new();
    dialects = load();
    feeds = feeds_new(loop, &fake_clock, NULL, dialects, reg, &port);
    return loop && reg && feeds ? 0 : -1;
}

/* The order of the product's end: jobs may outlive what they were made by. */
static int teardown(void **state)
{
    (void)state;
    feeds_free(feeds);
    dialects_free(dialects);
    registry_free(reg);
    return loop_close(loop) || fake_in_flight() || fake_timers;
}

static void put_lot(const char *feed, const char *foreign)
{
    struct lot lot = {.stage = STAGE_CONNECTED};
    uint32_t idx = 0;
    (void)snprintf(lot.id, sizeof lot.id, "%s-%s", feed, foreign);
    (void)snprintf(lot.feed, sizeof lot.feed, "%s", feed);
    (void)snprintf(lot.foreign_id, sizeof lot.foreign_id, "%s", foreign);
    assert_int_equal(registry_put(reg, &lot, VIEW("{}"), 1, &idx), 0);
}

static void put_mode(int i, const char *dialect, const char *params, const char *mode)
{
    struct json *j = NULL;
    struct feed f;
    struct why why = {0};
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "{\"id\":\"f%d\",\"dialect\":\"%s\",\"mode\":\"%s\",\"url\":\"http://lot%d/a\","
                   "\"interval_ms\":20000,\"params\":%s}",
                   i, dialect, mode, i, params);
    if (json_parse(view_of(text), &j, &why) || feed_parse(j, &f, &why) || feeds_put(feeds, &f, &why))
        fail_msg("%s: %s: %s", text, why.at, why.text);
    json_free(j);
}

static void put(int i, const char *dialect, const char *params)
{
    put_mode(i, dialect, params, "poll");
}

static void put_all(const char *dialect, const char *params)
{
    for (int i = 0; i < FEEDS; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "f%d", i);
        put_lot(id, "A");
        put_lot(id, "B");
        put(i, dialect, params);
    }
    feeds_start(feeds);
}

/* A body that begins so and is `n` bytes long. */
static char *body_of(const char *begin, const char *end, size_t n)
{
    char *text = malloc(n + 1);
    size_t head = strlen(begin), tail = strlen(end);
    assert_non_null(text);
    memset(text, ' ', n);
    memcpy(text, begin, head);
    memcpy(text + n - tail, end, tail + 1);
    return text;
}

static struct fetch *fetch_of(int i)
{
    char url[32];
    (void)snprintf(url, sizeof url, "http://lot%d/", i);
    for (int step = 0; step < 4000; step++, fake_advance(10)) {
        for (struct fetch *op = fake_fetches; op; op = op->next) {
            if (strncmp(op->url, url, strlen(url)) == 0)
                return op;
        }
    }
    fail_msg("feed %d was not asked", i);
    return NULL;
}

static void answer(int i, const char *begin, const char *end, size_t n)
{
    char *text = body_of(begin, end, n);
    fake_end(fetch_of(i),
             &(struct fetch_result){.status = 200, .body = {text, n}, .took_ms = 10, .retry_after_ms = -1});
    free(text); /* what is read later is a copy */
}

static void answer_all(void)
{
    for (int i = 0; i < FEEDS; i++)
        answer(i, "ok", "", BIG + (size_t)i);
}

static const char *error_of(int i)
{
    static char text[400];
    struct json_writer w;
    struct json *j = NULL;
    struct buf b;
    char at[32];
    buf_init(&b, 1 << 16);
    jw_init(&w, &b);
    jw_array(&w, NULL);
    feeds_write_status(feeds, &w);
    jw_end_array(&w);
    assert_int_equal(json_parse(buf_get(&b), &j, NULL), 0);
    (void)snprintf(at, sizeof at, "/%d/error", i);
    assert_int_equal(view_copy(json_text(json_at(j, view_of(at))), text, sizeof text), 0);
    json_free(j);
    buf_fini(&b);
    return text;
}

static void all_are_read_and_nothing_at_once(void **state)
{
    (void)state;
    put_all("slow", "{}");
    answer_all();
    assert_int_equal(heard.n, 0);
    (void)loop_run(loop);
    for (int i = 0; i < FEEDS; i++) {
        assert_int_equal(heard.calls[i], 1);
        assert_string_equal(heard.last[i].lot, "A");
        assert_int_equal(heard.last[i].total, 2); /* the lots as registered */
        assert_int_equal(heard.last[i].occupied, (BIG + i) % 60000);
    }
}

/* Whether read here or there, a session has one memory; a small answer is read at once. */
static void a_session_remembers(void **state)
{
    (void)state;
    put_all("slow", "{}");
    answer(0, "ok", "", BIG);
    (void)loop_run(loop);
    answer(0, "ok", "", 10);
    assert_int_equal(heard.calls[0], 2);
    assert_int_equal(heard.last[0].free, 2);
    answer(0, "ok", "", BIG);
    (void)loop_run(loop);
    assert_int_equal(heard.last[0].free, 3);
}

static void an_answer_may_lead_on(void **state)
{
    (void)state;
    put_all("slow", "{}");
    answer(0, "more", "", BIG);
    (void)loop_run(loop);
    assert_int_equal(heard.n, 0);
    struct fetch *op = fetch_of(0);
    assert_string_equal(op->url, "http://lot0/a/more");
    answer(0, "ok", "", BIG);
    (void)loop_run(loop);
    assert_int_equal(heard.calls[0], 1);
    assert_int_equal(heard.n, 2);
}

static void failures_have_their_words(void **state)
{
    (void)state;
    put_all("slow", "{}");
    answer(0, "fail", "", BIG);
    answer(1, "loop", "", BIG);
    (void)loop_run(loop);
    assert_string_equal(error_of(0), "the vendor says no");
    assert_non_null(strstr(error_of(1), "too many steps"));
    answer(1, "ok", "", BIG); /* in a fresh state */
    (void)loop_run(loop);
    assert_int_equal(heard.calls[1], 1);
    assert_string_equal(error_of(1), "");
}

static void a_mapping_is_read_aside_too(void **state)
{
    (void)state;
    put_all("generic", "{\"mapping\":{\"items\":\"/l\",\"lot\":\"/id\",\"free\":\"/n\"}}");
    for (int i = 0; i < FEEDS; i++)
        answer(i, "{\"l\":[{\"id\":\"A\",\"n\":5},{\"id\":\"B\",\"n\":7}", "]}", BIG);
    assert_int_equal(heard.n, 0);
    (void)loop_run(loop);
    assert_int_equal(heard.n, 2 * FEEDS);
    assert_int_equal(heard.last[3].free, 7);
    answer(0, "{\"l\":[{\"id\":\"A\",\"n\":5}", "]", BIG);
    (void)loop_run(loop);
    assert_true(error_of(0)[0]);
    assert_int_equal(heard.calls[0], 1);
}

/* `generic` reads all pages when it has the last, however small that is. */
static void pages_are_read_aside_together(void **state)
{
    (void)state;
    put_all("generic", "{\"mapping\":{\"items\":\"/l\",\"lot\":\"/id\",\"free\":\"/n\"},"
                       "\"pages\":{\"next\":\"/next\"}}");
    answer(0, "{\"next\":\"/b\",\"l\":[{\"id\":\"A\",\"n\":5}", "]}", DIALECT_ASIDE_BODY);
    assert_string_equal(fetch_of(0)->url, "http://lot0/b");
    answer(0, "{\"next\":null,\"l\":[{\"id\":\"B\",\"n\":7}", "]}", 100);
    assert_int_equal(heard.n, 0);
    (void)loop_run(loop);
    assert_int_equal(heard.n, 2);
}

/* ---- the end of things while they are read: two run, the others wait */

static void removed_feeds_are_not_heard(void **state)
{
    (void)state;
    put_all("slow", "{}");
    answer_all();
    for (int i = FEEDS - 1; i >= 0; i--) {
        char id[16];
        (void)snprintf(id, sizeof id, "f%d", i);
        feeds_remove(feeds, view_of(id));
    }
    (void)loop_run(loop);
    assert_int_equal(heard.n, 0);
}

static void replaced_feeds_are_asked_anew(void **state)
{
    (void)state;
    put_all("slow", "{}");
    answer_all();
    for (int i = 0; i < FEEDS; i++)
        put(i, "generic", "{\"mapping\":{\"items\":\"/l\",\"lot\":\"/id\",\"free\":\"/n\"}}");
    for (int i = 0; i < FEEDS; i++)
        answer(i, "{\"l\":[{\"id\":\"A\",\"n\":5}", "]}", BIG);
    (void)loop_run(loop);
    assert_int_equal(heard.n, FEEDS);
    assert_int_equal(heard.last[0].free, 5);
}

static void new_dialects_do_not_wait(void **state)
{
    (void)state;
    put_all("slow", "{}");
    for (int round = 0; round < 3; round++) {
        struct dialects *before = dialects;
        answer_all();
        dialects = load();
        feeds_use_dialects(feeds, dialects);
        dialects_free(before); /* the table goes with its last session */
    }
    answer_all();
    (void)loop_run(loop);
    assert_int_equal(heard.n, FEEDS);
    assert_int_equal(heard.last[0].free, 1); /* of a new session */
}

static void the_end_does_not_wait_either(void **state)
{
    (void)state;
    put_all("slow", "{}");
    answer_all();
}

/* ---- messages that come by themselves */

static struct {
    int64_t free[40]; /* what the reports say, in the order in which the messages were read; -err */
    size_t n, n_dropped;
    char reply[64];
} got;

static void on_received(void *ctx, const struct feed *feed, const struct inbound_message *m,
                        struct inbound_result *r)
{
    (void)ctx;
    assert_non_null(feed);
    assert_memory_equal(m->path.p, "/up", 3);
    got.n_dropped += r->dropped;
    got.free[got.n++] = r->err ? -r->err : r->reports.v[0].free;
    assert_int_equal(r->reports.n, r->err ? 0 : 1);
    if (!r->err)
        assert_int_equal(view_copy(buf_get(&r->reply.body), got.reply, sizeof got.reply), 0);
    inbound_result_fini(r);
}

static void push(int i, const char *begin, size_t n)
{
    char *body = body_of(begin, "", n), id[16], path[] = "/up", box[] = "seven", key[] = "a b";
    const struct inbound_field headers[] = {{VIEW("Host"), VIEW("h")}, {VIEW("X-Box"), view_of(box)}};
    const struct inbound_field query[] = {{VIEW("K"), VIEW("no")}, {VIEW("k"), view_of(key)}};
    struct inbound_message m = {.method = VIEW("POST"),
                                .path = view_of(path),
                                .body = {body, n},
                                .headers = headers,
                                .n_headers = 2,
                                .query = query,
                                .n_query = 2};
    (void)snprintf(id, sizeof id, "f%d", i);
    feeds_receive(feeds, feeds_find(feeds, view_of(id)), &m, on_received, NULL);
    memset(path, 'x', sizeof path); /* what is read later is a copy */
    memset(box, 'x', sizeof box);
    memset(key, 'x', sizeof key);
    free(body);
}

static void put_pushed(void)
{
    memset(&got, 0, sizeof got);
    for (int i = 0; i < FEEDS; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "f%d", i);
        put_lot(id, "A");
        put_mode(i, "slow", "{}", "push");
    }
    feeds_start(feeds);
}

static void small_messages_are_read_at_once(void **state)
{
    (void)state;
    put_pushed();
    push(0, "ok", DIALECT_ASIDE_BODY);
    assert_int_equal(got.n, 1);
    assert_string_equal(got.reply, "/up seven a b");
}

/* A small one that comes while a large one is read is the newer one: it waits. */
static void messages_are_read_in_order(void **state)
{
    (void)state;
    put_pushed();
    push(0, "ok", BIG);
    push(0, "ok", 10);
    push(0, "fail", BIG);
    push(0, "ok", BIG);
    assert_int_equal(got.n, 0);
    push(1, "ok", 10); /* another feed has nothing to wait for */
    assert_int_equal(got.n, 1);
    assert_int_equal(got.free[0], 1);
    (void)loop_run(loop);
    assert_int_equal(got.n, 5);
    for (int i = 1; i < 5; i++)
        assert_int_equal(got.free[i], i == 3 ? -ERR_REFUSED : i);
    assert_string_equal(got.reply, "/up seven a b");
    push(0, "ok", 10);
    assert_int_equal(got.free[5], 5);
}

static void many_feeds_get_large_messages(void **state)
{
    (void)state;
    put_pushed();
    for (int i = 0; i < 3 * FEEDS; i++)
        push(i % FEEDS, "ok", BIG);
    (void)loop_run(loop);
    assert_int_equal(got.n, 3 * FEEDS);
    assert_int_equal(got.n_dropped, 0);
}

static void a_line_has_an_end(void **state)
{
    (void)state;
    put_pushed();
    for (int i = 0; i < 20; i++)
        push(0, "ok", BIG);
    assert_int_equal(got.n, 4);
    assert_int_equal(got.n_dropped, 4);
    assert_int_equal(got.free[0], -ERR_FULL);
    (void)loop_run(loop);
    assert_int_equal(got.n, 20);
    assert_int_equal(got.n_dropped, 4);
}

/* Whoever sent it hears so, and may send it again. */
static void messages_of_changed_feeds_are_dropped(void **state)
{
    (void)state;
    put_pushed();
    for (int i = 0; i < FEEDS; i++) {
        push(i, "ok", BIG);
        push(i, "ok", 10);
    }
    feeds_remove(feeds, VIEW("f0"));
    assert_int_equal(got.n_dropped, 2);
    put_mode(1, "generic", "{}", "push");
    assert_int_equal(got.n_dropped, 4);
    struct dialects *before = dialects;
    dialects = load();
    feeds_use_dialects(feeds, dialects);
    dialects_free(before);
    assert_int_equal(got.n_dropped, 2 * FEEDS);
    push(2, "ok", BIG);
    (void)loop_run(loop);
    assert_int_equal(got.free[2 * FEEDS], 1); /* of a new session */
    push(2, "ok", BIG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_are_read_and_nothing_at_once),
        TEST(a_session_remembers),
        TEST(an_answer_may_lead_on),
        TEST(failures_have_their_words),
        TEST(a_mapping_is_read_aside_too),
        TEST(pages_are_read_aside_together),
        TEST(removed_feeds_are_not_heard),
        TEST(replaced_feeds_are_asked_anew),
        TEST(new_dialects_do_not_wait),
        TEST(the_end_does_not_wait_either),
        TEST(small_messages_are_read_at_once),
        TEST(messages_are_read_in_order),
        TEST(many_feeds_get_large_messages),
        TEST(a_line_has_an_end),
        TEST(messages_of_changed_feeds_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
