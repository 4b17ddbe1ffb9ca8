/* SPDX-License-Identifier: MIT
 * Short texts from outside and from Redis, one a line: times, opening hours, readings and records as stored,
 * encodings, numbers, patterns. What is written of what was read reads back the same.
 */
#include "fuzz.h"

#include "parkd/base/crypto.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/regex.h"
#include "parkd/model/daily.h"
#include "parkd/model/month.h"
#include "parkd/model/opening.h"
#include "parkd/model/reading.h"
#include "parkd/model/series.h"
#include "store/redis_error.h"

static void times(struct view line)
{
    struct view format = view_cut(&line, '|');
    int64_t ms = 0, again = 0;
    char text[ISO8601_SIZE];
    int minutes = 0;
    if (iso8601_parse(format, &ms) == 0) {
        HOLDS(ms >= 0 && ms <= TIME_MAX_MS);
        HOLDS(iso8601_parse(view_of(iso8601_format(ms, text)), &again) == 0 && again == ms);
    }
    if (time_parse(line, format, 480, &ms) == 0)
        HOLDS(ms >= 0 && ms <= TIME_MAX_MS);
    if (zone_offset(format, &minutes) == 0)
        HOLDS(minutes > -1440 && minutes < 1440);
}

static void hours(struct view line)
{
    struct opening h;
    struct buf b;
    bool known = opening_of_text(line, &h);
    HOLDS(known == h.known && h.n_spans <= OPENING_SPANS && h.n_exceptions <= OPENING_EXCEPTIONS);
    buf_init(&b, 1 << 16);
    HOLDS(opening_print_osm(&h, &b) == 0);
    (void)opening_at(&h, 1700000000000);
    (void)opening_next(&h, 1700000000000);
    buf_fini(&b);
}

static void stored(struct view line)
{
    struct reading r, again;
    struct daily d, back;
    struct buf b, c;
    buf_init(&b, 1 << 16);
    buf_init(&c, 1 << 16);
    if (reading_decode(line, &r) == 0) {
        HOLDS(reading_encode(&r, &b) == 0 && reading_decode(buf_get(&b), &again) == 0);
        HOLDS(reading_same(&r, &again) && r.seq == again.seq);
    }
    buf_clear(&b);
    if (daily_decode(line, &d) == 0) {
        HOLDS(daily_encode(&d, &b) == 0 && daily_decode(buf_get(&b), &back) == 0);
        HOLDS(daily_encode(&back, &c) == 0 && view_eq(buf_get(&b), buf_get(&c)));
        (void)daily_online(&d);
    }
    (void)redis_error_of(line);
    for (int m = 0; m < SERIES_MINUTES; m += 97)
        HOLDS(series_get(line, m) >= SERIES_NONE);
    (void)series_hour_of(line, (int)(line.n % 24));
    (void)series_hour_decode(line, (uint32_t)line.n / 9);
    buf_fini(&b);
    buf_fini(&c);
}

static void encodings(struct view line)
{
    struct buf plain, again;
    buf_init(&plain, 1 << 20);
    buf_init(&again, 1 << 20);
    if (base64_decode(&plain, line) == 0)
        HOLDS(base64_encode(&again, buf_get(&plain)) == 0);
    buf_clear(&plain);
    buf_clear(&again);
    if (hex_decode(&plain, line) == 0)
        HOLDS(hex_encode(&again, buf_get(&plain)) == 0 && again.n == line.n);
    buf_fini(&plain);
    buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = {(const char *)data, size};
    char *copy = fuzz_copy(text);
    text.p = copy;
    for (int i = 0; i < 16 && text.n; i++) {
        int64_t n, first = 0;
        int days = 0;
        struct view line = view_cut(&text, '\n');
        times(line);
        hours(line);
        stored(line);
        encodings(line);
        HOLDS(view_to_int(line, -5, 5, &n) || (n >= -5 && n <= 5));
        HOLDS(month_parse(line, &first, &days) || (days >= 28 && days <= 31));
    }
    free(copy);
    return 0;
}
