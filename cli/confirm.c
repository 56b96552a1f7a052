// Commands from facts. What the wire said is attacker text: a name goes into a command only when it consists of
// letters, digits, dots and hyphens and does not begin with one of the last.
#include "cli/confirm.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alerts/weak.h"
#include "cli/stdout.h"
#include "cli/words.h"

static bool plain_name(const struct facts *f, struct text t, char out[static 256])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	if (t.len == 0 || t.len > 255)
		return false;
	memcpy(out, facts_text(f, t), t.len);
	out[t.len] = '\0';
	return strlen(out) == t.len && strspn(out, allowed) == t.len && out[0] != '-' && out[0] != '.';
}

// A command printed into the next step.
static FILE *begin(struct confirm *c, const char *what)
{
	c->step[c->n].what = what;
	return fmemopen(c->step[c->n].command, CONFIRM_LEN, "w");
}

static void end(struct confirm *c, FILE *f)
{
	// A command that did not fit would be a different one.
	if (fclose(f) == 0 && strlen(c->step[c->n].command) < CONFIRM_LEN - 1)
		c->n++;
}

static void put_file(FILE *out, const char *path)
{
	// A name that begins with a hyphen would be taken for an option.
	fputs(path[0] == '-' ? "./" : "", out);
	stdout_shell(out, path);
}

// tshark takes one file of secrets, not a directory of them.
static bool is_file(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static FILE *tshark(struct confirm *c, const char *what, const struct confirm_about *a)
{
	FILE *out = begin(c, what);
	if (out == NULL)
		return NULL;
	fputs("tshark -r ", out);
	put_file(out, a->file);
	if (a->keylog != NULL && is_file(a->keylog)) {
		char option[PATH_MAX + 32];
		snprintf(option, sizeof option, "tls.keylog_file:%s", a->keylog);
		fputs(" -o ", out);
		stdout_shell(out, option);
	}
	return out;
}

static void packets(struct confirm *c, const struct confirm_about *a)
{
	const struct conn_facts *conn = &a->session->facts->conn;
	char src[WORDS_ADDRESS_LEN], dst[WORDS_ADDRESS_LEN];
	const char *ip = conn->ip_v == 6 ? "ipv6" : "ip";
	FILE *out = tshark(c, "the packets of this connection", a);
	if (out == NULL)
		return;
	words_address(src, conn->src, conn->ip_v);
	words_address(dst, conn->dst, conn->ip_v);
	fprintf(out, " -Y '%s.addr == %s && %s.addr == %s && tcp.port == %u && tcp.port == %u'", ip, src, ip, dst, conn->src_port,
		conn->dst_port);
	end(c, out);
}

static void frames(struct confirm *c, const struct confirm_about *a)
{
	const struct finding *f = a->finding;
	if (f == NULL || f->n_frames == 0)
		return;
	FILE *out = tshark(c, "those that show the finding, in full", a);
	if (out == NULL)
		return;
	for (size_t i = 0; i < f->n_frames && i < FINDING_FRAMES_MAX; i++)
		fprintf(out, "%sframe.number == %u", i == 0 ? " -V -Y '" : " || ", f->frames[i]);
	fputc('\'', out);
	end(c, out);
}

static bool begins(const struct confirm_about *a, const char *area)
{
	return a->finding != NULL && a->finding->row != NULL && strncmp(a->finding->row->id, area, strlen(area)) == 0;
}

// Offline, from the octets that were seen.
static void certificate(struct confirm *c, const struct confirm_about *a)
{
	const struct tls_facts *t = &a->session->facts->tls;
	const struct peer *p = a->session->peer;
	if (!begins(a, "cert.") || p == NULL || !p->server.present || p->from_keylog || p->raw_key || !mark_set(&t->certificate_mark))
		return;
	FILE *out = tshark(c, "the certificate as it was sent, without asking anybody", a);
	if (out == NULL)
		return;
	fprintf(out, " -Y 'frame.number == %u' -T fields -e tls.handshake.certificate | cut -d, -f1 | xxd -r -p"
		" | openssl x509 -inform der -noout -subject -issuer -dates -fingerprint -sha256", t->certificate_mark.frame);
	end(c, out);
}

static FILE *openssl(struct confirm *c, const char *what, const struct confirm_about *a)
{
	const struct facts *f = a->session->facts;
	char server[WORDS_ENDPOINT_LEN], name[256];
	FILE *out = begin(c, what);
	if (out == NULL)
		return NULL;
	words_endpoint(server, f->conn.dst, f->conn.ip_v, f->conn.dst_port);
	fprintf(out, "openssl s_client -connect %s", server);
	if (!f->tls.implicit)
		fprintf(out, " -starttls %s", f->conn.role == ROLE_LMTP ? "lmtp" : "smtp");
	// A server may show another certificate to whoever asks for no name.
	if (f->tls.client_hello && f->tls.sni_len == 0 && f->tls.sni.len == 0)
		fputs(" -noservername", out);
	else if (plain_name(f, f->tls.sni, name) || plain_name(f, f->smtp.server_name, name))
		fprintf(out, " -servername %s", name);
	return out;
}

static void handshake(struct confirm *c, const struct confirm_about *a)
{
	FILE *out = openssl(c, "what the server offers now", a);
	if (out == NULL)
		return;
	fputs(" -showcerts </dev/null", out);
	end(c, out);
}

static void nmap(struct confirm *c, const struct confirm_about *a, const char *what, const char *script)
{
	const struct conn_facts *conn = &a->session->facts->conn;
	char server[WORDS_ADDRESS_LEN];
	FILE *out = begin(c, what);
	if (out == NULL)
		return;
	words_address(server, conn->dst, conn->ip_v);
	fprintf(out, "nmap -Pn%s -p %u --script %s %s", conn->ip_v == 6 ? " -6" : "", conn->dst_port, script, server);
	end(c, out);
}

// Whether the server still agrees to the same. Of a certificate or of mail in clear the parameters say nothing.
static void same_again(struct confirm *c, const struct confirm_about *a)
{
	if (!begins(a, "tls.") && weak_of(a->session) == 0)
		return;
	switch (confirm_tls(a)) {
	case CONFIRM_OPENSSL: {
		FILE *out = openssl(c, "whether the server still agrees to what was seen", a);
		if (out == NULL)
			return;
		confirm_openssl(out, a);
		fputs(" </dev/null", out);
		end(c, out);
		return;
	}
	case CONFIRM_NMAP:
		nmap(c, a, "whether the server still agrees to what was seen, which openssl of today cannot do", "ssl-enum-ciphers");
		return;
	case CONFIRM_SSL2:
		nmap(c, a, "whether the server still speaks SSL 2.0, which openssl of today cannot do", "sslv2");
		return;
	case CONFIRM_HEARTBEAT:
		nmap(c, a, "whether the server gives its memory away (asks it to; only for servers of your own)", "ssl-heartbleed");
		return;
	case CONFIRM_NO_TLS:
		return;
	}
}

static void finger(struct confirm *c, const struct facts *f)
{
	char name[256];
	if (f->conn.dst_port != 25 || f->smtp.n_rcpt_domains == 0 || !plain_name(f, f->smtp.rcpt_domain[0], name))
		return;
	FILE *out = begin(c, "what a sender with DANE makes of the recipient's domain");
	if (out == NULL)
		return;
	fprintf(out, "posttls-finger -c -l dane -L summary,certmatch %s", name);
	end(c, out);
}

void confirm_build(struct confirm *c, const struct confirm_about *a)
{
	memset(c, 0, sizeof *c);
	packets(c, a);
	frames(c, a);
	certificate(c, a);
	same_again(c, a);
	handshake(c, a);
	finger(c, a->session->facts);
	confirm_policy(c, &a->session->expect);
}

void confirm_earlier(struct confirm *c, const char *detail, const char *file)
{
	static const char before[] = ":session:";
	const char *id = strstr(detail, before);
	if (id == NULL || c->n == CONFIRM_MAX)
		return;
	FILE *out = begin(c, "the earlier session, in which TLS failed (it may stand in another file)");
	if (out == NULL)
		return;
	id += strlen(before);
	fprintf(out, "postwacht explain %.*s ", (int)strspn(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"), id);
	put_file(out, file);
	end(c, out);
}
