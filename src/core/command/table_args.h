/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_COMMAND_TABLE_ARGS_H
#define CORE_COMMAND_TABLE_ARGS_H

#include "core/command/command.h"

#define END                                                                                        \
	{                                                                                          \
		.kind = ARG_END                                                                    \
	}

/* Between the halves of the table: one array for each kind of row, ended by ARG_END. */
extern const struct command_arg account_args[], account_password_args[], audit_show_args[],
	backup_create_args[], backup_restore_args[], backup_show_args[], cert_name_args[],
	ctl_local_args[], import_own_args[], import_trust_args[], itl_export_args[],
	itl_remote_args[], node_add_args[], node_args[], rollback_args[], show_cert_args[],
	trust_delete_args[];
extern const struct command_arg build_ctl_args[], build_itl_args[], certhash_args[], ctl_args[],
	ctl_client_args[], ctl_status_args[], decrypt_args[], device_add_args[], device_args[],
	device_held_args[], device_line_args[], bat_apply_args[], bat_query_args[],
	bat_update_args[], device_export_args[], device_import_args[], device_load_args[],
	device_secret_args[], diff_args[], doctor_args[], encrypt_args[], explain_args[],
	explain_erase_args[], init_args[], no_args[], profile_args[], profile_put_args[],
	profile_rename_args[], service_args[], show_args[], show_list_args[], sign_args[],
	strip_args[], token_add_args[], token_create_args[], token_drill_args[], token_list_args[],
	token_pin_args[], token_retire_args[], token_show_args[], verify_args[];

extern const struct command_arg file_delete_args[], file_get_args[], file_list_args[],
	file_tail_args[], file_view_args[], logs_args[], setup_args[];
extern const struct command_arg capf_token_create_args[];
extern const struct command_arg csr_delete_args[], csr_export_args[], csr_import_args[];
extern const struct command_arg bulk_start_args[], bulk_status_args[];
extern const struct command_arg capf_explain_args[], capf_generate_args[], capf_keep_alive_args[],
	capf_show_args[], capf_watch_args[], capf_report_args[], device_reset_args[],
	monitor_args[];

#endif
