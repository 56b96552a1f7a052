// Lines of key=value (CEF, LEEF): texts of the wire made harmless, and rows of fields.
//
// jansson gives valid UTF-8. What could end a line, be taken for an escape, or make a text read otherwise than it stands is not
// sent as itself but named, as \xNN or \uNNNN: controls (C0, DEL, C1, thus U+0085), line and paragraph separators, the
// invisible and the direction-changing (Unicode's Default_Ignorable_Code_Point and Bidi_Control).
#include "alerts/sink/format_parts.h"

#include <inttypes.h>
#include <stdio.h>

void flat_init(struct flat *f, const struct format_view *v, char *out, size_t cap, const struct flat_dialect *d)
{
	*f = (struct flat){.view = v, .start = out, .at = out, .end = out + cap, .dialect = d};
}

static void put(struct flat *f, const char *p, size_t len)
{
	if (f->overflow || len > (size_t)(f->end - f->at)) {
		f->overflow = true;
		return;
	}
	memcpy(f->at, p, len);
	f->at += len;
}

void flat_word(struct flat *f, const char *word)
{
	put(f, word, strlen(word));
}

void flat_number(struct flat *f, uint64_t n)
{
	char text[24];

	put(f, text, (size_t)snprintf(text, sizeof(text), "%" PRIu64, n));
}

static bool unfit(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} row[] = {
		{0x00, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c}, {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfdd0, 0xfdef}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
		{0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
	};

	if (c >= 0x20 && c < 0x7f)
		return false;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (c >= row[i].first && c <= row[i].last)
			return true;
	return (c & 0xfffe) == 0xfffe; // the last two of each plane are no characters
}

static void name_it(struct flat *f, uint32_t c)
{
	char text[16];

	flat_word(f, f->dialect->backslash);
	put(f, text, (size_t)snprintf(text, sizeof(text), c < 0x100 ? "x%02x" : "u%04x", (unsigned)c));
}

// The character at `p`, of valid UTF-8. Its octets.
static size_t next(const char *p, size_t left, uint32_t *c)
{
	unsigned char lead = (unsigned char)*p;
	size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if (len > left)
		len = left;
	*c = len == 1 ? lead : lead & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++)
		*c = *c << 6 | ((unsigned char)p[i] & 0x3f);
	return len;
}

static void text(struct flat *f, const char *p, size_t len, const char *(*becomes)(uint32_t c))
{
	uint32_t c;

	for (size_t i = 0, n; i < len && !f->overflow; i += n) {
		n = next(p + i, len - i, &c);
		const char *instead = becomes(c);
		if (instead)
			flat_word(f, instead);
		else if (unfit(c))
			name_it(f, c);
		else
			put(f, p + i, n);
	}
}

void flat_header(struct flat *f, const char *p, size_t len)
{
	text(f, p, len, f->dialect->header);
}

void flat_value(struct flat *f, const char *p, size_t len)
{
	text(f, p, format_bound(f->view, p, len), f->dialect->value);
}

// Each field with what stands between it and the one before; one without a value leaves no trace.
void flat_fields(struct flat *f, const struct flat_row *row, size_t n)
{
	bool first = true;

	for (size_t i = 0; i < n; i++) {
		char *before = f->at;
		if (!(row[i].types & 1u << f->view->type))
			continue;
		if (!first)
			flat_word(f, f->dialect->between);
		if (row[i].label) {
			flat_word(f, row[i].key);
			flat_word(f, "Label=");
			flat_word(f, row[i].label);
			flat_word(f, f->dialect->between);
		}
		flat_word(f, row[i].key);
		flat_word(f, "=");
		if (row[i].put(f, row[i].arg))
			first = false;
		else if (!f->overflow)
			f->at = before;
	}
}

// ---- values ----------------------------------------------------------------------------------------------------------

bool flat_put_word(struct flat *f, const char *word)
{
	flat_word(f, word);
	return true;
}

bool flat_put_text(struct flat *f, const char *path)
{
	size_t len;
	const char *p = format_text_at(f->view, path, &len);

	if (!p)
		return false;
	flat_value(f, p, len);
	return true;
}

bool flat_put_name(struct flat *f, const char *path)
{
	size_t len;
	const char *p = format_name_at(f->view, path, &len);

	if (p)
		text(f, p, len, f->dialect->value);
	return p;
}

// Takes the next of "a b" into `path`; NULL: there is none.
static const char *next_path(const char *paths, char path[64])
{
	size_t len = strcspn(paths, " ");

	if (!len || len >= 64)
		return NULL;
	memcpy(path, paths, len);
	path[len] = '\0';
	return paths + len + (paths[len] == ' ');
}

bool flat_put_either(struct flat *f, const char *paths)
{
	char path[64];

	while ((paths = next_path(paths, path)))
		if (flat_put_text(f, path))
			return true;
	return false;
}

bool flat_put_count(struct flat *f, const char *path)
{
	uint64_t n;

	if (!format_count_at(f->view, path, &n))
		return false;
	flat_number(f, n);
	return true;
}

bool flat_put_port(struct flat *f, const char *path)
{
	uint64_t n;

	return format_port_at(f->view, path, &n) && flat_put_count(f, path);
}

bool flat_put_flag(struct flat *f, const char *path)
{
	const json_t *j = format_at(f->view->root, path);

	if (!json_is_boolean(j))
		return false;
	flat_word(f, json_is_true(j) ? "true" : "false");
	return true;
}

bool flat_put_list(struct flat *f, const char *path)
{
	const json_t *list = format_at(f->view->root, path);
	json_t *entry;
	size_t i, told = 0;

	json_array_foreach(list, i, entry) {
		if (!json_string_length(entry))
			continue;
		if (told++ == f->view->shape->list_max)
			break;
		if (told > 1)
			flat_word(f, ", ");
		flat_value(f, json_string_value(entry), json_string_length(entry));
	}
	return told > 0;
}

bool flat_put_ms(struct flat *f, const char *paths)
{
	char path[64];
	uint64_t us;

	while ((paths = next_path(paths, path))) {
		if (!format_time_at(f->view, path, &us))
			continue;
		flat_number(f, us / 1000);
		return true;
	}
	return false;
}

bool flat_put_now(struct flat *f, const char *arg)
{
	(void)arg;
	flat_number(f, format_time_of(f->view) / 1000);
	return true;
}

bool flat_put_ip(struct flat *f, const char *path)
{
	size_t len;
	const char *p = format_text_at(f->view, path, &len);

	if (!p || !format_is_ip(p, len))
		return false;
	put(f, p, len);
	return true;
}

bool flat_put_event(struct flat *f, const char *arg)
{
	(void)arg;
	flat_word(f, format_event(f->view->type));
	return true;
}

bool flat_put_outcome(struct flat *f, const char *arg)
{
	const char *word = format_outcome(f->view);

	(void)arg;
	if (word)
		flat_word(f, word);
	return word;
}

bool flat_put_truncated(struct flat *f, const char *arg)
{
	(void)arg;
	flat_word(f, "true");
	return f->view->truncated;
}
