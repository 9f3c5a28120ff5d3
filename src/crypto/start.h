/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_START_H
#define CRYPTO_START_H

/* For a program that answers one question and ends; to be called before anything of this folder.
 * The library underneath then reads no configuration file of the machine, which takes as long as
 * reading and checking ten lists and may switch off SHA-1, with which most lists are signed; it
 * does not enter every cipher under its old name, by which only keys in the old encrypted PEM form
 * are opened; and it does not tidy up memory that the process gives back anyway. */
void crypto_start(void);

/* Before a secret comes into memory: this process leaves no core file from now on, and other
 * programs of the same user cannot read its memory. */
void crypto_hide(void);

#endif
