/* SPDX-License-Identifier: MIT
 * Counts attributes of tags without knowing what is a tag: comments, scripts and CDATA are not told apart,
 * because a sender who writes broken HTML would decide where they end. Instead every '<' before a letter may
 * begin a tag, and where two readings of the same bytes are possible both are followed, each with the most
 * attributes that could stand behind it. So the count is never too low. A text that only looks like a tag
 * costs nothing until it has thousands of words and equal signs between a '<' and a '>'.
 */
#include "dialect/doc_tags.h"

#include <string.h>

#include "dialect/doc.h"

#define FEW 64 /* attributes that any tag may have */

/* Where in a tag: among names, behind '=', in a value of each of three kinds. */
enum place { AMONG, BEHIND, BARE, DOUBLE, SINGLE, PLACES };

struct tags {
    int64_t n[PLACES]; /* names so far, if the text stands here; −1: it cannot */
    int64_t pairs;
    size_t begun;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool begins_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
           ((unsigned char)c & 0x80u);
}

static void reach(int64_t next[PLACES], enum place at, int64_t n)
{
    if (n > next[at])
        next[at] = n;
}

/* The tag ends, if it was one. */
static void leave(struct tags *t, int64_t n)
{
    if (n > FEW)
        t->pairs += n * n / 2;
}

static void step_unquoted(struct tags *t, int64_t next[PLACES], enum place at, char c)
{
    int64_t n = t->n[at];
    if (c == '>')
        leave(t, n);
    else if (at == BEHIND && (c == '"' || c == '\''))
        reach(next, c == '"' ? DOUBLE : SINGLE, n);
    else if (at == BEHIND && is_blank(c))
        reach(next, BEHIND, n);
    else if (at == BEHIND || (at == BARE && !is_blank(c)))
        reach(next, BARE, n);
    else
        reach(next, c == '=' ? BEHIND : AMONG, n);
}

static void step(struct tags *t, char c, bool names)
{
    int64_t next[PLACES] = {-1, -1, -1, -1, -1};
    for (int at = AMONG; at <= BARE; at++)
        if (t->n[at] >= 0)
            step_unquoted(t, next, (enum place)at, c);
    for (int at = DOUBLE; at <= SINGLE; at++)
        if (t->n[at] >= 0)
            reach(next, c == (at == DOUBLE ? '"' : '\'') ? AMONG : (enum place)at, t->n[at]);
    if (names && next[AMONG] >= 0)
        next[AMONG]++;
    memcpy(t->n, next, sizeof next);
}

static bool in_tag(const struct tags *t)
{
    for (int at = 0; at < PLACES; at++)
        if (t->n[at] >= 0)
            return true;
    return false;
}

int doc_check_tags(struct view text, struct why *why)
{
    struct tags t = {{-1, -1, -1, -1, -1}, 0, 0};
    for (size_t i = 0; i < text.n && t.pairs <= DOC_TAG_PAIRS && t.begun <= DOC_MAX_NODES; i++) {
        if (!in_tag(&t)) {
            const char *open = memchr(text.p + i, '<', text.n - i);
            if (!open)
                break;
            i = (size_t)(open - text.p);
        }
        char before = i ? text.p[i - 1] : '<', c = text.p[i];
        bool apart = is_blank(before) || before == '"' || before == '\'' || before == '/';
        step(&t, c, apart && (begins_name(c) || c == '.'));
        if (c == '<' && i + 1 < text.n && begins_name(text.p[i + 1])) {
            reach(t.n, AMONG, 0);
            t.begun++;
        }
    }
    if (t.begun > DOC_MAX_NODES)
        return why_set(why, ERR_TOO_BIG, "", "more than %d tags", DOC_MAX_NODES);
    for (int at = 0; at < PLACES; at++)
        if (t.n[at] > 0)
            leave(&t, t.n[at]);
    return t.pairs > DOC_TAG_PAIRS ? why_set(why, ERR_TOO_BIG, "", "tags of too many attributes") : 0;
}
