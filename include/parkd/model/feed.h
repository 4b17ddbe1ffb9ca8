/* SPDX-License-Identifier: MIT
 * A feed as registered: where reports of one or many lots come from, and how. A value but for its heap texts;
 * owned by who parsed it, freed with feed_fini.
 *
 * {"id","dialect","mode":"poll"|"push","url","interval_ms","params":{…},"enabled","allow_http","notes",
 *  "paths":["/api/v2/cp/uploadParkingState"],
 *  "auth":{"bearer_sha256":["<hex>"],"webhook_secrets":["whsec_…"]},
 *  "tls":{"ca_file","cert_file","key_file","skip_verify"}}
 *
 * id, dialect and mode are needed. Invariants: mode poll has a URL (whether it may be asked is checked by the
 * caller with fetch_check_url) and 100 ms <= interval <= 1 h, 30 s if not given; of a push feed the interval
 * is 0 if not given (then it is learned).
 */
#ifndef PARKD_MODEL_FEED_H
#define PARKD_MODEL_FEED_H

#include "parkd/model/lot.h"

#define FEED_MAX_KEYS  3
#define FEED_MAX_PATHS 4

enum feed_mode { FEED_POLL, FEED_PUSH };

struct tls_files {
    char ca_file[256], cert_file[256], key_file[256];
    bool skip_verify;
};

struct feed {
    char id[FEED_ID_SIZE], dialect[33];
    enum feed_mode mode;
    bool enabled, allow_http;
    char url[1024];
    int64_t interval_ms;
    char *params; /* JSON object text, never NULL: "{}" */
    char paths[FEED_MAX_PATHS][96];
    int n_paths;
    unsigned char bearer_sha256[FEED_MAX_KEYS][32];
    int n_bearer;
    char webhook_secrets[FEED_MAX_KEYS][100];
    int n_secrets;
    struct tls_files tls;
};

int feed_parse(const struct json *j, struct feed *out, struct why *why) must_check;
void feed_fini(struct feed *f);

/* A sink as registered: a platform that wants availability.
 *
 * {"id","dialect","url","params":{…},"enabled","secret":"whsec_…","bearer","batch":1…1000,"min_interval_ms",
 *  "refresh_s","heartbeat_s","parallel":1…8,"timeout_ms","tls":{…},"notes"}
 *
 * id, dialect and url are needed; else batch 100, min_interval_ms 200, refresh_s 300 and heartbeat_s 60 (0
 * switches either off), parallel 1, timeout_ms 20000. */
struct sink {
    char id[SINK_ID_SIZE], dialect[33];
    bool enabled;
    char url[1024];
    char *params;
    char secret[100], bearer[200];
    int batch, parallel;
    int64_t min_interval_ms, refresh_ms, heartbeat_ms, timeout_ms;
    struct tls_files tls;
};
int sink_parse(const struct json *j, struct sink *out, struct why *why) must_check;
void sink_fini(struct sink *s);

#endif
