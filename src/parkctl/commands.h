/* SPDX-License-Identifier: MIT
 * The table of commands.def: help, completion, and the plain requests of it.
 */
#ifndef PARKD_PARKCTL_COMMANDS_H
#define PARKD_PARKCTL_COMMANDS_H

#include <stdio.h>

#include "parkctl/parkctl.h"

struct command {
    const char *noun, *verb, *method, *path, *args, *options, *list, *columns, *help;
};

extern const struct command commands[];
extern const size_t commands_count;

/* A word of a list: "why!", "free!#", "[TABLE]". */
struct word {
    struct view name;
    bool needed, number, flag;
};
/* The next of the list at *at; false at the end. */
bool next_word(const char **at, struct word *out);

/* The plain request that this noun and verb name, NULL: none, or one with code of its own. "lot" is as good
 * as "lots". */
const struct command *command_find(const char *noun, const char *verb);
/* argv begins behind the verb. An exit code. */
int command_run(struct ctl *c, const struct command *cmd, int argc, char **argv) must_check;

/* --- help.c --- */
void commands_print_help(FILE *out);
/* A completion script for bash, and the manual page, on standard output. */
void commands_print_bash(void);
void commands_print_man(void);

/* --- rows.c --- */
/* The members of each object of `list`, in columns ("id name what.zh"), under a heading. */
void rows_print(const struct json *list, const char *columns);
/* The plain members of an object, one a line. */
void rows_print_members(const struct json *object);

#endif
