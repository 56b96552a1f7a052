// Says what dane_compare() makes of each line of its input, for oracle.py:
//   FILE <tab> NOW_S <tab> NAME[,NAME...] <tab> RECORD[;RECORD...]
// FILE holds certificates in PEM, the leaf first, or a public key; a record is "3 1 1 HEX". Answers
//   OUTCOME <tab> RECORD <tab> DEPTH <tab> WHAT <tab> USABLE <tab> COUNTED (hexadecimal, a bit for each record)
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>

#include "alerts/expect/dane.h"

enum { LIST_MAX = 1 << 17, RECORDS_MAX = POLICY_TLSA_MAX, LINE_MAX_LEN = 1 << 18 };

static const char *const outcomes[] = {"none", "match", "mismatch", "ta_missing", "ta_name", "ta_date", "ta_chain", "costly"};

struct question {
	uint8_t list[LIST_MAX], data[RECORDS_MAX][POLICY_TLSA_LEN];
	struct policy_tlsa tlsa[RECORDS_MAX];
	struct policy_tlsa_set set;
	struct dane_shown shown;
	const char *names[DANE_NAMES_MAX];
	size_t n_names;
};

static void stop(const char *why, const char *what)
{
	fprintf(stderr, "dane_say: %s: %s\n", why, what);
	exit(2);
}

static void add_certificate(struct question *q, X509 *x)
{
	uint8_t *at = q->list + q->shown.len + 3;
	int len = i2d_X509(x, NULL);

	if (len <= 0 || q->shown.len + 3 + (size_t)len > LIST_MAX)
		stop("too long", "chain");
	i2d_X509(x, &at);
	q->list[q->shown.len] = (uint8_t)(len >> 16);
	q->list[q->shown.len + 1] = (uint8_t)(len >> 8);
	q->list[q->shown.len + 2] = (uint8_t)len;
	q->shown.len += 3u + (size_t)len;
}

static void read_shown(struct question *q, const char *path)
{
	FILE *f = fopen(path, "re");
	X509 *x;

	q->shown = (struct dane_shown){.octets = q->list};
	if (!f)
		stop("cannot be opened", path);
	while ((x = PEM_read_X509(f, NULL, NULL, NULL))) {
		add_certificate(q, x);
		X509_free(x);
	}
	rewind(f);
	EVP_PKEY *key = q->shown.len ? NULL : PEM_read_PUBKEY(f, NULL, NULL, NULL);
	if (key) {
		uint8_t *at = q->list;
		q->shown.raw_key = true;
		q->shown.len = (size_t)i2d_PUBKEY(key, &at);
	}
	EVP_PKEY_free(key);
	fclose(f);
}

static void read_record(struct question *q, char *text)
{
	struct policy_tlsa *r = &q->tlsa[q->set.n];
	unsigned usage = 0, selector = 0, mtype = 0, octet;
	int at = 0;

	if (q->set.n == RECORDS_MAX || sscanf(text, "%u %u %u %n", &usage, &selector, &mtype, &at) < 3)
		stop("no record", text);
	*r = (struct policy_tlsa){(uint8_t)usage, (uint8_t)selector, (uint8_t)mtype, 0, q->data[q->set.n]};
	for (text += at; sscanf(text, "%2x", &octet) == 1 && r->len < POLICY_TLSA_LEN; text += 2)
		q->data[q->set.n][r->len++] = (uint8_t)octet;
	q->set.n++;
}

static void read_question(struct question *q, char *line, int64_t *now_s)
{
	char *path = strsep(&line, "\t"), *now = strsep(&line, "\t"), *names = strsep(&line, "\t");

	if (!line)
		stop("four columns are wanted", path);
	*now_s = strtoll(now, NULL, 10);
	read_shown(q, path);
	for (q->n_names = 0; names && *names && q->n_names < DANE_NAMES_MAX;)
		q->names[q->n_names++] = strsep(&names, ",");
	q->set = (struct policy_tlsa_set){.tlsa = q->tlsa};
	while (line && *line)
		read_record(q, strsep(&line, ";"));
}

int main(void)
{
	static struct question q;
	static char line[LINE_MAX_LEN];
	struct dane_memory *d;

	if (dane_open(&d))
		stop("no memory", "dane_open");
	while (fgets(line, sizeof(line), stdin)) {
		struct dane_match m, again;
		struct dane_set set;
		int64_t now_s;
		line[strcspn(line, "\n")] = '\0';
		read_question(&q, line, &now_s);
		dane_read(d, &set, &q.set);
		dane_compare(d, &m, &q.shown, &q.set, q.names, q.n_names, now_s);
		dane_compare(d, &again, &q.shown, &q.set, q.names, q.n_names, now_s);
		if (m.outcome != again.outcome || m.record != again.record || strcmp(m.what, again.what) != 0)
			stop("remembered otherwise", m.what);
		printf("%s\t%d\t%u\t%s\t%u\t%x\n", outcomes[m.outcome], m.record, m.depth, m.what, set.n_usable, set.counted);
		fflush(stdout);
	}
	dane_close(&d);
	return 0;
}
