/* SPDX-License-Identifier: MIT
 * run.json in the state directory: where this parkd listens, for scripts and parkctl. Written whole (rename),
 * removed at the end.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "parkd/base/file.h"
#include "parkd/base/log.h"

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
    put_address(&w, "staff", api_staff_address(a->api), !a->socket[0] && a->conf.staff.tls_cert_file[0]);
    if (api_console_address(a->api)[0])
        put_address(&w, "console", api_console_address(a->api), a->conf.staff.tls_cert_file[0]);
    jw_str(&w, "redis", store_address(a->store));
    jw_str(&w, "redis_prefix", a->conf.redis.prefix);
    jw_end_object(&w);
    buf_char(b, '\n');
}

int run_file_write(const struct app *a, struct why *why)
{
    char path[CONF_PATH_SIZE + 16];
    struct buf b;
    (void)snprintf(path, sizeof path, "%s/run.json", a->conf.state_dir);
    buf_init(&b, 8192);
    render(a, &b);
    int err = b.err ? b.err : file_write_private(path, buf_get(&b));
    buf_fini(&b);
    return err ? why_set(why, ERR_IO, "", "cannot write %s: %s", path, strerror(errno)) : 0;
}

/* For its owner's eyes: a file beside run.json, and the terminal if there is one. The log keeps no secret. */
void first_link_tell(const struct app *a, const char *token)
{
    char path[CONF_PATH_SIZE + 24];
    struct buf b;
    (void)snprintf(path, sizeof path, "%s/first-admin.link", a->conf.state_dir);
    if (!token[0] || !api_console_address(a->api)[0]) {
        (void)unlink(path);
        return;
    }
    buf_init(&b, 2048);
    buf_printf(&b, "%s://%s/console#link=%s\n", a->conf.staff.tls_cert_file[0] ? "https" : "http",
               api_console_address(a->api), token);
    int err = b.err ? b.err : file_write_private(path, buf_get(&b));
    if (err)
        log_error(APP, "first_admin_link=%s error=%s", path, err_name(err));
    else
        log_info(APP, "first_admin_link=%s", path);
    if (!err && isatty(STDOUT_FILENO))
        (void)printf("首次登录 first sign-in: " VIEW_FMT, VIEW_ARG(buf_get(&b)));
    explicit_bzero(b.p, b.n);
    buf_fini(&b);
}

void run_file_remove(const struct app *a)
{
    char path[CONF_PATH_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/run.json", a->conf.state_dir);
    (void)unlink(path);
}
