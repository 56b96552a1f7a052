// Message content: counted, never kept. Finds the end of data (only CRLF.CRLF ends it, RFC 5321 4.1.1.4) and every
// other sequence that some server might take for it, with what directly follows.
//
// A small automaton that steps octet by octet only around line ends; inside lines memchr() skips ahead. All state
// between octets is in struct smtp_data, so that cuts change nothing.
#include "dissect/smtp/internal.h"

#define DOT_PAUSE_NS UINT64_C(1000000000) // a dot that comes a second after its line was held back on purpose

// AT_*: at a line start behind that line end. DOT_*: a dot there. DOT_*_CR: and a CR. Content begins at AT_CRLF.
enum smtp_data_state {
	AT_CRLF, AT_LF, AT_CR, // AT_CR: one CR seen; it may yet become CRLF
	MID,
	DOT_CRLF, DOT_LF, DOT_CR,
	DOT_CRLF_CR, DOT_LF_CR, DOT_CR_CR,
	DOT_CRLF_CRCR,
	NUL_CRLF, NUL_DOT, NUL_DOT_CR,
};

static const char *const probes[] = {"mail from:", "rcpt to:", "ehlo ", "helo ", "bdat ", "data\r", "data\n", "rset\r", "rset\n"};

static void probe(struct smtp *m, struct smtp_env *env, const struct place *at, uint8_t octet)
{
	struct smtp_data *d = &m->data;
	struct smtp_facts *f = &env->facts->smtp;
	d->probe[d->n_probe++] = octet;
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		if (!smtp_word_is(d->probe, d->n_probe, probes[i]))
			continue;
		f->eod_then_verb = true;
		place_mark_first(&f->eod_verb_mark, at);
		smtp_news(m, env, SMTP_NEWS_EOD_VERB);
		d->probing = false;
	}
	if (octet == '\n' || d->n_probe == SMTP_PROBE_MAX)
		d->probing = false;
}

static void variant(struct smtp *m, struct smtp_env *env, const struct place *at, enum smtp_eod which)
{
	struct smtp_facts *f = &env->facts->smtp;
	f->eod_variants |= (uint16_t)which;
	if (which == EOD_CRLF_CRCRLF)
		return;
	place_mark_first(&f->eod_mark, at);
	m->data.variant = m->data.variant_last = m->data.probing = true;
	m->data.n_probe = 0;
	m->smuggle = true;
}

static void bare(struct smtp_env *env, const struct place *at, uint32_t *count, uint32_t n)
{
	SMTP_SATURATE_ADD(*count, n);
	place_mark_first(&env->facts->smtp.line_end_mark, at);
}

// Not one of the sequences after all: what `octet` means behind the line end `from`.
static uint8_t line_start(struct smtp *m, struct smtp_env *env, const struct place *at, uint8_t from, uint8_t octet)
{
	struct smtp_facts *f = &env->facts->smtp;
	if (octet == '\n') {
		if (from == AT_CR)
			return AT_CRLF;
		bare(env, at, &f->bare_lf_data, 1);
		return AT_LF;
	}
	if (from == AT_CR)
		bare(env, at, &f->bare_cr_data, 1);
	if (octet == '\r')
		return AT_CR;
	if (octet == '.' && from != MID)
		return (uint8_t)(DOT_CRLF + (from - AT_CRLF));
	return octet == 0 && from == AT_CRLF ? NUL_CRLF : MID;
}

// Behind a dot at a line start.
static uint8_t after_dot(struct smtp *m, struct smtp_env *env, const struct place *at, uint8_t state, uint8_t octet, bool *end)
{
	static const uint16_t with_lf[] = {EOD_CRLF_LF, EOD_LF_LF, 0};
	if (octet == '\r')
		return (uint8_t)(DOT_CRLF_CR + (state - DOT_CRLF));
	if (octet == '\n') {
		*end = state == DOT_LF && m->data.lf_client;
		if (with_lf[state - DOT_CRLF] && !*end)
			variant(m, env, at, (enum smtp_eod)with_lf[state - DOT_CRLF]);
	}
	return line_start(m, env, at, MID, octet);
}

// Behind a dot at a line start and a CR.
static uint8_t after_dot_cr(struct smtp *m, struct smtp_env *env, const struct place *at, uint8_t state, uint8_t octet, bool *end)
{
	static const enum smtp_eod with_crlf[] = {0, EOD_LF_CRLF, EOD_CR_CRLF};
	static const enum smtp_eod with_cr[] = {EOD_CRLF_CR, EOD_LF_CR, EOD_CR_CR};
	int from = state - DOT_CRLF_CR;
	if (octet == '\n') {
		*end = !from;
		if (from)
			variant(m, env, at, with_crlf[from]);
		return AT_CRLF;
	}
	if (octet == '\r' && !from)
		return DOT_CRLF_CRCR;
	variant(m, env, at, with_cr[from]);
	return line_start(m, env, at, AT_CR, octet);
}

static uint8_t step(struct smtp *m, struct smtp_env *env, const struct place *at, uint8_t octet, bool *end)
{
	struct smtp_data *d = &m->data;
	switch (d->state) {
	case DOT_CRLF:
	case DOT_LF:
	case DOT_CR:
		return after_dot(m, env, at, d->state, octet, end);
	case DOT_CRLF_CR:
	case DOT_LF_CR:
	case DOT_CR_CR:
		return after_dot_cr(m, env, at, d->state, octet, end);
	case DOT_CRLF_CRCR:
		bare(env, at, &env->facts->smtp.bare_cr_data, 1);
		variant(m, env, at, octet == '\n' ? EOD_CRLF_CRCRLF : EOD_CRLF_CR);
		return octet == '\n' ? AT_CRLF : line_start(m, env, at, AT_CR, octet);
	case NUL_CRLF:
		return octet == '.' ? NUL_DOT : line_start(m, env, at, MID, octet);
	case NUL_DOT:
		return octet == '\r' ? NUL_DOT_CR : line_start(m, env, at, MID, octet);
	case NUL_DOT_CR:
		if (octet != '\n')
			return line_start(m, env, at, AT_CR, octet);
		variant(m, env, at, EOD_NUL);
		return AT_CRLF;
	default:
		return line_start(m, env, at, d->state, octet);
	}
}

// The delayed dot: how senders step around a firewall that cannot bear the end of data in two segments.
static void watch_pause(struct smtp *m, const struct place *at, uint8_t before)
{
	struct smtp_data *d = &m->data;
	if (d->state == AT_CRLF)
		d->time_ns = at->time_ns;
	else if (d->state == DOT_CRLF && before == AT_CRLF)
		d->paused = d->time_ns && at->time_ns >= d->time_ns + DOT_PAUSE_NS;
}

// Octets of a line that need no look: up to the next CR or LF. Looks a little way ahead only: where all lines end in LF
// alone the search for CR would walk the rest of the segment again for each of them.
static size_t plain_run(const uint8_t *p, size_t len)
{
	enum { LOOK_MAX = 256 };
	len = len < LOOK_MAX ? len : LOOK_MAX;
	const uint8_t *cr = memchr(p, '\r', len);
	size_t n = cr ? (size_t)(cr - p) : len;
	const uint8_t *lf = memchr(p, '\n', n);
	return lf ? (size_t)(lf - p) : n;
}

void smtp_data_begin(struct smtp *m, bool lf_client)
{
	smtp_keep_stop(m);
	m->data = (struct smtp_data){.lf_client = lf_client};
	m->early_reply = false;
}

void smtp_data_hole(struct smtp *m)
{
	m->data.hole = true;
	m->data.state = MID; // as far as anybody knows
	m->data.probing = m->data.variant_last = false;
}

void smtp_content_octets(struct smtp *m, struct smtp_env *env, const struct place *at, const uint8_t *p, size_t n)
{
	struct smtp_facts *f = &env->facts->smtp;
	if (!n)
		return;
	smtp_keep_stop(m);
	smtp_content_digest(m, env, p, n);
	if (!m->data.any) {
		SMTP_SATURATE_ADD(f->n_messages, 1);
		m->data.any = true;
		if (!mark_set(&f->content_mark) || (f->content_guessed && !m->data.guessed)) {
			f->content_mark = place_mark(at);
			f->content_guessed = m->data.guessed;
		}
		smtp_news(m, env, SMTP_NEWS_CONTENT);
	}
	f->content_octets += n;
}

// A line beyond RFC 5321 4.5.3.1.6 is counted when its end comes.
static void text_line(struct smtp *m, struct smtp_env *env)
{
	enum { TEXT_LINE_MAX = 1000 };
	if (m->lane[DIR_C2S].len > TEXT_LINE_MAX)
		SMTP_SATURATE_ADD(env->facts->smtp.long_text, 1);
	m->lane[DIR_C2S].len = 0;
}

size_t smtp_data_take(struct smtp *m, struct smtp_env *env, const struct place *at, const uint8_t *p, size_t len, bool *end)
{
	struct smtp_data *d = &m->data;
	uint32_t *line_len = &m->lane[DIR_C2S].len; // no line is read while content is
	size_t i = 0;
	while (i < len && !*end) {
		if (d->state == MID && !d->probing) {
			size_t n = plain_run(p + i, len - i);
			SMTP_SATURATE_ADD(*line_len, n);
			i += n;
			if (i == len)
				break;
		}
		uint8_t octet = p[i++], before = d->state;
		SMTP_SATURATE_ADD(*line_len, 1);
		d->variant_last = false;
		d->state = step(m, env, at, octet, end);
		d->variant_last = d->variant_last && octet == '\n'; // else this octet already follows it
		if (d->probing && (d->n_probe || octet != '\n'))
			probe(m, env, at, octet);
		if (octet == '\n')
			text_line(m, env);
		if (d->state != MID)
			watch_pause(m, at, before);
	}
	if (*end)
		*line_len = 0;
	if (*end && d->paused)
		smtp_oddity(env, at, ODD_PIX_DOT);
	smtp_content_octets(m, env, at, p, i);
	return i;
}
