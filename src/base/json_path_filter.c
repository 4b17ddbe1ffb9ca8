/* SPDX-License-Identifier: MIT
 * Conditions of JSONPath filters: comparisons as RFC 9535, 2.3.5.2.2 says, without any conversion between
 * kinds.
 */
#include "base/json_path_run.h"

#include <string.h>

/* A side of a comparison with its value: `there` is false for RFC 9535's Nothing. */
struct value {
    bool there;
    enum json_kind kind;
    const struct json *node; /* NULL for literals, which are scalars */
    struct view text;
    double number;
    bool truth;
};

static struct value value_of(const struct json *j)
{
    if (!j)
        return (struct value){0};
    return (struct value){.there = true,
                          .kind = json_kind(j),
                          .node = j,
                          .text = json_text(j),
                          .number = json_number(j),
                          .truth = json_true(j)};
}

static struct value operand_value(struct path_run *run, const struct path_operand *o, const struct json *here)
{
    if (o->query)
        return value_of(path_first_of(run, o->query, here));
    return (struct value){
        .there = true, .kind = o->kind, .text = o->text, .number = o->number, .truth = o->truth};
}

static bool same_tree(struct path_run *run, const struct json *a, const struct json *b);

static bool same(struct path_run *run, const struct value *a, const struct value *b)
{
    if (!path_tick(run, a->text.n) || a->there != b->there || (a->there && a->kind != b->kind))
        return false;
    if (!a->there || a->kind == JSON_NULL)
        return true;
    switch (a->kind) {
    case JSON_STRING:
        return view_eq(a->text, b->text);
    case JSON_NUMBER:
        return a->number >= b->number && a->number <= b->number;
    case JSON_BOOL:
        return a->truth == b->truth;
    default:
        return same_tree(run, a->node, b->node);
    }
}

static const struct json *member(struct path_run *run, const struct json *object, struct view key)
{
    for (const struct json *m = json_first(object); m; m = json_next(m)) {
        struct view name = json_key(m);
        if (!path_tick(run, name.n))
            return NULL;
        if (view_eq(name, key))
            return m;
    }
    return NULL;
}

/* Two lists, or two objects in any order. */
static bool same_tree(struct path_run *run, const struct json *a, const struct json *b)
{
    bool object = json_is(a, JSON_OBJECT);
    int64_t n = 0, m = 0;
    if (!path_length_of(run, a, &n) || !path_length_of(run, b, &m) || n != m)
        return false;
    const struct json *other = json_first(b);
    for (const struct json *e = json_first(a); e; e = json_next(e)) {
        struct value x = value_of(e), y = value_of(object ? member(run, b, json_key(e)) : other);
        if (!same(run, &x, &y))
            return false;
        other = json_next(other);
    }
    return true;
}

/* Only numbers and texts have an order; UTF-8 bytes are ordered as the characters are. */
static bool less(const struct value *a, const struct value *b)
{
    if (!a->there || !b->there || a->kind != b->kind)
        return false;
    if (a->kind == JSON_NUMBER)
        return a->number < b->number;
    if (a->kind != JSON_STRING)
        return false;
    size_t n = a->text.n < b->text.n ? a->text.n : b->text.n;
    int order = n ? memcmp(a->text.p, b->text.p, n) : 0;
    return order ? order < 0 : a->text.n < b->text.n;
}

static bool compare(struct path_run *run, const struct path_condition *c, const struct json *here)
{
    struct value a = operand_value(run, &c->a, here), b = operand_value(run, &c->b, here);
    bool equal = same(run, &a, &b);
    switch (c->compare) {
    case COMPARE_EQ:
        return equal;
    case COMPARE_NE:
        return !equal;
    case COMPARE_LT:
        return less(&a, &b);
    case COMPARE_LE:
        return equal || less(&a, &b);
    case COMPARE_GT:
        return less(&b, &a);
    case COMPARE_GE:
        return equal || less(&b, &a);
    }
    return false;
}

bool path_holds(struct path_run *run, const struct path_condition *c, const struct json *here)
{
    switch (c->kind) {
    case LOGIC_OR:
        return path_holds(run, c->left, here) || path_holds(run, c->right, here);
    case LOGIC_AND:
        return path_holds(run, c->left, here) && path_holds(run, c->right, here);
    case LOGIC_NOT:
        return !path_holds(run, c->left, here);
    case LOGIC_EXISTS:
        return path_first_of(run, c->query, here) != NULL;
    case LOGIC_COMPARE:
        return compare(run, c, here);
    }
    return false;
}
