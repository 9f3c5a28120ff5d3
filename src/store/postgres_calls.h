/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STORE_POSTGRES_CALLS_H
#define STORE_POSTGRES_CALLS_H

/* libpq is loaded when the first store on PostgreSQL is opened; who uses none need not have it. The
 * rest of the folder calls PQ… as ever. */
#include "base/err.h"

#include <libpq-fe.h>

#define POSTGRES_CALLS(X)                                                                          \
	X(PQclear)                                                                                 \
	X(PQcmdStatus)                                                                             \
	X(PQconnectPoll)                                                                           \
	X(PQconnectStartParams)                                                                    \
	X(PQconninfoFree)                                                                          \
	X(PQconninfoParse)                                                                         \
	X(PQconsumeInput)                                                                          \
	X(PQenterPipelineMode)                                                                     \
	X(PQerrorMessage)                                                                          \
	X(PQexitPipelineMode)                                                                      \
	X(PQfinish)                                                                                \
	X(PQflush)                                                                                 \
	X(PQfname)                                                                                 \
	X(PQfreemem)                                                                               \
	X(PQftype)                                                                                 \
	X(PQgetResult)                                                                             \
	X(PQgetlength)                                                                             \
	X(PQgetvalue)                                                                              \
	X(PQisBusy)                                                                                \
	X(PQnfields)                                                                               \
	X(PQntuples)                                                                               \
	X(PQpipelineSync)                                                                          \
	X(PQresultErrorField)                                                                      \
	X(PQresultStatus)                                                                          \
	X(PQsendPrepare)                                                                           \
	X(PQsendQuery)                                                                             \
	X(PQsendQueryPrepared)                                                                     \
	X(PQserverVersion)                                                                         \
	X(PQsetNoticeProcessor)                                                                    \
	X(PQsetnonblocking)                                                                        \
	X(PQsocket)                                                                                \
	X(PQstatus)

struct postgres_calls {
#define X(name) __typeof__(name) *name##_;
	POSTGRES_CALLS(X)
#undef X
};

/* To be called before the first of them, from any thread. ERR_STORE when there is no libpq. */
enum err postgres_calls_load(struct fail *why) MUST_USE;

/* Filled by postgres_calls_load. */
extern struct postgres_calls postgres_calls;

#define PQclear              postgres_calls.PQclear_
#define PQcmdStatus          postgres_calls.PQcmdStatus_
#define PQconnectPoll        postgres_calls.PQconnectPoll_
#define PQconnectStartParams postgres_calls.PQconnectStartParams_
#define PQconninfoFree       postgres_calls.PQconninfoFree_
#define PQconninfoParse      postgres_calls.PQconninfoParse_
#define PQconsumeInput       postgres_calls.PQconsumeInput_
#define PQenterPipelineMode  postgres_calls.PQenterPipelineMode_
#define PQerrorMessage       postgres_calls.PQerrorMessage_
#define PQexitPipelineMode   postgres_calls.PQexitPipelineMode_
#define PQfinish             postgres_calls.PQfinish_
#define PQflush              postgres_calls.PQflush_
#define PQfname              postgres_calls.PQfname_
#define PQfreemem            postgres_calls.PQfreemem_
#define PQftype              postgres_calls.PQftype_
#define PQgetResult          postgres_calls.PQgetResult_
#define PQgetlength          postgres_calls.PQgetlength_
#define PQgetvalue           postgres_calls.PQgetvalue_
#define PQisBusy             postgres_calls.PQisBusy_
#define PQnfields            postgres_calls.PQnfields_
#define PQntuples            postgres_calls.PQntuples_
#define PQpipelineSync       postgres_calls.PQpipelineSync_
#define PQresultErrorField   postgres_calls.PQresultErrorField_
#define PQresultStatus       postgres_calls.PQresultStatus_
#define PQsendPrepare        postgres_calls.PQsendPrepare_
#define PQsendQuery          postgres_calls.PQsendQuery_
#define PQsendQueryPrepared  postgres_calls.PQsendQueryPrepared_
#define PQserverVersion      postgres_calls.PQserverVersion_
#define PQsetNoticeProcessor postgres_calls.PQsetNoticeProcessor_
#define PQsetnonblocking     postgres_calls.PQsetnonblocking_
#define PQsocket             postgres_calls.PQsocket_
#define PQstatus             postgres_calls.PQstatus_

#endif
