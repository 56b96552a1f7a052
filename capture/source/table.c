// Which sources exist. A name's prefix chooses: "file:/x.pcap" reads a capture, "pcap:eth1" would listen.
#include "capture/source/ops.h"

// The refusing row stays last: what no other row takes is told why there is nothing.
const struct source_kind source_table[] = {
	{"file:", "a capture file or a directory of them; - is standard input", file_open_name},
	{"", "everything else: refused with a reason", none_open_name},
};

const size_t source_table_len = sizeof(source_table) / sizeof(source_table[0]);
