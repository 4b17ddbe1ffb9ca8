/* SPDX-License-Identifier: MIT
 * Base64 and hexadecimal text, both ways. Decoding is strict about the alphabet, the padding and unused bits,
 * so that no two texts mean the same bytes (blanks apart). Pure.
 */
#include "parkd/base/crypto.h"

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_encode(struct buf *out, struct view bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    int rc = buf_put(out, NULL, 0);
    for (size_t i = 0; i < bytes.n && !rc; i += 3) {
        size_t left = bytes.n - i;
        uint32_t v = (uint32_t)p[i] << 16;
        if (left > 1)
            v |= (uint32_t)p[i + 1] << 8;
        if (left > 2)
            v |= p[i + 2];
        char quad[4] = {base64[v >> 18], base64[v >> 12 & 63], left > 1 ? base64[v >> 6 & 63] : '=',
                        left > 2 ? base64[v & 63] : '='};
        rc = buf_put(out, quad, 4);
    }
    return rc;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct quad {
    uint32_t bits;
    int digits, padding;
};

static int put_whole(struct buf *out, struct quad *q)
{
    char three[3] = {(char)(q->bits >> 16), (char)(q->bits >> 8), (char)q->bits};
    q->bits = 0;
    q->digits = 0;
    return buf_put(out, three, 3);
}

/* The last, short group: two digits make one byte, three make two; the bits left over must be zero. */
static int put_rest(struct buf *out, const struct quad *q)
{
    if (q->digits == 0)
        return q->padding ? ERR_SYNTAX : 0;
    if (q->digits == 1 || (q->padding && q->digits + q->padding != 4))
        return ERR_SYNTAX;
    uint32_t bits = q->bits << (q->digits == 2 ? 12 : 6);
    if (bits & (q->digits == 2 ? 0xFFFFu : 0xFFu))
        return ERR_SYNTAX;
    char two[2] = {(char)(bits >> 16), (char)(bits >> 8)};
    return buf_put(out, two, (size_t)q->digits - 1);
}

static int take_char(struct buf *out, struct quad *q, char c)
{
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
        return 0;
    if (c == '=')
        return ++q->padding > 2 ? ERR_SYNTAX : 0;
    int digit = base64_digit(c);
    if (digit < 0 || q->padding)
        return ERR_SYNTAX;
    q->bits = q->bits << 6 | (uint32_t)digit;
    return ++q->digits == 4 ? put_whole(out, q) : 0;
}

/* Takes away what was appended since `before`, so that a failure leaves nothing half. */
static int undo(struct buf *out, size_t before, int rc)
{
    if (rc && !out->err && out->p) {
        out->n = before;
        out->p[before] = '\0';
    }
    return rc;
}

int base64_decode(struct buf *out, struct view text)
{
    struct quad q = {0};
    size_t before = out->n;
    int rc = buf_put(out, NULL, 0);
    for (size_t i = 0; i < text.n && !rc; i++)
        rc = take_char(out, &q, text.p[i]);
    if (!rc)
        rc = put_rest(out, &q);
    return undo(out, before, rc);
}

int hex_encode(struct buf *out, struct view bytes)
{
    static const char digits[] = "0123456789abcdef";
    int rc = buf_put(out, NULL, 0);
    for (size_t i = 0; i < bytes.n && !rc; i++) {
        unsigned char c = (unsigned char)bytes.p[i];
        rc = buf_put(out, (char[]){digits[c >> 4], digits[c & 15]}, 2);
    }
    return rc;
}

int hex_decode(struct buf *out, struct view text)
{
    size_t before = out->n;
    int rc = text.n % 2 ? ERR_SYNTAX : buf_put(out, NULL, 0);
    for (size_t i = 0; i + 1 < text.n && !rc; i += 2) {
        int high = hex_digit(text.p[i]), low = hex_digit(text.p[i + 1]);
        rc = high < 0 || low < 0 ? ERR_SYNTAX : buf_char(out, (char)(high << 4 | low));
    }
    return undo(out, before, rc);
}
