// Any line, and records in which the wire said anything, through all formats: one line of valid UTF-8 without controls and not too
// long; CEF with exactly its header and fields of ours, LEEF too; ECS that is JSON. Whatever is inside, no field more than is meant.
//
// First octet: 0 a line as it is; else a record of that kind, whose texts are the pieces of the rest, cut at 0xfe.
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/json.h"
#include "alerts/sink/format.h"
#include "alerts/sink/stamp.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
	if (!condition)
		abort();
}

// ---- what comes out --------------------------------------------------------------------------------------------------

static void one_line(const char *p, size_t n)
{
	require(n && n <= FORMAT_MAX);
	json_t *utf8 = json_stringn(p, n); // refuses what is no UTF-8
	require(utf8 != NULL);
	json_decref(utf8);
	for (size_t i = 0; i < n; i++)
		require((unsigned char)p[i] >= 0x20 && p[i] != 0x7f);
	require(!memmem(p, n, "\xe2\x80\xa8", 3) && !memmem(p, n, "\xe2\x80\xa9", 3));
	for (size_t i = 0; i + 1 < n; i++) // U+0080 to U+009F
		require((unsigned char)p[i] != 0xc2 || (unsigned char)p[i + 1] >= 0xa0);
}

static bool key_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// How many fields there are, each with a key of letters that stands once. `sep`: before each but the first.
static size_t fields(const char *p, size_t n, char sep, bool escapes)
{
	const char *key[128];
	size_t key_len[128], found = 0;

	for (size_t i = 0; i < n; i++) {
		if (escapes && p[i] == '\\') {
			require(i + 1 < n && strchr("\\=rn", p[i + 1]));
			i++;
		} else if (p[i] == '=') {
			size_t k = i;
			while (k && key_letter(p[k - 1]))
				k--;
			if (!escapes && k && p[k - 1] != sep) // LEEF: an equals sign in a value is one
				continue;
			require(k < i && (!k || p[k - 1] == sep) && found < 128);
			for (size_t other = 0; other < found; other++)
				require(key_len[other] != i - k || memcmp(key[other], p + k, i - k) != 0);
			key[found] = p + k;
			key_len[found++] = i - k;
		}
	}
	return found;
}

static void cef(const char *p, size_t n)
{
	size_t pipes = 0, i;

	require(n > 6 && memcmp(p, "CEF:0|", 6) == 0);
	for (i = 0; i < n && pipes < 7; i++) {
		if (p[i] == '\\')
			require(strchr("\\|", p[++i]) != NULL);
		else if (p[i] == '|')
			pipes++;
	}
	require(pipes == 7 && fields(p + i, n - i, ' ', true) >= 1);
}

static void leef(const char *p, size_t n)
{
	size_t pipes = 0, end = 0;

	require(n > 9 && memcmp(p, "LEEF:2.0|", 9) == 0);
	for (size_t i = 0; i < n; i++) {
		if (p[i] != '|')
			continue;
		pipes++;
		end = i + 1;
	}
	require(pipes == 6 && memcmp(p + end - 3, "|^|", 3) == 0);
	// Between two delimiters stands one field.
	size_t carets = 0;
	for (size_t i = end; i < n; i++)
		carets += p[i] == '^';
	require(fields(p + end, n - end, '^', false) == carets + 1);
}

static void ecs(const char *p, size_t n)
{
	json_t *root = json_loadb(p, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

	require(json_is_object(json_object_get(root, "smtp_tls")) && json_is_string(json_object_get(root, "@timestamp")));
	json_decref(root);
	for (size_t i = 0; i < n; i++)
		require(p[i] <= 0x7e);
}

static void all(const char *line, size_t len, bool ours)
{
	static struct formatter *formatter[FORMATS];
	const struct outbox_about about = {.time_ns = 1};
	struct format_keys keys;
	size_t n;

	for (unsigned f = 0; f < FORMATS; f++) {
		if (!formatter[f])
			require(formatter_open(&formatter[f], (enum sink_format)f) == 0);
		const char *p = formatter_write(formatter[f], line, len, &about, &n, &keys);
		require(p || (!ours && !n));
		if (!p)
			continue;
		one_line(p, n);
		if (f == FORMAT_CEF)
			cef(p, n);
		else if (f == FORMAT_LEEF)
			leef(p, n);
		else if (f == FORMAT_ECS)
			ecs(p, n);
		else
			require(p == line && n == len);
	}
}

// ---- a record --------------------------------------------------------------------------------------------------------

struct said {
	const uint8_t *p;
	size_t left;
};

static void next(struct json *j, struct said *s)
{
	const uint8_t *end = memchr(s->p, 0xfe, s->left);
	size_t len = end ? (size_t)(end - s->p) : s->left;

	json_put_string(j, s->p, len);
	len += end != NULL;
	s->p += len;
	s->left -= len;
}

static void list(struct json *j, struct said *s, size_t n)
{
	json_open_array(j);
	for (size_t i = 0; i < n; i++)
		next(j, s);
	json_close_array(j);
}

#define TEXT(key) (json_key(&j, key), next(&j, &s))
#define LIST(key, n) (json_key(&j, key), list(&j, &s, n))
#define OPEN(key) (json_key(&j, key), json_open_object(&j))

// Every member that a format reads as text, in each kind of record: more than the judge ever writes at once.
static size_t record(char *line, size_t cap, const char *type, struct said s)
{
	struct json j;

	json_init(&j, line, cap);
	json_open_object(&j);
	json_field(&j, "event_type", word, type);
	TEXT("host"), TEXT("timestamp"), TEXT("src_ip"), TEXT("proto"), TEXT("app_proto"), TEXT("community_id"), TEXT("in_iface");
	json_field(&j, "src_port", u64, 25);
	OPEN("alert"), TEXT("signature"), TEXT("category"), OPEN("metadata"), LIST("finding", 1), LIST("severity", 1);
	LIST("confidence", 1), LIST("mitre_technique_id", 2), json_close_object(&j), json_close_object(&j);
	OPEN("anomaly"), TEXT("event"), TEXT("type"), TEXT("app_proto"), json_close_object(&j);
	OPEN("flow"), TEXT("start"), json_close_object(&j);
	OPEN("smtp"), TEXT("helo"), json_close_object(&j);
	OPEN("tls"), TEXT("version"), TEXT("sni"), TEXT("subject"), TEXT("issuerdn"), TEXT("fingerprint"), TEXT("notbefore");
	TEXT("ja4"), LIST("subjectaltname", 3), json_close_object(&j);
	OPEN("smtp_tls"), json_field(&j, "v", u64, 1), TEXT("id"), TEXT("session"), TEXT("tap"), TEXT("state"), TEXT("verdict");
	OPEN("tls"), TEXT("cipher"), OPEN("cert"), TEXT("sha256"), json_close_object(&j), json_close_object(&j);
	OPEN("mail"), TEXT("from_domain"), LIST("rcpt_domains", 8), json_close_object(&j);
	OPEN("expect"), TEXT("domain"), TEXT("mx"), json_close_object(&j);
	OPEN("dns"), TEXT("name"), TEXT("first"), TEXT("later"), json_close_object(&j);
	LIST("findings", 4), LIST("why", 16), LIST("related", 4), TEXT("detail");
	json_close_object(&j), json_close_object(&j);
	return json_ok(&j) ? json_len(&j) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const type[] = {"smtp", "tls", "alert", "anomaly", "stats"};
	static char line[OUTBOX_LINE_MAX], stamped[OUTBOX_LINE_MAX + STAMP_MAX];
	uint8_t chain[OUTBOX_HASH] = {0};

	if (!len)
		return 0;
	if (!data[0]) {
		all((const char *)data + 1, len - 1, false);
		return 0;
	}
	size_t n = record(line, sizeof(line), type[data[0] % 5], (struct said){data + 1, len - 1});
	if (!n)
		return 0;
	n = stamp_write(stamped, line, n, 1, len, chain);
	require(n != 0);
	all(stamped, n, true);
	return 0;
}
