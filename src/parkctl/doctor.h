/* SPDX-License-Identifier: MIT
 * doctor: looks at one thing after the other and says of each what is wrong, why that matters, and what to
 * do. Changes nothing. A check that cannot be made says so; it is no reason not to make the others.
 */
#ifndef PARKD_PARKCTL_DOCTOR_H
#define PARKD_PARKCTL_DOCTOR_H

#include "parkctl/parkctl.h"
#include "parkd/base/json_write.h"

enum finding { FINDING_OK, FINDING_WARN, FINDING_BAD };

struct doctor {
    struct ctl *c;
    const char *state;   /* parkd's state directory */
    struct json *run;    /* run.json; NULL: none, so parkd does not run here */
    struct json *status; /* of parkd; NULL: it does not answer */
    enum finding worst;
    struct json_writer w; /* with --json */
    struct buf out;
};

/* topic: "disk"; what happened; what to do, "" nothing. */
void doctor_say(struct doctor *d, enum finding level, const char *topic, const char *remedy, const char *what,
                ...) __attribute__((format(printf, 5, 6)));
struct view doctor_run(const struct doctor *d, const char *key); /* of run.json; empty: not there */

/* doctor_host.c */
void doctor_check_files(struct doctor *d);
void doctor_check_disk(struct doctor *d);
void doctor_check_memory(struct doctor *d);
void doctor_check_clock(struct doctor *d);
void doctor_check_backup(struct doctor *d);
/* redis_doctor.c */
void doctor_check_redis(struct doctor *d);
/* doctor_net.c */
void doctor_check_certificates(struct doctor *d);

int ctl_doctor(struct ctl *c, int argc, char **argv);

#endif
