/* SPDX-License-Identifier: MIT
 * Charsets by iconv, in pieces, so that the buffer's ceiling holds whatever a conversion makes of the bytes.
 * A name may come from a sender: it cannot name a path or an option of iconv, nor one of the sets that depend
 * on state or come from mainframes. No page of the web may use those, and their converters were the faulty
 * ones.
 */
#include "parkd/base/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#define PIECE 4096
#define MARK  "\xEF\xBB\xBF"

static const struct {
    const char *name, *meant;
} aliases[] = {
    {"utf8", "UTF-8"},
    {"gb2312", "GB18030"},
    {"gb_2312-80", "GB18030"},
    {"csgb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"x-gbk", "GB18030"},
    {"cp936", "GB18030"},
    {"windows-936", "GB18030"},
    {"iso-8859-1", "WINDOWS-1252"},
    {"iso8859-1", "WINDOWS-1252"},
    {"iso_8859-1", "WINDOWS-1252"},
    {"latin1", "WINDOWS-1252"},
    {"latin-1", "WINDOWS-1252"},
    {"us-ascii", "WINDOWS-1252"},
    {"ascii", "WINDOWS-1252"},
    {"iso-8859-9", "WINDOWS-1254"},
    {"shift_jis", "CP932"},
    {"euc-kr", "CP949"},
    {"big5", "BIG5-HKSCS"},
};

static const char *const refused[] = {"utf-7",    "utf7",   "iso-2022", "iso2022", "csiso2022", "hz",
                                      "internal", "wchar",  "ucs",      "ebcdic",  "csibm",     "ibm1",
                                      "ibm9",     "cp1364", "cp93",     "tscii"};

static bool starts(struct view name, const char *prefix)
{
    size_t n = strlen(prefix);
    return name.n >= n && view_ieq((struct view){name.p, n}, prefix);
}

static bool is_good_name(struct view name)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (starts(name, refused[i]))
            return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!plain && (c == '\0' || !strchr("-_:.", c)))
            return false;
    }
    return name.n > 0 && !(name.p[0] >= '0' && name.p[0] <= '9');
}

/* The name for iconv. */
static int real_name(struct view charset, char dst[CHARSET_SIZE])
{
    struct view name = view_trim(charset);
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (view_ieq(name, aliases[i].name))
            return view_copy(view_of(aliases[i].meant), dst, CHARSET_SIZE);
    return is_good_name(name) && view_copy(name, dst, CHARSET_SIZE) == 0 ? 0 : ERR_NOT_FOUND;
}

static int open_pair(const char *to, const char *from, iconv_t *cd)
{
    *cd = iconv_open(to, from);
    if (*cd != (iconv_t)-1)
        return 0;
    return errno == ENOMEM ? ERR_NOMEM : ERR_NOT_FOUND;
}

int charset_check(struct view name)
{
    char real[CHARSET_SIZE];
    iconv_t cd;
    int rc = real_name(name, real);
    if (!rc)
        rc = open_pair("UTF-8", real, &cd);
    if (!rc)
        iconv_close(cd);
    return rc;
}

/* Everything through `cd` into `out`, without a byte order mark when `text` is what comes out. */
static int convert(iconv_t cd, struct view bytes, struct buf *out, bool text, size_t *at)
{
    char piece[PIECE], *in = (char *)(uintptr_t)bytes.p; /* iconv does not write there */
    size_t left = bytes.n;
    bool first = text, flush = left == 0;
    for (;;) {
        char *to = piece;
        size_t room = sizeof piece;
        size_t rc = flush ? iconv(cd, NULL, NULL, &to, &room) : iconv(cd, &in, &left, &to, &room);
        int error = rc == (size_t)-1 ? errno : 0;
        struct view made = {piece, (size_t)(to - piece)};
        size_t skip = first && view_starts(made, MARK) ? sizeof MARK - 1 : 0;
        first = first && made.n == 0;
        buf_put(out, made.p + skip, made.n - skip);
        if (out->err)
            return out->err;
        if (error && error != E2BIG) {
            *at = bytes.n - left;
            return ERR_SYNTAX;
        }
        if (!error && flush)
            return 0;
        flush = flush || !error;
    }
}

static int run(struct buf *out, const char *to, const char *from, struct view bytes, size_t *at)
{
    iconv_t cd;
    size_t place = 0;
    int rc = open_pair(to, from, &cd);
    if (rc)
        return rc;
    rc = convert(cd, bytes, out, strcmp(to, "UTF-8") == 0, at ? at : &place);
    iconv_close(cd);
    return rc;
}

int charset_to_utf8(struct buf *out, struct view charset, struct view bytes, size_t *at)
{
    char real[CHARSET_SIZE];
    int rc = real_name(charset, real);
    return rc ? rc : run(out, "UTF-8", real, bytes, at);
}

int charset_from_utf8(struct buf *out, struct view charset, struct view text)
{
    char real[CHARSET_SIZE];
    int rc = real_name(charset, real);
    return rc ? rc : run(out, real, "UTF-8", text, NULL);
}

static struct view unquoted(struct view v)
{
    bool quotes = v.n >= 2 && (v.p[0] == '"' || v.p[0] == '\'') && v.p[v.n - 1] == v.p[0];
    return quotes ? view_trim((struct view){v.p + 1, v.n - 2}) : v;
}

struct view charset_of_type(struct view content_type)
{
    struct view rest = content_type;
    (void)view_cut(&rest, ';');
    while (rest.p) {
        struct view value = view_cut(&rest, ';'), name = view_trim(view_cut(&value, '='));
        if (value.p && view_ieq(name, "charset"))
            return unquoted(view_trim(value));
    }
    return (struct view){NULL, 0};
}
