/* SPDX-License-Identifier: MIT
 * Error codes and the reason that a person reads.
 *
 * Functions return 0 or one of the negative codes of err.def. Where a human must act on a failure
 * (configuration, registration, feed decoding) the function also fills a `struct why`: the place (JSON
 * pointer) and the reason. Nothing here allocates; nothing here fails. Texts that are too long are cut at a
 * UTF-8 boundary.
 */
#ifndef PARKD_BASE_ERR_H
#define PARKD_BASE_ERR_H

enum err {
    ERR_OK = 0,
#define ERR(name, number, text) name = number,
#include "parkd/base/err.def"
#undef ERR
};

/* A result that must not be dropped. */
#define must_check              __attribute__((warn_unused_result))
#define printf_like(fmt, first) __attribute__((format(printf, fmt, first)))

struct why {
    char at[160];   /* JSON pointer or field name; empty: the whole input */
    char text[240]; /* the reason, one sentence without a full stop */
};

/* Words for `code`; "unknown error" for a number that is not in the table. Static storage. */
const char *err_text(int code);
/* The symbolic name, e.g. "ERR_TIMEOUT". Static storage. */
const char *err_name(int code);

/* Fills `why` (NULL is fine) and returns `code`, so that a caller can write `return why_set(why, ERR_RANGE,
 * …)`. */
int why_set(struct why *why, int code, const char *at, const char *fmt, ...) printf_like(4, 5);
/* Puts a printed prefix before `why->at`: an inner parser says "/free", its caller makes it "/items/3/free".
 */
void why_under(struct why *why, const char *fmt, ...) printf_like(2, 3);

#endif
