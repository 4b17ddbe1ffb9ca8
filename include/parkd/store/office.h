/* SPDX-License-Identifier: MIT
 * What the office keeps besides documents: the audit trail, and rows by lot and period.
 *
 * The trail is a stream "<prefix>audit" of entries {n, prev, hash, entry}: hash = SHA-256 in hexadecimal of
 * prev, a line feed and the entry's bytes; prev of the first is empty; "<prefix>audit:head" holds the last n
 * and hash. Entries are appended only where the head is the expected one, in the order in which they were
 * asked for, and never changed; those older than AUDIT_KEEP_DAYS are trimmed from the beginning. Rows are
 * fields of hashes "<prefix>rows:<kind>:<period>": lot → one line.
 */
#ifndef PARKD_STORE_OFFICE_H
#define PARKD_STORE_OFFICE_H

#include "parkd/store/store.h"

#define AUDIT_KEEP_DAYS 400 /* the law asks for six months */
#define AUDIT_ENTRY_MAX 4096
#define AUDIT_READ_MAX  1000

/* `done` when it is on disk (version: its n); ERR_AWAY: it is not, or nobody knows. At once: ERR_TOO_BIG,
 * ERR_FULL, ERR_STATE. */
int store_audit(struct store *st, struct view entry, store_done_fn *done, void *ctx) must_check;

struct audit_entry {
    struct view id; /* of the stream, for reading on */
    uint64_t n;
    struct view prev, hash, entry;
};
typedef void store_audit_fn(void *ctx, const struct audit_entry *e);
/* Entries after the one with that id (empty: from the oldest), at most n ≤ AUDIT_READ_MAX; `done` with how
 * many came as version. */
int store_read_audit(struct store *st, struct view after, size_t n, store_audit_fn *each, store_done_fn *done,
                     void *ctx) must_check;
/* Hash of an entry, as above, in 64 hexadecimal digits. */
int audit_hash(struct view prev, struct view entry, char out[65]) must_check;

struct store_row {
    const char *lot;
    struct view text;
};
/* keep_days 0: for ever. */
int store_put_rows(struct store *st, const char *kind, const char *period, int keep_days,
                   const struct store_row *rows, size_t n, store_done_fn *done, void *ctx) must_check;
typedef void store_row_fn(void *ctx, struct view lot, struct view text);
int store_read_rows(struct store *st, const char *kind, const char *period, store_row_fn *each,
                    store_done_fn *done, void *ctx) must_check;

#endif
