/* SPDX-License-Identifier: MIT
 * The table of error words. The first word of a reply is the whole contract: texts behind it differ between
 * versions.
 */
#include "store/redis_error.h"

#include <string.h>

static const struct {
    const char *word;
    enum redis_error e;
} words[] = {
    {"NOSCRIPT", RE_NOSCRIPT},  {"LOADING", RE_RETRY},    {"BUSY", RE_RETRY},       {"TRYAGAIN", RE_RETRY},
    {"CLUSTERDOWN", RE_RETRY},  {"MASTERDOWN", RE_RETRY}, {"READONLY", RE_DROP},    {"UNBLOCKED", RE_DROP},
    {"MOVED", RE_MOVED},        {"ASK", RE_MOVED},        {"OOM", RE_BLOCKED},      {"MISCONF", RE_BLOCKED},
    {"NOREPLICAS", RE_BLOCKED}, {"NOAUTH", RE_DENIED},    {"WRONGPASS", RE_DENIED}, {"NOPERM", RE_DENIED},
};

static enum redis_error of_word(struct view text)
{
    struct view word = view_cut(&text, ' ');
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (view_is(word, words[i].word))
            return words[i].e;
    }
    return RE_BUG;
}

enum redis_error redis_error_of(struct view text)
{
    enum redis_error e = of_word(text);
    if (e != RE_BUG || !view_starts(text, "ERR "))
        return e;
    /* "ERR invalid password" and "ERR Client sent AUTH …" are Redis 5's WRONGPASS. */
    if (view_is(text, "ERR invalid password") || view_starts(text, "ERR Client sent AUTH") ||
        view_starts(text, "ERR AUTH "))
        return RE_DENIED;
    if (!view_starts(text, "ERR Error running script"))
        return e;
    const char *inner = memmem(text.p, text.n, ": -", 3);
    if (!inner)
        return e;
    inner += 3;
    return of_word((struct view){inner, text.n - (size_t)(inner - text.p)});
}
