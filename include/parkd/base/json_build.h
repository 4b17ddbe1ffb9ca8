/* SPDX-License-Identifier: MIT
 * Trees of JSON made by us: what CSV rows and form fields become, so that one evaluator reads them all. Pure.
 *
 * A new node is owned by its maker until it is put into a parent. Adding to a parent takes the child over,
 * also on failure; adding NULL fails with ERR_NOMEM, so calls nest without looking.
 */
#ifndef PARKD_BASE_JSON_BUILD_H
#define PARKD_BASE_JSON_BUILD_H

#include "parkd/base/json.h"

struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_new_text(struct view text); /* UTF-8 without NUL, by the caller's word */
struct json *json_new_number(double n);       /* not finite: null */
/* Both: ERR_NOMEM, ERR_TYPE (the parent is something else). */
int json_add(struct json *array, struct json *child) must_check;
/* Appends in constant time; the caller sees to it that names are not used twice. */
int json_put(struct json *object, struct view name, struct json *child) must_check;

#endif
