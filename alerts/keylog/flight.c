// Records one after the other: open, add up, read, stop.
#include "alerts/keylog/flight.h"

#include "alerts/keylog/messages.h"
#include "alerts/keylog/protection.h"

#include <errno.h>
#include <stdlib.h>

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

void flight_room_close(struct flight_room **r)
{
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
	// Nothing else is ever protected by these keys.
	if (type != TYPE_HANDSHAKE)
		return STEP_BEYOND;
	m->len += len;
	messages_read(m, out);
	return m->finished ? STEP_END : STEP_ON;
}

// Records in front of the first that opens are passed over: a client's early data has keys of its own (RFC 8446 4.2.10).
static enum flight_result take_records(struct messages *m, struct protection *keys, struct bytes records, struct flight *out)
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
		if (step == STEP_BEYOND || (step == STEP_CLOSED && opened))
			break;
		closed |= step == STEP_CLOSED;
		opened |= step == STEP_ON;
	}
	return closed && !opened ? FLIGHT_WRONG : FLIGHT_INCOMPLETE;
}

enum flight_result flight_open_records(struct flight_room *r, struct flight *out, uint16_t suite, const uint8_t *secret,
                               size_t secret_len, const uint8_t *records, size_t len)
{
	enum flight_result result = FLIGHT_UNKNOWN;
	struct protection keys;

	*out = (struct flight){0};
	messages_init(&r->messages);
	enum protection_result set = protection_init(&keys, suite, secret, secret_len);
	if (set == PROTECTION_NO_SECRET)
		result = FLIGHT_WRONG;
	else if (set == PROTECTION_SET)
		result = take_records(&r->messages, &keys, bytes_of(records, len), out);
	protection_fini(&keys);
	// OpenSSL keeps a list of what failed, and does not forget it by itself.
	ERR_clear_error();
	return result;
}
