/* SPDX-License-Identifier: MIT
 * The API over real sockets, with a port of fakes: both listeners, every audience, answers that come later.
 */
#include "net_test.h"

#include "api_test.h"

#include "parkd/api/api.h"
#include "parkd/base/crypto.h"
#include "parkd/base/log.h"
#include "parkd/base/webhook.h"
#include "parkd/model/series.h"
#include "parkd/net/timer.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define BEARER "Authorization: Bearer key\r\n"
#define STORED \
    "{\"id\":\"f\",\"dialect\":\"native\",\"params\":{\"pw\":\"x\"},\"auth\":{\"bearer_sha256\":[\"aa\"]}}"

/* What a stage was asked and answers in the loop's next turn. */
enum waiting { WAIT_NOTHING, WAIT_INGEST, WAIT_DAYS, WAIT_YEARS, WAIT_SAVED };

struct world {
    struct loop *loop;
    struct clock clock;
    int64_t wall_ms;
    struct registry *reg;
    struct api *api;
    struct dialects *dialects;
    struct dialect_session *native, *generic;
    struct feed push, box, polled;
    struct timer *later;
    enum waiting waiting;
    bool hold; /* nothing is answered until released */
    ingest_done_fn *ingest_done;
    api_series_fn *series_done;
    api_saved_fn *saved_done;
    void *done_ctx;
    char lots[8][FOREIGN_SIZE];
    size_t n_lots;
    enum ingest_code code;
    int save_err, n_ingested, n_pushed, n_bad, days_asked, stopped;
    uint64_t if_version;
    char saved[256];
    bool ready;
    enum role role; /* of who asks the staff */
    int identify_err, witness_err, n_witnessed, outcome;
};

static struct world *the_world; /* a clock has no context */

static int64_t fake_wall(const struct clock *c)
{
    (void)c;
    return the_world->wall_ms;
}

/* --- the port --- */

static void run_ingest(struct world *w)
{
    struct ingest_result r[8];
    for (size_t i = 0; i < w->n_lots; i++) {
        r[i] = (struct ingest_result){w->lots[i], w->code, 100 + i, {"", ""}};
        if (!strcmp(w->lots[i], "nobody"))
            r[i] = (struct ingest_result){w->lots[i], INGEST_REJECTED, 0, {"/lot", "no such lot"}};
    }
    w->ingest_done(w->done_ctx, r, w->n_lots);
}

static void run_series(struct world *w, bool days)
{
    static unsigned char day[SERIES_DAY_BYTES];
    struct view parts[8] = {{NULL, 0}};
    day[(7 * 60 + 30) * 2 + 1] = 38;
    if (days && w->days_asked == 2)
        parts[1] = (struct view){(char *)day, sizeof day};
    w->series_done(w->done_ctx, w->save_err, parts, days ? (size_t)w->days_asked : 1);
}

static void on_later(void *ctx)
{
    struct world *w = ctx;
    enum waiting what = w->waiting;
    w->waiting = WAIT_NOTHING;
    if (what == WAIT_INGEST)
        run_ingest(w);
    else if (what == WAIT_SAVED)
        w->saved_done(w->done_ctx, w->save_err, 12);
    else if (what != WAIT_NOTHING)
        run_series(w, what == WAIT_DAYS);
}

static int later(struct world *w, enum waiting what, void *ctx)
{
    assert_int_equal(w->waiting, WAIT_NOTHING);
    w->waiting = what;
    w->done_ctx = ctx;
    if (!w->hold)
        timer_arm(w->later, 0);
    return 0;
}

static const struct feed *feed_by_id(void *ctx, struct view id)
{
    struct world *w = ctx;
    return view_is(id, "f") ? &w->push : view_is(id, "poll") ? &w->polled : NULL;
}

static const struct feed *feed_by_path(void *ctx, struct view path)
{
    return view_is(path, "/box/up") ? &((struct world *)ctx)->box : NULL;
}

static void feed_receive(void *ctx, const struct feed *f, const struct inbound_message *m,
                         api_received_fn *done, void *done_ctx)
{
    struct world *w = ctx;
    struct dialect_ctx dctx = {.now_ms = clock_wall_ms(&w->clock), .feed = f->id};
    struct inbound_result result;
    inbound_result_init(&result);
    inbound_read(f == &w->box ? w->generic : w->native, &dctx, m, &result);
    done(done_ctx, f, m, &result);
}

static void feed_pushed(void *ctx, const struct feed *f, const struct report_list *reports,
                        const struct why *why)
{
    struct world *w = ctx;
    (void)f;
    (void)reports;
    w->n_pushed++;
    w->n_bad += why != NULL;
}

static int poll_now(void *ctx, struct view id)
{
    (void)ctx;
    return view_is(id, "poll") ? 0 : view_is(id, "f") ? ERR_STATE : ERR_NOT_FOUND;
}

static int ingest(void *ctx, const struct feed *f, const struct report_list *reports, ingest_done_fn *done,
                  void *done_ctx)
{
    struct world *w = ctx;
    (void)f;
    w->n_ingested++;
    w->n_lots = reports->n;
    for (size_t i = 0; i < reports->n; i++)
        memcpy(w->lots[i], reports->v[i].lot, FOREIGN_SIZE);
    w->ingest_done = done;
    return later(w, WAIT_INGEST, done_ctx);
}

static int read_days(void *ctx, uint32_t lot, int64_t first_ms, int n, api_series_fn *done, void *done_ctx)
{
    struct world *w = ctx;
    (void)lot;
    assert_int_equal(first_ms % 86400000, 0);
    w->series_done = done;
    w->days_asked = n;
    return later(w, WAIT_DAYS, done_ctx);
}

static int read_years(void *ctx, uint32_t lot, int first, int n, api_series_fn *done, void *done_ctx)
{
    struct world *w = ctx;
    (void)lot;
    assert_int_equal(first, 2026);
    assert_int_equal(n, 1);
    w->series_done = done;
    return later(w, WAIT_YEARS, done_ctx);
}

static int check(void *ctx, enum noun noun, struct view id, const struct json *doc, struct why *why)
{
    (void)ctx;
    (void)id;
    if (noun == NOUN_LOT && !json_get(doc, "name"))
        return why_set(why, ERR_MISSING, "/name", "missing");
    return json_get(doc, "taken") ? why_set(why, ERR_CONFLICT, "/foreign_id", "taken") : 0;
}

static int put(void *ctx, enum noun noun, struct view id, struct view json, uint64_t if_version,
               api_saved_fn *done, void *done_ctx)
{
    struct world *w = ctx;
    (void)noun;
    (void)id;
    w->if_version = if_version;
    assert_int_equal(view_copy(json, w->saved, sizeof w->saved), 0);
    w->saved_done = done;
    return later(w, WAIT_SAVED, done_ctx);
}

static int remove_one(void *ctx, enum noun noun, struct view id, api_saved_fn *done, void *done_ctx)
{
    return put(ctx, noun, id, VIEW("removed"), 0, done, done_ctx);
}

static void each(void *ctx, enum noun noun, api_each_fn *fn, void *fn_ctx)
{
    (void)ctx;
    if (noun == NOUN_FEED)
        fn(fn_ctx, VIEW("f"), VIEW(STORED), 5);
}

static void write_status(void *ctx, struct json_writer *w)
{
    (void)ctx;
    jw_array(w, "feeds");
    jw_end_array(w);
}

static void write_metrics(void *ctx, struct buf *out)
{
    (void)ctx;
    buf_str(out, "fake_metric 1\n");
}

static bool ready(void *ctx, const char **reason)
{
    struct world *w = ctx;
    *reason = "Redis is away";
    return w->ready;
}

/* --- the world --- */

static struct feed make_feed(const char *id, const char *dialect, enum feed_mode mode)
{
    struct feed f = {.enabled = true, .mode = mode, .n_bearer = 1, .n_secrets = 1};
    unsigned char digest[DIGEST_MAX];
    size_t n = 0;
    (void)snprintf(f.id, sizeof f.id, "%s", id);
    (void)snprintf(f.dialect, sizeof f.dialect, "%s", dialect);
    (void)snprintf(f.webhook_secrets[0], sizeof f.webhook_secrets[0], "%s", SECRET);
    assert_int_equal(crypto_digest(DIGEST_SHA256, VIEW("key"), digest, &n), 0);
    memcpy(f.bearer_sha256[0], digest, 32);
    return f;
}

/* --- the office --- */

static int identify(void *ctx, const struct office_evidence *e, struct principal *out, struct why *why)
{
    struct world *w = ctx;
    (void)e;
    *out = (struct principal){.role = w->role, .account = "someone"};
    return w->identify_err ? why_set(why, w->identify_err, "", "no good") : 0;
}

static int witness(void *ctx, const struct principal *who, const struct office_act *act,
                   office_saved_fn *done, void *done_ctx)
{
    struct world *w = ctx;
    assert_true(who->account[0] || act->action[0] == 's'); /* signing in: nobody yet */
    assert_true(act->action[0] && act->path.n);
    w->n_witnessed++;
    done(done_ctx, w->witness_err, 1);
    return 0;
}

static void outcome(void *ctx, const struct principal *who, const struct office_act *act, int status)
{
    (void)who;
    (void)act;
    ((struct world *)ctx)->outcome = status;
}

static void answer_office(void *ctx, const struct office_request *r, office_answer_fn *done, void *done_ctx)
{
    (void)ctx;
    if (view_is(r->body, "busy"))
        done(done_ctx, &(struct office_answer){.err = ERR_BUSY, .retry_s = 7, .why = {.text = "wait"}});
    else if (view_is(r->body, "wrong"))
        done(done_ctx, &(struct office_answer){.err = ERR_INVALID, .why = {"/name", "is wrong"}});
    else
        done(done_ctx,
             &(struct office_answer){
                 .status = 201, .body = r->args[0], .version = 9, .cookie = "a=b", .filename = "f.csv"});
}

static void make_sessions(struct world *w)
{
    static const char *const none[] = {NULL};
    struct why why = {0};
    int failed = 0;
    w->dialects = dialects_load(none, &failed, &why);
    assert_non_null(w->dialects);
    w->native = dialect_open(dialects_find(w->dialects, "native"), VIEW("{}"), &why);
    w->generic =
        dialect_open(dialects_find(w->dialects, "generic"),
                     VIEW("{\"mapping\":{\"items\":\"/list\",\"lot\":\"/code\",\"free\":\"/left\"}}"), &why);
    if (!w->native || !w->generic)
        fail_msg("%s: %s", why.at, why.text);
}

static void make_lots(struct world *w)
{
    w->reg = registry_new();
    uint32_t a = add_lot(w->reg, "{\"id\":\"A\",\"name\":\"<b>甲\",\"area\":\"N\",\"total\":100}");
    (void)add_lot(w->reg, "{\"id\":\"B\",\"name\":\"b\",\"total\":10}");
    hear(w->reg, a, "free=37 open=- total=100 status=open band=plenty", 42, 5000);
}

static void start(struct world *w)
{
    struct api_conf conf = {.public_listen = "127.0.0.1:0",
                            .staff_listen = "127.0.0.1:0",
                            .max_body = 256 * 1024,
                            .max_connections = 100,
                            .district_name = "D"};
    struct api_port port = {.ctx = w,
                            .feed_by_id = feed_by_id,
                            .feed_by_path = feed_by_path,
                            .feed_receive = feed_receive,
                            .feed_pushed = feed_pushed,
                            .feed_poll_now = poll_now,
                            .ingest = ingest,
                            .read_days = read_days,
                            .read_years = read_years,
                            .check = check,
                            .put = put,
                            .remove = remove_one,
                            .each = each,
                            .sink_resume = poll_now,
                            .write_status = write_status,
                            .write_metrics = write_metrics,
                            .ready = ready,
                            .identify = identify,
                            .witness = witness,
                            .outcome = outcome,
                            .office = answer_office};
    struct why why = {0};
    w->api = api_new(w->loop, &w->clock, w->reg, &conf, &port, &why);
    if (!w->api)
        fail_msg("%s", why.text);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->role = ROLE_ADMIN;
    assert_non_null(w);
    the_world = w;
    w->wall_ms = NOW;
    clock_system(&w->clock);
    w->clock.wall = fake_wall;
    w->loop = loop_new();
    w->later = timer_new(w->loop, on_later, w);
    w->push = make_feed("f", "native", FEED_PUSH);
    w->box = make_feed("box", "generic", FEED_PUSH);
    w->polled = make_feed("poll", "native", FEED_POLL);
    make_sessions(w);
    make_lots(w);
    start(w);
    *state = w;
    return 0;
}

static void on_stopped(void *ctx)
{
    ((struct world *)ctx)->stopped++;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    if (!w->stopped) {
        api_stop(w->api, 100, on_stopped, w);
        run_until(w->loop, &w->stopped, 1);
    }
    api_free(w->api);
    timer_free(w->later);
    registry_free(w->reg);
    dialect_close(w->native);
    dialect_close(w->generic);
    dialects_free(w->dialects);
    assert_int_equal(loop_close(w->loop), 0);
    free(w);
    return 0;
}

/* One request on its own connection; the whole answer, good until the next. */
static const char *ask(struct world *w, bool staff, const char *line, const char *headers, const char *body)
{
    static char answer[256 * 1024];
    char request[4096];
    struct raw_client *c = raw_connect(staff ? api_staff_address(w->api) : api_public_address(w->api));
    (void)snprintf(request, sizeof request,
                   "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n%s", line,
                   strlen(body), headers, body);
    raw_say(c, request);
    assert_true(raw_gets(w->loop, c, NULL));
    (void)snprintf(answer, sizeof answer, "%s", c->got);
    raw_close(c);
    return answer;
}

static const char *get(struct world *w, const char *path, const char *headers)
{
    char line[512];
    (void)snprintf(line, sizeof line, "GET %s", path);
    return ask(w, false, line, headers, "");
}

static void contains(const char *answer, const char *text)
{
    if (!strstr(answer, text))
        fail_msg("\"%s\" is not in: %s", text, answer);
}

static void lacks(const char *answer, const char *text)
{
    if (strstr(answer, text))
        fail_msg("\"%s\" is in: %s", text, answer);
}

/* The value of a header, in `dst`. */
static void header_of(const char *answer, const char *name, char *dst, size_t size)
{
    const char *p = strstr(answer, name), *end = p ? strstr(p, "\r\n") : NULL;
    assert_non_null(end);
    p += strlen(name);
    assert_int_equal(view_copy((struct view){p, (size_t)(end - p)}, dst, size), 0);
}

/* --- reads --- */

static void answers_the_public(void **state)
{
    struct world *w = *state;
    const char *a = get(w, "/v1/lots", "");
    contains(a, "HTTP/1.1 200");
    contains(a, "Cache-Control: public, max-age=5, stale-while-revalidate=30\r\n");
    contains(a, "Access-Control-Allow-Origin: *\r\n");
    contains(a, "Vary: Accept-Encoding\r\n");
    contains(a, "\"count\":2,\"lots\":[{\"id\":\"A\",\"name\":\"<b>甲\"");
    contains(get(w, "/v1/lots/A", ""), "\"free\":37");
    contains(get(w, "/v1/lots/Z", ""), "HTTP/1.1 404");
    contains(get(w, "/v1/lots?raduis=3", ""), "did you mean \\\"radius\\\"");
    a = get(w, "/v1/lots?limit=1&area=N&band=plenty", "");
    lacks(a, "Link:");
    contains(get(w, "/v1/lots?limit=1", ""), "Link: </v1/lots?limit=1&cursor=A>; rel=\"next\"\r\n");
    a = get(w, "/v1/summary", "");
    contains(a, "\"free\":37");
    /* A number in it may run out at any moment, and no cache may give it after that. */
    contains(a, "Cache-Control: public, max-age=1, stale-while-revalidate=0\r\n");
    contains(get(w, "/healthz", ""), "HTTP/1.1 200");
    a = get(w, "/readyz", "");
    contains(a, "HTTP/1.1 503");
    contains(a, "Retry-After: 5\r\n");
    contains(a, "\"detail\":\"Redis is away\"");
    w->ready = true;
    contains(get(w, "/readyz", ""), "HTTP/1.1 200");
    contains(get(w, "/problems/not-found", ""), "There is no such thing (404)");
    contains(get(w, "/nothing", ""), "application/problem+json");
}

static void keeps_answers_and_tags(void **state)
{
    struct world *w = *state;
    char etag[64], header[128];
    const char *a = get(w, "/v1/lots", "");
    header_of(a, "ETag: ", etag, sizeof etag);
    (void)snprintf(header, sizeof header, "If-None-Match: %s\r\n", etag);
    a = get(w, "/v1/lots", header);
    contains(a, "HTTP/1.1 304");
    contains(a, etag);
    lacks(a, "\"lots\"");
    a = get(w, "/v1/lots", "Accept-Encoding: gzip\r\n");
    contains(a, "Content-Encoding: gzip\r\n");
    lacks(a, "\"lots\"");
    hear(w->reg, 0, "free=36 open=- total=100 status=open band=plenty", 43, 0);
    a = get(w, "/v1/lots", header);
    contains(a, "HTTP/1.1 200");
    contains(a, "\"free\":36");
    w->wall_ms = NOW + 600 * 1000 + 1; /* its number has run out; nothing else moved */
    contains(get(w, "/v1/lots", ""), "\"free\":null,\"last_known\":{\"free\":36");
    contains(get(w, "/v1/lots/A", ""), "\"freshness\":\"stale\"");
}

static void serves_heads_and_options(void **state)
{
    struct world *w = *state;
    const char *a = ask(w, false, "HEAD /v1/lots", "", "");
    contains(a, "HTTP/1.1 200");
    contains(a, "ETag: ");
    lacks(a, "\"count\"");
    a = ask(w, false, "OPTIONS /v1/lots", "Origin: http://x\r\n", "");
    contains(a, "HTTP/1.1 204");
    contains(a, "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n");
    a = ask(w, false, "PATCH /v1/lots", "", "");
    contains(a, "HTTP/1.1 405");
    contains(a, "Allow: GET, HEAD, OPTIONS\r\n");
    a = ask(w, true, "OPTIONS /v1/admin/feeds/f", "Origin: http://x\r\n", "");
    lacks(a, "Access-Control");
}

static void serves_the_page(void **state)
{
    struct world *w = *state;
    const char *a = get(w, "/", "");
    contains(a, "text/html; charset=utf-8");
    contains(a, "Content-Security-Policy: default-src 'self'");
    contains(a, "&lt;b&gt;甲");
    lacks(a, "<b>甲");
    lacks(a, "{{");
    contains(get(w, "/?lang=en&from=chat", ""), "<html lang=\"en\">");
    contains(get(w, "/list.js", ""), "text/javascript");
    contains(get(w, "/style.css", ""), "text/css");
    contains(get(w, "/v1/native.schema.json", ""), "application/schema+json");
}

static void reads_history(void **state)
{
    struct world *w = *state;
    const char *a = get(w, "/v1/lots/A/history", "");
    contains(a, "HTTP/1.1 200");
    contains(
        a, "\"lot\":\"A\",\"from\":\"2026-11-21T08:00:00Z\",\"to\":\"2026-11-22T08:00:00Z\",\"step_s\":300");
    contains(a, "[1795332600,37,37,37,37.0]");
    contains(get(w, "/v1/lots/A/history?step=1h&from=2026-10-20T00:00:00Z&to=2026-11-22T08:00:00Z", ""),
             "\"mean\"");
    contains(get(w, "/v1/lots/A/history?step=1h&from=2026-10-20T00:00:00Z&to=2026-10-21T00:00:00Z", ""),
             "\"mean\"");
    contains(get(w, "/v1/lots/A/history?step=1m&from=2026-10-20T00:00:00Z", ""), "\"parameter\":\"from\"");
    contains(get(w, "/v1/lots/Z/history", ""), "HTTP/1.1 404");
    w->save_err = ERR_AWAY;
    contains(get(w, "/v1/lots/A/history", ""), "HTTP/1.1 503");
}

/* --- the way in --- */

static const char *push(struct world *w, const char *path, const char *headers, const char *body)
{
    char line[128];
    (void)snprintf(line, sizeof line, "POST %s", path);
    return ask(w, false, line, headers, body);
}

static void takes_pushes(void **state)
{
    struct world *w = *state;
    const char *a =
        push(w, "/v1/ingest/f", BEARER,
             "{\"items\":[{\"lot\":\"A\",\"free\":3},{\"lot\":\"B\",\"free\":\"3\"},{\"lot\":\"nobody\","
             "\"free\":1}]}");
    contains(a, "HTTP/1.1 200");
    contains(a, "{\"accepted\":1,\"rejected\":2,\"results\":[{\"lot\":\"A\",\"code\":\"ok\",\"seq\":100},{"
                "\"lot\":\"B\",\"code\":\"rejected\","
                "\"pointer\":\"/items/1/free\"");
    contains(a, "{\"lot\":\"nobody\",\"code\":\"rejected\",\"pointer\":\"/items/2/lot\"");
    a = push(w, "/v1/ingest/f", BEARER, "{\"lot\":\"nobody\",\"free\":1}");
    contains(a, "HTTP/1.1 422");
    contains(a, "\"errors\":[{\"pointer\":\"/lot\"");
    contains(push(w, "/v1/ingest/f", BEARER, "{\"items\":[{\"lot\":\"A\",\"free\":1.5}]}"), "HTTP/1.1 422");
    a = push(w, "/v1/ingest/f", BEARER, "{\"items\":");
    contains(a, "HTTP/1.1 400");
    contains(a, "/problems/malformed");
    assert_int_equal(w->n_bad, 1);
    w->code = INGEST_AWAY;
    a = push(w, "/v1/ingest/f", BEARER, "{\"lot\":\"A\",\"free\":1}");
    contains(a, "HTTP/1.1 503");
    contains(a, "Retry-After: 5\r\n");
}

static void refuses_strangers(void **state)
{
    struct world *w = *state;
    const char *a = push(w, "/v1/ingest/f", "Authorization: Bearer kex\r\n", "{\"lot\":\"A\",\"free\":3}");
    contains(a, "HTTP/1.1 401");
    contains(a, "WWW-Authenticate: Bearer");
    contains(push(w, "/v1/ingest/f", "", "{}"), "HTTP/1.1 401");
    contains(push(w, "/v1/ingest/g", BEARER, "{}"), "HTTP/1.1 404");
    contains(push(w, "/v1/ingest/poll", BEARER, "{}"), "HTTP/1.1 403");
    w->push.enabled = false;
    contains(push(w, "/v1/ingest/f", BEARER, "{}"), "HTTP/1.1 403");
    assert_int_equal(w->n_pushed + w->n_ingested, 0);
}

static void answers_repeats(void **state)
{
    struct world *w = *state;
    char sig[WEBHOOK_SIG_SIZE], headers[512];
    const char *body = "{\"lot\":\"A\",\"free\":3}";
    struct webhook_message m = {VIEW("m1"), NOW / 1000 - 200, view_of(body)};
    assert_int_equal(webhook_sign(VIEW(SECRET), &m, sig), 0);
    (void)snprintf(headers, sizeof headers,
                   "webhook-id: m1\r\nwebhook-timestamp: %lld\r\nwebhook-signature: %s\r\n",
                   (long long)m.timestamp_s, sig);
    w->code = INGEST_AWAY;
    contains(push(w, "/v1/ingest/f", headers, body), "HTTP/1.1 503");
    w->code = INGEST_OK;
    lacks(push(w, "/v1/ingest/f", headers, body), "duplicate"); /* what failed is not remembered */
    assert_int_equal(w->n_ingested, 2);
    const char *a = push(w, "/v1/ingest/f", headers, body);
    contains(a, "HTTP/1.1 200");
    contains(a, "\"duplicate\":true");
    assert_int_equal(w->n_ingested, 2);
    w->wall_ms += 101 * 1000;
    contains(push(w, "/v1/ingest/f", headers, body), "HTTP/1.1 401");
}

static void speaks_a_vendors_language(void **state)
{
    struct world *w = *state;
    const char *a = push(w, "/box/up", BEARER, "{\"list\":[{\"code\":\"A\",\"left\":3}]}");
    contains(a, "HTTP/1.1 200");
    contains(a, "{\"code\":0}");
    assert_int_equal(w->n_ingested, 1);
    w->code = INGEST_AWAY;
    contains(push(w, "/box/up", BEARER, "{\"list\":[{\"code\":\"A\",\"left\":3}]}"), "HTTP/1.1 503");
    contains(push(w, "/box/up", "", "{}"), "HTTP/1.1 401");
}

/* --- staff --- */

static void keeps_staff_routes_apart(void **state)
{
    struct world *w = *state;
    contains(get(w, "/metrics", ""), "HTTP/1.1 404");
    contains(get(w, "/v1/admin/status", ""), "HTTP/1.1 404");
    contains(ask(w, false, "DELETE /v1/admin/feeds/f", "", ""), "HTTP/1.1 404");
    const char *a = ask(w, true, "GET /metrics", "", "");
    contains(a, "text/plain; version=0.0.4");
    contains(a, "fake_metric 1\n");
    contains(a, "parkd_http_connections{listener=\"staff\"} 1\n");
    contains(ask(w, true, "GET /v1/admin/status", "", ""), "\"feeds\":[],\"http\":{");
    contains(ask(w, true, "GET /v1/lots", "", ""), "\"count\":2");
    contains(ask(w, true, "POST /v1/admin/feeds/poll/poll", "", ""), "HTTP/1.1 202");
    contains(ask(w, true, "POST /v1/admin/feeds/f/poll", "", ""), "HTTP/1.1 409");
    contains(ask(w, true, "POST /v1/admin/sinks/s/resume", "", ""), "HTTP/1.1 404");
    contains(ask(w, true, "POST /v1/admin/feeds/poll/poll", "Origin: http://evil\r\n", ""), "HTTP/1.1 403");
}

static void shows_registrations(void **state)
{
    struct world *w = *state;
    const char *a = ask(w, true, "GET /v1/admin/feeds", "", "");
    contains(a, "{\"feeds\":[{\"id\":\"f\",\"dialect\":\"native\",\"params\":"
                "{\"pw\":\"***\"},"
                "\"auth\":{\"bearer_sha256\":1}}],\"count\":1}");
    a = ask(w, true, "GET /v1/admin/feeds/f", "", "");
    contains(a, "ETag: \"5\"\r\n");
    contains(a, "\"pw\":\"***\"");
    contains(ask(w, true, "GET /v1/admin/feeds/g", "", ""), "HTTP/1.1 404");
    contains(ask(w, true, "GET /v1/admin/lots/A", "", ""), "ETag: \"7\"");
    contains(ask(w, true, "GET /v1/admin/lots", "", ""), "\"count\":2");
}

static void puts_registrations(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *line, *headers, *body, *status, *text;
        uint64_t if_version;
    } rows[] = {
        {"PUT /v1/admin/lots/C", "", "\xEF\xBB\xBF {\"id\":\"C\",\"name\":\"c\"} ", "201",
         "{\"id\":\"C\",\"version\":12}", 0},
        {"PUT /v1/admin/lots/A", "", "{\"id\":\"A\",\"name\":\"c\"}", "200", "ETag: \"12\"", 0},
        {"PUT /v1/admin/lots/A", "If-Match: \"7\"\r\n", "{\"id\":\"A\",\"name\":\"c\"}", "200", "", 7},
        {"PUT /v1/admin/lots/A", "If-Match: *\r\n", "{\"id\":\"A\",\"name\":\"c\"}", "200", "", 7},
        {"PUT /v1/admin/lots/C", "If-None-Match: *\r\n", "{\"id\":\"C\",\"name\":\"c\"}", "201", "",
         UINT64_MAX},
        {"PUT /v1/admin/lots/A", "If-None-Match: *\r\n", "{\"id\":\"A\",\"name\":\"c\"}", "412",
         "changed-meanwhile", 0},
        {"PUT /v1/admin/lots/A", "If-Match: \"6\"\r\n", "{\"id\":\"A\",\"name\":\"c\"}", "412",
         "changed-meanwhile", 0},
        {"PUT /v1/admin/lots/A", "If-Match: 0\r\n", "{\"id\":\"A\",\"name\":\"c\"}", "412",
         "changed-meanwhile", 0},
        {"PUT /v1/admin/lots/A", "If-Match: x\r\n", "{\"id\":\"A\",\"name\":\"c\"}", "400", "bad-parameter",
         0},
        {"PUT /v1/admin/lots/A", "", "{\"id\":\"B\",\"name\":\"c\"}", "422", "\"pointer\":\"/id\"", 0},
        {"PUT /v1/admin/lots/A", "", "{\"id\":\"A\"}", "422", "\"pointer\":\"/name\"", 0},
        {"PUT /v1/admin/lots/A", "", "{\"id\":\"A\",\"name\":\"c\",\"taken\":1}", "409", "/foreign_id", 0},
        {"PUT /v1/admin/lots/A", "", "{\"id\":\"A\",\"id\":\"A\"}", "400", "malformed", 0},
        {"PUT /v1/admin/lots/A", "", "[]", "422", "must be an object", 0},
        {"PUT /v1/admin/feeds/f", "", "{\"id\":\"f\",\"params\":{\"pw\":\"***\"}}", "422",
         "\"pointer\":\"/params/pw\"", 0},
        {"DELETE /v1/admin/feeds/f", "", "", "204", "", 0},
        {"DELETE /v1/admin/feeds/f", "If-Match: \"4\"\r\n", "", "412", "", 0},
        {"DELETE /v1/admin/feeds/g", "", "", "404", "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char status[32];
        w->saved[0] = '\0';
        const char *a = ask(w, true, rows[i].line, rows[i].headers, rows[i].body);
        (void)snprintf(status, sizeof status, "HTTP/1.1 %s", rows[i].status);
        contains(a, status);
        contains(a, rows[i].text);
        assert_int_equal(w->saved[0] != '\0', rows[i].status[0] == '2');
        assert_true(!w->saved[0] || w->if_version == rows[i].if_version);
    }
    (void)ask(w, true, rows[0].line, "", rows[0].body);
    assert_string_equal(w->saved, "{\"id\":\"C\",\"name\":\"c\"}"); /* no byte order mark, no blanks */
    w->save_err = ERR_CONFLICT;
    contains(ask(w, true, rows[0].line, "", rows[0].body), "HTTP/1.1 412");
    w->save_err = ERR_AWAY;
    contains(ask(w, true, rows[0].line, "", rows[0].body), "HTTP/1.1 503");
}

/* --- the end --- */

static void ends_with_questions_open(void **state)
{
    struct world *w = *state;
    struct raw_client *c = raw_connect(api_public_address(w->api));
    const char *body = "{\"lot\":\"A\",\"free\":3}";
    char request[512];
    w->hold = true;
    (void)snprintf(request, sizeof request,
                   "POST /v1/ingest/f HTTP/1.1\r\nHost: x\r\n" BEARER "Content-Length: %zu\r\n\r\n%s",
                   strlen(body), body);
    raw_say(c, request);
    run_until(w->loop, &w->n_ingested, 1);
    api_stop(w->api, 50, on_stopped, w);
    run_until(w->loop, &w->stopped, 1);
    api_free(w->api); /* and only then the store tells */
    w->api = NULL;
    w->code = INGEST_AWAY;
    on_later(w);
    raw_close(c);
}

static void cannot_listen_twice(void **state)
{
    struct world *w = *state;
    struct api_conf conf = {.public_listen = "127.0.0.1:0",
                            .staff_listen = api_staff_address(w->api),
                            .max_body = 1000,
                            .max_connections = 5};
    struct api_port port = {.ctx = w};
    struct why why = {0};
    assert_null(
        api_new(w->loop, &w->clock, w->reg, &conf, &port, &why)); /* the first listener was open already */
    assert_true(why.text[0]);
}

/* --- the gate --- */

static void the_gate_asks_who(void **state)
{
    struct world *w = *state;
    w->role = ROLE_NOBODY;
    contains(ask(w, true, "GET /v1/admin/feeds", "", ""), "HTTP/1.1 401");
    assert_int_equal(w->outcome, 0); /* nothing was to change */
    contains(ask(w, true, "PUT /v1/admin/feeds/f", "", "{}"), "HTTP/1.1 401");
    assert_int_equal(w->outcome, 401);
    assert_int_equal(w->n_witnessed, 0);
    w->role = ROLE_VIEWER;
    contains(ask(w, true, "GET /v1/admin/feeds", "", ""), "HTTP/1.1 200");
    contains(ask(w, true, "PUT /v1/admin/feeds/f", "", "{}"), "HTTP/1.1 403");
    assert_int_equal(w->outcome, 403);
    w->identify_err = ERR_AUTH;
    contains(ask(w, true, "GET /v1/admin/feeds", "", ""), "no good");
    contains(ask(w, true, "POST /v1/session", "", ""), "HTTP/1.1 201"); /* with an old cookie */
    contains(ask(w, false, "GET /v1/lots", "", ""), "HTTP/1.1 200");    /* nobody is asked */
}

static void what_cannot_be_witnessed_does_not_happen(void **state)
{
    struct world *w = *state;
    w->witness_err = ERR_AWAY;
    contains(ask(w, true, "DELETE /v1/admin/feeds/f", "", ""), "HTTP/1.1 503");
    assert_int_equal(w->waiting, WAIT_NOTHING);
    assert_int_equal(w->outcome, 0);
    w->witness_err = 0;
    contains(ask(w, true, "DELETE /v1/admin/feeds/nothing", "", ""), "HTTP/1.1 404");
    assert_int_equal(w->outcome, 404);
    assert_int_equal(w->n_witnessed, 2);
}

static void the_office_answers(void **state)
{
    struct world *w = *state;
    const char *a = ask(w, true, "POST /v1/admin/accounts/me/invite", "", "");
    contains(a, "HTTP/1.1 201");
    contains(a, "ETag: \"9\"");
    contains(a, "Set-Cookie: a=b");
    contains(a, "filename=\"f.csv\"");
    contains(a, "\r\n\r\nme");
    a = ask(w, false, "POST /v1/session", "", "busy");
    contains(a, "HTTP/1.1 429");
    contains(a, "Retry-After: 7");
    assert_int_equal(w->outcome, 429);
    contains(ask(w, false, "POST /v1/session", "", "wrong"), "/name");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_gate_asks_who, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_witnessed_does_not_happen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_office_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_the_public, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_answers_and_tags, set_up, tear_down),
        cmocka_unit_test_setup_teardown(serves_heads_and_options, set_up, tear_down),
        cmocka_unit_test_setup_teardown(serves_the_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_history, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_pushes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_strangers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_repeats, set_up, tear_down),
        cmocka_unit_test_setup_teardown(speaks_a_vendors_language, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_staff_routes_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shows_registrations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(puts_registrations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_with_questions_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cannot_listen_twice, set_up, tear_down),
    };
    log_setup(&(struct log_conf){.level = LOG_LEVEL_ERROR});
    return cmocka_run_group_tests(tests, NULL, NULL);
}
