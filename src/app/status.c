/* SPDX-License-Identifier: MIT
 * The state of the whole for staff (/v1/admin/status) and for Prometheus (/metrics).
 */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/app.h"
#include "parkd/net/loop.h"

static void status_store(struct app *a, struct json_writer *w)
{
    size_t lots = 0, samples = 0;
    store_waiting(a->store, &lots, &samples);
    jw_object(w, "store");
    jw_bool(w, "up", store_up(a->store));
    jw_str(w, "address", store_address(a->store));
    jw_str(w, "instance", store_instance(a->store));
    jw_int(w, "waiting_lots", (int64_t)lots);
    jw_int(w, "waiting_samples", (int64_t)samples);
    jw_end_object(w);
}

void wire_status(struct app *a, struct json_writer *w)
{
    jw_array(w, "feeds");
    feeds_write_status(a->feeds, w);
    jw_end_array(w);
    jw_array(w, "sinks");
    publisher_write_status(a->publisher, w);
    jw_end_array(w);
    status_store(a, w);
    jw_object(w, "process");
    jw_str(w, "version", PARKD_VERSION);
    jw_int(w, "pid", getpid());
    jw_int(w, "up_s", (clock_mono_ms(&a->clock) - a->started_mono_ms) / 1000);
    jw_real(w, "loop_lag_longest_s", loop_lag_longest(a->loop), 4);
    jw_end_object(w);
}

static void gauge(struct buf *out, const char *name, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void metrics_lots(struct app *a, struct buf *out)
{
    int by[4] = {0};
    int64_t now = clock_wall_ms(&a->clock);
    for (uint32_t i = 0; i < registry_size(a->reg); i++) {
        const struct registry_lot *l = registry_lot(a->reg, i);
        if (!l->removed)
            by[freshness_of(&l->reading, l->interval_ms, now)]++;
    }
    gauge(out, "parkd_lots", "Lots by freshness of their reading");
    for (int f = FRESH; f <= OFFLINE; f++)
        buf_printf(out, "parkd_lots{state=\"%s\"} %d\n", freshness_name((enum freshness)f), by[f]);
}

#define METRICS_MAX_LOTS 5000 /* more series than this help nobody */

static void metrics_lot_series(struct app *a, struct buf *out)
{
    int64_t now = clock_wall_ms(&a->clock);
    if (registry_count(a->reg) > METRICS_MAX_LOTS)
        return;
    gauge(out, "parkd_lot_available_spaces", "Free places of a lot; absent when unknown");
    for (uint32_t i = 0; i < registry_size(a->reg); i++) {
        const struct registry_lot *l = registry_lot(a->reg, i);
        if (!l->removed && l->reading.free >= 0 && freshness_current(&l->reading, l->interval_ms, now))
            buf_printf(out, "parkd_lot_available_spaces{lot=\"%s\"} %d\n", l->lot.id, l->reading.free);
    }
    gauge(out, "parkd_lot_observation_timestamp_seconds", "When a lot was last observed");
    for (uint32_t i = 0; i < registry_size(a->reg); i++) {
        const struct registry_lot *l = registry_lot(a->reg, i);
        if (!l->removed && l->reading.observed_ms)
            buf_printf(out, "parkd_lot_observation_timestamp_seconds{lot=\"%s\"} %.3f\n", l->lot.id,
                       (double)l->reading.observed_ms / 1000);
    }
}

static double resident_bytes(void)
{
    char line[128];
    double pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f)
        return 0;
    if (fgets(line, sizeof line, f)) {
        struct view rest = view_of(line);
        (void)view_cut(&rest, ' ');
        if (view_to_real(view_cut(&rest, ' '), &pages))
            pages = 0;
    }
    (void)fclose(f);
    return pages * (double)sysconf(_SC_PAGESIZE);
}

static void metrics_process(struct app *a, struct buf *out)
{
    struct rusage ru;
    size_t lots = 0, samples = 0;
    store_waiting(a->store, &lots, &samples);
    gauge(out, "parkd_build_info", "Version of this parkd");
    buf_printf(out, "parkd_build_info{version=\"%s\"} 1\n", PARKD_VERSION);
    gauge(out, "parkd_redis_up", "1 while Redis takes updates");
    buf_printf(out, "parkd_redis_up %d\n", store_up(a->store));
    gauge(out, "parkd_waiting_lots", "Lots whose newest reading waits in memory for Redis");
    buf_printf(out, "parkd_waiting_lots %zu\n", lots);
    gauge(out, "parkd_loop_lag_seconds", "Longest stall of the event loop since the last scrape");
    buf_printf(out, "parkd_loop_lag_seconds %.6f\n", loop_lag_recent(a->loop));
    gauge(out, "parkd_loop_lag_longest_seconds", "Longest stall of the event loop since the start");
    buf_printf(out, "parkd_loop_lag_longest_seconds %.6f\n", loop_lag_longest(a->loop));
    gauge(out, "process_resident_memory_bytes", "Resident memory");
    buf_printf(out, "process_resident_memory_bytes %.0f\n", resident_bytes());
    if (getrusage(RUSAGE_SELF, &ru) == 0)
        buf_printf(out,
                   "# HELP process_cpu_seconds_total User and system CPU time\n# TYPE "
                   "process_cpu_seconds_total counter\n"
                   "process_cpu_seconds_total %.3f\n",
                   (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
                       (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6);
}

void wire_metrics(struct app *a, struct buf *out)
{
    metrics_lots(a, out);
    metrics_lot_series(a, out);
    metrics_process(a, out);
    feeds_write_metrics(a->feeds, out);
    publisher_write_metrics(a->publisher, out);
}
