/* SPDX-License-Identifier: MIT
 * run.json in the state directory: where this parkd listens, for scripts and parkctl. Written whole (rename),
 * removed at the end.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"

static void put_address(struct json_writer *w, const char *key, const char *address, bool tls)
{
    char url[2 * CONF_PATH_SIZE + 16], here[CONF_PATH_SIZE];
    bool local = strncmp(address, "unix:", 5) == 0;
    if (local && address[5] != '/' && getcwd(here, sizeof here)) /* who reads it stands elsewhere */
        (void)snprintf(url, sizeof url, "unix:%s/%s", here, address + 5);
    else
        (void)snprintf(url, sizeof url, "%s%s", local ? "" : tls ? "https://" : "http://", address);
    jw_str(w, key, url);
}

static void render(const struct app *a, struct buf *b)
{
    struct json_writer w;
    jw_init(&w, b);
    jw_object(&w, NULL);
    jw_int(&w, "pid", getpid());
    put_address(&w, "public", api_public_address(a->api), a->conf.public.tls_cert_file[0]);
    put_address(&w, "staff", api_staff_address(a->api), false);
    jw_str(&w, "redis", store_address(a->store));
    jw_end_object(&w);
    buf_char(b, '\n');
}

int run_file_write(const struct app *a, struct why *why)
{
    char path[CONF_PATH_SIZE + 16], temp[CONF_PATH_SIZE + 24];
    struct buf b;
    (void)snprintf(path, sizeof path, "%s/run.json", a->conf.state_dir);
    (void)snprintf(temp, sizeof temp, "%s.new", path);
    buf_init(&b, 8192);
    render(a, &b);
    FILE *f = b.err ? NULL : fopen(temp, "we");
    bool good = f && fwrite(b.p, 1, b.n, f) == b.n;
    if (f && fclose(f))
        good = false;
    good = good && rename(temp, path) == 0;
    buf_fini(&b);
    return good ? 0 : why_set(why, ERR_IO, "", "cannot write %s: %s", path, strerror(errno));
}

void run_file_remove(const struct app *a)
{
    char path[CONF_PATH_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/run.json", a->conf.state_dir);
    (void)unlink(path);
}
