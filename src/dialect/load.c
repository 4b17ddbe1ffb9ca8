/* SPDX-License-Identifier: MIT
 * Reads the folders of dialects. The only file of this folder that opens files; afterwards dialects need
 * none.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dialect/lua_dialect.h"
#include "dialect/lua_engine.h"
#include "dialect/table.h"
#include "parkd/base/file.h"

#define LIB_FILE "lib.lua"

int dialects_add_all_built_in(struct dialects *ds)
{
    static const struct dialect native = {
        .name = "native",
        .parts = DIALECT_RECEIVE | DIALECT_PUSH | DIALECT_BEAT | DIALECT_ASK,
        .params = "{}",
        .ops = &native_ops,
    };
    static const struct dialect generic = {
        .name = "generic",
        .parts = DIALECT_POLL | DIALECT_RECEIVE,
        .any_status = true, /* a lost detail costs one lot, not the poll */
        .params =
            "{\"mapping\":\"object?\",\"method\":\"string?\",\"headers\":\"object?\",\"query\":\"object?\","
            "\"body\":\"secret?\",\"chunk\":\"object?\",\"pages\":\"object?\",\"reply\":\"object?\"}",
        .ops = &generic_ops,
    };
    int err = dialects_add_built_in(ds, &native);
    return err ? err : dialects_add_built_in(ds, &generic);
}

int dialects_add_lua(struct dialects *ds, const char *file, struct view source, struct why *why)
{
    struct dialect *d = calloc(1, sizeof *d);
    int err = d ? lua_dialect_load(file, source, dialects_lib(ds), d, why) : ERR_NOMEM;
    if (!err)
        return dialects_add(ds, d, why);
    if (d) {
        if (d->impl_free)
            d->impl_free(d->impl);
        free(d->params);
    }
    free(d);
    return err;
}

static int read_file(const char *path, struct buf *out, struct why *why)
{
    int err = file_read(path, out);
    return err ? why_set(why, err, path, "%s", err == ERR_IO ? strerror(errno) : err_text(err)) : 0;
}

/* The library of a folder, if it has one; else that of before stays. */
static int use_lib_of(struct dialects *ds, const char *folder, int folder_n, struct why *why)
{
    char path[1024];
    struct buf source;
    if (snprintf(path, sizeof path, "%.*s/" LIB_FILE, folder_n, folder) >= (int)sizeof path ||
        access(path, F_OK))
        return 0;
    buf_init(&source, LUA_SOURCE_MAX);
    int err = read_file(path, &source, why);
    if (!err)
        err = dialects_use_lib(ds, buf_get(&source));
    buf_fini(&source);
    return err;
}

static int add_one(struct dialects *ds, const char *path, const char *name, struct why *why)
{
    struct buf source;
    buf_init(&source, LUA_SOURCE_MAX);
    int err = read_file(path, &source, why);
    if (!err)
        err = dialects_add_lua(ds, name, buf_get(&source), why);
    buf_fini(&source);
    return err;
}

int dialects_add_file(struct dialects *ds, const char *path, struct why *why)
{
    const char *slash = strrchr(path, '/');
    if (strcmp(slash ? slash + 1 : path, LIB_FILE) == 0)
        return why_set(why, ERR_INVALID, "", "what the dialects beside it share, and none of its own");
    int err = slash ? use_lib_of(ds, path, (int)(slash - path), why) : use_lib_of(ds, ".", 1, why);
    if (!err && !dialects_lib(ds).n)
        err = use_lib_of(ds, PARKD_SHARE "/dialects", (int)sizeof PARKD_SHARE "/dialects" - 1, why);
    return err ? err : add_one(ds, path, slash ? slash + 1 : path, why);
}

static int add_file(struct dialects *ds, const char *folder, const char *name, struct why *why)
{
    char path[1024];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return why_set(why, ERR_TOO_BIG, name, "path too long");
    return add_one(ds, path, name, why);
}

static int is_lua_file(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 4 && e->d_name[0] != '.' && strcmp(e->d_name + n - 4, ".lua") == 0 &&
           strcmp(e->d_name, LIB_FILE) != 0;
}

static int add_folder(struct dialects *ds, const char *folder, struct why *why)
{
    struct dirent **names = NULL;
    int failed = 0, n = scandir(folder, &names, is_lua_file, alphasort);
    if (n < 0) {
        if (errno == ENOENT)
            return 0;
        (void)why_set(why, ERR_IO, folder, "%s", strerror(errno));
        return 1;
    }
    failed += use_lib_of(ds, folder, (int)strlen(folder), why) != 0;
    for (int i = 0; i < n; i++) {
        failed += add_file(ds, folder, names[i]->d_name, why) != 0;
        free(names[i]);
    }
    free(names);
    return failed;
}

/* A folder without a library uses the packaged one, which stands in the last folder; never that of the folder
 * before. */
static int use_packaged_lib(struct dialects *ds, const char *const *folders, struct why *why)
{
    const char *last = folders[0];
    for (; *folders; folders++)
        last = *folders;
    int err = dialects_use_lib(ds, (struct view){0});
    return err ? err : use_lib_of(ds, last, (int)strlen(last), why);
}

struct dialects *dialects_load(const char *const *folders, int *n_failed, struct why *why)
{
    struct dialects *ds = dialects_new();
    *n_failed = 0;
    if (!ds || dialects_add_all_built_in(ds)) {
        dialects_free(ds);
        return NULL;
    }
    for (const char *const *f = folders; f && *f; f++) {
        *n_failed += use_packaged_lib(ds, folders, why) != 0;
        *n_failed += add_folder(ds, *f, why);
    }
    return ds;
}
