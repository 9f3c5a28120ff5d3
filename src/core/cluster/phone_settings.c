/* SPDX-License-Identifier: BSD-2-Clause
 * Settings that end up in phones' configuration: a phone says nothing of a value that it does not
 * know, it merely shows another time or language. */
#include "core/cluster/internal.h"

#include "base/str.h"

#include <string.h>

#define NTP_MOST 5 /* servers, as many as call managers */

/* spec: docs/formats/phone-configuration.md#time-zones */
static const char *const zones[] = {
	"AUS Central Standard Time",
	"AUS Eastern Standard/Daylight Time",
	"Afghanistan Standard Time",
	"Alaskan Standard/Daylight Time",
	"Arabian Standard Time",
	"Atlantic Standard/Daylight Time",
	"Azores Standard/Daylight Time",
	"Canada Central Standard Time",
	"Caucasus Standard/Daylight Time",
	"Cen. Australia Standard/Daylight Time",
	"Central Asia Standard Time",
	"Central Europe Standard/Daylight Time",
	"Central Pacific Standard Time",
	"Central Standard/Daylight Time",
	"China Standard/Daylight Time",
	"Dateline Standard Time",
	"E. Australia Standard Time",
	"E. Europe Standard/Daylight Time",
	"E. South America Standard/Daylight Time",
	"Eastern Standard/Daylight Time",
	"Egypt Standard/Daylight Time",
	"Ekaterinburg Standard Time",
	"Fiji Standard Time",
	"GMT Standard/Daylight Time",
	"GTB Standard/Daylight Time",
	"Greenwich Standard Time",
	"Hawaiian Standard Time",
	"India Standard Time",
	"Iran Standard/Daylight Time",
	"Jerusalem Standard/Daylight Time",
	"Mexico Standard/Daylight Time",
	"Mid-Atlantic Standard/Daylight Time",
	"Mountain Standard/Daylight Time",
	"New Zealand Standard/Daylight Time",
	"Newfoundland Standard/Daylight Time",
	"Pacific SA Daylight Time",
	"Pacific SA Standard Time",
	"Pacific Standard/Daylight Time",
	"Romance Standard/Daylight Time",
	"Russian Standard/Daylight Time",
	"SA Eastern Standard Time",
	"SA Pacific Standard Time",
	"SA Western Standard Time",
	"SE Asia Standard Time",
	"Samoa Standard Time",
	"Saudi Arabia Standard Time",
	"South Africa Standard Time",
	"Taipei Standard Time",
	"Tasmania Standard/Daylight Time",
	"Tokyo Standard Time",
	"US Eastern Standard Time",
	"US Mountain Standard Time",
	"W. Europe Standard/Daylight Time",
	"West Asia Standard Time",
	"West Pacific Standard Time",
};

static bool is_zone(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (strcmp(zones[i], name) == 0)
			return true;
	return false;
}

/* Day and month in either order, a year of two or four digits, A for hours up to 12. */
static bool is_date_form(const char *form)
{
	char between = form[0] ? form[1] : '\0';
	const char *p;

	if (!strchr("/-.", between) || !between ||
		!((form[0] == 'D' && form[2] == 'M') || (form[0] == 'M' && form[2] == 'D')) ||
		form[3] != between || form[4] != 'Y')
		return false;
	p = form + 5;
	p += *p == 'Y';
	p += *p == 'A';
	return !*p;
}

static bool is_made_of(const char *text, const char *characters, size_t most)
{
	size_t len = strlen(text);

	return len && len <= most && strspn(text, characters) == len;
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define FOLDER  LETTERS "0123456789_"

static enum err check_ntp(const char *text, struct fail *why)
{
	size_t servers = 0, len;
	const char *p = text;

	if (strcmp(text, "none") == 0)
		return ERR_OK;
	for (; *p; p += len) {
		p += strspn(p, " ");
		len = strcspn(p, " ");
		servers += len != 0;
		if (strspn(p, LETTERS "0123456789-._:") != len || servers > NTP_MOST)
			return fail_set(why, ERR_FORMAT,
				"setting ntp_servers: at most %d addresses or host names, "
				"separated by blanks; or none",
				NTP_MOST);
	}
	return ERR_OK;
}

enum err phone_settings_check(const struct settings *s, struct fail *why)
{
	if (!is_date_form(s->date_template))
		return fail_set(why, ERR_FORMAT,
			"setting date_template: D/M/Y or M/D/Y, with '/', '-' or '.'; YY for four "
			"digits, A behind it for 12 hours");
	if (!is_zone(s->time_zone))
		return fail_set(why, ERR_FORMAT,
			"setting time_zone: phones know no \"%.60s\"; "
			"docs/formats/phone-configuration.md lists what they know",
			s->time_zone);
	if (!is_made_of(s->user_locale, FOLDER, 60) || !is_made_of(s->network_locale, FOLDER, 60))
		return fail_set(why, ERR_FORMAT,
			"settings user_locale and network_locale: the name of a folder, letters, "
			"digits and '_'");
	if (!is_made_of(s->user_language, LETTERS "_", 5) || strlen(s->user_language) < 2)
		return fail_set(why, ERR_FORMAT,
			"setting user_language: two letters such as en, or a form such as pt_BR");
	return check_ntp(s->ntp_servers, why);
}
