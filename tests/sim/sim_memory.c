/* SPDX-License-Identifier: MIT
 * Memory that is not there, now and then. Linked with the allocations of all objects wrapped (see the
 * Makefile): the product's fail as told, the model's are never refused.
 */
#define SIM_MEMORY 1
#include "sim.h"

char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);

int memory_fails;
bool memory_spares;
static uint64_t failures;

uint64_t memory_failures(void)
{
    return failures;
}

bool memory_denies(void)
{
    bool no = memory_fails && sim_life && !memory_spares && sim_chance(memory_fails);
    failures += no;
    return no;
}

void *__wrap_malloc(size_t n)
{
    return memory_denies() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return memory_denies() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return memory_denies() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
    return memory_denies() ? NULL : __real_strdup(s);
}
