// Host names: an ASCII name is checked as it stands, any other goes through IDNA first and is checked afterwards.
#include "alerts/expect/name.h"

#include <string.h>
#include <strings.h>

#include <idn2.h>

enum {
	NAME_MAX_LEN = 253, // RFC 1035 2.3.4, without the final dot
	LABEL_MAX = 63,
	WIRE_MAX = 1024,    // 253 octets of A-labels cannot come from more: a U-label has at most 4 octets for one of them
};

// The length of the label at `text`, or 0: none that a host may have. RFC 1123 2.1: it may begin with a digit.
static size_t label_len(const char *text, size_t len, bool *digits)
{
	size_t n = 0;

	*digits = true;
	while (n < len && text[n] != '.') {
		char c = text[n++];
		bool digit = c >= '0' && c <= '9';
		if (!digit && c != '-' && (c < 'a' || c > 'z'))
			return 0;
		*digits = *digits && digit;
	}
	return n > LABEL_MAX || text[0] == '-' || (n && text[n - 1] == '-') ? 0 : n;
}

// No top-level domain is all digits (RFC 3696 2), so 192.0.2.1 is none.
static bool is_host_name(const char *text, size_t len)
{
	size_t n_labels = 0, n;
	bool digits = true;

	if (len > NAME_MAX_LEN)
		return false;
	for (size_t at = 0; at <= len; at += n + 1, n_labels++) {
		n = label_len(text + at, len - at, &digits);
		if (!n)
			return false;
	}
	return n_labels >= 2 && !digits;
}

static bool take(char out[static 254], const char *text, size_t len)
{
	if (len && text[len - 1] == '.')
		len--;
	if (!len || len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + ('a' - 'A') : text[i]);
	out[len] = '\0';
	return is_host_name(out, len);
}

static bool take_unicode(char out[static 254], const char *text, size_t len)
{
	char name[WIRE_MAX + 1];
	uint8_t *ascii = NULL;

	memcpy(name, text, len);
	name[len] = '\0';
	if (idn2_lookup_u8((const uint8_t *)name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return false;
	bool good = take(out, (const char *)ascii, strlen((const char *)ascii));
	idn2_free(ascii);
	return good;
}

bool name_from_wire(char out[static 254], const uint8_t *text, size_t len)
{
	bool ascii = true, good = len > 0 && len <= WIRE_MAX && !memchr(text, 0, len);

	for (size_t i = 0; good && ascii && i < len; i++)
		ascii = text[i] < 0x80;
	if (good)
		good = ascii ? take(out, (const char *)text, len) : take_unicode(out, (const char *)text, len);
	if (!good)
		out[0] = '\0';
	return good;
}

bool name_fits(const char *pattern, const char *name)
{
	if (strncmp(pattern, "*.", 2) != 0)
		return strcasecmp(pattern, name) == 0;
	const char *dot = strchr(name, '.');
	return dot && dot != name && strcasecmp(pattern + 1, dot) == 0;
}
