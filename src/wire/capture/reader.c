/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/capture/flows.h"
#include "wire/capture/pcap_lib.h"

#include <errno.h>
#include <stdio.h>

/* Every packet of the file; ERR_FORMAT where it is damaged. */
static enum err read_packets(struct pcap_lib *lib, pcap_t *pcap, struct capture_flows *flows,
	const char *path, struct fail *why)
{
	int link = lib->datalink(pcap), got;
	struct pcap_pkthdr *head;
	const u_char *bytes;
	enum err err = ERR_OK;

	if (!capture_flows_link(link))
		return fail_set(why, ERR_UNSUPPORTED, "%s: link type %d", path, link);
	while (!err && (got = lib->next_ex(pcap, &head, &bytes)) == 1)
		err = capture_flows_packet(flows, link,
			(int64_t)head->ts.tv_sec * 1000000 + head->ts.tv_usec,
			span_of(bytes, head->caplen), why);
	if (!err && got == PCAP_ERROR)
		err = fail_set(why, ERR_FORMAT, "%s: %s", path, lib->geterr(pcap));
	return err;
}

enum err capture_read(const char *path, capture_fn fn, void *ctx, struct fail *why)
{
	struct capture_flows *flows = NULL;
	char message[PCAP_ERRBUF_SIZE];
	struct pcap_lib lib = {0};
	pcap_t *pcap = NULL;
	FILE *file = NULL;
	enum err err, stopped;

	err = pcap_lib_load(&lib, why);
	if (err)
		return err;
	flows = capture_flows_new();
	if (!flows) {
		err = fail_set(why, ERR_NOMEM, "%s: %s", path, err_text(ERR_NOMEM));
		goto end;
	}
	file = fopen(path, "rbe");
	if (!file) {
		err = fail_set(why, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%s: %s", path,
			strerror(errno));
		goto end;
	}
	pcap = lib.fopen_offline(file, message);
	if (!pcap) {
		err = fail_set(why, ERR_FORMAT, "%s: %s", path, message);
		goto end;
	}
	file = NULL; /* closed with pcap */
	err = read_packets(&lib, pcap, flows, path, why);
	if (!err || err == ERR_FORMAT) {
		stopped = capture_flows_each(flows, fn, ctx);
		err = stopped ? stopped : err;
	}
end:
	if (pcap)
		lib.close(pcap);
	if (file)
		fclose(file);
	capture_flows_free(flows);
	pcap_lib_unload(&lib);
	return err;
}
