/* SPDX-License-Identifier: MIT
 * For tests of the shipped dialects: they are loaded before each test and freed behind it.
 */
#ifndef PARKD_TEST_SHIPPED_TEST_H
#define PARKD_TEST_SHIPPED_TEST_H

#include "dialect_test.h"

static struct dialects *ds;

static inline int set_up(void **state)
{
    (void)state;
    ds = load_shipped();
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    dialects_free(ds);
    return 0;
}

#endif
