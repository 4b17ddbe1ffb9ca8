/* SPDX-License-Identifier: MIT
 * PCRE2 with one budget for a whole search. Its own match limit starts anew at every position of the subject,
 * so a callout before every item of the pattern counts items and the distance they went. An item that fails
 * costs no more than its repeat count, therefore large counts are refused.
 */
#include "parkd/base/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define STEPS_MAX      1000000
#define BYTES_PER_STEP 16
#define MATCH_LIMIT    1000000
#define DEPTH_LIMIT    20000
#define HEAP_LIMIT_KIB 8192
#define NEST_LIMIT     64
#define GROUPS_MAX     99
#define REPEAT_DIGITS  3

struct regex {
    pcre2_code *code;
    int groups;
};

/* One search: what PCRE2 needs for it and what it has cost so far. */
struct search {
    const struct regex *regex;
    struct view subject;
    pcre2_match_context *limits;
    pcre2_match_data *data;
    size_t steps, last;
};

static int count_item(pcre2_callout_block *block, void *ctx)
{
    struct search *s = ctx;
    size_t at = block->current_position, way = at > s->last ? at - s->last : s->last - at;
    s->last = at;
    s->steps += 1 + way / BYTES_PER_STEP;
    return s->steps > STEPS_MAX ? PCRE2_ERROR_CALLOUT : 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The first repeat count with too many digits; "\x{10ffff}" and its like are none. */
static const char *large_repeat(struct view pattern)
{
    const char *end = pattern.p + pattern.n;
    for (const char *p = pattern.p; p < end; p++) {
        bool named = p - pattern.p >= 2 && p[-2] == '\\' && strchr("xoNpPgk", p[-1]);
        if (*p != '{' || named)
            continue;
        size_t digits = 0;
        for (const char *q = p + 1; q < end && (is_digit(*q) || *q == ',' || *q == ' '); q++) {
            digits = is_digit(*q) ? digits + 1 : 0;
            if (digits > REPEAT_DIGITS)
                return p;
        }
    }
    return NULL;
}

static int refuse(int number, size_t offset, struct why *why)
{
    PCRE2_UCHAR8 words[160];
    if (number == PCRE2_ERROR_HEAP_FAILED)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    if (pcre2_get_error_message(number, words, sizeof words) == PCRE2_ERROR_BADDATA)
        words[0] = '\0';
    return why_set(why, ERR_SYNTAX, "", "%s at offset %zu", (const char *)words, offset);
}

static pcre2_code *compile(struct view pattern, int *number, size_t *offset)
{
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT;
    pcre2_compile_context *limits = pcre2_compile_context_create(NULL);
    *number = PCRE2_ERROR_HEAP_FAILED;
    if (!limits)
        return NULL;
    pcre2_set_parens_nest_limit(limits, NEST_LIMIT);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR8)pattern.p, pattern.n, options, number, offset, limits);
    pcre2_compile_context_free(limits);
    return code;
}

int regex_compile(struct view pattern, struct regex **out, struct why *why)
{
    *out = NULL;
    if (pattern.n > REGEX_MAX_PATTERN)
        return why_set(why, ERR_TOO_BIG, "", "longer than %d bytes", REGEX_MAX_PATTERN);
    struct view text = pattern.p ? pattern : VIEW("");
    const char *large = large_repeat(text);
    if (large)
        return why_set(why, ERR_SYNTAX, "", "repeat count above 999 at offset %zu", (size_t)(large - text.p));
    int number = 0;
    size_t offset = 0;
    uint32_t groups = 0;
    pcre2_code *code = compile(text, &number, &offset);
    if (!code)
        return refuse(number, offset, why);
    struct regex *r = calloc(1, sizeof *r);
    if (!r || pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups) || groups > GROUPS_MAX) {
        pcre2_code_free(code);
        free(r);
        return r ? why_set(why, ERR_SYNTAX, "", "more than %d groups", GROUPS_MAX)
                 : why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    }
    r->code = code;
    r->groups = (int)groups;
    *out = r;
    return 0;
}

void regex_free(struct regex *r)
{
    if (!r)
        return;
    pcre2_code_free(r->code);
    free(r);
}

int regex_groups(const struct regex *r)
{
    return r->groups;
}

static void search_fini(struct search *s)
{
    pcre2_match_data_free(s->data);
    pcre2_match_context_free(s->limits);
}

static int search_init(struct search *s, const struct regex *r, struct view subject)
{
    *s = (struct search){.regex = r, .subject = subject.p ? subject : VIEW("")};
    if (subject.n > REGEX_MAX_SUBJECT)
        return ERR_TOO_BIG;
    s->limits = pcre2_match_context_create(NULL);
    s->data = pcre2_match_data_create_from_pattern(r->code, NULL);
    if (!s->limits || !s->data)
        return ERR_NOMEM;
    pcre2_set_match_limit(s->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(s->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(s->limits, HEAP_LIMIT_KIB);
    pcre2_set_callout(s->limits, count_item, s);
    return 0;
}

/* The next match from `at` on; its groups are in s->data afterwards. */
static int search_from(struct search *s, size_t at)
{
    s->last = at;
    int rc = pcre2_match(s->regex->code, (PCRE2_SPTR8)s->subject.p, s->subject.n, at, 0, s->data, s->limits);
    switch (rc) {
    case PCRE2_ERROR_NOMATCH:
        return ERR_NOT_FOUND;
    case PCRE2_ERROR_CALLOUT:
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_RECURSELOOP:
        return ERR_BUDGET;
    case PCRE2_ERROR_NOMEMORY:
        return ERR_NOMEM;
    default:
        return rc < 0 ? ERR_INVALID : 0;
    }
}

static struct view group_of(const struct search *s, int group)
{
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(s->data) + 2 * group;
    if (ends[0] == PCRE2_UNSET || ends[1] < ends[0])
        return (struct view){NULL, 0};
    return (struct view){s->subject.p + ends[0], ends[1] - ends[0]};
}

int regex_find(const struct regex *r, struct view subject, int group, struct view *out)
{
    *out = (struct view){NULL, 0};
    if (group < 0 || group > r->groups)
        return ERR_INVALID;
    struct search s;
    int rc = search_init(&s, r, subject);
    if (!rc)
        rc = search_from(&s, 0);
    if (!rc)
        *out = group_of(&s, group);
    search_fini(&s);
    return rc;
}

/* "$1", "${12}" or "$$" at the head of `with`: moves behind it. The group's number, -1 for "$$", -2: neither.
 */
static int reference(struct view *with, int groups)
{
    struct view rest = {with->p + 1, with->n - 1};
    if (view_starts(rest, "$")) {
        *with = (struct view){rest.p + 1, rest.n - 1};
        return -1;
    }
    bool braces = view_starts(rest, "{");
    size_t from = braces, to = from;
    while (to < rest.n && to - from < 2 && is_digit(rest.p[to]))
        to++;
    int64_t group = 0;
    if (view_to_int((struct view){rest.p + from, to - from}, 0, groups, &group))
        return -2;
    if (braces && (to == rest.n || rest.p[to++] != '}'))
        return -2;
    *with = (struct view){rest.p + to, rest.n - to};
    return (int)group;
}

/* Writes one replacement; without `s` the text is only checked. */
static int put_replacement(struct search *s, struct view with, int groups, struct buf *out)
{
    while (with.n) {
        struct view rest = with, plain = view_cut(&rest, '$');
        if (s)
            buf_view(out, plain);
        with = (struct view){with.p + plain.n, with.n - plain.n};
        if (!with.n)
            break;
        int group = reference(&with, groups);
        if (group == -2)
            return ERR_SYNTAX;
        if (s)
            buf_view(out, group < 0 ? VIEW("$") : group_of(s, group));
    }
    return 0;
}

static size_t one_character(const struct search *s, size_t at)
{
    uint32_t cp = 0;
    size_t n = utf8_read(s->subject.p + at, s->subject.n - at, &cp);
    return n ? n : 1;
}

/* Copies what stands before each match and puts `with` in its place. An empty match takes a character along.
 */
static int replace_all(struct search *s, struct view with, struct buf *out)
{
    size_t at = 0, copied = 0;
    int rc = 0;
    while (!out->err && at <= s->subject.n && (rc = search_from(s, at)) == 0) {
        struct view found = group_of(s, 0);
        size_t start = found.p ? (size_t)(found.p - s->subject.p) : 0, end = start + found.n;
        if (!found.p || start < at)
            return ERR_INVALID;
        buf_put(out, s->subject.p + copied, start - copied);
        (void)put_replacement(s, with, s->regex->groups, out);
        copied = end;
        at = found.n ? end : end + one_character(s, end);
    }
    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    buf_put(out, s->subject.p + copied, s->subject.n - copied);
    return out->err;
}

int regex_replace(const struct regex *r, struct view subject, struct view with, struct buf *out)
{
    struct search s;
    int rc = put_replacement(NULL, with, r->groups, NULL);
    if (rc)
        return rc;
    rc = search_init(&s, r, subject);
    if (!rc)
        rc = replace_all(&s, with, out);
    search_fini(&s);
    return rc;
}
