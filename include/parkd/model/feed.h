/* SPDX-License-Identifier: MIT
 * A feed as registered: where reports of one or many lots come from, and how. A value but for its heap texts;
 * owned by who parsed it, freed with feed_fini.
 *
 * {"id","dialect","operator","mode":"poll"|"push"|"mqtt","url","interval_ms","params":{…},"enabled","allow_http","notes",
 *  "paths":["/api/v2/cp/uploadParkingState"],
 *  "auth":{"bearer_sha256":["<hex>"],"webhook_secrets":["whsec_…"],"url_secret_sha256":["<hex>"],
 *          "addresses":["203.0.113.7","198.51.100.0/24"]},
 *  "access":{"basic":{"user","password"}|"bearer":"…"|"key":{"header"|"query":"name","value":"…"} (or a list
 * of two)| "oauth2":{"token_url","client_id","client_secret","scope","in_body"}}, "spacing_ms":…,
 * "keep_bodies":0…100, "mqtt":{"topics":["park/+/left"],"user","password","client_id","qos":0…2},
 *  "tls":{"ca_file","cert_file","key_file","skip_verify"}}
 *
 * id, dialect and mode are needed. Invariants: mode poll has a URL (whether it may be asked is checked by the
 * caller with fetch_check_url) and 100 ms <= interval <= 1 h, 30 s if not given; of a push feed the interval
 * is 0 if not given (then it is learned). mode mqtt has mqtt.topics and a URL mqtt://host:port or
 * mqtts://host:port.
 *
 * A push is let in by one of: bearer key, Standard Webhooks signature, a secret in the URL
 * (/v1/ingest/{id}?secret=… or …/{path}?secret=…; only its digest is registered), a registered source
 * address. The last two are for boxes that cannot set headers; over plain HTTP from other hosts they need
 * allow_http, the feed's consent.
 */
#ifndef PARKD_MODEL_FEED_H
#define PARKD_MODEL_FEED_H

#include "parkd/model/lot.h"

#define FEED_MAX_KEYS  3
#define FEED_MAX_PATHS 8

#define FEED_MAX_ADDRESSES 8
#define FEED_MAX_TOPICS    4
#define FEED_KEEP_BODIES   20 /* default of keep_bodies */

enum feed_mode { FEED_POLL, FEED_PUSH, FEED_MQTT };

/* How parkd shows itself to a vendor. Texts are heap copies; NULL where the kind has none. */
enum access_kind { ACCESS_NONE, ACCESS_BASIC, ACCESS_BEARER, ACCESS_KEY, ACCESS_OAUTH2 };
struct access_key {
    bool in_query; /* else a header */
    char name[64];
    char *value;
};
struct feed_access {
    enum access_kind kind;
    char *user, *password; /* basic; oauth2: client id and secret */
    char *bearer;
    struct access_key keys[2];
    int n_keys;
    char *token_url, *scope; /* oauth2 */
    bool in_body;            /* oauth2: client id and secret in the form instead of Basic */
};
struct feed_mqtt {
    char topics[FEED_MAX_TOPICS][128];
    int n_topics;
    char user[128], password[128], client_id[64];
    int qos;
};

struct tls_files {
    char ca_file[256], cert_file[256], key_file[256];
    bool skip_verify;
};

struct feed {
    char id[FEED_ID_SIZE], dialect[33], owner[LOT_ID_SIZE]; /* owner: the operator's account, or empty */
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
    unsigned char url_secret_sha256[FEED_MAX_KEYS][32];
    int n_url_secrets;
    char addresses[FEED_MAX_ADDRESSES][44]; /* an address or a network, as checked by addr_filter's parser */
    int n_addresses;
    struct feed_access access;
    int64_t spacing_ms; /* least time between two requests to one host; 0: 200 ms */
    int keep_bodies;
    struct feed_mqtt mqtt;
    struct tls_files tls;
};

int feed_parse(const struct json *j, struct feed *out, struct why *why) must_check;
void feed_fini(struct feed *f);
/* Is anything registered that lets a push in? Without, its dialect has to check who sent it. */
bool feed_is_guarded(const struct feed *f);
/* The same registration? For values of feed_parse only. */
bool feed_same(const struct feed *a, const struct feed *b);

/* A sink as registered: a platform that wants availability.
 *
 * {"id","dialect","url","params":{…},"enabled","secret":"whsec_…","bearer","batch":1…1000,"min_interval_ms",
 *  "refresh_s","heartbeat_s","parallel":1…8,"timeout_ms","tls":{…},"readers":["<hex>"],"notes"}
 *
 * readers: digests (SHA-256) of the keys by which the platform may read the snapshot. id, dialect and url are
 * needed; else batch 100, min_interval_ms 200, refresh_s 300 and heartbeat_s 60 (0 switches either off),
 * parallel 1, timeout_ms 20000. */
struct sink {
    char id[SINK_ID_SIZE], dialect[33];
    bool enabled;
    char url[1024];
    char *params;
    char secret[100], bearer[200];
    int batch, parallel;
    int64_t min_interval_ms, refresh_ms, heartbeat_ms, timeout_ms;
    struct tls_files tls;
    unsigned char readers[FEED_MAX_KEYS][32];
    int n_readers;
};
int sink_parse(const struct json *j, struct sink *out, struct why *why) must_check;
void sink_fini(struct sink *s);

#endif
