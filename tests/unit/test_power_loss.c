/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine loses power while a state file is saved or put aside.  The system calls are recorded,
 * each beginning of their list is replayed on a model of a disk, and there all is lost, in part or
 * whole, that no fsync had covered: what is read then is the old text or the new one, and the new one
 * once the save was answered.
 */
#include "tests/unit/folder.h"

#include <errno.h>

#include "supervisor/state_files.h"

#define FILE_UNDER_TEST STATE_JOURNAL
#define NAME "journal.json"
#define NEW_NAME "." NAME ".new"
#define ASIDE_NAME NAME ".corrupt"

#define TEXT_MAX_BYTES 64
#define NAME_MAX_BYTES 32
#define WRITE_BYTES 7 /* a write takes no more, so that there are several */
#define CALLS_MAX 64
#define FILES_MAX 8
#define NAMES_MAX 8
#define STEPS_MAX 3
#define NOBODY FILES_MAX

static void
copy_name(char to[NAME_MAX_BYTES], const char *name)
{
	assert_true(strlen(name) < NAME_MAX_BYTES);
	snprintf(to, NAME_MAX_BYTES, "%s", name);
}

/* ---- names of a folder ---- */

struct names {
	char names[NAMES_MAX][NAME_MAX_BYTES]; /* "": free */
	unsigned files[NAMES_MAX];
};

static unsigned
find(const struct names *names, const char *name)
{
	unsigned at = 0;

	while (at < NAMES_MAX && strcmp(names->names[at], name) != 0)
		at++;
	return at;
}

static void
drop_name(struct names *names, const char *name)
{
	unsigned at = find(names, name);

	if (at < NAMES_MAX)
		names->names[at][0] = '\0';
}

static void
set_name(struct names *names, const char *name, unsigned file)
{
	unsigned at;

	drop_name(names, name);
	at = find(names, "");
	assert_true(at < NAMES_MAX);
	copy_name(names->names[at], name);
	names->files[at] = file;
}

static unsigned
file_of(const struct names *names, const char *name)
{
	unsigned at = find(names, name);

	return at < NAMES_MAX ? names->files[at] : NOBODY;
}

/* ---- the record: these calls are linked to what follows ---- */

enum call_kind {
	CALL_CREATE,
	CALL_WRITE,
	CALL_SYNC_FILE,
	CALL_SYNC_FOLDER,
	CALL_RENAME,
	CALL_UNLINK,
	CALL_KINDS, /* none of them */
};

struct call {
	enum call_kind kind;
	unsigned file; /* files are numbered as they are made */
	char name[NAME_MAX_BYTES];
	char to[NAME_MAX_BYTES];
	char bytes[WRITE_BYTES];
	size_t length;
};

static struct {
	bool on;
	int folder;
	enum call_kind forgotten; /* calls of this kind leave no trace: as if the code made none */
	struct names names;       /* as they are now */
	unsigned files;
	int fds[FILES_MAX]; /* by file; -1: not open */
	unsigned count;
	struct call calls[CALLS_MAX];
} record;

static struct call *
note(enum call_kind kind, unsigned file, const char *name)
{
	static struct call unused;
	struct call *call = kind == record.forgotten ? &unused : &record.calls[record.count++];

	assert_true(record.count < CALLS_MAX);
	*call = (struct call){ .kind = kind, .file = file };
	copy_name(call->name, name);
	return call;
}

static unsigned
file_behind(int fd)
{
	unsigned file = 0;

	while (file < FILES_MAX && (file >= record.files || record.fds[file] != fd))
		file++;
	return record.on ? file : NOBODY;
}

int __real_openat64(int folder, const char *name, int flags, ...);
ssize_t __real_write(int fd, const void *bytes, size_t length);
int __real_renameat(int folder, const char *from, int to_folder, const char *to);
int __real_unlinkat(int folder, const char *name, int flags);
int __real_close(int fd);
int __wrap_openat64(int folder, const char *name, int flags, ...);
ssize_t __wrap_write(int fd, const void *bytes, size_t length);
int __wrap_fsync(int fd);
int __wrap_renameat(int folder, const char *from, int to_folder, const char *to);
int __wrap_unlinkat(int folder, const char *name, int flags);
int __wrap_close(int fd);

int
__wrap_openat64(int folder, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list arguments;
	int fd;

	va_start(arguments, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(arguments, mode_t);
	va_end(arguments);
	fd = __real_openat64(folder, name, flags, mode);
	if (!record.on || fd < 0 || (flags & O_CREAT) == 0)
		return fd;
	/* What takes a file as it finds it, the model does not know. */
	assert_true((flags & O_EXCL) != 0 && record.files < FILES_MAX);
	note(CALL_CREATE, record.files, name);
	set_name(&record.names, name, record.files);
	record.fds[record.files++] = fd;
	return fd;
}

ssize_t
__wrap_write(int fd, const void *bytes, size_t length)
{
	unsigned file = file_behind(fd);
	ssize_t written = __real_write(fd, bytes,
	    file != NOBODY && length > WRITE_BYTES ? WRITE_BYTES : length);

	if (file != NOBODY && written > 0) {
		struct call *call = note(CALL_WRITE, file, "");

		call->length = (size_t)written;
		memcpy(call->bytes, bytes, call->length);
	}
	return written;
}

/* The disk of this machine is not waited for. */
int
__wrap_fsync(int fd)
{
	unsigned file = file_behind(fd);

	if (file != NOBODY)
		note(CALL_SYNC_FILE, file, "");
	else if (record.on && fd == record.folder)
		note(CALL_SYNC_FOLDER, NOBODY, "");
	return 0;
}

int
__wrap_renameat(int folder, const char *from, int to_folder, const char *to)
{
	int result = __real_renameat(folder, from, to_folder, to);

	if (record.on && result == 0) {
		unsigned file = file_of(&record.names, from);

		assert_true(file != NOBODY);
		copy_name(note(CALL_RENAME, file, from)->to, to);
		drop_name(&record.names, from);
		set_name(&record.names, to, file);
	}
	return result;
}

int
__wrap_unlinkat(int folder, const char *name, int flags)
{
	int result = __real_unlinkat(folder, name, flags);

	if (record.on && result == 0) {
		note(CALL_UNLINK, NOBODY, name);
		drop_name(&record.names, name);
	}
	return result;
}

int
__wrap_close(int fd)
{
	unsigned file = file_behind(fd);

	if (file != NOBODY)
		record.fds[file] = -1;
	return __real_close(fd);
}

/* ---- the disk ---- */

struct disk {
	struct names durable;
	const struct call *pending[CALLS_MAX]; /* of names, since the folder's last fsync */
	unsigned pending_count;
	struct {
		char bytes[TEXT_MAX_BYTES];
		size_t length;
		size_t synced; /* so much of it an fsync had covered */
	} files[FILES_MAX];
};

static void
take_name_call(struct names *names, const struct call *call)
{
	if (call->kind == CALL_CREATE) {
		set_name(names, call->name, call->file);
	} else if (call->kind == CALL_UNLINK) {
		drop_name(names, call->name);
	} else {
		if (file_of(names, call->name) == call->file)
			drop_name(names, call->name);
		set_name(names, call->to, call->file);
	}
}

static void
take_call(struct disk *disk, const struct call *call)
{
	switch (call->kind) {
	case CALL_WRITE:
		assert_true(disk->files[call->file].length + call->length <= TEXT_MAX_BYTES);
		memcpy(disk->files[call->file].bytes + disk->files[call->file].length, call->bytes,
		    call->length);
		disk->files[call->file].length += call->length;
		break;
	case CALL_SYNC_FILE:
		disk->files[call->file].synced = disk->files[call->file].length;
		break;
	case CALL_SYNC_FOLDER:
		for (unsigned at = 0; at < disk->pending_count; at++)
			take_name_call(&disk->durable, disk->pending[at]);
		disk->pending_count = 0;
		break;
	case CALL_CREATE:
	case CALL_RENAME:
	case CALL_UNLINK:
		disk->pending[disk->pending_count++] = call;
		break;
	case CALL_KINDS:
		break;
	}
}

/* What a crash leaves of data that no fsync had covered. */
enum loss { LOSS_ALL, LOSS_HALF, LOSS_NONE, LOSS_ZEROS, LOSS_COUNT };

static void
write_out(const struct folder *folder, const char *name, const struct disk *disk, unsigned file,
    enum loss loss)
{
	char bytes[TEXT_MAX_BYTES];
	size_t synced = disk->files[file].synced, length = disk->files[file].length;
	int fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	memcpy(bytes, disk->files[file].bytes, length);
	if (loss == LOSS_ZEROS)
		memset(bytes + synced, 0, length - synced);
	else if (loss != LOSS_NONE)
		length = loss == LOSS_ALL ? synced : synced + (length - synced) / 2;
	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
}

/*
 * Makes the folder as it is after a crash: of the names' pending calls those of `happened` have, in
 * their order.
 */
static void
crash(const struct folder *folder, const struct disk *disk, unsigned happened, enum loss loss)
{
	struct names names = disk->durable;

	for (unsigned at = 0; at < disk->pending_count; at++)
		if ((happened & (1u << at)) != 0)
			take_name_call(&names, disk->pending[at]);
	for (unsigned at = 0; at < NAMES_MAX; at++)
		if (names.names[at][0] != '\0')
			write_out(folder, names.names[at], disk, names.files[at], loss);
}

/* ---- what is done, and what may be seen then ---- */

struct scenario {
	const char *what;
	const char *old;      /* NULL: there is no file yet */
	const char *leftover; /* of a save that an earlier crash interrupted */
	unsigned steps;
	const char *saves[STEPS_MAX]; /* NULL: the file is put aside */
};

/* NULL: no such file. */
struct view {
	const char *text;
	const char *aside;
};

/* The view after so many steps. */
static struct view
view_after(const struct scenario *scenario, unsigned steps)
{
	struct view view = { .text = scenario->old };

	for (unsigned at = 0; at < steps; at++) {
		if (scenario->saves[at] == NULL)
			view.aside = view.text;
		view.text = scenario->saves[at];
	}
	return view;
}

static bool
holds(const struct folder *folder, const char *name, const char *text)
{
	char bytes[TEXT_MAX_BYTES];
	int fd = openat(folder->fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	if (fd >= 0)
		close(fd);
	if (text == NULL)
		return fd < 0;
	return got == (ssize_t)strlen(text) && memcmp(bytes, text, (size_t)got) == 0;
}

/* As the supervisor looks at it. */
static bool
sees(const struct folder *folder, struct view view)
{
	struct buffer content _cleanup_buffer_ = SECRET_BUFFER(STATE_FILE_MAX_BYTES);
	bool is_there;

	if (state_file_read(folder->fd, FILE_UNDER_TEST, &content, &is_there) != 0 ||
	    is_there != (view.text != NULL) || !holds(folder, ASIDE_NAME, view.aside))
		return false;
	return !is_there ||
	       (content.length == strlen(view.text) &&
		   (content.length == 0 || memcmp(content.bytes, view.text, content.length) == 0));
}

/* Does the steps and records them; `ret_ends`: how many calls there were when each was answered. */
static void
do_steps(const struct folder *folder, const struct scenario *scenario, struct disk *ret_disk,
    unsigned ret_ends[STEPS_MAX])
{
	const struct {
		const char *name, *text;
	} before[] = { { NAME, scenario->old }, { NEW_NAME, scenario->leftover } };

	record.folder = folder->fd;
	record.count = record.files = 0;
	memset(&record.names, 0, sizeof(record.names));
	memset(ret_disk, 0, sizeof(*ret_disk));
	for (size_t at = 0; at < ARRAY_LEN(before); at++) {
		if (before[at].text == NULL)
			continue;
		put(folder, before[at].name, before[at].text);
		ret_disk->files[record.files].length = strlen(before[at].text);
		ret_disk->files[record.files].synced = strlen(before[at].text);
		memcpy(ret_disk->files[record.files].bytes, before[at].text,
		    strlen(before[at].text));
		set_name(&record.names, before[at].name, record.files);
		record.fds[record.files++] = -1;
	}
	ret_disk->durable = record.names;
	record.on = true;
	for (unsigned at = 0; at < scenario->steps; at++) {
		int error = scenario->saves[at] == NULL ?
				state_file_corrupt(folder->fd, FILE_UNDER_TEST) :
				state_file_save(folder->fd, FILE_UNDER_TEST,
				    slice_of(scenario->saves[at]));

		assert_int_equal(error, 0);
		ret_ends[at] = record.count;
	}
	record.on = false;
}

static void
empty_folder(const struct folder *folder)
{
	static const char *const names[] = { NAME, NEW_NAME, ASIDE_NAME };

	for (size_t at = 0; at < ARRAY_LEN(names); at++)
		(void)unlinkat(folder->fd, names[at], 0);
	assert_int_equal(count_entries(folder), 0);
}

static bool
can_lose_data(const struct disk *disk)
{
	for (unsigned file = 0; file < FILES_MAX; file++)
		if (disk->files[file].synced < disk->files[file].length)
			return true;
	return false;
}

/* Nothing that a crash left is in the next save's way. */
static void
expect_next_save(const struct folder *folder)
{
	state_folder_clean(folder->fd);
	assert_false(exists(folder, NEW_NAME));
	assert_int_equal(state_file_save(folder->fd, FILE_UNDER_TEST, SLICE("next")), 0);
	assert_true(holds(folder, NAME, "next"));
}

/* Each way in which a crash after these calls may end; how many of them are none of the two views. */
static unsigned
count_bad_crashes(const struct folder *folder, const struct disk *disk, struct view before,
    struct view after)
{
	enum loss losses = can_lose_data(disk) ? LOSS_COUNT : 1;
	unsigned bad = 0;

	for (unsigned happened = 0; happened < 1u << disk->pending_count; happened++)
		for (enum loss loss = 0; loss < losses; loss++) {
			crash(folder, disk, happened, loss);
			bad += !sees(folder, before) && !sees(folder, after);
			expect_next_save(folder);
			empty_folder(folder);
		}
	return bad;
}

/* Crashes after each of the recorded calls; how many lost something. */
static unsigned
count_losses(const struct folder *folder, const struct scenario *scenario)
{
	struct disk disk;
	unsigned ends[STEPS_MAX] = { 0 }, answered = 0, bad = 0;

	do_steps(folder, scenario, &disk, ends);
	assert_true(sees(folder, view_after(scenario, scenario->steps)));
	empty_folder(folder);
	for (unsigned calls = 0; calls <= record.count; calls++) {
		unsigned next;

		if (calls > 0)
			take_call(&disk, &record.calls[calls - 1]);
		while (answered < scenario->steps && calls >= ends[answered])
			answered++;
		next = answered < scenario->steps ? answered + 1 : answered;
		bad += count_bad_crashes(folder, &disk, view_after(scenario, answered),
		    view_after(scenario, next));
	}
	return bad;
}

static const struct scenario scenarios[] = {
	{ "the first save", NULL, NULL, 1, { "[{\"id\":\"first\"}]" } },
	{ "a save over an old file", "[{\"id\":\"old\"}]", NULL, 1,
	    { "[{\"id\":\"a newer one\"}]" } },
	{ "a shorter one", "[{\"id\":\"an old and long one\"}]", NULL, 1, { "[]" } },
	{ "an empty one", "[]", NULL, 1, { "" } },
	{ "over an empty one", "", NULL, 1, { "[{\"id\":\"first\"}]" } },
	{ "behind an interrupted one", "[1]", "[{\"id\":\"inter", 1, { "[{\"id\":\"again\"}]" } },
	{ "two in a row", "[1]", NULL, 2, { "[{\"id\":\"second\"}]", "[{\"id\":\"third\"}]" } },
	{ "put aside", "{nonsense", NULL, 1, { NULL } },
	{ "put aside, and saved anew", "{nonsense", NULL, 2, { NULL, "[{\"id\":\"anew\"}]" } },
	{ "saved, put aside, and saved", NULL, NULL, 3, { "{nonsense", NULL, "[2]" } },
};

static void
what_is_read_is_the_old_or_the_new(void **state)
{
	const struct folder *folder = *state;

	record.forgotten = CALL_KINDS;
	for (size_t at = 0; at < ARRAY_LEN(scenarios); at++)
		row_int_equal(scenarios[at].what, count_losses(folder, &scenarios[at]), 0);
}

/* The control run: without either fsync, of the file and of the folder, something is lost. */
static void
a_missing_fsync_is_seen(void **state)
{
	const struct folder *folder = *state;

	for (size_t at = 0; at < ARRAY_LEN(scenarios); at++) {
		const struct scenario *scenario = &scenarios[at];
		bool writes = scenario->saves[0] != NULL && scenario->saves[0][0] != '\0';

		record.forgotten = CALL_SYNC_FOLDER;
		if (count_losses(folder, scenario) == 0)
			fail_msg("%s: nothing lost without fsync of the folder", scenario->what);
		record.forgotten = CALL_SYNC_FILE;
		if (writes && count_losses(folder, scenario) == 0)
			fail_msg("%s: nothing lost without fsync of the file", scenario->what);
	}
}

/* And the record is of all that there is to record. */
static void
the_record_is_whole(void **state)
{
	static const enum call_kind due[] = { CALL_UNLINK, CALL_CREATE, CALL_WRITE, CALL_WRITE,
		CALL_SYNC_FILE, CALL_RENAME, CALL_SYNC_FOLDER };
	static const struct scenario scenario = { "", "old", "left", 1, { "ten bytes." } };
	const struct folder *folder = *state;
	struct disk disk;
	unsigned ends[STEPS_MAX];

	record.forgotten = CALL_KINDS;
	do_steps(folder, &scenario, &disk, ends);
	assert_int_equal(record.count, ARRAY_LEN(due));
	for (size_t at = 0; at < ARRAY_LEN(due); at++)
		assert_int_equal(record.calls[at].kind, due[at]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(what_is_read_is_the_old_or_the_new),
		FOLDER_TEST(a_missing_fsync_is_seen),
		FOLDER_TEST(the_record_is_whole),
	};

	return RUN_TESTS(tests);
}
