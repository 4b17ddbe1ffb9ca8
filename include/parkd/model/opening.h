/* SPDX-License-Identifier: MIT
 * When a lot is open and lets cars in: weekly spans, exceptions by date, windows without entry. A value
 * without owner. Pure.
 *
 * Times are Beijing's, in minutes of a day. A span belongs to the day on which it begins and may reach into
 * the next one (to > 1440). An exception stands for all weekly spans that begin on its days; from == to: the
 * lot is closed then. Windows without entry hold whatever the exceptions say; who is inside may leave.
 */
#ifndef PARKD_MODEL_OPENING_H
#define PARKD_MODEL_OPENING_H

#include "parkd/base/buf.h"

struct json;

#define OPENING_SPANS      14
#define OPENING_NO_ENTRY   8
#define OPENING_EXCEPTIONS 16

struct opening_span {
    uint8_t days; /* bit 0 Monday … bit 6 Sunday */
    uint16_t from, to;
};
struct opening_exception {
    int32_t first, last; /* days since 1970, Beijing's */
    uint16_t from, to;
};
struct opening {
    bool known; /* false: nobody told */
    uint8_t n_spans, n_no_entry, n_exceptions;
    struct opening_span spans[OPENING_SPANS], no_entry[OPENING_NO_ENTRY];
    struct opening_exception exceptions[OPENING_EXCEPTIONS];
};

/* {"week":[{"days":"mon-fri,sun","from":"07:00","to":"22:00"}],"exceptions":[{"first":"2027-02-06","last":
 * "2027-02-12","closed":true},{"first":"2027-01-01","from":"09:00","to":"17:00"}],"no_entry":[…as week]}.
 * `week` is needed; days may be left out for all seven; "24:00" ends a day; to <= from reaches into the next
 * one. ERR_* with `why`. */
int opening_parse(const struct json *j, struct opening *out, struct why *why) must_check;
/* What people write in short: 24小时, 全天, 7:00-22:00, 周一至周五 07:30～20:00；周末 09:00-18:00. false (and
 * not known) for everything else: hours are not guessed. */
bool opening_of_text(struct view text, struct opening *out);

/* Is it open at that moment; may a car come in? Both true where nothing is known. */
struct opening_state {
    bool open, entry;
};
struct opening_state opening_at(const struct opening *h, int64_t ms);
/* The next moment at which opening_at changes; 0: none within eight days. */
int64_t opening_next(const struct opening *h, int64_t ms);
/* In OpenStreetMap's syntax: "Mo-Fr 07:00-22:00; 2027 Feb 06-2027 Feb 12 off", "24/7". What is not known adds
 * nothing. */
int opening_print_osm(const struct opening *h, struct buf *out) must_check;

#endif
