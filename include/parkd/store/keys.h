/* SPDX-License-Identifier: MIT
 * Key names and partitions. Pure. Every name is written here and nowhere else.
 */
#ifndef PARKD_STORE_KEYS_H
#define PARKD_STORE_KEYS_H

#include "parkd/base/buf.h"

/* meta:schema; a parkd refuses a newer one. Keys of a partition, {pNN}:…
 *   reg:<lot>, version, lots         registrations of lots
 *   state, changes, changes:n        readings, the feed of their changes and its counter
 *   day:<lot>:<yyyymmdd>, hour:<lot>:<yyyy>   minute series (UTC days), hourly records
 *   cars:<yyyymmdd>                  hash of a day in Beijing: "<lot>:in", "<lot>:out" → cars; 8 days
 *   acked:<sink>                     hash: lot → seq that the sink acknowledged
 *   filed:<sink>                     hash: lot → "<version> <code>" of the registration it acknowledged
 *   told:<sink>                      hash: lot → "<yyyymmdd>" of the last day told, or nothing owed; "
 * unbalanced" held:<sink>, unfiled:<sink>      hashes: lot → quarantine of a state, of a registration lease:…
 * who polls, who publishes and without a partition: meta, version, feeds, sinks, registrations. Schema 1
 * throughout: cars, filed, unfiled and told came later, and a parkd that does not know them leaves them
 * alone. */
#define STORE_SCHEMA_VERSION 1
#define KEYS_MAX             160
#define PARTITIONS_MAX       1024

/* CRC16 (XMODEM, as Redis Cluster hashes) of the id, mod partitions. */
unsigned partition_of(struct view id, unsigned partitions);

struct key {
    char text[KEYS_MAX];
    size_t n;
};
/* `kind` is "state", "changes", "lease:poll" …: "<prefix>{pNN}:<kind>". */
struct key key_part(const char *prefix, unsigned partition, const char *kind);
/* "<prefix>{pNN}:<kind>:<id>", e.g. reg, acked, held. */
struct key key_part_id(const char *prefix, unsigned partition, const char *kind, struct view id);
/* "<prefix>{pNN}:day:<lot>:<yyyymmdd>" and "…:hour:<lot>:<yyyy>". */
struct key key_day(const char *prefix, unsigned partitions, struct view lot, const char *yyyymmdd);
struct key key_hour(const char *prefix, unsigned partitions, struct view lot, int year);
/* "<prefix><name>": meta, feeds, sinks, registrations. */
struct key key_global(const char *prefix, const char *name);

#endif
