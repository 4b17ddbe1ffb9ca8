/* SPDX-License-Identifier: MIT
 * Filling the table of dialects: for load.c, and for tests that bring their dialects as texts.
 */
#ifndef PARKD_SRC_DIALECT_TABLE_H
#define PARKD_SRC_DIALECT_TABLE_H

#include "dialect/ops.h"

struct dialects *dialects_new(void);
/* Takes `d`, also after an error; drops it silently when its name is there already. */
int dialects_add(struct dialects *ds, struct dialect *d, struct why *why) must_check;
/* Copies `model`. */
int dialects_add_built_in(struct dialects *ds, const struct dialect *model) must_check;
/* native and generic. */
int dialects_add_all_built_in(struct dialects *ds) must_check;
/* What the Lua dialects that are added from now on find as `lib` (copied); empty: nothing. */
int dialects_use_lib(struct dialects *ds, struct view source) must_check;
struct view dialects_lib(const struct dialects *ds);
/* A Lua dialect from its text; `file` is for messages. */
int dialects_add_lua(struct dialects *ds, const char *file, struct view source, struct why *why) must_check;

#endif
