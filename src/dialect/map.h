/* SPDX-License-Identifier: MIT
 * A mapping of the dialect `generic`, compiled: how the words of a feed become reports. Compiled once, when a
 * session is opened; every error in it is reported then, with its place. What it looks like as JSON says
 * mapping.schema.json.
 *
 * A mapping is a tree: fields hold values, a value has a source and operators, a condition is a value with
 * tests. All parts lie in one arena; texts and constants point into the JSON of the registration, which must
 * live as long. A compiled mapping does not change while it is used, but for projections that open when a
 * message first names them.
 */
#ifndef PARKD_SRC_DIALECT_MAP_H
#define PARKD_SRC_DIALECT_MAP_H

#include "dialect/count.h"
#include "dialect/doc.h"
#include "dialect/map_arena.h"
#include "dialect/ops.h"
#include "parkd/base/regex.h"
#include "parkd/base/zone.h"
#include "parkd/model/projection.h"

#define MAP_MAX_TEXT        (64 * 1024)
#define MAP_MAX_LETS        64
#define MAP_MAX_EMITS       16
#define MAP_MAX_JOINS       8
#define MAP_MAX_NESTING     12
#define MAP_MAX_PARTS       4096
#define MAP_MAX_FORMATS     8
#define MAP_MAX_ITEMS_PATHS 16
#define MAP_MAX_PROJECTIONS 8
#define MAP_MAX_ITEMS       DOC_MAX_ROWS    /* looked at; reports are fewer, see REPORT_LIST_MAX */
#define MAP_ZONE            "Asia/Shanghai" /* of unmarked times, where the mapping names none */

/* ---- paths and texts with holes */

struct map_path {
    struct doc_path *p;
    struct view text; /* as written */
    bool pointer;     /* RFC 6901: its text goes on where the item's place ends */
    bool whole;       /* the node itself */
    bool singular;    /* finds one node at most, whatever the message */
    bool from_root;
};

enum map_hole {
    HOLE_NONE, /* a run of plain text */
    HOLE_NOW_S,
    HOLE_NOW_MS,
    HOLE_TIME,
    HOLE_PAGE,
    HOLE_IDS,
    HOLE_LOT,
    HOLE_LET,
    HOLE_KINDS
};
struct map_piece {
    enum map_hole hole;
    struct view text; /* plain text, or the pattern of a time (with a NUL behind it) */
    int let;
};
struct map_template {
    struct map_piece *v;
    size_t n;
    unsigned holes; /* a bit for each kind that is in it */
};

/* ---- operators */

enum map_op_kind {
    OP_TRIM,
    OP_LOWER,
    OP_UPPER,
    OP_TEXT,
    OP_NUMBER,
    OP_INTEGER,
    OP_ROUND,
    OP_FLOOR,
    OP_CEIL,
    OP_ABS,
    OP_BOOL,
    OP_JSON,
    OP_BASE64,
    OP_COUNT,
    OP_SUM,
    OP_MIN,
    OP_MAX,
    OP_LAST,
    OP_UNIQUE,
    OP_CAPTURE,
    OP_REPLACE,
    OP_SPLIT,
    OP_JOIN,
    OP_MAP,
    OP_UNKNOWN,
    OP_DEFAULT,
    OP_MULTIPLY,
    OP_ADD,
    OP_SUBTRACT,
    OP_DIVIDE,
    OP_CLAMP,
    OP_RANGE,
    OP_PATH,
    OP_PREFIX,
    OP_SUFFIX,
    OP_TIME,
    OP_KINDS
};

/* How numbers are written: marks of one character, "" for none. */
struct map_marks {
    char decimal[5], thousands[5];
};
struct map_formats {
    struct view v[MAP_MAX_FORMATS];
    int n;
    const struct zone *zone;
};
struct map_op {
    enum map_op_kind kind;
    struct map_marks marks;
    struct regex *regex;
    struct view text; /* replacement, separator, prefix, suffix */
    int index;        /* capture: the group; split: which piece */
    bool has_index;
    double low, high;        /* limits; the operand of arithmetic is `low` */
    const struct json *list; /* map: an object; unknown: an array; default: a scalar */
    struct map_path path;
    struct map_formats formats;
};

/* ---- values and conditions */

enum map_source {
    SOURCE_PATH,
    SOURCE_CONST,
    SOURCE_KEY,
    SOURCE_INDEX,
    SOURCE_LET,
    SOURCE_FIRST,
    SOURCE_IF,
    SOURCE_TEMPLATE,
    SOURCE_SUM,
    SOURCE_DIFFERENCE,
    SOURCE_PRODUCT,
    SOURCE_QUOTIENT,
    SOURCE_LIST,
    SOURCE_JOIN,
    SOURCE_REQUEST,
    SOURCE_KINDS
};
enum map_asked { ASKED_QUERY, ASKED_HEADER, ASKED_PATH, ASKED_TOPIC };

struct map_cond;
/* NULL stands for a value that is not mapped. */
struct map_value {
    enum map_source source;
    struct map_path path;
    int parent; /* objects above the item that the path starts from */
    bool root;  /* it starts from the message's root */
    bool many;  /* all nodes are wanted, not just the first */
    bool required;
    bool gives_ms; /* ends in a time operator */
    const struct json *constant, *fallback;
    int index; /* of the let, or of the join; of a request's part */
    enum map_asked asked;
    struct view name;     /* of a query member or header */
    struct map_value **v; /* parts; if: then, else; join: on (NULL none), take */
    size_t n;
    struct map_cond *cond;
    struct map_template text;
    struct map_op *ops;
    size_t n_ops;
};

enum map_test_kind {
    TEST_EQUALS,
    TEST_NOT,
    TEST_EXISTS,
    TEST_ABOVE,
    TEST_BELOW,
    TEST_AT_LEAST,
    TEST_AT_MOST,
    TEST_MATCHES,
    TEST_KINDS
};
struct map_test {
    enum map_test_kind kind;
    const struct json *list; /* equals, not: a scalar or an array of them */
    bool there;
    double limit;
    struct regex *regex;
};
enum map_cond_kind { COND_TESTS, COND_ALL, COND_ANY, COND_NO };
struct map_cond {
    enum map_cond_kind kind;
    struct map_value *value; /* COND_TESTS: all tests must hold */
    struct map_test tests[TEST_KINDS];
    size_t n_tests;
    struct map_cond **v;
    size_t n;
    struct map_value *message; /* success only: the feed's words */
};
struct map_conds {
    struct map_cond **v;
    size_t n;
};

/* ---- fields of a report */

struct map_word {
    struct map_value *value;
    const struct json *map;      /* word of the feed → word of ours; NULL none */
    const struct json *fallback; /* for a word that the map does not know */
};
struct map_time {
    struct map_value *value;
    struct map_formats formats;
};
enum map_form { FORM_PAIR, FORM_GEOJSON, FORM_WKT, FORM_LAT_LON, FORM_LON_LAT };
struct map_point {
    enum map_form form;
    struct map_value *lat, *lng, *value;
    struct map_value *crs_value; /* a system that the message names */
    const struct projection *crs;
};
struct map_fields {
    struct map_value *lot, *counts[COUNT_KINDS], *in, *out, *heartbeat, *name;
    struct map_word status, band;
    struct map_time time;
    struct map_point point;
    struct map_value *class_free[PLACE_CLASS_N], *class_total[PLACE_CLASS_N];
    struct map_conds filter; /* of an entry of `emit` */
};
struct map_zones {
    struct map_value *items, *id, *free, *total;
};

enum map_derive { DERIVE_NONE, DERIVE_TOTAL, DERIVE_OPEN };
enum map_repeats { REPEATS_ALL, REPEATS_NEWEST, REPEATS_FIRST, REPEATS_LAST };

/* ---- requests */

struct map_member {
    struct view name;
    struct map_template value;
};
/* What is asked: of the feed itself, or of a join. */
struct map_ask {
    struct view method;
    struct map_template url, body; /* url: of a join; the feed's own is in its registration */
    struct map_member headers[DIALECT_MAX_HEADERS];
    int n_headers;
    struct map_member *query;
    size_t n_query;
};
enum map_pages_kind { PAGES_ONE, PAGES_NEXT, PAGES_COUNT, PAGES_UNTIL_EMPTY };
struct map_pages {
    enum map_pages_kind kind;
    struct map_value *value;
    int64_t first;
};
struct map_chunk {
    size_t size; /* 0: all ids at once */
    struct view separator;
    bool quote;
};
struct map_reply {
    int status;
    struct view type;
    struct map_template body;
};

/* ---- messages */

/* How one kind of message is read, and where its items stand. */
struct map_message {
    struct doc_spec doc;
    bool base64;
    struct map_value *items[MAP_MAX_ITEMS_PATHS];
    size_t n_items; /* 0: the message itself */
    bool single;
};
struct map_join {
    struct view name;
    struct map_message message;
    struct map_ask ask;
    struct map_value *key; /* NULL: its first item is meant */
    int64_t every_ms;
    bool each; /* a request for each lot */
};

struct map_owned;
struct mapping {
    struct arena arena;
    struct map_owned *owned; /* paths, expressions, zones, projections */
    struct map_message message;
    struct map_conds success, filter;
    struct map_value *lets[MAP_MAX_LETS];
    struct view let_names[MAP_MAX_LETS];
    int n_lets;
    struct map_fields fields;
    struct map_fields *emits; /* each whole: the mapping's fields with the entry's in their places */
    size_t n_emits;
    struct map_zones zones;
    bool text_counts;
    struct map_marks marks;
    const struct json *unknown;
    enum map_derive derive;
    enum map_repeats repeats;
    const struct zone *zone;
    struct map_join joins[MAP_MAX_JOINS];
    int n_joins;
    struct map_ask ask;
    struct map_pages pages;
    struct map_chunk chunk;
    struct map_reply reply;
    bool wants_head; /* some value looks at a header of the answer */
    bool listens;    /* there is no mapping: bodies are answered, and nothing else */
    struct {
        char name[32];
        struct projection *p;
    } projections[MAP_MAX_PROJECTIONS]; /* of systems that messages name */
    int n_projections;
};

/* All params of a feed. ERR_* with a pointer from the params ("/mapping/status/map"). mapping_free also after
 * an error. */
int mapping_compile(const struct json *params, struct mapping **out, struct why *why) must_check;
void mapping_free(struct mapping *m);
/* The URL of a registration, which may have holes too; it is told with each poll only. Its memory is the
 * mapping's: arena_back gives it back. */
int map_url_compile(struct mapping *m, struct view url, struct map_template *out, struct why *why) must_check;

#endif
