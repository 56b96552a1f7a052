// Two small grammars of fields: "v=STSv1; id=...;" in TXT records, "key: value" lines in the policy file.
#include "alerts/expect/sts.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "alerts/expect/name.h"

enum { TXT_MAX = 1024 }; // octets of a record that are looked at; a policy record has 30

struct span {
	const char *at;
	size_t len;
};

static __attribute__((format(printf, 2, 3))) void say(char why[static POLICY_WHY], const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why, POLICY_WHY, format, args);
	va_end(args);
	for (char *c = why; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static bool is(struct span s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.at, word, s.len) == 0;
}

static struct span trimmed(struct span s)
{
	while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
		s.at++, s.len--;
	while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
		s.len--;
	return s;
}

// What stands before the first `mark`; `rest` goes on behind it.
static struct span until(struct span *rest, char mark)
{
	const char *end = rest->len > 0 ? memchr(rest->at, mark, rest->len) : NULL;
	struct span first = {rest->at, end != NULL ? (size_t)(end - rest->at) : rest->len};
	size_t used = first.len + (end != NULL);
	rest->at += used;
	rest->len -= used;
	return first;
}

// ---- TXT records -------------------------------------------------------------------------------------------------

// Character-strings joined without anything between them. False: longer than we look at, or not a TXT record.
static bool join(char out[static TXT_MAX], struct span *text, const struct sts_txt *txt)
{
	size_t used = 0;
	for (size_t at = 0; at < txt->len;) {
		size_t len = txt->octets[at++];
		if (len > txt->len - at || used + len > TXT_MAX)
			return false;
		memcpy(out + used, txt->octets + at, len);
		used += len;
		at += len;
	}
	*text = (struct span){out, used};
	return true;
}

// The one record that begins with "v=VERSION" and then a semicolon or its end. Returns how many there are, 2: or more.
static unsigned only(char out[static TXT_MAX], struct span *text, const struct sts_txt *txt, size_t n, const char *version)
{
	unsigned found = 0;
	for (size_t i = 0; i < n && found < 2; i++) {
		char other[TXT_MAX];
		struct span rest;
		if (!join(other, &rest, &txt[i]))
			continue;
		size_t len = rest.len;
		if (!is(trimmed(until(&rest, ';')), version))
			continue;
		memcpy(out, other, len);
		*text = (struct span){out, len};
		found++;
	}
	return found;
}

static bool good_id(struct span id)
{
	for (size_t i = 0; i < id.len; i++)
		if (!isalnum((unsigned char)id.at[i]) || (unsigned char)id.at[i] > 0x7e)
			return false;
	return id.len > 0 && id.len < POLICY_STS_ID;
}

enum sts_record sts_record_read(const struct sts_txt *txt, size_t n, char id[static POLICY_STS_ID], char why[static POLICY_WHY])
{
	char octets[TXT_MAX];
	struct span rest;
	id[0] = why[0] = '\0';
	unsigned found = only(octets, &rest, txt, n, "v=STSv1");
	if (found == 0)
		return STS_RECORD_ABSENT;
	if (found > 1) {
		say(why, "several _mta-sts records: none of them counts");
		return STS_RECORD_BAD;
	}
	(void)until(&rest, ';');
	while (rest.len > 0 && id[0] == '\0') {
		struct span value = trimmed(until(&rest, ';'));
		struct span key = until(&value, '=');
		if (!is(trimmed(key), "id"))
			continue;
		value = trimmed(value);
		if (!good_id(value))
			break;
		memcpy(id, value.at, value.len);
		id[value.len] = '\0';
	}
	if (id[0] != '\0')
		return STS_RECORD_VALID;
	say(why, "the _mta-sts record has no id of 1 to 32 letters and digits");
	return STS_RECORD_BAD;
}

enum policy_tlsrpt sts_tlsrpt_read(const struct sts_txt *txt, size_t n)
{
	char octets[TXT_MAX];
	struct span rest;
	if (only(octets, &rest, txt, n, "v=TLSRPTv1") != 1)
		return TLSRPT_ABSENT;
	(void)until(&rest, ';');
	while (rest.len > 0) {
		struct span value = trimmed(until(&rest, ';'));
		struct span key = until(&value, '=');
		if (is(trimmed(key), "rua") && trimmed(value).len > 0)
			return TLSRPT_PRESENT;
	}
	return TLSRPT_ABSENT;
}

// ---- the policy file ---------------------------------------------------------------------------------------------

struct seen {
	bool version, mode, max_age;
};

static bool read_version(struct span v, char why[static POLICY_WHY])
{
	if (!is(v, "STSv1"))
		say(why, "version \"%.*s\" is not STSv1", (int)(v.len < 20 ? v.len : 20), v.at);
	return is(v, "STSv1");
}

static bool read_mode(struct sts_policy *out, struct span v, char why[static POLICY_WHY])
{
	for (int mode = STS_MODE_NONE; mode <= STS_ENFORCE; mode++) {
		if (is(v, policy_sts_mode_name((enum policy_sts_mode)mode))) {
			out->mode = (uint8_t)mode;
			return true;
		}
	}
	say(why, "mode \"%.*s\" is none of enforce, testing, none", (int)(v.len < 20 ? v.len : 20), v.at);
	return false;
}

static bool read_max_age(struct sts_policy *out, struct span v, char why[static POLICY_WHY])
{
	uint64_t n = 0;
	bool good = v.len > 0 && v.len <= 10;
	for (size_t i = 0; good && i < v.len; i++) {
		good = isdigit((unsigned char)v.at[i]);
		n = n * 10 + (uint64_t)(v.at[i] - '0');
	}
	if (!good) {
		say(why, "max_age \"%.*s\" is no number of 1 to 10 digits", (int)(v.len < 20 ? v.len : 20), v.at);
		return false;
	}
	out->max_age_s = n < STS_MAX_AGE_MAX ? (uint32_t)n : STS_MAX_AGE_MAX;
	return true;
}

// A name, or "*." and a name, RFC 8461 3.2.
static bool read_mx(struct sts_policy *out, struct span v, char why[static POLICY_WHY])
{
	char *pattern = out->mx[out->n_mx];
	size_t star = v.len > 2 && v.at[0] == '*' && v.at[1] == '.' ? 2 : 0;
	char name[POLICY_NAME];
	if (out->n_mx == POLICY_STS_MX_MAX) {
		say(why, "more than %d mx patterns", POLICY_STS_MX_MAX);
		return false;
	}
	if (!name_from_wire(name, (const uint8_t *)v.at + star, v.len - star) || strlen(name) + star >= POLICY_NAME) {
		say(why, "mx \"%.*s\" is no host name", (int)(v.len < 60 ? v.len : 60), v.at);
		return false;
	}
	memcpy(pattern, "*.", star);
	memcpy(pattern + star, name, strlen(name) + 1);
	out->n_mx++;
	return true;
}

static bool read_field(struct sts_policy *out, struct seen *seen, struct span key, struct span value, char why[static POLICY_WHY])
{
	if (is(key, "version") && !seen->version) {
		seen->version = true;
		return read_version(value, why);
	}
	if (is(key, "mode") && !seen->mode) {
		seen->mode = true;
		return read_mode(out, value, why);
	}
	if (is(key, "max_age") && !seen->max_age) {
		seen->max_age = true;
		return read_max_age(out, value, why);
	}
	return is(key, "mx") ? read_mx(out, value, why) : true;
}

static bool complete(const struct sts_policy *out, const struct seen *seen, char why[static POLICY_WHY])
{
	const char *missing = !seen->version ? "version" : !seen->mode ? "mode" : !seen->max_age ? "max_age" :
		out->n_mx == 0 && out->mode != STS_MODE_NONE ? "mx" : NULL;
	if (missing != NULL)
		say(why, "the policy has no %s", missing);
	return missing == NULL;
}

bool sts_policy_read(struct sts_policy *out, const char *text, size_t len, char why[static POLICY_WHY])
{
	struct span rest = {text, len};
	struct seen seen = {.version = false};
	*out = (struct sts_policy){.mode = STS_UNKNOWN};
	why[0] = '\0';
	if (len > STS_BODY_MAX) {
		say(why, "the policy is longer than %d octets", STS_BODY_MAX);
		return false;
	}
	while (rest.len > 0) {
		struct span line = until(&rest, '\n');
		line.len -= line.len > 0 && line.at[line.len - 1] == '\r';
		if (trimmed(line).len == 0)
			continue;
		struct span value = line;
		struct span key = trimmed(until(&value, ':'));
		if (key.len == line.len) {
			say(why, "a line without a colon: \"%.*s\"", (int)(line.len < 60 ? line.len : 60), line.at);
			return false;
		}
		if (!read_field(out, &seen, key, trimmed(value), why))
			return false;
	}
	return complete(out, &seen, why);
}
