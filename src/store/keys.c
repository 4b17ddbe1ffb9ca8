/* SPDX-License-Identifier: MIT
 * Key names. The part in braces is the hash tag: all keys of one partition share one Cluster slot, so every
 * script touches a single slot. Names are built from checked ids and a checked prefix, so they always fit.
 */
#include "parkd/store/keys.h"

#include <stdio.h>

#define CRC16_POLY 0x1021 /* XMODEM: start 0, not reflected, as Redis Cluster hashes */

static uint16_t crc16(struct view v)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < v.n; i++) {
        crc = (uint16_t)(crc ^ (uint16_t)((unsigned char)v.p[i] << 8));
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? (crc << 1) ^ CRC16_POLY : crc << 1);
    }
    return crc;
}

unsigned partition_of(struct view id, unsigned partitions)
{
    return partitions ? crc16(id) % partitions : 0;
}

/* A name that does not fit is cut: ids and prefixes are limited where they come in. */
static struct key finish(struct key k, int printed)
{
    k.n = printed < 0 ? 0 : (size_t)printed;
    if (k.n >= sizeof k.text)
        k.n = sizeof k.text - 1;
    return k;
}

struct key key_part(const char *prefix, unsigned partition, const char *kind)
{
    struct key k = {0};
    return finish(k, snprintf(k.text, sizeof k.text, "%s{p%02u}:%s", prefix, partition, kind));
}

struct key key_part_id(const char *prefix, unsigned partition, const char *kind, struct view id)
{
    struct key k = {0};
    return finish(
        k, snprintf(k.text, sizeof k.text, "%s{p%02u}:%s:" VIEW_FMT, prefix, partition, kind, VIEW_ARG(id)));
}

struct key key_day(const char *prefix, unsigned partitions, struct view lot, const char *yyyymmdd)
{
    struct key k = {0};
    return finish(k, snprintf(k.text, sizeof k.text, "%s{p%02u}:day:" VIEW_FMT ":%s", prefix,
                              partition_of(lot, partitions), VIEW_ARG(lot), yyyymmdd));
}

struct key key_hour(const char *prefix, unsigned partitions, struct view lot, int year)
{
    struct key k = {0};
    return finish(k, snprintf(k.text, sizeof k.text, "%s{p%02u}:hour:" VIEW_FMT ":%04d", prefix,
                              partition_of(lot, partitions), VIEW_ARG(lot), year));
}

struct key key_global(const char *prefix, const char *name)
{
    struct key k = {0};
    return finish(k, snprintf(k.text, sizeof k.text, "%s%s", prefix, name));
}
