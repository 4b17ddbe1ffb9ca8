/* SPDX-License-Identifier: MIT
 * One row a setting. The same table feeds parsing, --print-config, the reference and the check of the
 * documents.
 */
#include "conf/conf_table.h"

#include <stddef.h>

#define AT(member) offsetof(struct conf, member)

static const char *const fsync_words[] = {"always", "everysec", NULL};
static const char *const level_words[] = {"error", "warn", "info", "debug", NULL};
static const char *const datum_words[] = {"gcj02", "wgs84", NULL};
static const char *const format_words[] = {"text", "json", NULL};

/* clang-format off */
const struct conf_field conf_fields[] = {
    {"state_dir", CONF_TEXT, false, AT(state_dir), 0, 0, NULL, "parkd-state",
     "folder of the instance id, the embedded Redis and run.json; made if it is not there"},
    {"public.listen", CONF_TEXT, false, AT(public.listen), 0, 0, NULL, "127.0.0.1:8080",
     "address of the public listener; port 0 picks a free one"},
    {"public.tls_cert_file", CONF_TEXT, false, AT(public.tls_cert_file), 0, 0, NULL, "",
     "certificate chain (PEM) of the public listener; empty: plain HTTP, for a proxy in front"},
    {"public.tls_key_file", CONF_TEXT, false, AT(public.tls_key_file), 0, 0, NULL, "", "its private key (PEM)"},
    {"public.max_connections", CONF_INT, false, AT(public.max_connections), 1, 65536, NULL, "4096", "open connections at once"},
    {"public.max_per_address", CONF_INT, false, AT(public.max_per_address), 0, 65536, NULL, "64",
     "open connections of one address; 0: no limit"},
    {"public.rate_per_minute", CONF_INT, false, AT(public.rate_per_minute), 0, 100000, NULL, "600",
     "requests a minute of one address (an IPv6 /64 is one), pushes aside; 0: no limit"},
    {"public.max_streams", CONF_INT, false, AT(public.max_streams), 0, 65536, NULL, "1024", "readers of /v1/stream at once"},
    {"public.trusted_proxies", CONF_LIST, false, AT(public.trusted_proxies), 0, 0, NULL, "127.0.0.0/8,::1",
     "subnets of the proxies in front: whom their X-Forwarded-For names is who asks; their own requests and connections have no limit"},
    {"public.max_body_kb", CONF_INT, false, AT(public.max_body_kb), 1, 16384, NULL, "256", "largest body of a request, KiB"},
    {"public.url", CONF_TEXT, false, AT(public.url), 0, 0, NULL, "",
     "where residents and operators find it, for links in messages, like https://parking.example; empty: public.listen"},
    {"public.navigators", CONF_LIST, false, AT(public.navigators), 0, 0, NULL, "amap,baidu,apple,geo",
     "programs that residents find the way with: amap, baidu, apple, geo; the first stands in the list"},
    {"public.embedders", CONF_TEXT, false, AT(public.embedders), 0, 0, NULL, "*",
     "whose pages may show /?embed=1 in a frame, like https://city.example https://*.gov.example; *: everybody's; empty: nobody's"},
    {"map.tiles", CONF_TEXT, false, AT(map.tiles), 0, 0, NULL, "",
     "map pictures behind the residents' map, like https://tiles.example/{z}/{x}/{y}.png; empty: it is drawn, and asks nobody"},
    {"map.tiles_attribution", CONF_TEXT, false, AT(map.tiles_attribution), 0, 0, NULL, "", "who made them, as their licence wants it"},
    {"map.tiles_datum", CONF_WORD, false, AT(map.tiles_datum), 0, 0, datum_words, "gcj02", "their datum: gcj02 (Amap, Tencent) or wgs84 (Tianditu, OpenStreetMap)"},
    {"map.tiles_max_zoom", CONF_INT, false, AT(map.tiles_max_zoom), 1, 24, NULL, "18", "the closest they go"},
    {"staff.listen", CONF_TEXT, false, AT(staff.listen), 0, 0, NULL, "127.0.0.1:8081",
     "address of the staff listener (/console, /v1/admin, /metrics), for who has an account; beyond this machine with TLS only; "
     "empty: none. The UNIX socket staff.sock in state_dir is there too, for its owner; unix:/path puts it elsewhere, and is all"},
    {"staff.tls_cert_file", CONF_TEXT, false, AT(staff.tls_cert_file), 0, 0, NULL, "",
     "certificate chain (PEM) of the staff listener; empty: plain HTTP, on loopback only"},
    {"staff.tls_key_file", CONF_TEXT, false, AT(staff.tls_key_file), 0, 0, NULL, "", "its private key (PEM)"},
    {"office.master_key_file", CONF_TEXT, false, AT(office.master_key_file), 0, 0, NULL, "",
     "32 bytes (hexadecimal or Base64) that seal secrets in Redis; empty: the credential parkd-master-key, else master.key in state_dir"},
    {"redis.url", CONF_TEXT, false, AT(redis.url), 0, 0, NULL, "",
     "redis://[user:password@]host:port[/db] or unix:///path; empty: embedded redis-server"},
    {"redis.server", CONF_TEXT, false, AT(redis.server), 0, 0, NULL, "redis-server", "program of the embedded Redis"},
    {"redis.prefix", CONF_TEXT, false, AT(redis.prefix), 0, 0, NULL, "parkd:", "what every key begins with"},
    {"redis.fsync", CONF_WORD, false, AT(redis.fsync), 0, 0, fsync_words, "always",
     "appendfsync of the embedded Redis: always, or everysec (a power cut may lose the last second)"},
    {"redis.max_memory_mb", CONF_INT, false, AT(redis.max_memory_mb), 0, 1048576, NULL, "0",
     "maxmemory of the embedded Redis, MiB; 0: no limit"},
    {"redis.partitions", CONF_INT, false, AT(redis.partitions), 1, 1024, NULL, "16",
     "partitions of a new store; an existing store keeps its own"},
    {"series.keep_days", CONF_INT, false, AT(series.keep_days), 1, 3650, NULL, "40", "days that minute series are kept"},
    {"series.keep_hour_days", CONF_INT, false, AT(series.keep_hour_days), 1, 36500, NULL, "400", "days that hourly records are kept"},
    {"dialects.folders", CONF_LIST, true, AT(dialects.folders), 0, 0, NULL, "/etc/parkd/dialects",
     "folders of further Lua dialects; a name found earlier wins, the packaged ones come last"},
    {"district.name", CONF_TEXT, false, AT(district.name), 0, 0, NULL, "公共停车场", "name on the residents' page"},
    {"district.file", CONF_TEXT, false, AT(district.file), 0, 0, NULL, "",
     "lots, feeds and sinks that seed an empty store once; never overrides what is there"},
    {"district.division", CONF_TEXT, false, AT(district.division), 0, 0, NULL, "",
     "the district's six digits of GB/T 2260 for lot codes, like 370302; empty: codes are given"},
    {"district.holidays", CONF_LIST, false, AT(district.holidays), 0, 0, NULL, "",
     "days that forecasts do not learn from, like 2026-10-01/2026-10-07 or 2027-01-01"},
    {"net.allow_subnets", CONF_LIST, false, AT(net.allow_subnets), 0, 0, NULL, "",
     "private subnets that feeds may be polled in, like 10.20.0.0/16"},
    {"net.max_polls", CONF_INT, false, AT(net.max_polls), 1, 4096, NULL, "64", "polls at once"},
    {"net.max_polls_per_host", CONF_INT, false, AT(net.max_polls_per_host), 1, 4096, NULL, "2", "polls of one host at once"},
    {"net.connect_ms", CONF_INT, false, AT(net.connect_ms), 100, 60000, NULL, "3000", "time to resolve and connect, ms"},
    {"net.max_answer_kb", CONF_INT, false, AT(net.max_answer_kb), 64, 4096, NULL, "4096",
     "largest answer of a feed, unpacked, KiB"},
    {"log.level", CONF_WORD, true, AT(log.level), 0, 0, level_words, "info", "error, warn, info or debug"},
    {"log.format", CONF_WORD, true, AT(log.format), 0, 0, format_words, "text", "text (key=value) or json (one object a line)"},
    {"test.clock_start_ms", CONF_INT, false, AT(test.clock_start_ms), 0, INT64_MAX, NULL, "0",
     "tests only: wall clock at the origin, ms since 1970"},
    {"test.clock_origin_ms", CONF_INT, false, AT(test.clock_origin_ms), 0, INT64_MAX, NULL, "0",
     "tests only: real time of the origin, ms since 1970"},
    {"test.clock_rate", CONF_REAL, false, AT(test.clock_rate), 0, 100000, NULL, "0",
     "tests only: wall milliseconds a real one; 0: the system's clock"},
};
/* clang-format on */
const size_t conf_n_fields = sizeof conf_fields / sizeof conf_fields[0];
