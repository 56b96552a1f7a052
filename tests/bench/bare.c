// The yardstick: what libpcap alone costs to hand out every packet of a file.
#include <pcap/pcap.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	if (argc != 2) {
		fprintf(stderr, "usage: bare FILE\n");
		return 2;
	}
	pcap_t *pcap = pcap_open_offline(argv[1], error);
	if (!pcap) {
		fprintf(stderr, "bare: %s\n", error);
		return 1;
	}
	struct pcap_pkthdr *head;
	const u_char *data;
	unsigned long packets = 0, octets = 0;
	while (pcap_next_ex(pcap, &head, &data) == 1) {
		packets++;
		octets += head->caplen;
	}
	pcap_close(pcap);
	printf("{\"packets\":%lu,\"octets\":%lu}\n", packets, octets);
	return 0;
}
