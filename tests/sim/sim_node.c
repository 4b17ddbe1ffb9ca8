/* SPDX-License-Identifier: MIT
 * One parkd: the product's stages, wired as app/ wires them, without listeners and office.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "parkd/base/json.h"
#include "parkd/net/loop.h"
#include "parkd/norm/norm.h"
#include "sim.h"
#include "store/store_impl.h"

struct node {
    struct clock clock; /* first: its functions find the node by it */
    struct life *life;  /* NULL: not running */
    struct app app;
    bool loaded, ending;
};

/* A push on its way through a node. */
struct push {
    void (*done)(void *ctx, bool good, uint64_t seq);
    void *ctx;
    bool beat;
};

int64_t node_skew[SIM_NODES];
static struct node nodes[SIM_NODES];
static const char *folder;

static int64_t wall(const struct clock *c)
{
    int at = 0;
    while (&nodes[at].app.clock != c && &nodes[at].clock != c)
        at++;
    return node_wall(at);
}

static int64_t mono(const struct clock *c)
{
    (void)c;
    return sim_now;
}

int64_t node_wall(int node)
{
    return SIM_WALL + sim_now + node_skew[node];
}

void nodes_init(const char *in)
{
    folder = in;
    memset(nodes, 0, sizeof nodes);
    memset(node_skew, 0, sizeof node_skew);
}

/* --- what the store tells --- */

static void take(struct app *a, enum noun noun, struct view json, struct why *why)
{
    struct json *doc = NULL;
    struct feed feed;
    struct sink sink;
    int err = json_parse(json, &doc, why);
    if (!err && noun == NOUN_FEED)
        err = feed_parse(doc, &feed, why) || feeds_put(a->feeds, &feed, why);
    else if (!err && noun == NOUN_SINK)
        err = sink_parse(doc, &sink, why) || publisher_put(a->publisher, &sink, why);
    json_free(doc);
    if (err)
        sim_fail("a registration is refused: %s %s", why->at, why->text);
}

static void on_registration(void *ctx, enum noun noun, struct view id, struct view json, uint64_t version)
{
    struct node *n = ctx;
    struct why why = {0};
    (void)id;
    (void)version;
    if (n->ending || !json.n || noun == NOUN_LOT)
        return;
    memory_spares = true; /* else somebody would have to register it once more */
    take(&n->app, noun, json, &why);
    memory_spares = false;
}

static void on_loaded(void *ctx, bool first)
{
    struct node *n = ctx;
    if (n->ending)
        return;
    sim_trace("node %d loaded first=%d", n->life->node, first);
    if (!first) {
        publisher_reload(n->app.publisher);
        return;
    }
    n->loaded = true;
    feeds_start(n->app.feeds);
    pipeline_start(n->app.pipeline);
}

static void on_away(void *ctx, bool away, const char *reason)
{
    struct node *n = ctx;
    sim_trace("node %d redis away=%d %s", n->life->node, away, reason ? reason : "");
}

static int apply_hint(void *ctx, const struct lot *lot, const struct reading *held, int32_t delta,
                      int64_t at_ms, struct reading *out)
{
    struct node *n = ctx;
    return norm_hint(lot, held, delta, at_ms, node_wall(n->life->node), out);
}

/* --- its life --- */

static void make_store(struct node *n)
{
    char dir[600];
    struct why why = {0};
    struct app *a = &n->app;
    (void)snprintf(dir, sizeof dir, "%s/node%d", folder, n->life->node);
    const struct store_conf conf = {.redis_url = "unix:///sim/redis.sock",
                                    .state_dir = dir,
                                    .prefix = "parkd:",
                                    .fsync = "always",
                                    .partitions = 1,
                                    .keep_days = 40,
                                    .keep_hour_days = 400};
    const struct store_events ev = {n, on_registration, on_loaded, on_away, apply_hint};
    a->store = store_new(a->loop, &a->clock, &conf, a->reg, &ev, &why);
    if (!a->store)
        sim_fail("node %d has no store: %s %s", n->life->node, why.at, why.text);
}

static void make_stages(struct node *n)
{
    static const char *const no_folders[] = {NULL};
    struct app *a = &n->app;
    struct publish_port pp;
    struct feeds_port fp;
    struct why why;
    int failed = 0;
    wire_publish(a, &pp);
    wire_feeds(a, &fp);
    const struct fetch_limits limits = {.max_active = 64};
    a->feed_fetcher = fetcher_new(a->loop, &limits, NULL);
    a->sink_fetcher = fetcher_new(a->loop, &limits, NULL);
    a->dialects = dialects_load(no_folders, &failed, &why);
    a->publisher = publisher_new(a->loop, &a->clock, a->reg, a->sink_fetcher, a->dialects, &pp);
    a->pipeline = pipeline_new(a->loop, &a->clock, a->reg, a->store);
    a->feeds = feeds_new(a->loop, &a->clock, a->feed_fetcher, a->dialects, a->reg, &fp);
    if (!a->publisher || !a->pipeline || !a->feeds)
        abort();
}

void node_start(int node)
{
    struct node *n = &nodes[node];
    struct why why = {0};
    struct life *life = calloc(1, sizeof *life);
    if (!life)
        abort();
    sim_trace("node %d starts", node);
    *n = (struct node){.life = life};
    *life = (struct life){.node = node};
    n->clock = n->app.clock = (struct clock){.wall = wall, .mono = mono};
    sim_life = life;
    memory_spares = true; /* who cannot start says so and ends */
    n->app.loop = loop_new();
    n->app.reg = registry_new();
    make_store(n);
    make_stages(n);
    if (store_start(n->app.store, &why))
        sim_fail("node %d cannot start: %s", node, why.text);
    memory_spares = false;
    sim_life = NULL;
}

static void forget(struct node *n)
{
    struct life *life = n->life;
    fetch_of_dead(life);
    life->dead = true;
    n->life = NULL;
}

/* What a crash leaves: nothing but the files. */
void node_kill(int node)
{
    struct node *n = &nodes[node];
    if (!n->life)
        return;
    sim_trace("node %d is killed", node);
    if (n->app.store)
        store_dir_close(n->app.store);
    forget(n);
}

static void on_store_stopped(void *ctx)
{
    struct node *n = ctx;
    sim_trace("node %d ended", n->life->node);
    n->app.store = NULL;
    forget(n);
}

static void on_publisher_stopped(void *ctx)
{
    struct node *n = ctx;
    pipeline_stop(n->app.pipeline);
    store_stop(n->app.store, 5000, on_store_stopped, n);
}

void node_end(int node)
{
    struct node *n = &nodes[node];
    if (!n->life || n->ending || n->life->frozen_until > sim_now)
        return;
    sim_trace("node %d is told to end", node);
    n->ending = true;
    sim_life = n->life;
    feeds_free(n->app.feeds);
    n->app.feeds = NULL;
    publisher_stop(n->app.publisher, 5000, on_publisher_stopped, n);
    sim_life = NULL;
}

bool node_alive(int node)
{
    return nodes[node].life != NULL;
}

bool node_ready(int node)
{
    struct node *n = &nodes[node];
    return n->life && !n->ending && n->loaded && store_up(n->app.store);
}

void node_freeze(int node, int64_t ms)
{
    if (!nodes[node].life)
        return;
    sim_trace("node %d stands still for %lld ms", node, (long long)ms);
    if (nodes[node].life->frozen_until < sim_now + ms) /* two stops are as long as the longer one */
        nodes[node].life->frozen_until = sim_now + ms;
}

void node_resume_sink(int node)
{
    if (!node_ready(node))
        return;
    sim_life = nodes[node].life;
    (void)publisher_resume(nodes[node].app.publisher, view_of("city"));
    sim_life = NULL;
}

/* --- pushes --- */

static void on_ingested(void *ctx, const struct ingest_result *results, size_t n)
{
    struct push *p = ctx;
    enum ingest_code code = results[0].code;
    (void)n;
    if (code == INGEST_REJECTED && !p->beat) /* a sign of life before any number is not for us to keep */
        sim_fail("a push is rejected: %s %s", results[0].why.at, results[0].why.text);
    p->done(p->ctx, code != INGEST_AWAY, results[0].seq);
    free(p);
}

bool node_push(int node, const struct report *r, void (*done)(void *ctx, bool good, uint64_t seq), void *ctx)
{
    struct node *n = &nodes[node];
    if (!n->life || n->ending || !n->loaded)
        return false;
    const struct feed *feed = feeds_find(n->app.feeds, view_of("n"));
    struct push *p = calloc(1, sizeof *p);
    struct report one = *r;
    const struct report_list list = {.v = &one, .n = 1, .cap = 1};
    if (!p || !feed)
        abort();
    *p = (struct push){done, ctx, r->kind == REPORT_BEAT};
    sim_life = n->life;
    bool taken = pipeline_ingest(n->app.pipeline, feed, &list, on_ingested, p) == 0;
    sim_life = NULL;
    if (!taken)
        free(p); /* answered 503 */
    return taken;
}

int64_t node_frozen_until(int node)
{
    return nodes[node].life ? nodes[node].life->frozen_until : 0;
}

const struct reading *node_reading(int node, int lot)
{
    struct node *n = &nodes[node];
    uint32_t at = n->life ? registry_find(n->app.reg, view_of(lot_name(lot))) : REGISTRY_NONE;
    return at == REGISTRY_NONE ? NULL : &registry_lot(n->app.reg, at)->reading;
}

/* --- the district --- */

static void on_put(void *ctx, int err, uint64_t version)
{
    (void)ctx;
    (void)version;
    if (err)
        sim_fail("a registration is not written: %s", err_name(err));
}

static void put(struct store *st, enum noun noun, const char *id, const char *json)
{
    if (store_put(st, noun, view_of(id), view_of(json), 0, on_put, NULL))
        sim_fail("%s is refused: %s", id, json);
}

void node_register(int node)
{
    static const char poll[] =
        "{\"id\":\"%s\",\"dialect\":\"generic\",\"mode\":\"poll\",\"url\":\"http://lots/%s\","
        "\"interval_ms\":%d,\"params\":{\"mapping\":{\"format\":\"json\",\"items\":\"/lots\","
        "\"lot\":\"/id\",\"free\":\"/free\",\"time\":%s}}}";
    char json[1000];
    struct store *st = nodes[node].app.store;
    sim_life = nodes[node].life;
    put(st, NOUN_FEED, "n", "{\"id\":\"n\",\"dialect\":\"native\",\"mode\":\"push\",\"params\":{}}");
    (void)snprintf(json, sizeof json, poll, "q", "q", 60000, "{\"path\":\"/at\",\"format\":\"ms\"}");
    put(st, NOUN_FEED, "q", json);
    (void)snprintf(json, sizeof json, poll, "u", "u", 45000, "null");
    put(st, NOUN_FEED, "u", json);
    put(st, NOUN_SINK, "city",
        "{\"id\":\"city\",\"dialect\":\"native\",\"url\":\"http://platform/"
        "v1\",\"refresh_s\":3600,\"heartbeat_s\":300,"
        "\"min_interval_ms\":1000,\"timeout_ms\":5000}");
    for (int i = 0; i < SIM_LOTS; i++) {
        (void)snprintf(
            json, sizeof json,
            "{\"id\":\"%s\",\"name\":\"%s\",\"feed\":\"%s\",\"foreign_id\":\"X%s\",\"total\":60000,"
            "\"stage\":\"connected\"}",
            lot_name(i), lot_name(i), lot_feed(i), lot_name(i));
        put(st, NOUN_LOT, lot_name(i), json);
    }
    sim_life = NULL;
}

bool node_shows(int node, int lot)
{
    const struct node *n = &nodes[node];
    uint32_t at = n->life && n->loaded ? registry_find(n->app.reg, view_of(lot_name(lot))) : REGISTRY_NONE;
    const struct registry_lot *l = at == REGISTRY_NONE ? NULL : registry_lot(n->app.reg, at);
    return l && l->reading.free != COUNT_NONE &&
           freshness_current(&l->reading, l->interval_ms, node_wall(node));
}

void node_tell(int node)
{
    struct node *n = &nodes[node];
    struct json_writer w;
    struct buf b;
    if (!n->life)
        return;
    buf_init(&b, 65536);
    jw_init(&w, &b);
    jw_array(&w, NULL);
    publisher_write_status(n->app.publisher, &w);
    feeds_write_status(n->app.feeds, &w);
    jw_end_array(&w);
    sim_trace("node %d store=%s " VIEW_FMT, node, store_up(n->app.store) ? "up" : "away", (int)b.n, b.p);
    buf_fini(&b);
}
