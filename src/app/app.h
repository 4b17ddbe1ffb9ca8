/* SPDX-License-Identifier: MIT
 * The whole program as one object: parts are made in order, ended in reverse, each step waiting for the one
 * before.
 *
 * The wire_*.c files fill the ports that stages declare; nothing else knows two stages at once.
 */
#ifndef PARKD_APP_APP_H
#define PARKD_APP_APP_H

#include "app/directory.h"
#include "app/pipeline.h"
#include "app/tries.h"
#include "parkd/api/api.h"
#include "parkd/api/pages.h"
#include "parkd/base/crypto.h"
#include "parkd/conf/conf.h"
#include "parkd/feed/feeds.h"
#include "parkd/model/holidays.h"
#include "parkd/net/addr_filter.h"
#include "parkd/net/fetch.h"
#include "parkd/office/office.h"
#include "parkd/publish/publisher.h"
#include "parkd/store/store.h"

struct app {
    struct conf conf;
    const char *conf_path;                /* NULL: none; read again on SIGHUP */
    const char *flag_state, *flag_listen; /* what the command line set, NULL if not */
    struct clock clock;
    struct addr_filter filter; /* what may be polled */
    struct holidays holidays;
    struct pages_conf pages;
    struct addr_filter proxies;               /* in front of the public listener */
    char socket[CONF_PATH_SIZE + 16];         /* "unix:…/staff.sock" */
    unsigned char master_key[SEAL_KEY_BYTES]; /* seals secrets */

    struct loop *loop;
    struct registry *reg;
    struct directory *dir;
    struct store *store;
    struct dialects *dialects;
    struct fetcher *feed_fetcher,
        *sink_fetcher; /* one each: slow lots must not use up the platform's connections */
    struct publisher *publisher;
    struct pipeline *pipeline;
    struct feeds *feeds;
    struct fetcher *office_fetcher;
    struct office *office;
    struct api *api;
    struct timer *watchdog;
    struct try_run *tries; /* trials on their way */
    struct sink_try *sink_tries;
    int n_tries;

    bool loaded, ending;
    int exit_status;
    int64_t started_mono_ms;
};

/* Ports. */
void wire_store(struct app *a, struct store_events *ev);
void wire_feeds(struct app *a, struct feeds_port *port);
void wire_publish(struct app *a, struct publish_port *port);
void wire_api(struct app *a, struct api_port *port);
void wire_office(struct app *a, struct office_port *port);
void wire_metrics(struct app *a, struct buf *out);
void wire_status(struct app *a, struct json_writer *w);

/* Checks a registration as a put would; ERR_* with `why`. */
int check_lot(const struct app *a, const struct json *doc, struct why *why) must_check;
int check_feed(const struct app *a, const struct json *doc, struct why *why) must_check;
int check_sink(const struct app *a, const struct json *doc, struct why *why) must_check;

/* store_put with the document's secrets sealed. */
int app_store_put(struct app *a, enum noun noun, struct view id, struct view json, uint64_t if_version,
                  store_done_fn *done, void *done_ctx) must_check;

/* Registrations as api and office write them; ctx is the app. */
int registration_check(void *ctx, enum noun noun, struct view id, const struct json *doc,
                       struct why *why) must_check;
int registration_put(void *ctx, enum noun noun, struct view id, struct view json, uint64_t if_version,
                     store_done_fn *done, void *done_ctx) must_check;
int registration_remove(void *ctx, enum noun noun, struct view id, store_done_fn *done,
                        void *done_ctx) must_check;
struct view app_dialect_params(void *ctx, struct view dialect);

/* A feed's or sink's registration as it now stands goes to who works with it; json empty: removed. */
void app_apply_registration(struct app *a, enum noun noun, struct view id, struct view json);
/* The store has loaded everything for the first time. */
void app_loaded(struct app *a);

/* Seeds an empty store from the district file; calls back when all is written (at once if there is nothing to
 * do). */
void district_seed(struct app *a, void (*done)(struct app *a, int err));

/* Defaults, file, environment, command line, checked. */
int app_read_conf(const struct app *a, struct conf *out, struct why *why) must_check;

/* The private subnets that feeds may be polled in; ERR_INVALID names the wrong one. */
/* ERR_INVALID names the wrong one. */
/* Borrows the texts of `c`. */
int app_take_pages(const struct conf *c, struct pages_conf *out, struct why *why) must_check;
int app_take_holidays(const struct conf *c, struct holidays *out, struct why *why) must_check;
int app_take_subnets(const struct conf *c, struct addr_filter *polled, struct addr_filter *proxies,
                     struct why *why) must_check;

/* Runs the program until its end. Returns the exit status. */
int app_run(struct app *a);
/* Begins the orderly end; `status` is the exit status. */
void app_end(struct app *a, int status);

/* The key that seals secrets: office.master_key_file, else the service manager's credential parkd-master-key,
 * else master.key in the state directory, which is made when it is not there. */
int master_key_read(const struct conf *c, unsigned char dst[SEAL_KEY_BYTES], struct why *why) must_check;

/* run.json in the state directory. */
int run_file_write(const struct app *a, struct why *why) must_check;
void run_file_remove(const struct app *a);
/* Tells the owner of the state directory the first administrator's one-time link ("": there is none, and no
 * file either). */
void first_link_tell(const struct app *a, const char *token);

#endif
