// Names from the wire, before anything is asked or looked up with them: attacker text that is no host name ends here.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// `text` as a host name: letters, digits and hyphens (RFC 5321 2.3.5), at least two labels, each at most 63 octets, in lower
// case without a final dot. U-labels (RFC 6531) become A-labels. False: it is none (an address literal, an underscore,
// too long); *out is then empty.
bool name_from_wire(char out[static 254], const uint8_t *text, size_t len);

// True when `name` fits an MTA-STS pattern: equal, or "*." in place of exactly its first label. RFC 8461 4.1.
bool name_fits(const char *pattern, const char *name);
