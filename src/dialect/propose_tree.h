/* SPDX-License-Identifier: MIT
 * Inside of propose.h: a message as one kind of tree, whatever it was written in, and what stands in it.
 * propose_tree.c makes the tree, propose_name.c knows names, propose_value.c values, propose_find.c the
 * items, propose_pick.c chooses, propose_write.c writes the draft.
 */
#ifndef PARKD_SRC_DIALECT_PROPOSE_TREE_H
#define PARKD_SRC_DIALECT_PROPOSE_TREE_H

#include "dialect/doc.h"
#include "parkd/base/json_write.h"

#define PROPOSE_MAX_NODES  60000
#define PROPOSE_MAX_ITEMS  200 /* of a set that are looked at */
#define PROPOSE_MAX_SETS   64
#define PROPOSE_MAX_FIELDS 300
#define PROPOSE_PATH_SIZE  256

enum part_kind { PART_OBJECT, PART_LIST, PART_TEXT, PART_NUMBER, PART_BOOL, PART_NOTHING };

/* An attribute's name begins with '@'. A text that is JSON has that as its only child (`embedded`). */
struct part {
    struct view name;
    enum part_kind kind;
    bool embedded, keyed; /* keyed: an object whose members are the items */
    struct view text;
    double number;
    struct part *up, *first, *last, *next;
    size_t n;
    const void *origin;    /* the node that a trace knows */
    const struct part *of; /* a piece made of a cell: that cell */
};

struct tree_block;
struct tree {
    enum doc_format format;
    struct part *root;
    struct doc *embedded[16];
    int n_embedded;
    size_t n_nodes;
    struct tree_block *blocks;
};

/* `d` must outlive the tree. A message that is too large is cut off. ERR_NOMEM. */
int tree_make(struct tree *t, struct doc *d, enum doc_format format) must_check;
void tree_free(struct tree *t);
void *tree_alloc(struct tree *t, size_t n); /* zeroed; NULL: out of memory */
/* "/data/ * /free" (without blanks): where a part stands, positions left out. Below `from`, NULL: the root.
 */
void tree_pattern(const struct part *p, const struct part *from, char dst[PROPOSE_PATH_SIZE]);

/* ---- names */

enum want {
    WANT_LOT,
    WANT_FREE,
    WANT_TOTAL,
    WANT_OPEN,
    WANT_OCCUPIED,
    WANT_TIME,
    WANT_STATUS,
    WANT_NAME,
    WANT_LAT,
    WANT_LNG,
    WANT_N
};
#define SCORE_EXACT 100
#define SCORE_PART  60
/* What a name suggests: the score of the only want it fits, by table; 0 none. */
int name_suggests(struct view name, enum want *w);
/* The same without what only says nothing of it: false for names that never are a count or a time. */
bool name_is_possible(struct view name);
/* Of a part of the lot, or a part of its places (areas, permits, reservations)? */
bool name_is_of_part(struct view name);
void name_flatten(struct view name, char dst[64]);

/* ---- values */

enum value_kind { VALUE_COUNT, VALUE_UNKNOWN, VALUE_OTHER };
/* A whole number, also as text ("1,260", "1260.0"); or a word for unknown. */
enum value_kind value_of(const struct part *p, int64_t *count);
bool value_has_thousands(const struct part *p);
/* A format of time that reads the value as a time between 2015 and 2040; NULL none. */
const char *value_time_format(const struct part *p);
/* What a word says of a lot: "open", "closed", "unknown"; NULL: not known. */
const char *value_status(struct view word);
bool part_is_scalar(const struct part *p);
/* The text of a scalar, of numbers too, into dst. */
struct view part_text(const struct part *p, char dst[32]);

/* ---- items and fields */

struct field {
    char path[PROPOSE_PATH_SIZE]; /* as the mapping's language has it, from the item */
    struct view name;             /* last step */
    char heading[64];             /* HTML: of the column */
    const char *capture;          /* which number of the text; NULL: the whole */
    bool root;                    /* from the message's root, outside of the item */
    bool part, key;               /* key: the item's own name */
    const struct part **v;        /* one an item, NULL: not there */
    size_t n;                     /* that are there */
};
struct item_set {
    char pattern[PROPOSE_PATH_SIZE];
    const struct part **v;
    size_t n, cap;
    struct field *fields;
    size_t n_fields;
};
struct sets {
    struct tree *t;
    struct item_set v[PROPOSE_MAX_SETS];
    size_t n;
};
int sets_find(struct sets *s, struct tree *t) must_check;
void sets_free(struct sets *s);
/* Fills set->fields. */
int set_fields(struct sets *s, struct item_set *set) must_check;

/* ---- what was chosen */

#define PICK_MAX 6
struct candidate {
    const struct field *f;
    int score;
};
struct pick {
    struct candidate of[WANT_N][PICK_MAX];
    int n[WANT_N];
    const struct field *chosen[WANT_N]; /* NULL: none */
    bool adds_up;                       /* free + occupied = total */
    const char *time_format;
    int score;
};
void pick_fields(const struct item_set *set, struct pick *out);

/* How a message was read. */
struct reading_of {
    enum doc_format format;
    struct doc_spec spec;
    bool charset_needed, base64;
    bool lines; /* text: names and values by line */
};
void propose_write(const struct reading_of *r, const struct sets *s, const struct item_set *set,
                   const struct pick *p, struct json_writer *w);
/* Fields that nobody used: an array without a name, as in propose.h. `used` tells of a part's origin. */
void propose_write_unused(struct tree *t, bool (*used)(const void *ctx, const struct part *p),
                          const void *ctx, struct json_writer *w);

#endif
