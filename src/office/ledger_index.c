/* SPDX-License-Identifier: MIT
 * Texts in a hash.
 */
#include "office/ledger_index.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct index_item {
    const void *value;
    size_t n;
    UT_hash_handle hh;
    char key[];
};

static struct index_item *find(const struct index_item *all, const char *key)
{
    struct index_item *found = NULL;
    HASH_FIND_STR(all, key, found);
    return found;
}

int index_add(struct index_item **all, const char *key, const void *value)
{
    struct index_item *item = find(*all, key);
    if (item) {
        item->n++;
        return 0;
    }
    size_t size = strlen(key) + 1;
    item = calloc(1, sizeof *item + size);
    if (!item)
        return ERR_NOMEM;
    item->value = value;
    item->n = 1;
    memcpy(item->key, key, size);
    HASH_ADD_STR(*all, key, item);
    if (item->hh.tbl)
        return 0;
    free(item);
    return ERR_NOMEM;
}

size_t index_count(const struct index_item *all, const char *key)
{
    const struct index_item *item = find(all, key);
    return item ? item->n : 0;
}

const void *index_value(const struct index_item *all, const char *key)
{
    const struct index_item *item = find(all, key);
    return item ? item->value : NULL;
}

void index_free(struct index_item **all)
{
    struct index_item *item = NULL, *next = NULL;
    HASH_ITER(hh, *all, item, next)
    {
        HASH_DEL(*all, item);
        free(item);
    }
}
