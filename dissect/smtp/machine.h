// The memory of one connection's SMTP machine. Private to dissect/smtp/; spelled out only so that a session can embed it.
//
// All zero is the machine before the greeting. No pointers: partial lines and a long queue of commands live in slab
// chunks named by index. Two sides are kept apart: what the client sent (in its order), and what the server has
// answered (in its order). Whatever judges a transaction reads the answered side, so that neither pipelining nor
// the order of packets matters.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	SMTP_PENDING_SMALL = 16, // commands in flight before a chunk is needed; an ordinary pipelined mail fits
	SMTP_PENDING_KINDS = 5,  // EHLO, and those whose replies are known by their code
	SMTP_PROBE_MAX = 10,     // octets looked at after an odd end of data: the longest verb there is "MAIL FROM:"
};

// One direction's line in progress.
struct smtp_lane {
	uint64_t acked;    // place.acked of the line's first octet: how it is cut tells nothing
	uint32_t chunk;    // slab index of the partial line; 0 none
	uint32_t len;      // octets of the line so far, saturating; the first SMTP_LINE_MAX of them are in the chunk
	uint8_t last;      // the latest octet: tells CRLF from LF when the cut is between
	uint8_t mode;      // enum smtp_mode
	bool doubt : 1;    // the line in progress may begin in the middle: a hole lies before it
	bool unstored : 1; // the line pool was empty: the line is counted, not read
};

// What the client sent behind STARTTLS before it could have the answer.
struct smtp_held {
	uint64_t off, acked; // place of the first octet
	uint32_t chunk;      // slab index of the octets; 0 none
	uint32_t frame;
	uint32_t n;          // octets met, saturating; the first SMTP_LINE_MAX are kept
	uint16_t len, done;  // octets kept, and how many of them were read
	uint8_t quality;
	bool verb : 1;       // a verb stands at a line start
	bool release : 1;    // the session goes on in clear: they are read before anything else of the client
};

// Commands that were sent and not answered, one octet each (enum smtp_pending_kind and flags).
struct smtp_pending {
	uint32_t chunk; // slab index of the ring; 0: the small one below is used
	uint16_t first;
	uint16_t n;
	uint16_t n_of[SMTP_PENDING_KINDS]; // of the kinds that somebody asks for, see pending.c
	bool hole[2];    // by direction: octets were lost since the first of them was sent
	uint8_t small[SMTP_PENDING_SMALL];
};

// Inside DATA.
struct smtp_data {
	uint64_t time_ns;                // packet time of the latest octet at a line end, for the delayed dot
	uint8_t state;                   // enum smtp_data_state
	uint8_t n_probe;                 // octets in probe[]
	uint8_t probe[SMTP_PROBE_MAX];   // what followed an odd end of data
	bool probing : 1;
	bool variant : 1;                // this message held an odd end of data
	bool variant_last : 1;           // ... and nothing has followed it yet
	bool lf_client : 1;              // DATA itself ended in a bare LF: this client ends every line so
	bool hole : 1;                   // octets of this message are missing
	bool guessed : 1;                // nobody said 354: it looks like content
	bool any : 1;                    // an octet of this message was seen
	bool paused : 1;                 // the dot at this line start came late
};

// The reply being read.
struct smtp_answer {
	uint64_t line_end;      // stream offset behind its latest line
	uint64_t client_went_on; // ... behind a command sent after the client had that line; 0 none
	uint32_t caps;          // EHLO: enum smtp_cap bits so far
	uint16_t auth;          // EHLO: mechanisms so far
	uint16_t code;          // of its first line
	uint16_t n_lines;       // saturating; 0: no reply in progress
	uint8_t kind;           // enum smtp_pending_kind it answers, with flags
	uint8_t offer_line;     // EHLO: line with the keyword, saturating; 0 none
	uint8_t flaws;          // EHLO: enum smtp_offer_flaw bits
	uint8_t n_masked;       // EHLO: lines that are runs of X, saturating
	bool paired : 1;        // kind is meant
	bool relay : 1;         // the text speaks of relaying
	bool tls : 1;           // the text speaks of TLS
	bool login : 1;         // 334 that asks for what AUTH LOGIN asks for
	bool hole : 1;          // a part of it is missing
	bool keyword : 1;       // EHLO: the keyword stands on a usable line
	bool masked_8 : 1;      // EHLO: the masked line kept has the length of the keyword
};

struct smtp {
	struct smtp_lane lane[2]; // by enum dir
	struct smtp_pending pending;
	struct smtp_data data;
	struct smtp_answer answer;
	struct smtp_held held;
	uint64_t chunk_left;     // octets of the BDAT chunk not met yet
	uint64_t ehlo_end;       // s2c offset behind the last EHLO reply
	uint64_t reply_end;      // s2c offset behind the last complete reply
	uint64_t sync_end;       // ... behind the last reply a client must wait for
	uint64_t upgrade_end;    // ... behind the last reply to STARTTLS
	uint32_t told;           // enum smtp_news bits
	uint32_t n_rcpt_open;    // recipients accepted in the transaction being answered
	uint32_t lmtp_left;      // replies still to come for one LMTP message
	uint32_t early_frame;    // first command sent behind an EHLO that was not answered yet; 0 none
	uint64_t push_acked;     // .acked of the latest command
	uint64_t push_off;       // c2s offset behind it
	uint64_t spoke_end;      // ... behind the first one
	uint64_t spoke_acked;    // .acked of the first one
	uint64_t greeting_last;  // s2c offset where the greeting's last line begins, as far as it was read
	uint64_t said_to;        // evidence: everything the client sent up to here may be kept
	uint64_t hole_acked;     // hole_in_group: a command with a greater .acked belongs to a later group
	uint64_t content_start;  // facts' content_octets when this message began
	uint64_t digest;         // of the envelope so far
	uint64_t content_digest; // of all content outside TLS, of the whole blocks of it
	uint8_t content_rest[16]; // ... and the block that is not whole yet
	uint8_t hello;           // enum smtp_answered_hello
	uint8_t last_pushed;     // kind of the latest command sent
	uint16_t proxy_left;     // PROXY v2: octets of the addresses still to skip
	uint16_t n_forgotten;    // commands that found no room in the queue: as many replies fit none
	uint8_t early_quality;
	uint8_t n_content_rest;
	uint8_t n_prefix;        // octets of the PROXY v2 signature and header met
	bool bdat_open : 1;      // chunks were sent, and none of them was the last
	bool greeted : 1;        // the greeting is over
	bool spoke : 1;          // the client's first octet was seen
	bool lost : 1;           // something was never captured: replies may stand without commands and the reverse
	bool lost_since_ehlo : 1;
	bool hole_in_group : 1;  // commands are missing from the group that was sent last
	bool mail_open : 1;      // answered side: inside a transaction
	bool mail_counted : 1;   // ... that was counted as clear
	bool rejected : 1;       // STARTTLS was answered other than 2xx
	bool upgraded : 1;       // STARTTLS was answered 2xx
	bool fell_back : 1;      // ... and lines went on in clear
	bool tired : 1;          // ... and the server's octets behind it may not wait any longer
	bool first_after_220 : 1; // the client's next line is the first after that answer
	bool smuggle : 1;        // an odd end of data may have been taken by the server
	bool after_ehlo : 1;     // the reply before this line was the EHLO reply
	bool digest_done : 1;
	bool content_begun : 1;  // content_digest means something
	bool secret : 1;         // credentials were sent in the current AUTH dialogue
	bool auth_open : 1;      // an AUTH was counted and its last reply was not seen
	bool early_reply : 1;    // content was answered before its end
	bool chunk_begun : 1;    // octets of the chunk were seen
	bool chunk_refused : 1;  // BDAT was refused before any were
	bool client_tls : 1;     // c2s went to the TLS layer
	bool client_waits : 1;   // octets of the client were left with the caller
	bool farewell : 1;       // the server ended the talk unasked, as it seems: nothing has followed yet
	bool said_more : 1;      // evidence: and something behind it may not
	bool keep_stopped : 1;   // ... nothing of the client any more
	bool server_holds : 1;   // a reply has released them: they come before the next reply
};

static_assert(sizeof(struct smtp) <= 352, "a clear session should stay near 1 KiB");
