// Rules that rest on the inventory, and what exemptions do to alerts.
#include "tests/unit/alerts/judge_fixture.h"

#include "alerts/rules.h"

static struct inventory_config inventory;

static uint32_t word(struct inventory_text *t, const char *s)
{
	uint32_t at_text = inventory_text_add(t, s, strlen(s));

	assert_true(at_text);
	return at_text;
}

static struct judge_net four(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint8_t bits)
{
	return (struct judge_net){.addr = {a, b, c, d}, .ip_v = 4, .bits = bits};
}

static int fresh(void **state)
{
	memset(&inventory, 0, sizeof(inventory));
	return 0;
}

static void sensitive(const char *domain, const struct judge_net *net)
{
	struct inventory_partners *c = &inventory.partners;

	c->partner[c->n++] = (struct inventory_partner){.domain = word(&c->text, domain), .owner = word(&c->text, "the desk"),
		.first = c->pool.n, .n = net != NULL, .sensitive = true};
	if (net)
		c->pool.net[c->pool.n++] = *net;
}

// "confidence detail" of a finding of these facts, or "".
static const char *found(struct facts *f, const char *id)
{
	static char out[160];
	static struct session s;
	struct judge_config c = config_default();

	open_judge(&c);
	judge_close(&judge);
	s = (struct session){.facts = f};
	assert_int_equal(inventory_open((struct inventory **)&s.inventory, &inventory), 0);
	bool src = inventory_own(s.inventory, f->conn.src, 4), dst = inventory_own(s.inventory, f->conn.dst, 4);
	if (inventory_knows_own(s.inventory))
		s.direction = src ? (dst ? DIRECTION_INTERNAL : DIRECTION_OUTBOUND) : dst ? DIRECTION_INBOUND : DIRECTION_TRANSIT;
	rules_apply(&s, NULL, NULL);
	inventory_close((struct inventory **)&s.inventory);
	out[0] = '\0';
	for (size_t i = 0; i < s.n_findings; i++)
		if (strcmp(s.findings[i].row->id, id) == 0)
			snprintf(out, sizeof(out), "%s %s", confidence_name(s.findings[i].confidence), s.findings[i].detail);
	return out;
}

static void to_partner(struct facts *f)
{
	not_offered(f);
	text(f, &f->smtp.rcpt_domain[0], "Bank.EXAMPLE");
	text(f, &f->smtp.from_domain, "us.example");
	f->smtp.n_rcpt_domains = 1;
	f->smtp.n_rcpt_domains_all = 1;
}

static void sensitive_by_recipient(void **state)
{
	static const char id[] = "exposure.sensitive-peer";
	struct facts f;

	to_partner(&f);
	assert_string_equal(found(&f, id), "");
	sensitive("bank.example", NULL);
	assert_string_equal(found(&f, id), "certain recipient:bank.example:the_desk");
	f.smtp.n_rcpt = 2; // another one was refused, or its answer is missing
	assert_string_equal(found(&f, id), "suspect recipient:bank.example:the_desk");
	to_partner(&f);
	f.smtp.n_messages = 0; // nothing but the envelope
	f.smtp.content_octets = 0;
	assert_string_equal(found(&f, id), "");
	upgraded(&f);
	assert_string_equal(found(&f, id), "");
	to_partner(&f);
	inventory.partners.partner[0].sensitive = false;
	assert_string_equal(found(&f, id), "");
}

// Anybody can claim to be a sensitive sender.
static void sensitive_by_sender(void **state)
{
	static const char id[] = "exposure.sensitive-peer";
	const struct judge_net theirs = four(198, 51, 100, 0, 24), elsewhere = four(192, 0, 2, 0, 24);
	struct facts f;

	sensitive("us.example", NULL);
	to_partner(&f);
	assert_string_equal(found(&f, id), "suspect sender:us.example:the_desk");
	memset(&inventory, 0, sizeof(inventory));
	sensitive("us.example", &elsewhere);
	assert_string_equal(found(&f, id), "");
	memset(&inventory, 0, sizeof(inventory));
	sensitive("us.example", &theirs);
	assert_string_equal(found(&f, id), "certain from_network:us.example:the_desk");
	// Another entry with the same network: it may be theirs.
	sensitive("other.example", &theirs);
	inventory.partners.partner[1].sensitive = false;
	assert_string_equal(found(&f, id), "suspect from_network:us.example:the_desk");
}

static void unexpected_sender(void **state)
{
	static const char id[] = "smtp.unexpected-sender";
	struct facts f;

	not_offered(&f);
	inventory.own.net[inventory.own.n++] = four(198, 51, 100, 0, 24);
	assert_string_equal(found(&f, id), "");
	inventory.senders.net[inventory.senders.n++] = four(198, 51, 100, 1, 32);
	assert_string_equal(found(&f, id), "certain not_in_inventory.senders:mail:in_clear");
	f.conn.server_guessed = true;
	assert_string_equal(found(&f, id), "suspect not_in_inventory.senders:mail:in_clear");
	upgraded(&f);
	assert_string_equal(found(&f, id), "certain not_in_inventory.senders:mail:not_seen");
	f.conn.dst_port = 587;
	assert_string_equal(found(&f, id), "");
	upgraded(&f);
	f.conn.dst[0] = 198, f.conn.dst[1] = 51, f.conn.dst[2] = 100;
	assert_string_equal(found(&f, id), "");
	connection(&f);
	assert_string_equal(found(&f, id), "");
	upgraded(&f);
	inventory.senders.net[0] = four(198, 51, 100, 20, 32);
	assert_string_equal(found(&f, id), "");
}

static void xclient(void **state)
{
	static const char id[] = "smtp.xclient-untrusted";
	struct facts f;

	not_offered(&f);
	f.smtp.oddities = ODD_XFORWARD;
	f.smtp.odd_mark[ODD_AT_XCLIENT] = at(8);
	assert_string_equal(found(&f, id), "");
	inventory.own.net[inventory.own.n++] = four(203, 0, 113, 0, 24);
	assert_string_equal(found(&f, id), "certain xforward:not_offered");
	f.smtp.odd_mark[ODD_AT_XCLIENT].quality = Q_GAP;
	assert_string_equal(found(&f, id), "suspect xforward:not_offered");
	f.smtp.odd_mark[ODD_AT_XCLIENT].quality = 0;
	f.smtp.oddities = ODD_XCLIENT;
	f.smtp.caps |= CAP_XCLIENT;
	assert_string_equal(found(&f, id), "certain xclient:offered");
	inventory.own.net[0] = four(192, 0, 2, 0, 24); // between two strangers
	assert_string_equal(found(&f, id), "suspect xclient:offered");
	inventory.senders.net[inventory.senders.n++] = four(198, 51, 100, 20, 32);
	assert_string_equal(found(&f, id), "");
}

static void old_trust_store(void **state)
{
	static struct session s;
	struct facts f;

	upgraded(&f);
	s = (struct session){.facts = &f, .store_age_days = 2000};
	rules_apply(&s, NULL, NULL);
	const struct finding *last = &s.findings[s.n_findings - 1];
	assert_string_equal(last->row->id, "sensor.trust-store-old");
	assert_string_equal(last->detail, "newest_ca_days:2000");
	assert_int_equal(last->subject, SUBJECT_SENSOR);
	s.store_age_days = 0;
	rules_apply(&s, NULL, NULL);
	for (size_t i = 0; i < s.n_findings; i++)
		assert_string_not_equal(s.findings[i].row->id, "sensor.trust-store-old");
}

static void exempt_as(const char *domain, int32_t until, const char *const *findings)
{
	struct inventory_exemptions *c = &inventory.exempt;
	struct inventory_exemption *e = &c->exempt[c->n++];

	*e = (struct inventory_exemption){.is_net = !domain, .net = four(198, 51, 100, 20, 32), .until_day = until,
		.all = !findings, .owner = word(&c->text, "printers")};
	if (domain)
		e->domain = word(&c->text, domain);
	for (; findings && *findings; findings++) {
		size_t row = (size_t)(catalogue_find(*findings) - catalogue);
		e->findings[row / 8] |= (uint8_t)(1 << row % 8);
	}
}

static const char *const cause[] = {"starttls.not-offered", NULL};
static const char *const whole[] = {"starttls.not-offered", "exposure.content", "exposure.envelope", NULL};

static void judged(const char *what, void (*send)(struct facts *f), const char *want)
{
	struct judge_config c = config_default();
	struct facts f;

	c.inventory = &inventory;
	open_judge(&c);
	to_partner(&f);
	send(&f);
	assert_told(what, want);
}

static void at_once(struct facts *f)
{
	send_whole(f);
}

// As a worker tells it: MAIL is accepted, its recipients come later.
static void step_by_step(struct facts *f)
{
	f->smtp.n_rcpt = f->smtp.n_rcpt_ok = f->smtp.n_messages = f->smtp.content_octets = 0;
	f->smtp.n_rcpt_domains = f->smtp.n_rcpt_domains_all = 0;
	send_open(f);
	f->smtp.n_rcpt = f->smtp.n_rcpt_ok = f->smtp.n_messages = f->smtp.content_octets = 1;
	f->smtp.n_rcpt_domains = f->smtp.n_rcpt_domains_all = 1;
	send_open(f);
	send_whole(f);
}

static void exemptions(void **state)
{
	int32_t day = inventory_day((int64_t)(FIXTURE_START_NS / SECOND));

	judged("nobody", at_once, "starttls.not-offered+exposure.envelope+exposure.content smtp");
	close_judge();
	// What is accepted hides nothing: the effect is told in its own name.
	exempt_as(NULL, INVENTORY_FOREVER, cause);
	judged("the cause", at_once, "exposure.content+exposure.envelope smtp");
	assert_int_equal(judge_summary(judge)->exempted, 1);
	close_judge();
	fresh(NULL);
	exempt_as(NULL, day, whole);
	judged("the last day", at_once, "smtp");
	close_judge();
	fresh(NULL);
	exempt_as(NULL, day - 1, whole);
	judged("a day late", at_once, "starttls.not-offered+exposure.envelope+exposure.content smtp");
	assert_int_equal(judge_summary(judge)->exempted, 0);
	assert_int_equal(judge_summary(judge)->exemption_ended[0], 1);
	close_judge();
}

static void by_domain(void **state)
{
	exempt_as("bank.example", INVENTORY_FOREVER, whole);
	judged("at once", at_once, "smtp");
	close_judge();
	judged("the recipient comes later", step_by_step, "smtp");
	assert_int_equal(judge_summary(judge)->exempted, 1);
	close_judge();
	fresh(NULL);
	exempt_as("other.example", INVENTORY_FOREVER, whole);
	judged("another domain", step_by_step, "starttls.not-offered+exposure.envelope+exposure.content... smtp");
	close_judge();
	// The sender's domain is a claim.
	fresh(NULL);
	exempt_as("us.example", INVENTORY_FOREVER, whole);
	judged("the sender's", at_once, "starttls.not-offered+exposure.envelope+exposure.content smtp");
	close_judge();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sensitive_by_recipient, fresh),
		cmocka_unit_test_setup(sensitive_by_sender, fresh),
		cmocka_unit_test_setup(unexpected_sender, fresh),
		cmocka_unit_test_setup(xclient, fresh),
		cmocka_unit_test(old_trust_store),
		cmocka_unit_test_setup(exemptions, fresh),
		cmocka_unit_test_setup(by_domain, fresh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
