// Rules on segments that neither end has sent, and on what they bring about (dissect/stream/facts.h).
#include "alerts/rules/rule.h"

enum { RST_STEPS = 3 }; // resets in so many places look for the window; one or two may be a closed socket's answers

static const char *towards(uint8_t dir)
{
	return dir == DIR_C2S ? "to_server" : "to_client";
}

// What these claims rest on is itself that octets came in two versions: it takes nothing from them.
static void claim_packet(struct claim *c, enum confidence sure, const struct mark *m)
{
	c->confidence = sure;
	c->quality = quality_answered(m) & (uint8_t)~Q_AMBIG;
	claim_frame(c, m);
}

bool rule_overlap_conflict(const struct rule_input *in, struct claim *c)
{
	static const char *const agrees[] = {[AGREES_UNKNOWN] = "unknown", [AGREES_FIRST] = "first", [AGREES_LATER] = "later"};
	const struct path_facts *p = &in->facts->path;
	const struct text *t = p->conflict_text;

	if (!p->n_conflicts)
		return false;
	claim_packet(c, CONFIDENCE_CERTAIN, &p->conflict_mark[1]);
	claim_frame(c, &p->conflict_mark[0]);
	if (!t[0].len && !t[1].len) // content or ciphertext
		c->severity = SEVERITY_HIGH;
	if (t[0].len || t[1].len)
		claim_detail(c, "%s:octet:%u:len:%u:first:%.*s:later:%.*s:acked:%s", towards(p->conflict_dir), p->conflict_off,
			p->conflict_len, t[0].len, (const char *)facts_text(in->facts, t[0]), t[1].len,
			(const char *)facts_text(in->facts, t[1]), agrees[p->conflict_agrees]);
	else
		claim_detail(c, "%s:octet:%u:len:%u", towards(p->conflict_dir), p->conflict_off, p->conflict_len);
	return true;
}

// How sure a reset came from neither end; `word` says why.
// TLS may have come up behind the reset, when that came on the quicker arm of the tap.
static bool at_upgrade(const struct facts *f)
{
	return f->path.rst_at_upgrade && !f->tls.completed;
}

// At the upgrade means that TLS was not up: what is missing may be just that.
static enum confidence forged_reset(const struct facts *f, const char **word)
{
	const struct path_facts *p = &f->path;
	bool far = p->rst_ttl_usual && path_ttl_far(p->rst_ttl, p->rst_ttl_usual);

	if (p->rst_contradicted) {
		*word = "sender_went_on";
		return CONFIDENCE_CERTAIN;
	}
	if (p->n_rst_stepped >= RST_STEPS) {
		*word = "stepped";
		return CONFIDENCE_PROBABLE;
	}
	*word = "ttl";
	if (!mark_set(&p->rst_mark) || !far)
		return CONFIDENCE_UNVERIFIABLE;
	return confidence_absence(at_upgrade(f) ? CONFIDENCE_PROBABLE : CONFIDENCE_SUSPECT, quality_of_conn(f) & (uint8_t)~Q_AMBIG);
}

bool rule_rst_injected(const struct rule_input *in, struct claim *c)
{
	const struct path_facts *p = &in->facts->path;
	const char *word;
	enum confidence sure = forged_reset(in->facts, &word);

	if (sure == CONFIDENCE_UNVERIFIABLE)
		return false;
	claim_packet(c, sure, &p->rst_mark);
	if (!at_upgrade(in->facts))
		c->severity = SEVERITY_MEDIUM;
	claim_detail(c, "%s:%s:ttl:%u:usual:%u%s", towards(p->rst_dir), word, p->rst_ttl, p->rst_ttl_usual,
		at_upgrade(in->facts) ? ":at_upgrade" : "");
	return true;
}

bool rule_ttl_anomaly(const struct rule_input *in, struct claim *c)
{
	const struct path_facts *p = &in->facts->path;

	if (!p->odd_ttl)
		return false;
	bool conflict = p->n_conflicts && p->conflict_dir == p->odd_dir;
	claim_packet(c, conflict ? CONFIDENCE_PROBABLE : CONFIDENCE_SUSPECT, &p->odd_mark);
	claim_detail(c, "%s:ttl:%u:usual:%u%s", towards(p->odd_dir), p->odd_ttl, p->odd_ttl_usual, conflict ? ":conflict" : "");
	return true;
}

bool rule_synack_duplicate(const struct rule_input *in, struct claim *c)
{
	if (!in->facts->path.synack_twice)
		return false;
	claim_packet(c, CONFIDENCE_CERTAIN, &(struct mark){.frame = in->conn->first_frame});
	claim_detail(c, "one_syn_two_numbers");
	return true;
}

bool rule_checksum_content(const struct rule_input *in, struct claim *c)
{
	const struct path_facts *p = &in->facts->path;

	if (!p->n_bad_sum_text)
		return false;
	claim_packet(c, CONFIDENCE_SUSPECT, &p->bad_sum_mark);
	claim_detail(c, "%s:segments:%u", towards(p->bad_sum_dir), p->n_bad_sum_text);
	return true;
}

bool rule_seq_desync(const struct rule_input *in, struct claim *c)
{
	const struct path_facts *p = &in->facts->path;

	if (!p->n_desync)
		return false;
	claim_packet(c, CONFIDENCE_PROBABLE, &p->desync_mark);
	claim_detail(c, "%s:acknowledged:%+d:times:%u", p->desync_dir == DIR_C2S ? "client" : "server", p->desync, p->n_desync);
	return true;
}

// ---- fallback that was brought about --------------------------------------------------------------------------

enum memory_fault rule_injected_fault(const struct facts *f)
{
	const char *word;

	if (f->path.n_conflicts)
		return FAULT_CONFLICT;
	if (forged_reset(f, &word) >= CONFIDENCE_PROBABLE) // a suspicion is no fault: firewalls reset what is idle
		return FAULT_RESET;
	if (f->path.synack_twice)
		return FAULT_SYNACK;
	return f->path.odd_ttl ? FAULT_TTL : FAULT_NONE;
}

bool rule_fallback_induced(const struct rule_input *in, struct claim *c)
{
	static const char *const faults[] = {[FAULT_CONFLICT] = "overlap-conflict", [FAULT_RESET] = "rst-injected",
		[FAULT_SYNACK] = "synack-duplicate", [FAULT_TTL] = "inject-ttl-anomaly"};
	struct memory_fallback a;

	if (!in->memory || !quality_clear_n(in->facts) || !memory_fallback(in->memory, in->facts, in->session, &a) ||
	    !a.fault || a.nogo)
		return false;
	claim_clear_mail(c, in);
	claim_cap(c, CONFIDENCE_PROBABLE);
	// A failure with two versions is no surer than either; that they are two is sure enough.
	claim_cap(c, a.fault == FAULT_TTL ? CONFIDENCE_SUSPECT : CONFIDENCE_PROBABLE);
	claim_detail(c, "%s_before:%llus%s%s", faults[a.fault], (unsigned long long)(a.ago_ns / 1000000000),
		a.session[0] ? ":session:" : "", a.session);
	return true;
}
