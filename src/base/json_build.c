/* SPDX-License-Identifier: MIT
 * Trees made by us. cJSON would copy texts and names through C strings twice; here a node gets its own copy
 * at once. cJSON keeps the last child in the first one's `prev`, so appending costs the same however long the
 * list is.
 */
#include "parkd/base/json_build.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

static struct json *wrap(cJSON *c)
{
    return (struct json *)(void *)c;
}

static cJSON *node(struct json *j)
{
    return (cJSON *)(void *)j;
}

static char *copy_of(struct view text)
{
    char *copy = cJSON_malloc(text.n + 1);
    if (!copy)
        return NULL;
    if (text.n)
        memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return copy;
}

struct json *json_new_object(void)
{
    return wrap(cJSON_CreateObject());
}

struct json *json_new_array(void)
{
    return wrap(cJSON_CreateArray());
}

struct json *json_new_text(struct view text)
{
    cJSON *c = cJSON_CreateNull();
    char *copy = c ? copy_of(text) : NULL;
    if (!copy) {
        cJSON_Delete(c);
        return NULL;
    }
    c->type = cJSON_String;
    c->valuestring = copy;
    return wrap(c);
}

struct json *json_new_number(double n)
{
    return wrap(isfinite(n) ? cJSON_CreateNumber(n) : cJSON_CreateNull());
}

static int append(struct json *parent, struct json *child)
{
    if (cJSON_AddItemToArray(node(parent), node(child)))
        return 0;
    json_free(child);
    return ERR_NOMEM;
}

int json_add(struct json *array, struct json *child)
{
    if (array && child && !json_is(array, JSON_ARRAY)) {
        json_free(child);
        return ERR_TYPE;
    }
    return append(array, child);
}

int json_put(struct json *object, struct view name, struct json *child)
{
    bool fits = !object || json_is(object, JSON_OBJECT);
    char *key = child && object && fits ? copy_of(name) : NULL;
    if (!key) {
        json_free(child);
        return fits ? ERR_NOMEM : ERR_TYPE;
    }
    cJSON_free(node(child)->string);
    node(child)->string = key;
    return append(object, child); /* cJSON appends to either kind of list */
}
