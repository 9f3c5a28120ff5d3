/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_COMMAND_HANDLERS_H
#define CORE_COMMAND_HANDLERS_H

#include "core/command/command.h"
#include "core/list/list.h"

/* Bytes of a signed file that is read: the largest firmware images have about 100 MB. */
#define COMMAND_SIGNED_MAX (256u * 1024 * 1024)

/* Adds to the reason why this file (all of its bytes) cannot be read what to do about it; `list`
 * when it had to be a trust list. */
void command_remedy(struct fail *why, struct span file, bool list);

/* What a list is meant to be: the name under which it is served tells more than its header (NULL
 * when it cannot be read), which may be wrong. */
enum list_kind command_list_kind(const char *path, const struct tlv_header *h);

/* The handlers that the table names; one file a subject. Contract: struct command.run. The rows of
 * handle_dialogue ask questions as they go: cli runs them itself, elsewhere they are refused. */
typedef void command_handler(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply);

command_handler handle_cluster_init, handle_show, handle_show_ctl, handle_show_itl,
	handle_show_cert_own, handle_show_stations;
command_handler handle_account_add, handle_account_password, handle_account_delete,
	handle_account_unlock, handle_account_show;
command_handler handle_audit_show, handle_audit_verify;
command_handler handle_node_add, handle_node_list, handle_node_delete;
command_handler handle_token_add, handle_token_create, handle_token_drill, handle_token_list,
	handle_token_pin, handle_token_retire, handle_token_show;
command_handler handle_ctl_mixed_mode, handle_ctl_non_secure, handle_ctl_reset_localkey,
	handle_ctl_update;
command_handler handle_itl_export, handle_itl_reset_end, handle_itl_reset_localkey,
	handle_itl_reset_remotekey, handle_itl_rollback_disable, handle_itl_rollback_enable,
	handle_itl_rollback_show;
command_handler handle_set_cert_delete, handle_set_cert_import_own, handle_set_cert_import_trust,
	handle_set_cert_regen, handle_show_cert_list_own, handle_show_cert_list_trust;
command_handler handle_backup_create, handle_backup_restore, handle_backup_show;
command_handler handle_dialogue;
command_handler handle_profile_add, handle_profile_delete, handle_profile_list,
	handle_profile_rename, handle_profile_show, handle_profile_update;
command_handler handle_device_add, handle_device_list, handle_device_show, handle_device_delete;
command_handler handle_bat_query, handle_bat_update, handle_bat_apply, handle_bat_undo,
	handle_bat_status;
command_handler handle_device_reset;
command_handler handle_bulk_start, handle_bulk_status, handle_bulk_stop, handle_bulk_resume,
	handle_bulk_undo, preview_bulk_start;
command_handler handle_device_held, handle_device_line, handle_explain_erase;
command_handler handle_device_load_list, handle_device_load_set, handle_device_prepare;
command_handler handle_device_update, handle_device_secret, handle_device_import,
	handle_device_export;
command_handler handle_file_delete, handle_file_get, handle_file_list, handle_file_view;
/* What a person should have read before the question of handle_file_delete, and of
 * handle_ctl_mixed_mode, which says it itself unless ctx->previewed. */
command_handler preview_file_delete, preview_ctl_mixed_mode;
command_handler handle_service_list, handle_service_activate, handle_service_deactivate,
	handle_service_start, handle_service_stop, handle_service_restart, handle_system_restart;
command_handler handle_show_capf_report, handle_show_capf_issuers, handle_capf_stale_list,
	handle_capf_stale_delete;
command_handler handle_capf_explain, handle_capf_generate, handle_capf_keep_alive,
	handle_device_capf_show;
command_handler handle_capf_token_create;
command_handler handle_csr_delete, handle_csr_export, handle_csr_import, handle_csr_list;
command_handler handle_monitor;
command_handler handle_doctor;
command_handler handle_verify, handle_strip, handle_decrypt;
command_handler handle_diff, handle_explain;
command_handler handle_build_ctl, handle_build_itl, handle_sign, handle_encrypt, handle_certhash;

#endif
