// Tables of words.
#include "cli/words.h"

#include <errno.h>
#include <arpa/inet.h>
#include <string.h>
#include <time.h>

const char *words_state(enum state s)
{
	static const char *const words[STATE_N] = {
		[STATE_IMPLICIT_TLS] = "TLS from the first octet",
		[STATE_PLAIN_AFTER_HANDSHAKE_FAIL] = "mail in clear after the TLS handshake failed",
		[STATE_PLAIN_AFTER_REJECT] = "mail in clear after STARTTLS was refused",
		[STATE_PLAIN_OFFERED_UNUSED] = "mail in clear though STARTTLS was offered",
		[STATE_PLAIN_NOT_OFFERED] = "mail in clear, STARTTLS not usably offered",
		[STATE_PLAIN_HELO_ONLY] = "mail in clear after HELO, which cannot ask for TLS",
		[STATE_STARTTLS_OK] = "STARTTLS, handshake completed",
		[STATE_TLS_FAILED_NO_MAIL] = "TLS asked for and not reached; no mail sent in clear",
		[STATE_REFUSED] = "the server refused the connection",
		[STATE_UNKNOWN_GAP] = "what is missing could have changed the answer",
		[STATE_NO_MAIL_PROBE] = "no mail was accepted",
	};
	return s < STATE_N ? words[s] : "";
}

const char *words_verdict(enum verdict v)
{
	static const char *const words[VERDICT_N] = {
		[VERDICT_CLEAR_AGAINST_POLICY] = "mail in clear although policy requires TLS",
		[VERDICT_CLEAR] = "mail or an attempt to log in, in clear",
		[VERDICT_MISMATCH] = "TLS to somebody policy does not vouch for",
		[VERDICT_WEAK] = "TLS older than 1.2, or too weak a cipher or key",
		[VERDICT_VERIFIED] = "TLS, identity matched the expectation",
		[VERDICT_ENCRYPTED] = "TLS; identity not required or not observable",
		[VERDICT_INCONCLUSIVE] = "neither clear mail nor TLS is proven",
		[VERDICT_NO_MAIL] = "no mail",
	};
	return v < VERDICT_N ? words[v] : "";
}

enum style words_severity_style(enum severity s)
{
	static const enum style styles[] = {STYLE_DIM, STYLE_PLAIN, STYLE_YELLOW, STYLE_RED, STYLE_RED};
	return s <= SEVERITY_CRITICAL ? styles[s] : STYLE_PLAIN;
}

const char *words_input(const char *name)
{
	return strcmp(name, "-") == 0 ? "standard input" : name;
}

const char *words_weak(enum weak w)
{
	static const char *const words[WEAK_N] = {
		[WEAK_VERSION] = "TLS older than 1.2",
		[WEAK_NULL] = "no encryption at all (NULL)",
		[WEAK_EXPORT] = "export-grade keys",
		[WEAK_RC4] = "RC4",
		[WEAK_DES] = "DES",
		[WEAK_3DES] = "3DES",
		[WEAK_ANONYMOUS] = "nobody authenticated",
		[WEAK_DH] = "a Diffie-Hellman prime below 2048 bits",
		[WEAK_RSA] = "an RSA key below 2048 bits",
	};
	return words[w];
}

const char *words_error(int error)
{
	return error == EBADMSG ? "there is no CA certificate in it, or one that is damaged" : strerror(error);
}

const char *words_salvaged(uint64_t offset)
{
	return offset == 0 ? "nothing of it was read" : "what stands before it was read";
}

void words_time(char out[static WORDS_TIME_LEN], uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000u);
	struct tm tm;
	char date[20];
	if (gmtime_r(&seconds, &tm) == NULL || strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &tm) == 0) {
		snprintf(out, WORDS_TIME_LEN, "%llu ns", (unsigned long long)ns);
		return;
	}
	snprintf(out, WORDS_TIME_LEN, "%s.%06u UTC", date, (unsigned)(ns % 1000000000u / 1000));
}

void words_address(char out[static WORDS_ADDRESS_LEN], const uint8_t addr[static 16], uint8_t ip_v)
{
	if (inet_ntop(ip_v == 6 ? AF_INET6 : AF_INET, addr, out, WORDS_ADDRESS_LEN) == NULL)
		out[0] = '\0';
}

void words_endpoint(char out[static WORDS_ENDPOINT_LEN], const uint8_t addr[static 16], uint8_t ip_v, uint16_t port)
{
	char address[WORDS_ADDRESS_LEN];
	words_address(address, addr, ip_v);
	snprintf(out, WORDS_ENDPOINT_LEN, ip_v == 6 ? "[%s]:%u" : "%s:%u", address, port);
}
