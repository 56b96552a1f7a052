// Capture files as a source: one after the other, in the order of the list, each up to its end or its damage.
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "capture/source/format.h"
#include "capture/source/list.h"
#include "capture/source/ops.h"

struct file_source {
	struct source base;
	const struct format *format; // of the file being read; NULL: none is open
	struct reader reader;

	struct list list;
	size_t next;       // index of the next file to open
	uint64_t len_done; // octets on disk of the files finished
	struct source_damage *damages; // room for one per file
	size_t n_damages;
	_Atomic uint64_t done; // for source_progress(), which any thread may call
	uint64_t total;
};

static const struct format *const formats[] = {&pcapfile_format, &pcapng_format};

static void add_damage(struct file_source *f, uint64_t offset, const char *reason)
{
	f->damages[f->n_damages++] = (struct source_damage){f->reader.file, offset, reason};
}

// Something in a directory that calls itself a capture: then it is told when it is none.
static bool named_like_capture(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	return strstr(name, ".pcap") || strstr(name, ".cap");
}

static void end_file(struct file_source *f)
{
	input_close(&f->reader.in);
	f->format = NULL;
	f->len_done += f->list.files[f->reader.file].len;
	atomic_store_explicit(&f->done, f->len_done, memory_order_relaxed);
}

// The input has no format of ours.
static void refuse_file(struct file_source *f)
{
	const struct list_file *file = &f->list.files[f->reader.file];
	const struct input *in = &f->reader.in;
	if (file->named || named_like_capture(file->name)) {
		const char *reason = input_left(in) ? "not a capture file (pcap or pcapng)" : "empty file";
		add_damage(f, 0, in->trouble ? in->trouble : reason);
	}
	end_file(f);
}

static const struct format *recognise(struct input *in)
{
	while (input_left(in) < 4)
		if (!input_more(in))
			return NULL;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (formats[i]->recognise(in->at))
			return formats[i];
	return NULL;
}

// The input ended, perhaps inside a record, or cannot be understood from here on.
static void close_file(struct file_source *f, enum format_outcome outcome, const char *cut)
{
	const struct reader *r = &f->reader;
	bool whole = input_left(&r->in) == 0 && input_offset(&r->in) == r->record_off;
	if (outcome == FORMAT_DAMAGED)
		add_damage(f, r->record_off, r->damage);
	else if (r->in.trouble)
		add_damage(f, r->record_off, r->in.trouble);
	else if (!whole)
		add_damage(f, r->record_off, cut);
	end_file(f);
}

// Opens the next file. 0, or -errno when there is no memory for it. Whatever is wrong with the file itself is damage.
static int open_next(struct file_source *f)
{
	struct reader *r = &f->reader;
	r->file = (uint16_t)f->next++;
	r->frame = 0;
	r->record_off = 0;
	int result = input_open(&r->in, f->list.files[r->file].name);
	if (result == -ENOMEM)
		return result;
	if (result < 0) {
		add_damage(f, 0, strerrordesc_np(-result));
		end_file(f);
		return 0;
	}
	f->format = recognise(&r->in);
	if (!f->format) {
		refuse_file(f);
		return 0;
	}
	enum format_outcome outcome;
	while ((outcome = f->format->begin(r)) == FORMAT_MORE && input_more(&r->in))
		;
	if (outcome != FORMAT_BEGUN)
		close_file(f, outcome, "truncated file header");
	return 0;
}

static int file_burst(struct source *s, struct packet burst[static PACKET_BURST])
{
	struct file_source *f = (struct file_source *)s;
	struct input *in = &f->reader.in;
	for (;;) {
		while (!f->format) {
			if (f->next == f->list.n)
				return SOURCE_END;
			int result = open_next(f);
			if (result < 0)
				return result;
		}
		if (in->ahead && in->at >= in->ahead)
			input_ahead(in);
		int n = f->format->burst(&f->reader, burst);
		if (n > 0) {
			atomic_store_explicit(&f->done, f->len_done + input_position(in), memory_order_relaxed);
			return n;
		}
		if (n == FORMAT_DAMAGED || !input_more(in))
			close_file(f, (enum format_outcome)n, f->format->cut);
	}
}

static void file_close(struct source *s)
{
	struct file_source *f = (struct file_source *)s;
	input_fini(&f->reader.in);
	list_fini(&f->list);
	free(f->damages);
	free(f);
}

static void file_progress(const struct source *s, uint64_t *done, uint64_t *total)
{
	const struct file_source *f = (const struct file_source *)s;
	*done = atomic_load_explicit(&f->done, memory_order_relaxed);
	*total = f->total;
}

static const char *file_name(const struct source *s, uint16_t file)
{
	const struct file_source *f = (const struct file_source *)s;
	return file < f->list.n ? f->list.files[file].name : "";
}

static size_t file_n_files(const struct source *s)
{
	return ((const struct file_source *)s)->list.n;
}

static int file_damage(const struct source *s, size_t index, struct source_damage *out)
{
	const struct file_source *f = (const struct file_source *)s;
	if (index >= f->n_damages)
		return -ENOENT;
	*out = f->damages[index];
	return 0;
}

static const struct source_ops file_ops = {
	.name = "file",
	.burst = file_burst,
	.close = file_close,
	.progress = file_progress,
	.file_name = file_name,
	.n_files = file_n_files,
	.damage = file_damage,
};

// Everything that has a size is allocated here: reading a thousand files takes no more memory than reading one.
static int list_inputs(struct file_source *f, const struct source_file_config *config, const char **bad_path)
{
	for (size_t i = 0; i < config->n_paths; i++) {
		int result = list_add(&f->list, config->paths[i]);
		if (result < 0) {
			*bad_path = config->paths[i];
			return result;
		}
	}
	for (size_t i = 0; f->list.sized && i < f->list.n; i++)
		f->total += f->list.files[i].len;
	f->damages = calloc(f->list.n + 1, sizeof(*f->damages));
	return f->damages ? 0 : -ENOMEM;
}

int source_file_open(struct source **out, const struct source_file_config *config, const char **bad_path)
{
	*out = NULL;
	*bad_path = NULL;
	struct file_source *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->base.ops = &file_ops;
	input_init(&f->reader.in);
	list_init(&f->list);
	int result = list_inputs(f, config, bad_path);
	if (result < 0) {
		file_close(&f->base);
		return result;
	}
	*out = &f->base;
	return 0;
}

int file_open_name(struct source **out, const char *name, const char **reason)
{
	const char *bad_path;
	int result = source_file_open(out, &(struct source_file_config){&name, 1}, &bad_path);
	if (result < 0)
		*reason = strerrordesc_np(-result);
	return result;
}
