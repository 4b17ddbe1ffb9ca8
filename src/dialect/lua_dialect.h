/* SPDX-License-Identifier: MIT
 * A Lua file becomes a dialect.
 */
#ifndef PARKD_SRC_DIALECT_LUA_DIALECT_H
#define PARKD_SRC_DIALECT_LUA_DIALECT_H

#include "dialect/ops.h"

/* Fills `out` (zeroed by the caller, who frees params and impl also after an error). */
int lua_dialect_load(const char *file, struct view source, struct view lib, struct dialect *out,
                     struct why *why) must_check;

#endif
