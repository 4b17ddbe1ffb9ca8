/* SPDX-License-Identifier: MIT
 * A target without libFuzzer: reads the files named and runs each once. Prints each name before its turn, so
 * that whoever started this knows which one broke it.
 */
#include "fuzz.h"

static int run_file(const char *path)
{
    static uint8_t bytes[8 << 20];
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    size_t n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    printf("%s\n", path);
    (void)fflush(stdout);
    uint8_t *copy = malloc(n ? n : 1);
    if (!copy)
        return 1;
    memcpy(copy, bytes, n);
    (void)LLVMFuzzerTestOneInput(copy, n);
    free(copy);
    return 0;
}

int main(int argc, char **argv)
{
    int status = 0;
    for (int i = 1; i < argc; i++)
        status |= run_file(argv[i]);
    return status;
}
