/* SPDX-License-Identifier: MIT
 * UTF-8 one character at a time, for the modules of this folder. Strict: no overlong forms, no surrogates,
 * nothing above U+10FFFF. Pure.
 */
#ifndef PARKD_BASE_UTF8_PRIVATE_H
#define PARKD_BASE_UTF8_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

/* Reads the character at p (n bytes are there): returns its length 1…4, or 0 when the bytes are not well
 * formed. */
size_t utf8_read(const char *p, size_t n, uint32_t *cp);
/* The largest length ≤ n that does not split a character of p; p holds more than n bytes. */
size_t utf8_cut(const char *p, size_t n);

#endif
