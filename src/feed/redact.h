/* SPDX-License-Identifier: MIT
 * Takes out of a message what may name a person, before anybody keeps it: plates, phones, names of persons,
 * cards, pictures, keys. Pure.
 *
 * By name: the value of a field whose name tells so (redact_names.def) becomes "***", a number 0, everything
 * inside an object or list likewise; values of up to four digits stay, because "carNum": 35 is a count. By
 * look, wherever it stands: mainland plates (7 and 8 characters), mobile numbers, identity numbers, long
 * Base64 or hexadecimal texts. JSON inside a JSON string or a form field, and a Base64 text that holds text,
 * are cleaned inside. All other bytes stay as they came, so that messages that are broken can be looked at
 * too, and cleaned ones can be read again.
 */
#ifndef PARKD_SRC_FEED_REDACT_H
#define PARKD_SRC_FEED_REDACT_H

#include "parkd/base/buf.h"

#define REDACT_MASK "***"

/* Appends the cleaned message; *n_masked says how many values were taken out. A message that is no text
 * becomes a mask. ERR_NOMEM, ERR_TOO_BIG. */
int redact_body(struct view content_type, struct view body, struct buf *out, size_t *n_masked) must_check;
/* The query of a URL, undecoded. */
int redact_query(struct view query, struct buf *out) must_check;

/* ---- between redact*.c; what is appended fails in the buf. Each returns how many values it took out. */

bool redact_name(struct view name);
/* May a value stay although its name is personal? Empty, or up to four digits. */
bool redact_harmless(struct view value);
size_t redact_text(struct view text, struct buf *out);
bool redact_text_tells(struct view text); /* would it take something out? */
/* A long run of Base64 or hexadecimal digits. */
bool redact_is_blob(struct view text);
/* A blob: a mask, or when text is inside, that text cleaned, as Base64 again. */
size_t redact_blob(struct view text, int nest, struct buf *out);
size_t redact_json(struct view text, int nest, struct buf *out);
size_t redact_xml(struct view text, int nest, struct buf *out);
size_t redact_form(struct view text, int nest, struct buf *out);
size_t redact_lines(struct view text, struct buf *out);
/* Whatever it is, by how it begins. `nest` counts messages inside messages. */
size_t redact_any(struct view text, int nest, struct buf *out);
/* Could a text be a whole message (JSON, XML, Base64 of those)? */
bool redact_is_message(struct view text);
#define REDACT_MAX_NEST 3

#endif
