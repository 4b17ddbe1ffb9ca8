/* SPDX-License-Identifier: MIT
 * The month: sums of the records by lot, operator and district, beside the curve of the ledger.
 *
 * Until it is frozen a month is made anew from the records whenever somebody asks. Frozen, its lots stand as
 * rows of kind "month" (one JSON object a lot), and its head as a document: rules, who froze it, the windows
 * and objections that were taken in, the ledger's curve and obstacles, and a digest over all of it.
 * Operators' and the district's sums always follow from the lots. A frozen month never changes; objections
 * that are decided later stand beside it as addenda.
 */
#ifndef PARKD_SRC_OFFICE_MONTHS_H
#define PARKD_SRC_OFFICE_MONTHS_H

#include "office/quality.h"

#define MONTH_KIND "month"

struct month_lot {
    char lot[LOT_ID_SIZE], owner[LOT_ID_SIZE], name[LOT_NAME_SIZE];
    char strip[MONTH_DAYS +
               1]; /* a letter a day: '.' no record, '-' nothing asked, 'n' none, b y o r, 'x' left out */
    struct month_sum sum;
};
struct month {
    char name[8]; /* "2026-11" */
    int64_t first_day;
    int n_days;
    struct rules rules;
    uint64_t rules_version;
    bool frozen, operators_own; /* operators_own: who asks sees its own lots only */
    const struct doc *head;     /* of a frozen month; within one turn */
    struct month_lot *lots;     /* in order of id */
    size_t n, room;
    uint32_t *places; /* by the registry's index: 1 + where in `lots`, while they are gathered; 0 none */
    uint32_t n_places;
    int err;
};

void month_fini(struct month *m);
/* The lot's place; made when it is new. NULL: out of memory, and err is set. */
struct month_lot *month_lot_of(struct office *o, struct month *m, struct view lot);
/* One record of the day (0…30) with the rules of `m`. */
void month_take(struct office *o, struct month *m, struct view lot, int day, struct view text);
void month_sort(struct month *m);

/* months_write.c */
void month_write(struct office *o, const struct month *m, struct json_writer *w);
/* A lot as its row has it, and back. */
void month_row_write(const struct month_lot *l, struct buf *out);
int month_row_read(struct view text, struct month_lot *out) must_check;
/* The head's members that come from the ledger and from windows and objections. */
void month_write_inputs(struct office *o, const struct month *m, struct json_writer *w);
/* SHA-256 in hexadecimal over the lots' rows and the head's inputs. */
int month_digest(const struct month *m, struct view inputs, char out[65]) must_check;

/* months_sheet.c: a table for spreadsheets. */
void month_sheet(struct call *c, const struct month *m, bool xlsx);

#endif
