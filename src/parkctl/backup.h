/* SPDX-License-Identifier: MIT
 * A backup is one file: the line "parkd-backup 1", a line of JSON that says what is in it (struct contents,
 * the size and the SHA-256 of the rest), and Redis' own dump of the dataset as of one moment.
 * deploy/BACKUP.md is its description.
 *
 * Leases and what was only on its way are left behind on restoring. Restored lots are "unknown", numbered by
 * the clock of the restore: so no platform is told again, as if it were news, what it had heard before the
 * backup was made, and every seq is above what any platform was told (seq follows the clock, update.lua).
 */
#ifndef PARKD_PARKCTL_BACKUP_H
#define PARKD_PARKCTL_BACKUP_H

#include "parkctl/parkctl.h"
#include "parkctl/redis_sync.h"
#include "parkd/base/json_write.h"

#define BACKUP_FORMAT 1
#define BACKUP_MAGIC  "parkd-backup "

/* What a dataset holds. */
struct contents {
    int64_t schema, partitions;
    int64_t keys; /* of the prefix, without leases */
    int64_t registrations, lots, ledger, accounts, credentials;
    int64_t newest_seq;
    int64_t audit;        /* entries; audit_broken: the first whose hash does not fit, 0 none */
    int64_t audit_broken; /* its number */
    char audit_head[65], master_key[24];
};

/* --- backup_contents.c --- */
/* Walks over everything of the prefix. An exit code; what is wrong is said. */
int contents_read(struct redis_sync *r, const char *prefix, struct contents *out) must_check;
bool is_lease(const char *prefix, struct view key); /* and what else must not come back */
bool is_state(const char *prefix, struct view key); /* a partition's hash of readings */
void contents_write(struct json_writer *w, const struct contents *c);
void contents_print(const struct contents *c);

/* --- backup_file.c --- */
struct backup_header {
    char at[32], prefix[80], parkd[32], sha256[65];
    int64_t bytes; /* of the dump */
    struct contents contents;
};
/* Writes header and dump (a file) to `file`, whole or not at all, for its owner alone. */
int backup_file_write(const char *file, struct backup_header *h, const char *dump) must_check;
/* Reads and checks the file, and puts its dump as dump.rdb into `dir`. */
int backup_file_read(const char *file, struct backup_header *h, const char *dir) must_check;

/* --- backup.c --- */
struct backup_options {
    const char *file, *redis, *prefix; /* redis, prefix NULL: as run.json or the defaults say */
    bool replace, dry_run, json;
    const char *state;
};
int backup_options_read(struct ctl *c, struct backup_options *o, int argc, char **argv) must_check;
/* Nobody may run parkd on the directory until we end. */
int backup_lock_state(const char *state) must_check;
/* A private folder beside `file`. */
int backup_folder_make(const char *file, char *dir, size_t size) must_check;
void backup_folder_remove(const char *dir);

int ctl_backup(struct ctl *c, int argc, char **argv);
int ctl_restore(struct ctl *c, int argc, char **argv);

#endif
