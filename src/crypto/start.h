/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_START_H
#define CRYPTO_START_H

/* For a program that answers one question and ends; to be called before anything of this folder.
 * The library underneath then reads no configuration file of the machine, which takes as long as
 * reading and checking ten lists and may switch off SHA-1, with which most lists are signed; it
 * does not enter every cipher under its old name, by which only keys in the old encrypted PEM form
 * are opened; and it does not tidy up memory that the process gives back anyway. */
void crypto_start(void);

/* The same, after crypto_start, for one that only reads and checks lists and signed files: the
 * library does not enter its texts for errors nor its digests by their names, which together take
 * as long as all the rest. Errors then come without the library's reason, and the signatures of
 * certificates (cert_check_signed_by) cannot be checked for as long as the process lives. */
void crypto_start_reading(void);

/* Before a secret comes into memory: this process leaves no core file from now on, and other
 * programs of the same user cannot read its memory. */
void crypto_hide(void);

#endif
