/* SPDX-License-Identifier: MIT
 * The configuration: one JSON file, one table of keys (conf_table.c), typed values.
 *
 * Precedence: command line, environment (PARKD_PUBLIC_LISTEN for public.listen), file, default. Unknown keys
 * are errors that name the nearest known key. A struct conf is a value without owner; a reload parses a whole
 * new one and takes it or leaves it. Pure but for conf_read_file.
 */
#ifndef PARKD_CONF_CONF_H
#define PARKD_CONF_CONF_H

#include "parkd/base/buf.h"

#define CONF_PATH_SIZE 512
#define CONF_LIST_MAX  16
#define CONF_MAX_FILE  (256 * 1024)

struct conf_list {
    int n;
    char v[CONF_LIST_MAX][CONF_PATH_SIZE];
};

struct conf {
    char state_dir[CONF_PATH_SIZE];
    struct {
        char listen[CONF_PATH_SIZE], tls_cert_file[CONF_PATH_SIZE], tls_key_file[CONF_PATH_SIZE],
            url[CONF_PATH_SIZE];
        int64_t max_connections, max_per_address, max_body_kb, rate_per_minute, max_streams;
        struct conf_list trusted_proxies, navigators;
        char embedders[CONF_PATH_SIZE];
    } public;
    struct {
        char tiles[CONF_PATH_SIZE], tiles_attribution[CONF_PATH_SIZE], tiles_datum[CONF_PATH_SIZE];
        int64_t tiles_max_zoom;
    } map;
    struct {
        char listen[CONF_PATH_SIZE], tls_cert_file[CONF_PATH_SIZE], tls_key_file[CONF_PATH_SIZE];
    } staff;
    struct {
        char master_key_file[CONF_PATH_SIZE];
    } office;
    struct {
        char url[CONF_PATH_SIZE], server[CONF_PATH_SIZE], prefix[CONF_PATH_SIZE], fsync[CONF_PATH_SIZE];
        int64_t max_memory_mb, partitions;
    } redis;
    struct {
        int64_t keep_days, keep_hour_days;
    } series;
    struct {
        struct conf_list folders;
    } dialects;
    struct {
        char name[CONF_PATH_SIZE], file[CONF_PATH_SIZE], division[CONF_PATH_SIZE];
        struct conf_list holidays;
    } district;
    struct {
        struct conf_list allow_subnets;
        int64_t max_polls, max_polls_per_host, connect_ms, max_answer_kb;
    } net;
    struct {
        char level[CONF_PATH_SIZE], format[CONF_PATH_SIZE];
    } log;
    struct {
        int64_t clock_start_ms, clock_origin_ms;
        double clock_rate;
    } test;
};

void conf_defaults(struct conf *c);
/* Takes the members of a JSON text over `c`. Fills `why` with the key's pointer; `c` is unchanged on failure.
 */
int conf_parse(struct view json, struct conf *c, struct why *why) must_check;
/* One key from the command line or the environment; lists are separated by commas. */
int conf_set(struct conf *c, const char *key, struct view value, struct why *why) must_check;
/* Every key's environment variable through `get` (getenv in the program). */
int conf_environment(struct conf *c, const char *(*get)(const char *name), struct why *why) must_check;
/* What single keys cannot tell: TLS needs both files, a test clock its rate, addresses their form. */
int conf_check(const struct conf *c, struct why *why) must_check;
/* The key that differs and cannot change while running, NULL if none. */
const char *conf_needs_restart(const struct conf *before, const struct conf *after);
/* All keys with their values as the configuration file would have them. */
int conf_print(const struct conf *c, struct buf *out) must_check;
/* The reference of all keys as a Markdown table. */
int conf_describe(struct buf *out) must_check;

/* Reads a file of at most CONF_MAX_FILE bytes. ERR_IO, ERR_TOO_BIG with `why`. */
int conf_read_file(const char *path, struct buf *out, struct why *why) must_check;

#endif
