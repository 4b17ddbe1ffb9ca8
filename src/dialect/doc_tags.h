/* SPDX-License-Identifier: MIT
 * A look at the tags of XML or HTML before it is parsed. libxml2 compares every attribute of a tag with all
 * before it: half a megabyte of attributes in one tag takes it four seconds as XML, fifteen as HTML, and
 * nothing stops it. Pure.
 */
#ifndef PARKD_SRC_DIALECT_DOC_TAGS_H
#define PARKD_SRC_DIALECT_DOC_TAGS_H

#include "parkd/base/view.h"

#define DOC_TAG_PAIRS 10000000 /* pairs of attributes of all tags with many: a tenth of a second of HTML */

/* ERR_TOO_BIG: more tags than DOC_MAX_NODES, or attributes that would take too long. */
int doc_check_tags(struct view text, struct why *why) must_check;

#endif
