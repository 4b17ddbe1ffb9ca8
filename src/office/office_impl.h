/* SPDX-License-Identifier: MIT
 * What the files of the office share.
 *
 * A `call` is one request on its way to its answer: made by office_handle, freed by whichever call_* answers
 * it. A handler answers exactly once, at once or later. Its views stay valid until then. A handler whose put
 * is under way answers from its callback.
 *
 * Documents (struct doc) are the office's projection of Redis: owned here, replaced whole when Redis tells of
 * a new version, so no pointer to one survives a turn of the loop.
 */
#ifndef PARKD_SRC_OFFICE_OFFICE_IMPL_H
#define PARKD_SRC_OFFICE_OFFICE_IMPL_H

#define HASH_NONFATAL_OOM 1 /* an element without a place has no hh.tbl */
#include <uthash.h>

#include "parkd/base/json.h"
#include "parkd/office/office.h"

#define ANSWER_MAX ((size_t)64 * 1024 * 1024)

struct doc {
    char id[LOT_ID_SIZE];
    uint64_t version;
    char *text;
    struct json *tree;
    UT_hash_handle hh;
};

struct office {
    struct loop *loop;
    const struct clock *clock;
    struct registry *reg;
    struct office_conf conf; /* texts are copies */
    struct office_port port;
    struct doc *docs[NOUN_N];
    struct call *calls; /* not answered yet */
    bool loaded, ending;
    unsigned char master[32];
    /* One member a part; each owns its own. */
    struct lockout *lockout;
    struct attendants *attendants;
    struct resident_reports *reports;
    struct password_job *passwords;
    char first_link[80];
    struct ledger_imports *imports;
    struct sheet_job *sheet_jobs;
    struct acceptances *acceptances;
    struct quality_run *quality;
    struct notifier *notifier;
    struct channel_trial *channel_trials; /* on their way */
};

struct call {
    struct office *o;
    struct office_request r;
    struct principal who;
    office_answer_fn *done;
    void *ctx;
    void *own; /* the handler's, until it answers */
    struct call *prev, *next;
};

/* A part of the office; hooks may be NULL. Its row stands in office.c; what it owns is a member of struct
 * office. */
struct office_part {
    int (*make)(struct office *o, struct why *why);
    void (*loaded)(struct office *o); /* all documents are there: what falls due may begin */
    void (*taken)(struct office *o, enum noun noun, struct view id,
                  const struct doc *d); /* d NULL: removed, or no document */
    /* No callback of its timers and jobs runs afterwards; what waited for them is answered. What waits for
     * the store the store answers, which ends later. */
    void (*stop)(struct office *o);
    void (*release)(struct office *o); /* also when make failed or never ran */
};

extern const struct office_part part_passwords, part_sign, part_ledger, part_ledger_imports, part_sheet_jobs,
    part_acceptance, part_attendants, part_reports, part_notifier, part_channels, part_quality;

/* --- documents --- */
/* The document as taken; NULL: removed. What cannot be read leaves what was held. */
const struct doc *doc_take(struct office *o, enum noun noun, struct view id, struct view json,
                           uint64_t version);
void docs_drop(struct office *o);
const struct doc *doc_find(const struct office *o, enum noun noun, struct view id);
/* In order of id. */
void doc_each(struct office *o, enum noun noun, void (*fn)(void *ctx, const struct doc *d), void *ctx);
size_t doc_count(const struct office *o, enum noun noun);
/* "" if it is not there or no text. */
const char *doc_str(const struct doc *d, const char *member);
int64_t doc_int(const struct doc *d, const char *member, int64_t otherwise);
bool doc_bool(const struct doc *d, const char *member, bool otherwise);

/* --- answers: each frees the call --- */
/* JSON (freed here). 200, 201 … */
void call_json(struct call *c, int status, struct buf *body);
/* The same with a version as ETag. */
void call_doc(struct call *c, int status, uint64_t version, struct buf *body);
void call_answer(struct call *c, const struct office_answer *a);
void call_empty(struct call *c, int status);
/* ERR_*; text: what happened and what to do, with "/pointer" of the member it is about, or "". */
void call_fail(struct call *c, int err, const char *at, const char *text);
void call_why(struct call *c, int err, const struct why *why);

/* --- questions --- */
int64_t call_now(const struct call *c);
struct view call_param(const struct call *c, const char *name); /* p NULL: not asked */
/* The body as a JSON object of at most `max` bytes with no members but those named (NULL-ended); answers the
 * call and returns NULL when it is none. The caller frees the tree. */
struct json *call_object(struct call *c, size_t max, const char *const *members);
/* The lot of an argument if who asks may see it; answers 404 and returns NULL otherwise, so nobody learns
 * which ids exist. */
const struct registry_lot *call_lot(struct call *c, struct view id);
/* Puts a document and answers {"id","version"} with 201 or 200. if_version as of store_put. */
void call_put(struct call *c, enum noun noun, struct view id, struct buf *json, uint64_t if_version);
/* Removes and answers 204. */
void call_remove(struct call *c, enum noun noun, struct view id);
/* A random id of n letters and digits (no 0, 1, l, o: people read them aloud). */
int random_id(char *dst, size_t n) must_check;

/* audit.c: what came of a request, where its path does not name it: who signed in, which key was made. */
void audit_note(const struct call *c, const char *action, struct view object);

/* accounts.c: the one-time link of the first administrator, "" when there is one already. */
const char *accounts_first_link(struct office *o);

#define ACTION(handler, method, pattern, who, flags) void office_##handler(struct call *c);
#include "parkd/office/actions.def"
#undef ACTION

#endif
