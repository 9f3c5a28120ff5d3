/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_CTL_CLIENT_H
#define CLI_CTL_CLIENT_H

#include "cli/ctl_session.h"
#include "core/ctlclient/plan.h"
#include "core/tokens/tokens.h"

/* The CTL client's steps. Each returns CTL_GOOD, or what to exit with; wizard.s.why then tells. */
struct wizard {
	struct ctl_session s;
	struct tokens *tokens;
	char *tokens_folder;
	enum ctlclient_choice choice;
	struct ctlclient_plan plan;
	char signer[TOKENS_LABEL_SIZE];
};

enum ctl_exit wizard_refuse(struct wizard *w, enum ctl_exit exit, enum err err, const char *text);

/* ctl_client_tokens.c: the token that signs, further ones, and leaving one out */
enum ctl_exit wizard_tokens_open(struct wizard *w, const struct cli *cli);
enum ctl_exit wizard_insert(struct wizard *w);
/* Is the token that signs at hand? */
bool wizard_signer_here(const struct wizard *w);
/* Asks a person for it until it is; CTL_GOOD where nobody can be asked. */
enum ctl_exit wizard_await_signer(struct wizard *w);
enum ctl_exit wizard_add(struct wizard *w);
enum ctl_exit wizard_remove(struct wizard *w);
/* What --add-token and --remove-token say. */
enum ctl_exit wizard_add_given(struct wizard *w);

/* ctl_client_list.c: what is shown before anything is signed */
void wizard_show_nodes(struct wizard *w);
void wizard_show_tokens(const struct wizard *w);
enum ctl_exit wizard_check(struct wizard *w);
enum ctl_exit wizard_compare(struct wizard *w);

/* ctl_client_sign.c: PIN, signature, delivery, what is to be done afterwards */
enum ctl_exit wizard_sign(struct wizard *w);
enum ctl_exit wizard_publish(struct wizard *w);

#endif
