/* SPDX-License-Identifier: MIT
 * Inside the reader of messages: what a value of a mapping gives.
 *
 * One evaluation (struct map_eval) reads all messages of one poll, or one push. A frame says where it stands:
 * in which message, at which item. What a path finds is a `found`; a value that is not there stays nothing
 * through all operators, one that an operator cannot work with is bad, and carries the reason with it. Founds
 * live in the evaluation's arena until the item is done.
 */
#ifndef PARKD_SRC_DIALECT_MAP_EVAL_H
#define PARKD_SRC_DIALECT_MAP_EVAL_H

#include "dialect/map.h"

#define MAP_MAX_LIST 65536 /* values in one list */

enum found_kind {
    FOUND_NOTHING,
    FOUND_NUMBER,
    FOUND_TEXT,
    FOUND_BOOL,
    FOUND_NODE, /* an object, an array, or anything of XML: its text is taken when it is asked for */
    FOUND_LIST,
    FOUND_BAD
};
struct found {
    enum found_kind kind;
    int code;         /* FOUND_BAD: ERR_*, with the reason in `text` */
    bool lost;        /* FOUND_BAD: and the item with it */
    double number;    /* FOUND_BOOL: 0 or 1 */
    struct view text; /* of JSON as it stands; blanks at its ends are no part of a scalar */
    struct doc *doc;  /* where it was found; NULL: made by us */
    struct doc_node node;
    struct found *v; /* FOUND_LIST */
    size_t n;
};

/* A message that was read, with what is known about its request. */
struct message {
    struct doc *doc;
    char label[80];        /* "" for the first: "page 2:", "details:" */
    struct view url, head; /* as asked and answered; of a push, see `inbound` */
};

struct map_frame {
    const struct message *message;
    struct found item;
    struct view key; /* of the item, where items are an object's members; p NULL: there is none */
    int64_t index;   /* of the item in its message */
};

/* A document that stood as text in another one. */
struct inner {
    struct inner *next;
    struct doc *doc, *in;
    struct doc_node at;
};

struct map_eval;
/* Joined messages, as the session keeps them: the item that `key` names (NULL: the first). ERR_NOT_FOUND: it
 * is not in the message; ERR_MISSING: there is no message. */
struct map_joined {
    void *ctx;
    int (*find)(void *ctx, struct map_eval *e, int join, const struct found *key, struct map_frame *out);
    const char *(*label)(void *ctx,
                         const struct doc *d); /* of the message that this document belongs to, or NULL */
};

enum let_state { LET_NEW, LET_BUSY, LET_DONE };
struct map_eval {
    struct mapping *m;
    const struct dialect_ctx *ctx;
    const struct dialect_inbound *inbound; /* NULL: a poll */
    const struct map_joined *joined;
    struct arena arena;
    struct inner *inners;
    const struct map_frame *base; /* where lets are evaluated */
    enum let_state let_state[MAP_MAX_LETS];
    struct found lets[MAP_MAX_LETS];
    struct view lot; /* of the report that is being read, "" before it is known */
    size_t steps;
    int err; /* trouble of our own: ERR_NOMEM, ERR_BUDGET; everything that is found from then on is nothing */
};

struct map_mark {
    struct arena_mark arena;
    struct inner *inners;
};

void map_eval_init(struct map_eval *e, struct mapping *m, const struct dialect_ctx *ctx);
void map_eval_fini(struct map_eval *e);
/* Gives back what was found since the mark. */
struct map_mark map_eval_here(const struct map_eval *e);
void map_eval_back(struct map_eval *e, struct map_mark m);
/* Reads a JSON text that stood at `at`. Bad when it is none. */
void map_inner_read(struct map_eval *e, struct found *at);

/* ---- founds (map_found.c) */

void found_nothing(struct found *out);
void found_number(struct found *out, double number);
/* Keeps where `out` was found. */
void found_text(struct found *out, struct view text);
void found_bool(struct found *out, bool yes);
/* Keeps where `out` was found. `words` must be static, or in the arena. */
void found_bad(struct found *out, int code, const char *words);
void found_node(struct map_eval *e, struct doc *d, struct doc_node n, struct found *out);
void found_json(const struct json *j, struct found *out); /* a constant */
/* Memory for a list; false (and e->err) without it. */
bool found_list(struct map_eval *e, struct found *out, size_t n);
/* The scalar that it stands for: the first of a list, the text of XML. Objects and arrays stay nodes. */
void found_scalar(const struct map_eval *e, struct found *f);
/* The value as text: as it stands, or the number's digits; p NULL for what has none. `dst` backs numbers. */
struct view found_words(const struct found *f, char *dst, size_t size);
/* A number, or a text that is one by these marks. ERR_MISSING: a text that says "unknown"; ERR_TYPE. */
int found_to_number(const struct found *f, const struct map_marks *marks, double *out) must_check;
/* true, yes, 1 … or bad. */
void found_to_bool(struct found *f);
bool found_is_exact(double v);
/* Is the scalar one of these (an array, or one scalar)? Text and number compare by the number's digits. */
bool found_in(const struct found *f, const struct json *list);
/* Without blanks at the ends, those of HTML and of Chinese texts too. */
struct view words_trim(struct view v);
/* Empty, or one of the marks that feeds write for "unknown"? */
bool words_say_nothing(struct view v);
/* "1.260,5" → "1260.5" in dst; ERR_TYPE where marks do not stand as they should. */
int digits_of(struct view text, const struct map_marks *marks, char *dst, size_t size,
              struct view *out) must_check;
/* Where it stands, for a fault. */
void found_place(const struct map_eval *e, const struct map_frame *f, const struct found *at, char *dst,
                 size_t size);

/* ---- values (map_value.c), operators (map_op.c), conditions (map_cond.c) */

void map_value_eval(struct map_eval *e, const struct map_frame *f, const struct map_value *v,
                    struct found *out);
void map_value_scalar(struct map_eval *e, const struct map_frame *f, const struct map_value *v,
                      struct found *out);
/* Where a value looks: for faults about something that is not there. */
void map_value_place(struct map_eval *e, const struct map_frame *f, const struct map_value *v, char *dst,
                     size_t size);
/* A moment from a scalar. ERR_MISSING, ERR_SYNTAX, ERR_RANGE. */
int map_time_eval(const struct map_formats *formats, const struct found *f, int64_t *ms) must_check;
void map_ops_eval(struct map_eval *e, const struct map_value *v, struct found *f);
/* 1 holds, 0 does not, -1: *bad says why that cannot be told. */
int map_cond_eval(struct map_eval *e, const struct map_frame *f, const struct map_cond *c, struct found *bad);
int map_conds_eval(struct map_eval *e, const struct map_frame *f, const struct map_conds *c,
                   struct found *bad);
/* A text with its holes filled; false when a let in it gives nothing (*out) or is bad. */
bool map_template_eval(struct map_eval *e, const struct map_frame *f, const struct map_template *t,
                       struct found *out);
void map_let_eval(struct map_eval *e, int let, struct found *out);
void map_lets_reset(struct map_eval *e);

/* ---- items (map_items.c) */

/* Walks over the items that `spec` finds in a message. */
typedef int map_item_fn(void *ctx, const struct map_frame *item);
/* What one value finds; `*n` counts on. ERR_NOT_FOUND: nothing. */
int map_items_of(struct map_eval *e, const struct map_frame *f, const struct map_value *v, bool single,
                 int64_t *n, map_item_fn *fn, void *ctx, struct why *why) must_check;
/* ERR_PROTOCOL, ERR_TYPE with `why`; what `fn` returns ends the walk. */
int map_items_walk(struct map_eval *e, const struct map_message *spec, const struct message *msg,
                   map_item_fn *fn, void *ctx, struct why *why) must_check;
/* The frame at a message's root. */
struct map_frame map_root_frame(const struct message *msg);

#endif
