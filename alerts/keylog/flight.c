// Records one after the other: open, add up, read, stop.
#include "alerts/keylog/flight.h"

#include "alerts/keylog/messages.h"
#include "alerts/keylog/protection.h"

#include <errno.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

enum { TYPE_CHANGE_CIPHER_SPEC = 20, TYPE_ALERT = 21, TYPE_HANDSHAKE = 22, TYPE_APPLICATION_DATA = 23 };

struct flight_room {
	struct messages messages;
};

int flight_room_open(struct flight_room **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

// What was opened is nobody's business once it is told.
void flight_room_close(struct flight_room **r)
{
	if (*r)
		OPENSSL_cleanse(*r, sizeof(**r));
	free(*r);
	*r = NULL;
}

// The next whole record with its header; false: there is none.
static bool next_record(struct bytes *records, struct bytes *record)
{
	struct bytes c = *records;
	bytes_skip(&c, 3);
	bytes_skip(&c, bytes_be16(&c));
	if (!bytes_ok(&c))
		return false;
	*record = bytes_of(records->at, (size_t)(c.at - records->at));
	records->at = c.at;
	return true;
}

enum step { STEP_ON, STEP_CLOSED, STEP_BEYOND, STEP_END };

// One record. Its content is opened where the messages before it end; only what is part of a message stays there.
static enum step take_record(struct messages *m, struct protection *keys, struct bytes record, struct flight *out)
{
	uint8_t *at = m->plain + m->len, type;
	size_t len;

	if (bytes_left(&record) > RECORD_HEADER_LEN + RECORD_BODY_MAX || bytes_left(&record) > sizeof(m->plain) - m->len)
		return STEP_BEYOND;
	if (!protection_open(keys, record.at, bytes_left(&record), at, &len, &type))
		return STEP_CLOSED;
	if (type == TYPE_ALERT && len == 2) {
		out->alert = true;
		out->alert_level = at[0];
		out->alert_code = at[1];
		return STEP_END;
	}
	// Nothing else is ever protected by these keys; under a wrong label it may have been mail.
	if (type != TYPE_HANDSHAKE) {
		OPENSSL_cleanse(at, len);
		return STEP_BEYOND;
	}
	m->len += len;
	messages_read(m, out);
	return m->finished ? STEP_END : STEP_ON;
}

// A client's early data has keys of its own (RFC 8446 4.2.10): where it may stand, records in front of the first that opens
// are passed over. Elsewhere that would look for what an application traffic secret under a wrong label opens.
static enum flight_result take_records(struct messages *m, struct protection *keys, struct bytes records,
                                       bool early_data_possible, struct flight *out)
{
	struct bytes record;
	bool closed = false, opened = false;

	while (next_record(&records, &record)) {
		if (record.at[0] == TYPE_CHANGE_CIPHER_SPEC)
			continue;
		if (record.at[0] != TYPE_APPLICATION_DATA)
			break;
		enum step step = take_record(m, keys, record, out);
		if (step == STEP_END)
			return FLIGHT_OPENED;
		closed |= step == STEP_CLOSED;
		if (step == STEP_BEYOND || (step == STEP_CLOSED && (opened || !early_data_possible)))
			break;
		opened |= step == STEP_ON;
	}
	return closed && !opened ? FLIGHT_WRONG : FLIGHT_INCOMPLETE;
}

enum flight_result flight_open_records(struct flight_room *r, struct flight *out, uint16_t suite, const uint8_t *secret,
                               size_t secret_len, bool early_data_possible, const uint8_t *records, size_t len)
{
	enum flight_result result = FLIGHT_UNKNOWN;
	struct protection keys;

	*out = (struct flight){0};
	messages_init(&r->messages);
	enum protection_result set = protection_init(&keys, suite, secret, secret_len);
	if (set == PROTECTION_NO_SECRET)
		result = FLIGHT_WRONG;
	else if (set == PROTECTION_SET)
		result = take_records(&r->messages, &keys, bytes_of(records, len), early_data_possible, out);
	protection_fini(&keys);
	// OpenSSL keeps a list of what failed, and does not forget it by itself.
	ERR_clear_error();
	return result;
}
