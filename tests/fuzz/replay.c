/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzz target as a test: replay SEEDS [ROUNDS] runs each file of the folder SEEDS as it is, then
 * ROUNDS (default 20000) damaged copies of them, from a fixed seed. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { SEEDS_MAX = 512, SIZE_MAX_SEED = 65536, DAMAGE_MAX = 8 };

static struct {
	uint8_t *p;
	size_t n;
} seed[SEEDS_MAX];
static size_t seed_count;

static uint32_t state = 2463534242U;

static uint32_t next_random(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % below;
}

static int load(const char *path)
{
	FILE *f = fopen(path, "rbe");
	if (!f || seed_count == SEEDS_MAX) {
		perror(path);
		return 1;
	}
	uint8_t *p = malloc(SIZE_MAX_SEED);
	if (!p)
		abort();
	seed[seed_count].p = p;
	seed[seed_count].n = fread(p, 1, SIZE_MAX_SEED, f);
	seed_count++;
	return fclose(f) == 0 ? 0 : 1;
}

static int load_all(const char *folder)
{
	DIR *d = opendir(folder);
	int bad = 0;
	if (!d) {
		perror(folder);
		return 1;
	}
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		char path[4096];
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		bad |= load(path);
	}
	closedir(d);
	if (seed_count == 0)
		fprintf(stderr, "%s: no seeds\n", folder);
	return bad || seed_count == 0;
}

/* A copy of exactly the input's size, so that the sanitizers see one byte too far. */
static void run(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	if (!copy)
		abort();
	memcpy(copy, p, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static void run_damaged(void)
{
	static uint8_t buf[SIZE_MAX_SEED];
	size_t pick = next_random((uint32_t)seed_count);
	size_t n = seed[pick].n;
	memcpy(buf, seed[pick].p, n);
	for (uint32_t i = next_random(DAMAGE_MAX); i > 0 && n > 1; i--) {
		size_t at = next_random((uint32_t)n);
		switch (next_random(4)) {
		case 0:
			buf[at] = (uint8_t)next_random(256);
			break;
		case 1:
			buf[at] ^= (uint8_t)(1U << next_random(8));
			break;
		case 2:
			n = at + 1;
			break;
		default:
			memmove(buf + at, buf + at + 1, n - at - 1);
			n--;
			break;
		}
	}
	run(buf, n);
}

int main(int argc, char **argv)
{
	long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 20000;
	if (argc < 2 || load_all(argv[1]) != 0) {
		fprintf(stderr, "usage: %s SEEDS [ROUNDS]\n", argv[0]);
		return 1;
	}
	for (size_t i = 0; i < seed_count; i++)
		run(seed[i].p, seed[i].n);
	for (long i = 0; i < rounds; i++)
		run_damaged();
	printf("%zu seeds, %ld damaged copies\n", seed_count, rounds);
	for (size_t i = 0; i < seed_count; i++)
		free(seed[i].p);
	return 0;
}
