/* SPDX-License-Identifier: MIT
 * Minute strings and hourly records: encode, decode, sum up. Pure.
 *
 * A day string has 1 440 slots of two bytes, big-endian: free + 1, 0 = no observation in that minute; UTC
 * days. A confirmation writes its minute too, so a gap is silence. An hourly record has 8 bytes: u16 count of
 * minutes, then min, max, mean as free + 1 (0 none); a year string holds one record an hour from 1 January
 * 00:00 UTC.
 */
#ifndef PARKD_MODEL_SERIES_H
#define PARKD_MODEL_SERIES_H

#include "parkd/base/buf.h"

#define SERIES_MINUTES    1440
#define SERIES_DAY_BYTES  (SERIES_MINUTES * 2)
#define SERIES_HOUR_BYTES 8
#define SERIES_NONE       (-1)

struct series_slot {
    char day[9];     /* yyyymmdd */
    uint32_t offset; /* byte offset in the day string */
    unsigned char bytes[2];
};
/* Where a count of that moment belongs. ERR_RANGE: free outside 0…65 534. */
int series_slot_of(int64_t at_ms, int32_t free, struct series_slot *out) must_check;
void series_day_name(int64_t at_ms, char day[9]);
/* free of a minute 0…1439, SERIES_NONE for none or beyond the string's end. */
int32_t series_get(struct view day, int minute);

struct series_hour {
    int minutes;      /* observed minutes 0…60 */
    int32_t min, max; /* SERIES_NONE when minutes is 0 */
    double mean;
};
/* Hour 0…23 of a day string. */
struct series_hour series_hour_of(struct view day, int hour);
void series_hour_encode(const struct series_hour *h, unsigned char out[SERIES_HOUR_BYTES]);
struct series_hour series_hour_decode(struct view year, uint32_t record);
/* Byte offset of an hour in its year string, and the year. */
uint32_t series_hour_offset(int64_t at_ms, int *year);

#endif
