/* SPDX-License-Identifier: MIT
 * Where the key that seals secrets comes from. It never stands in Redis, so who steals a copy of the data has
 * no secret; and a backup without it keeps the secrets shut.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "parkd/base/crypto.h"
#include "parkd/base/file.h"

#define FILE_MAX 4096

static int decode(struct view text, unsigned char dst[SEAL_KEY_BYTES])
{
    struct buf raw;
    buf_init(&raw, FILE_MAX);
    text = view_trim(text);
    int rc = text.n == 2 * SEAL_KEY_BYTES ? hex_decode(&raw, text) : base64_decode(&raw, text);
    if (!rc && raw.n != SEAL_KEY_BYTES)
        rc = ERR_INVALID;
    if (!rc)
        memcpy(dst, raw.p, SEAL_KEY_BYTES);
    if (raw.p)
        explicit_bzero(raw.p, raw.n);
    buf_fini(&raw);
    return rc;
}

static int read_file(const char *path, unsigned char dst[SEAL_KEY_BYTES], struct why *why)
{
    struct buf b;
    buf_init(&b, FILE_MAX);
    int rc = file_read(path, &b);
    if (rc)
        rc = why_set(why, ERR_IO, "/office/master_key_file", "cannot read %s", path);
    else if (decode(buf_get(&b), dst))
        rc = why_set(why, ERR_INVALID, "/office/master_key_file",
                     "%s must hold 32 bytes in hexadecimal or Base64", path);
    if (b.p)
        explicit_bzero(b.p, b.n);
    buf_fini(&b);
    return rc;
}

static int make_file(const char *path, unsigned char dst[SEAL_KEY_BYTES], struct why *why)
{
    struct buf hex;
    buf_init(&hex, 2 * SEAL_KEY_BYTES + 1);
    int rc = crypto_random(dst, SEAL_KEY_BYTES);
    rc = rc ? rc : hex_encode(&hex, (struct view){(const char *)dst, SEAL_KEY_BYTES});
    rc = rc ? rc : buf_char(&hex, '\n');
    rc = rc ? rc : file_write_private(path, buf_get(&hex));
    if (hex.p)
        explicit_bzero(hex.p, hex.n);
    buf_fini(&hex);
    return rc ? why_set(why, ERR_IO, "/office/master_key_file", "cannot make %s", path) : 0;
}

int master_key_read(const struct conf *c, unsigned char dst[SEAL_KEY_BYTES], struct why *why)
{
    char path[CONF_PATH_SIZE + 32];
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (c->office.master_key_file[0])
        return read_file(c->office.master_key_file, dst, why);
    if (credentials &&
        (size_t)snprintf(path, sizeof path, "%s/parkd-master-key", credentials) < sizeof path &&
        access(path, R_OK) == 0)
        return read_file(path, dst, why);
    (void)snprintf(path, sizeof path, "%s/master.key", c->state_dir);
    return access(path, F_OK) == 0 ? read_file(path, dst, why) : make_file(path, dst, why);
}
