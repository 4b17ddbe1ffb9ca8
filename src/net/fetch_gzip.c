/* SPDX-License-Identifier: MIT
 * See fetch_gzip.h. libcurl would unfold too, but takes a stream that breaks off for whole: the end of a
 * table or of a page would be missing, and nobody would know.
 */
#include "net/fetch_gzip.h"

#include <zlib.h>

#define PIECE     16384
#define GZIP_ONLY (16 + MAX_WBITS)

static int explain(int code, const char **words)
{
    *words = code == Z_DATA_ERROR || code == Z_NEED_DICT ? "the answer is no gzip, or broken"
             : code == Z_STREAM_END                      ? "bytes behind the end of the gzip"
                                                         : "the gzip breaks off";
    return code == Z_MEM_ERROR ? ERR_NOMEM : ERR_PROTOCOL;
}

int fetch_gunzip(struct view folded, struct buf *out, const char **words)
{
    char piece[PIECE];
    int code = Z_OK;
    z_stream z = {.next_in = (Bytef *)(uintptr_t)folded.p, .avail_in = (uInt)folded.n};

    *words = "";
    if (inflateInit2(&z, GZIP_ONLY) != Z_OK)
        return ERR_NOMEM;
    while (code == Z_OK && !out->err) {
        z.next_out = (Bytef *)piece;
        z.avail_out = sizeof piece;
        code = inflate(&z, Z_NO_FLUSH);
        (void)buf_put(out, piece, sizeof piece - z.avail_out);
    }
    int err = code == Z_STREAM_END && z.avail_in == 0 ? 0 : explain(code, words);
    inflateEnd(&z);
    return out->err ? out->err : err;
}
