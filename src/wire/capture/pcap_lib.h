/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_CAPTURE_PCAP_LIB_H
#define WIRE_CAPTURE_PCAP_LIB_H

#include "base/err.h"

#include <pcap/pcap.h>

/* The functions of libpcap that we call, found when it is loaded. */
struct pcap_lib {
	void *handle;
	pcap_t *(*open_dead)(int link, int snaplen);
	pcap_dumper_t *(*dump_open)(pcap_t *p, const char *path);
	void (*dump)(u_char *dumper, const struct pcap_pkthdr *h, const u_char *bytes);
	int (*dump_flush)(pcap_dumper_t *d);
	void (*dump_close)(pcap_dumper_t *d);
	pcap_t *(*fopen_offline)(FILE *file, char *errbuf);
	int (*next_ex)(pcap_t *p, struct pcap_pkthdr **h, const u_char **bytes);
	int (*datalink)(pcap_t *p);
	void (*close)(pcap_t *p);
	char *(*geterr)(pcap_t *p);
};

/* ERR_UNSUPPORTED when the library or one of the functions is missing. */
enum err pcap_lib_load(struct pcap_lib *lib, struct fail *why) MUST_USE;
void pcap_lib_unload(struct pcap_lib *lib);

#endif
