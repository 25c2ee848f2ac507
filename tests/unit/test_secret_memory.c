/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory for secrets: sizes, wiping, the kernel's account of its pages, a child after fork. */
#include "common/secret_memory.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/buffer.h"
#include "unit.h"

/* AddressSanitizer makes mlock do nothing; tests/integration/test_memory.py sees it done. */
#ifdef __SANITIZE_ADDRESS__
#define LOCKS false
#else
#define LOCKS true
#endif

static const size_t sizes[] = { 0, 1, 255, 256, 257, 1024, 1025, 4096, 4097, 65537, 131072, 131073,
	8388608 };

static bool
is_zero(const char *bytes, size_t length)
{
	for (size_t at = 0; at < length; at++)
		if (bytes[at] != 0)
			return false;
	return true;
}

/* The VmFlags of the mapping that holds `address` (proc(5)); "" where it is in none. */
static void
flags_of(const void *address, char flags[256])
{
	FILE *file = fopen("/proc/self/smaps", "re");
	bool inside = false;
	char line[512];

	assert_non_null(file);
	flags[0] = '\0';
	while (fgets(line, sizeof(line), file) != NULL) {
		char *end;
		uintptr_t first = strtoul(line, &end, 16);

		if (*end == '-')
			inside = (uintptr_t)address >= first &&
				 (uintptr_t)address < strtoul(end + 1, NULL, 16);
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			snprintf(flags, 256, "%.200s ", line + 8);
	}
	fclose(file);
	flags[strcspn(flags, "\n")] = ' ';
}

static void
assert_secret(const void *memory, bool locked)
{
	char flags[256];

	flags_of(memory, flags);
	assert_non_null(strstr(flags, " dd "));
	assert_non_null(strstr(flags, " wf "));
	if (LOCKS && locked)
		assert_non_null(strstr(flags, " lo "));
	else
		assert_null(strstr(flags, " lo "));
}

static void
every_size_is_zeroed_and_wiped(void **state)
{
	(void)state;
	for (size_t round = 0; round < 2; round++) {
		char *given[ARRAY_LEN(sizes)];

		for (size_t at = 0; at < ARRAY_LEN(sizes); at++) {
			given[at] = secret_alloc(sizes[at]);
			assert_non_null(given[at]);
			assert_int_equal((uintptr_t)given[at] % _Alignof(max_align_t), 0);
			assert_true(is_zero(given[at], sizes[at]));
			memset(given[at], 0x5a, sizes[at]);
			assert_secret(given[at], sizes[at] <= SECRET_LOCKED_MAX_BYTES);
		}
		for (size_t at = 0; at < ARRAY_LEN(sizes); at++)
			secret_free(given[at]);
	}
	assert_int_equal(secret_memory_error(), 0);
	assert_null(secret_alloc(SIZE_MAX));
	assert_null(secret_copy("", SIZE_MAX));
	secret_free(NULL);
}

static void
slots_do_not_overlap(void **state)
{
	unsigned char *given[200];

	(void)state;
	for (size_t at = 0; at < ARRAY_LEN(given); at++) {
		given[at] = secret_alloc(200);
		assert_non_null(given[at]);
		memset(given[at], (int)at, 200);
	}
	/* Every other one goes, and its place is given again, zeroed. */
	for (size_t at = 0; at < ARRAY_LEN(given); at += 2) {
		secret_free(given[at]);
		given[at] = secret_alloc(256);
		assert_true(is_zero((char *)given[at], 256));
		memset(given[at], (int)at, 256);
	}
	for (size_t at = 0; at < ARRAY_LEN(given); at++) {
		for (size_t byte = 0; byte < 200; byte++)
			assert_int_equal(given[at][byte], at);
		secret_free(given[at]);
	}
}

static void
empty_pages_are_returned(void **state)
{
	char *first = secret_alloc(4096), *second = secret_copy("a secret", 8);
	char flags[256];

	(void)state;
	assert_string_equal(second, "a secret");
	secret_free(second);
	secret_free(first);
	flags_of(first, flags);
	assert_null(strstr(flags, " dd "));
}

static void
ends_by_abort(void (*act)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct rlimit none = { 0, 0 };

		(void)setrlimit(RLIMIT_CORE, &none);
		/* cmocka's handler would take it for a failed test. */
		(void)signal(SIGSEGV, SIG_DFL);
		(void)signal(SIGABRT, SIG_DFL);
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
}

static void
free_twice(void)
{
	char *memory = secret_alloc(10);
	char *other = secret_alloc(10);

	secret_free(memory);
	secret_free(memory);
	secret_free(other);
}

static void
free_inside(void)
{
	char *memory = secret_alloc(10);

	secret_free(memory + 8);
}

static void
free_foreign(void)
{
	static char foreign[16];

	secret_free(foreign);
}

static void
touch_guard(void)
{
	volatile char *memory = secret_alloc(SECRET_LOCKED_MAX_BYTES);

	memory[SECRET_LOCKED_MAX_BYTES] = 1;
}

static void
misuse_ends_the_process(void **state)
{
	(void)state;
	ends_by_abort(free_twice);
	ends_by_abort(free_inside);
	ends_by_abort(free_foreign);
	ends_by_abort(touch_guard);
}

/* MADV_WIPEONFORK: the child has neither the secret nor trouble with its memory. */
static void
a_child_inherits_nothing(void **state)
{
	char *memory = secret_copy("a secret", 8);
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		char *own = secret_copy("of the child", 12);
		bool good = is_zero(memory, 8) && own != NULL && strcmp(own, "of the child") == 0;

		secret_free(memory);
		secret_free(own);
		_exit(good ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_string_equal(memory, "a secret");
	secret_free(memory);
}

static void
buffers_and_arenas_use_it(void **state)
{
	struct buffer secret = SECRET_BUFFER(100000), plain = BUFFER(100);
	struct arena arena = { 0 };
	char flags[256];
	char *before, *text;

	(void)state;
	assert_int_equal(buffer_add_text(&secret, "a secret"), 0);
	assert_secret(secret.bytes, true);
	for (size_t at = 0; at < 9999; at++)
		assert_int_equal(buffer_add_text(&secret, "0123456789"), 0);
	assert_int_equal(secret.length, 99998);
	assert_secret(secret.bytes, true);
	buffer_free(&secret);
	assert_int_equal(buffer_add_text(&plain, "no secret"), 0);
	flags_of(plain.bytes, flags);
	assert_null(strstr(flags, " dd "));
	buffer_free(&plain);

	before = arena_copy(&arena, "before", 6);
	arena.secret = true;
	text = arena_copy(&arena, "a secret", 8);
	assert_secret(text, true);
	flags_of(before, flags);
	assert_null(strstr(flags, " dd "));
	assert_string_equal(before, "before");
	assert_string_equal(text, "a secret");
	assert_non_null(arena_alloc(&arena, 50000));
	arena_free(&arena);
}

/* In a child, since the error is kept: memory that can't be locked is given all the same. */
static void
a_limit_is_told_and_no_failure(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		struct rlimit none = { 0, 0 };
		char *memory;

		/* CAP_IPC_LOCK lifts the limit, and root has it. */
		if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (geteuid() == 0 && setuid(65534) != 0))
			_exit(2);
		memory = secret_copy("a secret", 8);
		if (memory == NULL || strcmp(memory, "a secret") != 0)
			_exit(3);
		_exit(secret_memory_error() < 0 || !LOCKS ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_is_zeroed_and_wiped),
		cmocka_unit_test(slots_do_not_overlap),
		cmocka_unit_test(empty_pages_are_returned),
		cmocka_unit_test(misuse_ends_the_process),
		cmocka_unit_test(a_child_inherits_nothing),
		cmocka_unit_test(buffers_and_arenas_use_it),
		cmocka_unit_test(a_limit_is_told_and_no_failure),
	};

	return RUN_TESTS(tests);
}
