/* SPDX-License-Identifier: MIT
 * The office's rules: which record earns which of the four colours (blue 蓝, yellow 黄, orange 橙, red 红:
 * grades four to one of the emergency practice), and how a month is scored. Values; pure. Every report names
 * the version of the rules it was made by.
 *
 * {"colours":{"online_rate":[0.95,0.9,0.8,0.5],"offline_hours":[1,4,12,24],…},
 *  "score":{"online_rate":40,"timeliness":20,"completeness":20,"honesty":20},"grades":[95,85,70]}
 * Four limits a rule, blue to red; null: this rule never gives that colour. Shares colour when they are below
 * the limit, the others from the limit on. What is not named keeps its default.
 */
#ifndef PARKD_MODEL_RULES_H
#define PARKD_MODEL_RULES_H

#include "parkd/base/json_write.h"
#include "parkd/model/daily.h"

enum colour { COLOUR_NONE, COLOUR_BLUE, COLOUR_YELLOW, COLOUR_ORANGE, COLOUR_RED, COLOUR_N };
enum rule {
    RULE_ONLINE,
    RULE_TIMELINESS,
    RULE_COMPLETENESS,
    RULE_OFFLINE,
    RULE_FROZEN,
    RULE_UNRECONCILED,
    RULE_DRIFT,
    RULE_N
};
enum score_part { SCORE_ONLINE, SCORE_TIMELINESS, SCORE_COMPLETENESS, SCORE_HONESTY, SCORE_N };

struct rules {
    double limits[RULE_N][4]; /* NAN: never */
    double score[SCORE_N];    /* weights */
    double grades[3];         /* least scores of 优 良 中 */
};

void rules_default(struct rules *r);
/* Over the defaults. ERR_* and `why` naming the member. */
int rules_parse(const struct json *j, struct rules *out, struct why *why) must_check;
void rules_write(struct json_writer *w, const char *key, const struct rules *r);
/* The worst colour that any rule gives; *by is that rule (RULE_N: none). */
enum colour rules_colour(const struct rules *r, const struct daily *d, enum rule *by);
const char *colour_name(enum colour c);                    /* "none", "blue" … */
const char *colour_zh(enum colour c);                      /* "", "蓝" … */
const char *rule_name(enum rule r);                        /* "online_rate" …; "" for RULE_N */
const char *grade_of(const struct rules *r, double score); /* "优", "良", "中", "差" */

#endif
