// Commands from facts. What the wire said is attacker text: a name goes into a command only when it consists of
// letters, digits, dots and hyphens and does not begin with one of the last.
#include "cli/confirm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void packets(struct confirm *c, const struct facts *f, const char *file)
{
	char src[WORDS_ADDRESS_LEN], dst[WORDS_ADDRESS_LEN];
	const char *ip = f->conn.ip_v == 6 ? "ipv6" : "ip";
	FILE *out = begin(c, "the packets of this connection");
	if (out == NULL)
		return;
	words_address(src, f->conn.src, f->conn.ip_v);
	words_address(dst, f->conn.dst, f->conn.ip_v);
	fputs("tshark -r ", out);
	// A name that begins with a hyphen would be taken for an option.
	fputs(file[0] == '-' ? "./" : "", out);
	stdout_shell(out, file);
	fprintf(out, " -Y '%s.addr == %s && %s.addr == %s && tcp.port == %u && tcp.port == %u'", ip, src, ip, dst,
		f->conn.src_port, f->conn.dst_port);
	end(c, out);
}

static void handshake(struct confirm *c, const struct facts *f)
{
	char server[WORDS_ENDPOINT_LEN], name[256];
	FILE *out = begin(c, "what the server offers now");
	if (out == NULL)
		return;
	words_endpoint(server, f->conn.dst, f->conn.ip_v, f->conn.dst_port);
	fprintf(out, "openssl s_client -connect %s", server);
	if (!f->tls.implicit)
		fprintf(out, " -starttls %s", f->conn.role == ROLE_LMTP ? "lmtp" : "smtp");
	if (plain_name(f, f->tls.sni, name) || plain_name(f, f->smtp.server_name, name))
		fprintf(out, " -servername %s", name);
	fputs(" -showcerts </dev/null", out);
	end(c, out);
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

void confirm_build(struct confirm *c, const struct facts *f, const char *file)
{
	memset(c, 0, sizeof *c);
	packets(c, f, file);
	handshake(c, f);
	finger(c, f);
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
	fputs(file[0] == '-' ? "./" : "", out);
	stdout_shell(out, file);
	end(c, out);
}
