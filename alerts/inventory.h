// What the operator knows: which hosts are ours, who our partners are and what was agreed with them, and what is left in
// peace. Configured once, looked at for every session: 100,000 a second, so nothing here walks a list.
//
// struct inventory_config is what the configuration filled in, plain data without pointers: text stands in each list's own
// arena, at an offset (0: empty). struct inventory is the same made ready for looking up; it borrows the configuration.
// Names are A-labels in lower case without a final dot. Reading is safe in any thread.
#pragma once

#include "alerts/finding.h"
#include "alerts/net.h"

enum {
	INVENTORY_NETS_MAX = 64,       // own networks; senders
	INVENTORY_MX_MAX = 128,        // own mail hosts: the largest operators have some dozens
	INVENTORY_PARTNERS_MAX = 1024, // a sector's worth of partners
	INVENTORY_EXEMPT_MAX = 256,
	INVENTORY_POOL_MAX = 2048,     // networks of all entries of one list
	INVENTORY_TEXT_MAX = 65536,    // octets of all names and notes of one list
	INVENTORY_OWNER_MAX = 63,      // octets of a text for people
	INVENTORY_NOTE_MAX = 255,
	INVENTORY_DOMAIN_MAX = 253,    // octets of a name, RFC 1035 2.3.4
};

// Arena of one list. Text 0 is empty.
struct inventory_text {
	uint32_t used;
	char octets[INVENTORY_TEXT_MAX];
};

// Networks of one list's entries; each entry has `n` of them from `first`.
struct inventory_pool {
	uint32_t n;
	struct judge_net net[INVENTORY_POOL_MAX];
};

struct inventory_nets {
	struct judge_net net[INVENTORY_NETS_MAX];
	size_t n;
};

struct inventory_mx {
	uint32_t name;
	uint32_t first, n; // addresses: networks of one
	uint16_t port;
};

struct inventory_mxs {
	size_t n;
	struct inventory_mx mx[INVENTORY_MX_MAX];
	struct inventory_pool pool;
	struct inventory_text text;
};

enum inventory_level {
	INVENTORY_ENCRYPT, // mail in clear is against what was agreed
	INVENTORY_VERIFY,  // ... and the host has to show a certificate that PKIX can verify (RFC 5280, RFC 9525)
};

struct inventory_partner {
	uint32_t domain;   // a name; "*." and a name: what lies below it, at any depth, but not itself
	uint32_t owner, note;
	uint32_t first, n;
	uint8_t level;     // enum inventory_level
	bool sensitive;
};

struct inventory_partners {
	size_t n;
	struct inventory_partner partner[INVENTORY_PARTNERS_MAX];
	struct inventory_pool pool;
	struct inventory_text text;
};

enum { INVENTORY_FOREVER = INT32_MAX };

struct inventory_exemption {
	bool is_net;
	struct judge_net net; // client or server
	uint32_t domain;      // of all recipients, as in struct inventory_partner; 0: by network
	uint32_t owner, reason;
	int32_t until_day;    // last day it holds, days since 1970 (UTC); INVENTORY_FOREVER
	bool all;             // findings of every kind, otherwise
	uint8_t findings[32]; // bit by catalogue index
	uint32_t patterns;    // as they were written, separated by a space
};

struct inventory_exemptions {
	size_t n;
	struct inventory_exemption exempt[INVENTORY_EXEMPT_MAX];
	struct inventory_text text;
};

struct inventory_config {
	struct inventory_nets own;     // inventory.own_networks
	struct inventory_nets senders; // inventory.senders
	struct inventory_mxs mx;
	struct inventory_partners partners;
	struct inventory_exemptions exempt;
};

static inline const char *inventory_text(const struct inventory_text *t, uint32_t at)
{
	return t->octets + at;
}

// Adds `len` octets of text. 0: there is no room (or nothing to add).
uint32_t inventory_text_add(struct inventory_text *t, const char *text, size_t len);

// Day of a Unix time, and a day as "2027-01-31".
enum { INVENTORY_DAY_LEN = 16 };
int32_t inventory_day(int64_t time_s);
void inventory_day_print(char out[static INVENTORY_DAY_LEN], int32_t day);

// A name from the wire as it is looked up: in lower case, without a final dot; empty where it does not fit or holds what
// no host name does (then nothing is found). `out` has room for 256 octets.
void inventory_name(char out[static 256], const uint8_t *text, size_t len);

struct inventory;

// 0 or -ENOMEM. `config` is borrowed until the close.
int inventory_open(struct inventory **out, const struct inventory_config *config);
void inventory_close(struct inventory **i);
const struct inventory_config *inventory_configured(const struct inventory *i);

// ---- own hosts -----------------------------------------------------------------------------------------------
// A NULL inventory knows nothing in all of these.

bool inventory_knows_own(const struct inventory *i); // own_networks are configured: what is not in them is foreign
bool inventory_own(const struct inventory *i, const uint8_t addr[16], uint8_t ip_v);
bool inventory_knows_senders(const struct inventory *i);
// A sender, or a mail host of ours.
bool inventory_sender(const struct inventory *i, const uint8_t addr[16], uint8_t ip_v);
bool inventory_own_host(const struct inventory *i, const uint8_t addr[16], uint8_t ip_v); // a mail host of ours, any port

// Names of our mail host at an address and port, at most `max`; candidate source `C` (certain). Returns how many there
// are; more than `max`: not all are in `out`.
size_t inventory_mx_name(const struct inventory *i, const uint8_t addr[16], uint8_t ip_v, uint16_t port, const char **out,
                         size_t max);
bool inventory_mx_named(const struct inventory *i, const char *name); // a mail host of ours is called so

// ---- partners ------------------------------------------------------------------------------------------------

struct inventory_peer {
	const char *domain, *owner, *note; // of the entry; valid as long as the configuration
	uint8_t level;       // enum inventory_level
	bool sensitive;
	bool has_networks;   // the entry says where its hosts are
	bool shared;         // the address is of several entries that do not agree: `level` is what all of them want at least,
			     // and `sensitive` is what some of them are
};

// False: no partner. The entry that says most of the name counts: the name itself, then the longest "*.".
bool inventory_partner(const struct inventory *i, const char *domain, struct inventory_peer *out);
// By address: the longest prefix.
bool inventory_partner_at(const struct inventory *i, const uint8_t addr[16], uint8_t ip_v, struct inventory_peer *out);

// ---- exemptions ----------------------------------------------------------------------------------------------

// What is asked about a session. Domains are what its accepted recipients are believed to be in; while more may come, or
// none was seen, what is exempt by domain is open.
struct inventory_ask {
	const uint8_t *src, *dst;
	uint8_t ip_v;
	int64_t time_s;        // of the packet: an exemption that ended before it does not hold
	const char *const *domains;
	size_t n_domains;
	bool domains_open;     // recipients may still come
};

struct inventory_answer {
	uint8_t exempt[32];    // bit by catalogue index
	uint8_t perhaps[32];   // ... if the recipients turn out to be exempt
	uint8_t ended[INVENTORY_EXEMPT_MAX / 8]; // bit by entry: it would cover something of this session, and ended before it
	bool any_ended;
};

void inventory_exempt(const struct inventory *i, const struct inventory_ask *ask, struct inventory_answer *out);
