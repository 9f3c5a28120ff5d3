/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/capture/pcap_lib.h"

#include <dlfcn.h>
#include <string.h>

#define LIBRARY "libpcap.so.0.8"

#define FUNCTION(name)                                                                             \
	{                                                                                          \
		"pcap_" #name, offsetof(struct pcap_lib, name)                                     \
	}

static const struct {
	const char *name;
	size_t member;
} functions[] = {
	FUNCTION(open_dead),
	FUNCTION(dump_open),
	FUNCTION(dump),
	FUNCTION(dump_flush),
	FUNCTION(dump_close),
	FUNCTION(fopen_offline),
	FUNCTION(next_ex),
	FUNCTION(datalink),
	FUNCTION(close),
	FUNCTION(geterr),
};

enum err pcap_lib_load(struct pcap_lib *lib, struct fail *why)
{
	size_t i;

	memset(lib, 0, sizeof(*lib));
	lib->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!lib->handle)
		return fail_set(why, ERR_UNSUPPORTED,
			"packet captures need " LIBRARY " (Debian package libpcap0.8): %s",
			dlerror());
	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *function = dlsym(lib->handle, functions[i].name);

		if (!function) {
			pcap_lib_unload(lib);
			return fail_set(
				why, ERR_UNSUPPORTED, LIBRARY " has no %s", functions[i].name);
		}
		/* C has no cast between pointers to data and to functions; POSIX has the same bits.
		 */
		memcpy((char *)lib + functions[i].member, &function, sizeof(function));
	}
	return ERR_OK;
}

void pcap_lib_unload(struct pcap_lib *lib)
{
	if (lib->handle)
		dlclose(lib->handle);
	lib->handle = NULL;
}
