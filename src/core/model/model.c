/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/model/model.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* protocols, MIC, largest LSC key, EC, ITL and TVS, SHA-512, largest signer, encrypted
 * configuration, HTTP, TLS 1.2, keys that erase, keys that fetch an LSC. Where the firmware
 * decides, what the older one cannot. */
#define BOTH    (MODEL_SCCP | MODEL_SIP)
#define CLASSIC "Settings, Security Configuration, **#, LSC, Update"
#define OLDEST                                                                                     \
	BOTH, false, 1024, false, false, false, 2048, false, false, false,                         \
		"Settings, Security Configuration, CTL File, **#, Erase", CLASSIC
#define EARLY                                                                                      \
	BOTH, false, 0, false, false, false, 2048, false, false, false,                            \
		"none: start with # held down, then 1 2 3 4 5 6 7 8 9 * 0 #", NULL
#define SEVENTY                                                                                    \
	BOTH, true, 2048, false, true, false, 2048, true, false, false,                            \
		"Settings, Security Configuration, Trust List, **#, Erase", CLASSIC
#define SIXTY_NINE                                                                                 \
	BOTH, true, 2048, false, true, false, 2048, true, false, false,                            \
		"Applications, Admin Settings, Reset Settings, Security",                          \
		"Applications, Admin Settings, Security Setup, LSC, Update"
#define LATER                                                                                      \
	BOTH, true, 2048, false, true, false, 2048, true, false, false,                            \
		"Applications, Administrator Settings, Reset Settings, Security Settings",         \
		"Applications, Administrator Settings, Security Setup, LSC, Update"
#define NEWER                                                                                      \
	MODEL_SIP, true, 4096, true, true, true, 4096, true, true, true,                           \
		"Settings, Admin Settings, Reset Settings, Security Settings",                     \
		"Settings, Admin Settings, Security Setup, LSC, Update"

static const struct model table[] = {
	{7, "Cisco 7960", OLDEST},
	{8, "Cisco 7940", OLDEST},
	{115, "Cisco 7941", SEVENTY},
	{118, "Cisco 7971", SEVENTY},
	{119, "Cisco 7971G-GE", SEVENTY},
	{307, "Cisco 7911", SEVENTY},
	{308, "Cisco 7961G-GE", SEVENTY},
	{309, "Cisco 7941G-GE", SEVENTY},
	{348, "Cisco 7931", SEVENTY},
	{369, "Cisco 7906", SEVENTY},
	{404, "Cisco 7962", SEVENTY},
	{434, "Cisco 7942", SEVENTY},
	{435, "Cisco 7945", SEVENTY},
	{436, "Cisco 7965", SEVENTY},
	{437, "Cisco 7975", SEVENTY},
	{493, "Cisco 9971", LATER},
	{495, "Cisco 6921", SIXTY_NINE},
	{496, "Cisco 6941", SIXTY_NINE},
	{497, "Cisco 6961", SIXTY_NINE},
	{537, "Cisco 9951", LATER},
	{540, "Cisco 8961", LATER},
	{547, "Cisco 6901", SIXTY_NINE},
	{548, "Cisco 6911", SIXTY_NINE},
	{564, "Cisco 6945", SIXTY_NINE},
	{585, "Cisco 8945", LATER},
	{586, "Cisco 8941", LATER},
	{621, "Cisco 7821", NEWER},
	{622, "Cisco 7841", NEWER},
	{623, "Cisco 7861", NEWER},
	{683, "Cisco 8841", NEWER},
	{684, "Cisco 8851", NEWER},
	{685, "Cisco 8861", NEWER},
	{20000, "Cisco 7905", EARLY},
	{30006, "Cisco 7970", SEVENTY},
	{30007, "Cisco 7912", EARLY},
	{30016, "Cisco IP Communicator", SEVENTY},
	{30018, "Cisco 7961", SEVENTY},
};
#define MODELS (sizeof(table) / sizeof(table[0]))

static const struct model unknown = {.name = "unknown model",
	.protocols = BOTH,
	.rsa_max = 1024,
	.signer_max = 2048,
	.erase = "Settings, Security Configuration, Trust List (or CTL File), **#, Erase",
	.update = CLASSIC};

const struct model *model_at(unsigned index)
{
	return index < MODELS ? &table[index] : NULL;
}

static const struct model *look(int type)
{
	size_t i;

	for (i = 0; i < MODELS; i++)
		if (table[i].type == type)
			return &table[i];
	return NULL;
}

const struct model *model_of(int type)
{
	const struct model *m = look(type);

	return m ? m : &unknown;
}

bool model_is_known(int type)
{
	return look(type) != NULL;
}

const struct model *model_find(const char *name)
{
	static const char maker[] = "Cisco ";
	const char *plain =
		strncasecmp(name, maker, sizeof(maker) - 1) == 0 ? name + sizeof(maker) - 1 : name;
	size_t len = strlen(plain), i;
	long type;

	for (i = 0; i < MODELS; i++)
		if (str_ieq(table[i].name + sizeof(maker) - 1, plain))
			return &table[i];
	/* "7961G" is a 7961 by another name on the box. */
	if (len == 5 && (plain[4] == 'G' || plain[4] == 'g'))
		for (i = 0; i < MODELS; i++)
			if (strlen(table[i].name) == sizeof(maker) - 1 + 4 &&
				strncmp(table[i].name + sizeof(maker) - 1, plain, 4) == 0)
				return &table[i];
	return str_number(plain, 1, INT32_MAX, &type) == ERR_OK ? look((int)type) : NULL;
}
