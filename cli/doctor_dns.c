// Whether promises can be learned: keys of the root, and one answer that validates by them.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/doctor.h"
#include "cli/wire.h"
#include "hw/clock.h"

enum {
	ASK_MS = 3000,
	TYPE_DNSKEY = 48,
	OLD_DAYS = 3 * 365, // the root's key was rolled in 2018 and is rolled in 2026; a file that is older may lack the next
};

struct asked {
	bool done;
	uint8_t dnssec;
	size_t n;
	char why[POLICY_WHY];
};

static void came(void *ctx, const struct resolver_answer *a)
{
	struct asked *k = ctx;
	k->done = true;
	k->dnssec = a->dnssec;
	k->n = a->n;
	snprintf(k->why, sizeof k->why, "%s", a->why);
}

static int ask_root(const struct resolver_config *c, struct asked *k)
{
	struct resolver *r;
	int rc = resolver_open(&r, c);
	if (rc < 0)
		return rc;
	struct resolver_source source = resolver_source(r);
	uint64_t id, end_ms = clock_mono_ns() / 1000000 + ASK_MS + 500;
	rc = source.ask(source.ctx, ".", TYPE_DNSKEY, came, k, &id);
	while (rc >= 0 && !k->done && clock_mono_ns() / 1000000 < end_ms) {
		struct pollfd p = {.fd = resolver_fd(r), .events = POLLIN};
		int wait_ms = resolver_wait_ms(r);
		poll(&p, 1, wait_ms < 0 || wait_ms > 200 ? 200 : wait_ms);
		rc = resolver_process(r);
	}
	if (rc >= 0 && !k->done)
		source.cancel(source.ctx, id);
	resolver_close(&r);
	return rc;
}

static void answer(struct doctor *d, const struct wire_scout *w)
{
	const struct resolver_config c = {
		.trust_anchor = w->config.trust_anchor,
		.forward_to = w->config.forward_to,
		.n_forward_to = w->config.n_forward_to,
		.anchor_read_only = true,
		.timeout_ms = ASK_MS,
		.cache_mib = 1,
	};
	const char *whom = c.n_forward_to > 0 ? c.forward_to[0] : "the root servers";
	struct asked k = {.done = false};
	int rc = ask_root(&c, &k);
	if (rc < 0) {
		doctor_say(d, DOCTOR_WARN, "cannot ask DNS: %s", strerror(-rc));
	} else if (!k.done || k.dnssec == DNSSEC_INDETERMINATE) {
		doctor_say(d, DOCTOR_WARN, "no answer from %s within 3 s: what domains promise will not be known", whom);
		doctor_repair(d, "let UDP and TCP port 53 out, or policy: {forward_to: [ADDRESS of a resolver]}; or policy: {resolve: off}");
	} else if (k.dnssec == DNSSEC_SECURE && k.n > 0) {
		doctor_say(d, DOCTOR_PASS, "the root's keys were asked for over %s, and validate", whom);
	} else {
		doctor_say(d, DOCTOR_WARN, "the root's keys do not validate over %s: %.120s", whom,
			k.why[0] != '\0' ? k.why : "answers are without signatures");
		doctor_repair(d, "date -u, whether the clock is right; unbound-anchor -a %.100s, for new keys; "
			"or a resolver that lets DNSSEC through", c.trust_anchor);
	}
}

void doctor_dnssec(struct doctor *d)
{
	struct wire_scout w;
	struct stat st;
	if (!d->config->resolve) {
		doctor_say(d, DOCTOR_SKIP, "policy.resolve is off: DNS is not asked");
		return;
	}
	wire_scout(&w, d->config, d->options);
	const char *anchor = w.config.trust_anchor;
	int rc = resolver_check(&(struct resolver_config){.trust_anchor = anchor, .forward_to = w.config.forward_to,
		.n_forward_to = w.config.n_forward_to});
	if (rc < 0) {
		doctor_say(d, DOCTOR_FAIL, rc == -EINVAL ? "%.160s is there, but policy.forward_to has what is no address: %s" :
			"no keys of the root in %.160s: %s", anchor, rc == -EBADMSG ? "it is damaged" : strerror(-rc));
		doctor_repair(d, "apt install dns-root-data; or policy: {trust_anchor: FILE}, or policy: {resolve: off}");
		return;
	}
	double age_days = stat(anchor, &st) < 0 ? 0 : difftime(time(NULL), st.st_mtime) / 86400;
	if (age_days > OLD_DAYS) {
		doctor_say(d, DOCTOR_WARN, "the keys of the root in %.160s are %.0f days old: the next key may be missing", anchor, age_days);
		doctor_repair(d, "apt install --only-upgrade dns-root-data, or unbound-anchor -a %.100s", anchor);
	} else {
		doctor_say(d, DOCTOR_PASS, "keys of the root are in %.160s", anchor);
	}
	answer(d, &w);
}
