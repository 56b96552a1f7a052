// What is a host name and what is not; which names an MTA-STS pattern means.
#include "alerts/expect/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define D61 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"
#define LONGEST L63 "." L63 "." L63 "." D61 // 253 octets

static const struct {
	const char *what, *text, *want; // want: NULL for the text itself, "" for none
} rows[] = {
	{"ordinary", "mx.example.org", NULL},
	{"upper case", "MX.Example.ORG", "mx.example.org"},
	{"final dot", "mx.example.org.", "mx.example.org"},
	{"two final dots", "mx.example.org..", ""},
	{"only a dot", ".", ""},
	{"nothing", "", ""},
	{"one label", "localhost", ""},
	{"one label and a dot", "localhost.", ""},
	{"first label empty", ".example.org", ""},
	{"label in the middle empty", "mx..org", ""},
	{"digits first", "3com.example", NULL},
	{"label of digits", "163.com", NULL},
	{"an IPv4 address", "192.0.2.1", ""},
	{"a top-level domain of digits", "mx.example.25", ""},
	{"an address literal", "[192.0.2.1]", ""},
	{"an IPv6 literal", "[IPv6:2001:db8::1]", ""},
	{"an underscore", "_25._tcp.mx.example", ""},
	{"hyphen inside", "a-b.exa--mple.org", NULL},
	{"hyphen first", "-a.example", ""},
	{"hyphen last", "a-.example", ""},
	{"hyphen last of all", "a.example-", ""},
	{"a space", "mx example.org", ""},
	{"an escape", "mx.exam\033ple", ""},
	{"a slash", "mx.example/..", ""},
	{"longest label", L63 ".example", NULL},
	{"one longer", L63 "l.example", ""},
	{"longest name", LONGEST, NULL},
	{"longest name and its dot", LONGEST ".", LONGEST},
	{"one longer", LONGEST "j", ""},
	{"A-label", "xn--bcher-kva.example", NULL},
	{"U-label", "b\xc3\xbc" "cher.example", "xn--bcher-kva.example"},
	{"U-label in upper case", "B\xc3\x9c" "CHER.Example", "xn--bcher-kva.example"},
	{"U-label, decomposed", "zu\xcc\x88" "rich.example", "xn--zrich-kva.example"},
	{"U-label in a name with an underscore", "_a.b\xc3\xbc" "cher.example", ""},
	{"ideographic full stop", "b\xc3\xbc" "cher\xe3\x80\x82" "example", "xn--bcher-kva.example"},
	{"sharp s is a letter", "fa\xc3\x9f.example", "xn--fa-hia.example"},
	{"no UTF-8", "b\xfc" "cher.example", ""},
	{"cut UTF-8", "b.example\xc3", ""},
	{"an emoji that IDNA 2008 does not have", "\xf0\x9f\x98\x80.example", ""},
};

static void test_names(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char out[254];
		const char *want = rows[i].want ? rows[i].want : rows[i].text;
		memset(out, 'x', sizeof out);
		size_t len = strlen(rows[i].text);
		uint8_t *exact = malloc(len ? len : 1); // ends where the text ends
		memcpy(exact, rows[i].text, len);
		bool got = name_from_wire(out, exact, len);
		free(exact);
		if (got != (want[0] != '\0') || strcmp(out, want) != 0)
			fail_msg("%s: %d \"%s\", not \"%s\"", rows[i].what, got, out, want);
	}
}

static void test_nul_inside(void **state)
{
	char out[254];
	assert_false(name_from_wire(out, (const uint8_t *)"mx.example\0.org", 15));
	assert_false(name_from_wire(out, (const uint8_t *)"b\xc3\xbc" "cher.example\0", 16));
	assert_string_equal(out, "");
}

static void test_long_text_is_refused_at_once(void **state)
{
	char out[254];
	static uint8_t text[1 << 20];
	memset(text, 0xcc, sizeof text);
	assert_false(name_from_wire(out, text, sizeof text));
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 2 ? '.' : 'a';
	assert_false(name_from_wire(out, text, sizeof text));
}

static const struct {
	const char *pattern, *name;
	bool fits;
} patterns[] = {
	{"mx.example.org", "mx.example.org", true},
	{"mx.example.org", "mx.example.com", false},
	{"MX.example.org", "mx.example.org", true},
	{"*.example.org", "mx.example.org", true},
	{"*.example.org", "a.mx.example.org", false},
	{"*.example.org", "example.org", false},
	{"*.example.org", ".example.org", false},
	{"*.example.org", "mxexample.org", false},
	{"example.org", "mx.example.org", false},
	{"*.org", "example.org", true},
};

static void test_patterns(void **state)
{
	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
		if (name_fits(patterns[i].pattern, patterns[i].name) != patterns[i].fits)
			fail_msg("%s, %s", patterns[i].pattern, patterns[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_nul_inside),
		cmocka_unit_test(test_long_text_is_refused_at_once),
		cmocka_unit_test(test_patterns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
