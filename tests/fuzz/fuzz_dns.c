// Any octets as a DNS message: read or refused, and what is told of it holds together.
#include <stdlib.h>
#include <string.h>

#include "dissect/dns/parse.h"
#include "tests/fuzz/fuzz.h"

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void must_be_name(const struct dns_facts *f, uint16_t at)
{
	must(at < f->text_used);
	size_t len = strnlen(f->text + at, f->text_used - at);
	must(at + len < f->text_used && len < DNS_NAME_MAX);
	for (size_t i = 0; i < len; i++)
		must(f->text[at + i] > ' ' && f->text[at + i] <= '~' && !(f->text[at + i] >= 'A' && f->text[at + i] <= 'Z'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct dns_facts f, again;
	memset(&f, 0xa5, sizeof(f));
	enum dns_parsed parsed = dns_parse(&f, data, len, 1);
	must(dns_parse(&again, data, len, 1) == parsed);
	if (parsed != DNS_MAIL)
		return 0;
	must(f.text_used > 1 && f.text_used <= DNS_TEXT_MAX && f.n_answers <= DNS_ANSWERS_MAX && f.set == again.set);
	must(f.text_used == again.text_used && memcmp(f.text, again.text, f.text_used) == 0);
	must_be_name(&f, 0);
	for (size_t i = 0; i < f.n_answers; i++) {
		must_be_name(&f, f.answer[i].owner);
		must_be_name(&f, f.answer[i].name);
		must(f.answer[i].ttl_s <= INT32_MAX);
	}
	must(!(f.flags & DNS_TRUNCATED) || !f.n_answers);
	return 0;
}
