/* SPDX-License-Identifier: MIT
 * Makes the parts in order, connects them, and ends them in reverse.
 */
#include "app/app.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/service.h"
#include "parkd/base/log.h"
#include "parkd/model/secrets.h"
#include "parkd/net/loop.h"
#include "parkd/net/timer.h"

#define GRACE_MS            5000
#define SINK_MAX_BODY       (64 * 1024)
#define MAX_HEAD            (64 * 1024)
#define UNIX_PATH_MAX_BYTES 108 /* of sun_path, with the NUL */

static void setup_log(const struct conf *c)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    struct log_conf lc = {.level = LOG_LEVEL_INFO, .json = strcmp(c->log.format, "json") == 0};
    for (int i = 0; i < 4; i++)
        if (strcmp(c->log.level, levels[i]) == 0)
            lc.level = (enum log_level)i;
    lc.journal = getenv("JOURNAL_STREAM") != NULL;
    log_setup(&lc);
}

static int fail(struct app *a, const char *what, const struct why *why)
{
    log_error(APP, "cannot start: %s: %s%s%s", what, why->at, why->at[0] ? " " : "", why->text);
    a->exit_status = 1;
    return ERR_STATE;
}

/* Own folders first, the packaged ones last. */
static struct dialects *load_dialects(const struct conf *c, int *n_failed, struct why *why)
{
    const char *folders[CONF_LIST_MAX + 2] = {0};
    int n = 0;
    for (int i = 0; i < c->dialects.folders.n; i++)
        folders[n++] = c->dialects.folders.v[i];
    folders[n] = PARKD_SHARE "/dialects";
    return dialects_load(folders, n_failed, why);
}

static int take_subnets(const struct conf_list *list, const char *at, struct addr_filter *out,
                        struct why *why)
{
    for (int i = 0; i < list->n; i++) {
        if (list->v[i][0] && addr_filter_allow(out, view_of(list->v[i])))
            return why_set(why, ERR_INVALID, at, "%s is not a subnet", list->v[i]);
    }
    return 0;
}

int app_take_holidays(const struct conf *c, struct holidays *out, struct why *why)
{
    for (int i = 0; i < c->district.holidays.n; i++) {
        const char *day = c->district.holidays.v[i];
        if (day[0] && holidays_add(out, view_of(day)))
            return why_set(why, ERR_INVALID, "/district/holidays",
                           "%s is no day like 2027-01-01 or 2026-10-01/2026-10-07", day);
    }
    return 0;
}

int app_take_pages(const struct conf *c, struct pages_conf *out, struct why *why)
{
    *out = (struct pages_conf){.tiles = {.url = c->map.tiles,
                                         .attribution = c->map.tiles_attribution,
                                         .max_zoom = (int)c->map.tiles_max_zoom},
                               .embedders = c->public.embedders};
    for (int i = 0; i < c->public.navigators.n; i++) {
        const char *name = c->public.navigators.v[i];
        if (name[0] && navigators_add(&out->navigators, view_of(name)))
            return why_set(why, ERR_INVALID, "/public/navigators",
                           "%s is none of amap, baidu, apple, geo, or stands there twice", name);
    }
    if (datum_of(view_of(c->map.tiles_datum), &out->tiles.datum))
        return why_set(why, ERR_INVALID, "/map/tiles_datum", "is no datum");
    return pages_check(out, why);
}

int app_take_subnets(const struct conf *c, struct addr_filter *polled, struct addr_filter *proxies,
                     struct why *why)
{
    int err = take_subnets(&c->net.allow_subnets, "/net/allow_subnets", polled, why);
    return err ? err : take_subnets(&c->public.trusted_proxies, "/public/trusted_proxies", proxies, why);
}

static int setup_state_dir(const struct app *a, struct why *why)
{
    if (mkdir(a->conf.state_dir, 0700) == 0 || errno == EEXIST)
        return 0;
    return why_set(why, ERR_IO, "/state_dir", "cannot make %s: %s", a->conf.state_dir, strerror(errno));
}

static void setup_clock(struct app *a)
{
    if (a->conf.test.clock_rate > 0)
        clock_test(&a->clock, a->conf.test.clock_start_ms, a->conf.test.clock_origin_ms,
                   a->conf.test.clock_rate);
    else
        clock_system(&a->clock);
    a->started_mono_ms = clock_mono_ms(&a->clock);
}

static int make_store(struct app *a, struct why *why)
{
    struct store_events ev;
    char mark[SECRETS_MARK_SIZE];
    if (master_key_read(&a->conf, a->master_key, why) || secrets_key_mark(a->master_key, mark))
        return ERR_IO;
    struct store_conf sc = {.key_mark = mark,
                            .redis_url = a->conf.redis.url,
                            .state_dir = a->conf.state_dir,
                            .redis_server = a->conf.redis.server,
                            .prefix = a->conf.redis.prefix,
                            .fsync = a->conf.redis.fsync,
                            .max_memory_mb = a->conf.redis.max_memory_mb,
                            .partitions = (unsigned)a->conf.redis.partitions,
                            .keep_days = (int)a->conf.series.keep_days,
                            .keep_hour_days = (int)a->conf.series.keep_hour_days};
    wire_store(a, &ev);
    a->store = store_new(a->loop, &a->clock, &sc, a->reg, &ev, why);
    return a->store ? 0 : ERR_STATE;
}

static int make_fetchers(struct app *a)
{
    struct fetch_limits limits = {.max_body = (size_t)a->conf.net.max_answer_kb * 1024,
                                  .max_head = MAX_HEAD,
                                  .max_active = (int)a->conf.net.max_polls,
                                  .max_per_host = (int)a->conf.net.max_polls_per_host,
                                  .connect_ms = a->conf.net.connect_ms};
    a->feed_fetcher = fetcher_new(a->loop, &limits, &a->filter);
    limits.max_body = SINK_MAX_BODY;
    limits.max_active = 64;
    limits.max_per_host = 8;
    a->sink_fetcher = fetcher_new(a->loop, &limits, NULL);
    limits.max_active = 8;
    limits.max_per_host = 2;
    a->office_fetcher = fetcher_new(a->loop, &limits, &a->filter);
    return a->feed_fetcher && a->sink_fetcher && a->office_fetcher ? 0 : ERR_NOMEM;
}

static int make_stages(struct app *a)
{
    struct publish_port pp;
    struct feeds_port fp;
    wire_publish(a, &pp);
    wire_feeds(a, &fp);
    if (!(a->publisher = publisher_new(a->loop, &a->clock, a->reg, a->sink_fetcher, a->dialects, &pp)) ||
        !(a->pipeline = pipeline_new(a->loop, &a->clock, a->reg, a->store)) ||
        !(a->feeds = feeds_new(a->loop, &a->clock, a->feed_fetcher, a->dialects, a->reg, &fp)))
        return ERR_NOMEM;
    return 0;
}

/* Whoever may open this socket is the administrator, so it stands in the state directory, which is its
 * owner's alone. */
static int set_socket(struct app *a, struct why *why)
{
    if (strncmp(a->conf.staff.listen, "unix:", 5) == 0) { /* elsewhere, and nothing else */
        memcpy(a->socket, a->conf.staff.listen, sizeof a->conf.staff.listen);
        return 0;
    }
    if (strlen(a->conf.state_dir) + sizeof "/staff.sock" > UNIX_PATH_MAX_BYTES) {
        if (!a->conf.staff.listen[0])
            return why_set(why, ERR_TOO_BIG, "/state_dir",
                           "its path is too long for a socket in it, and staff.listen is empty");
        log_warn(APP, "staff.sock=none reason=\"the path of the state directory is too long for a socket; "
                      "parkctl needs --staff URL "
                      "and a key\"");
        return 0;
    }
    (void)snprintf(a->socket, sizeof a->socket, "unix:%.107s/staff.sock", a->conf.state_dir);
    return 0;
}

static int make_api(struct app *a, struct why *why)
{
    struct api_port port;
    struct api_conf ac = {.public_listen = a->conf.public.listen,
                          .staff_listen =
                              strncmp(a->conf.staff.listen, "unix:", 5) ? a->conf.staff.listen : "",
                          .socket = a->socket,
                          .staff_cert_file = a->conf.staff.tls_cert_file,
                          .staff_key_file = a->conf.staff.tls_key_file,
                          .tls_cert_file = a->conf.public.tls_cert_file,
                          .tls_key_file = a->conf.public.tls_key_file,
                          .public_url = a->conf.public.url,
                          .max_body = a->conf.public.max_body_kb * 1024,
                          .max_connections = (int)a->conf.public.max_connections,
                          .max_per_address = (int)a->conf.public.max_per_address,
                          .rate_per_minute = (int)a->conf.public.rate_per_minute,
                          .max_streams = (int)a->conf.public.max_streams,
                          .proxies = &a->proxies,
                          .pages = &a->pages,
                          .holidays = &a->holidays,
                          .district_name = a->conf.district.name};
    if (set_socket(a, why))
        return ERR_TOO_BIG;
    wire_api(a, &port);
    a->api = api_new(a->loop, &a->clock, a->reg, &ac, &port, why);
    return a->api ? 0 : ERR_STATE;
}

static int make_office(struct app *a, struct why *why)
{
    struct office_port port;
    const struct office_conf oc = {.district_name = a->conf.district.name,
                                   .division = a->conf.district.division,
                                   .public_url = a->conf.public.url,
                                   .master_key = a->master_key};
    wire_office(a, &port);
    a->office = office_new(a->loop, &a->clock, a->reg, &oc, &port, why);
    return a->office ? 0 : ERR_STATE;
}

/* The registrations are there: open the doors, begin to ask. */
static void open_doors(struct app *a, int err)
{
    struct why why = {0};
    if (a->ending)
        return;
    if (err && !why_set(&why, ERR_OK, "", "the district file was not taken")) {
        (void)fail(a, "district", &why);
        app_end(a, 1);
        return;
    }
    if (make_api(a, &why) || run_file_write(a, &why)) {
        (void)fail(a, "listener", &why);
        app_end(a, 1);
        return;
    }
    a->loaded = true;
    first_link_tell(a, office_loaded(a->office));
    feeds_start(a->feeds);
    pipeline_start(a->pipeline);
    service_ready();
    log_info(APP, "ready=1 version=%s public=%s staff=%s redis=%s lots=%u ready_ms=%lld", PARKD_VERSION,
             api_public_address(a->api), api_staff_address(a->api), store_address(a->store),
             registry_count(a->reg), (long long)(clock_mono_ms(&a->clock) - a->started_mono_ms));
}

void app_loaded(struct app *a)
{
    district_seed(a, open_doors);
}

/* The end, in the reverse order of the start. */
static void on_store_stopped(void *ctx)
{
    struct app *a = ctx;
    a->store = NULL;
    loop_stop(a->loop);
}

static void on_publisher_stopped(void *ctx)
{
    struct app *a = ctx;
    pipeline_stop(a->pipeline);
    store_stop(a->store, GRACE_MS, on_store_stopped, a);
}

static void on_api_stopped(void *ctx)
{
    struct app *a = ctx;
    tries_cancel(a);
    office_stop(a->office);
    feeds_free(a->feeds);
    a->feeds = NULL;
    publisher_stop(a->publisher, GRACE_MS, on_publisher_stopped, a);
}

void app_end(struct app *a, int status)
{
    if (a->ending)
        return;
    a->ending = true;
    a->exit_status = status;
    service_stopping();
    log_info(APP, "ending=1");
    if (a->api)
        api_stop(a->api, GRACE_MS, on_api_stopped, a);
    else
        on_api_stopped(a);
}

/* SIGHUP: everything is parsed and checked first; then all of it counts, or nothing. */
static int reload(struct app *a, struct why *why)
{
    int n_failed = 0;
    struct conf *next = calloc(1, sizeof *next);
    int err = next ? app_read_conf(a, next, why) : ERR_NOMEM;
    const char *fixed = err ? NULL : conf_needs_restart(&a->conf, next);
    if (fixed)
        err = why_set(why, ERR_STATE, fixed, "cannot change while running; restart parkd");
    struct dialects *ds = err ? NULL : load_dialects(next, &n_failed, why);
    if (!err && (!ds || n_failed))
        err = ERR_SCRIPT;
    if (!err) {
        a->conf = *next;
        setup_log(&a->conf);
        struct dialects *before = a->dialects;
        a->dialects = ds;
        feeds_use_dialects(a->feeds, ds);
        publisher_use_dialects(a->publisher, ds);
        dialects_free(before);
    } else {
        dialects_free(ds);
    }
    free(next);
    return err;
}

static void on_signal(void *ctx, int signum)
{
    struct app *a = ctx;
    struct why why = {0};
    if (signum != SIGHUP) {
        app_end(a, 0);
        return;
    }
    if (!a->loaded || a->ending)
        return;
    service_reloading();
    if (reload(a, &why))
        log_error(APP, "reload=refused at=%s reason=\"%s\" nothing changed", why.at, why.text);
    else
        log_info(APP, "reload=done");
    service_ready();
}

static int start(struct app *a)
{
    struct why why = {0};
    int n_failed = 0;
    if (app_take_subnets(&a->conf, &a->filter, &a->proxies, &why) ||
        app_take_holidays(&a->conf, &a->holidays, &why) || app_take_pages(&a->conf, &a->pages, &why) ||
        setup_state_dir(a, &why))
        return fail(a, "configuration", &why);
    if (!(a->loop = loop_new()) || loop_on_signals(a->loop, on_signal, a) || !(a->reg = registry_new()) ||
        !(a->dir = directory_new()))
        return fail(a, "out of memory or descriptors", &why);
    if (make_store(a, &why))
        return fail(a, "store", &why);
    a->dialects = load_dialects(&a->conf, &n_failed, &why);
    if (n_failed)
        log_error(DIALECT, "failed=%d last=\"%s %s\" the others work", n_failed, why.at, why.text);
    if (!a->dialects || make_fetchers(a) || make_stages(a))
        return fail(a, "out of memory", &why);
    if (make_office(a, &why))
        return fail(a, "office", &why);
    if (store_start(a->store, &why))
        return fail(a, "store", &why);
    a->watchdog = service_watchdog(a->loop);
    return 0;
}

static void free_all(struct app *a)
{
    api_free(a->api);
    office_free(a->office);
    feeds_free(a->feeds);
    publisher_free(a->publisher);
    pipeline_free(a->pipeline);
    timer_free(a->watchdog);
    fetcher_free(a->feed_fetcher);
    fetcher_free(a->sink_fetcher);
    fetcher_free(a->office_fetcher);
    dialects_free(a->dialects);
    directory_free(a->dir);
    registry_free(a->reg);
}

int app_run(struct app *a)
{
    setup_clock(a);
    setup_log(&a->conf);
    if (start(a) == 0)
        (void)loop_run(a->loop);
    else if (a->store)
        store_stop(a->store, 0, on_store_stopped, a);
    if (a->store)
        (void)loop_run(a->loop);
    if (a->loaded) /* else it is that of another parkd */
        run_file_remove(a);
    free_all(a);
    if (a->loop && loop_close(a->loop)) {
        log_error(APP, "the loop did not close clean: a handle is still open");
        a->exit_status = a->exit_status ? a->exit_status : 1;
    }
    return a->exit_status;
}
