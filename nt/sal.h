/* SPDX-License-Identifier: MIT */
/*
 * Source annotations (SAL and the driver IRQL annotations) as no-ops, so that sources which carry
 * them for Microsoft's analyser also compile with other compilers.
 * Documentation: "SAL 2.0 annotations for Windows drivers", "IRQL annotations for drivers".
 */
#ifndef CULVERT_NT_SAL_H
#define CULVERT_NT_SAL_H

/* Parameters. */
#define _In_
#define _In_opt_
#define _In_z_
#define _In_opt_z_
#define _In_reads_(Count)
#define _In_reads_opt_(Count)
#define _In_reads_bytes_(Size)
#define _In_reads_bytes_opt_(Size)
#define _In_reads_z_(Count)
#define _In_range_(Low, High)
#define _Inout_
#define _Inout_opt_
#define _Inout_updates_(Count)
#define _Inout_updates_opt_(Count)
#define _Inout_updates_bytes_(Size)
#define _Inout_updates_bytes_opt_(Size)
#define _Inout_updates_bytes_to_(Size, Written)
#define _Out_
#define _Out_opt_
#define _Out_writes_(Count)
#define _Out_writes_opt_(Count)
#define _Out_writes_all_(Count)
#define _Out_writes_to_(Count, Written)
#define _Out_writes_bytes_(Size)
#define _Out_writes_bytes_opt_(Size)
#define _Out_writes_bytes_all_(Size)
#define _Out_writes_bytes_all_opt_(Size)
#define _Out_writes_bytes_to_(Size, Written)
#define _Out_writes_bytes_to_opt_(Size, Written)
#define _Out_range_(Low, High)
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_result_maybenull_
#define _Outptr_opt_result_maybenull_
#define _Outptr_result_bytebuffer_(Size)
#define _Outptr_result_nullonfailure_
#define _Reserved_
#define _Printf_format_string_
#define _Const_

/* Conditions, results and declarations. */
#define _At_(Target, Annotations)
#define _When_(Condition, Annotations)
#define _Success_(Condition)
#define _On_failure_(Annotations)
#define _Always_(Annotations)
#define _Pre_
#define _Post_
#define _Pre_notnull_
#define _Pre_maybenull_
#define _Pre_satisfies_(Condition)
#define _Post_satisfies_(Condition)
#define _Post_invalid_
#define _Post_ptr_invalid_
#define _Post_notnull_
#define _Post_maybenull_
#define _Post_writable_byte_size_(Size)
#define _Ret_maybenull_
#define _Ret_notnull_
#define _Ret_range_(Low, High)
#define _Ret_writes_bytes_maybenull_(Size)
#define _Return_type_success_(Condition)
#define _Must_inspect_result_
#define _Check_return_
#define _Check_return_opt_
#define _Null_terminated_
#define _Field_size_(Count)
#define _Field_size_opt_(Count)
#define _Field_size_part_(Count, Written)
#define _Field_size_bytes_(Size)
#define _Field_size_bytes_opt_(Size)
#define _Field_size_bytes_part_(Size, Written)
#define _Field_range_(Low, High)
#define _Struct_size_bytes_(Size)
#define _Function_class_(Class)
#define _Use_decl_annotations_
#define _Analysis_assume_(Condition)
#define _Notnull_
#define _Maybenull_
#define _Notliteral_
#define _Frees_ptr_
#define _Frees_ptr_opt_
#define _Points_to_data_
#define _Strict_type_match_
#define _Enum_is_bitflag_
#define _Interlocked_operand_

/* IRQL and locks. */
#define _IRQL_requires_(Irql)
#define _IRQL_requires_max_(Irql)
#define _IRQL_requires_min_(Irql)
#define _IRQL_requires_same_
#define _IRQL_raises_(Irql)
#define _IRQL_saves_
#define _IRQL_restores_
#define _IRQL_saves_global_(Kind, Parameter)
#define _IRQL_restores_global_(Kind, Parameter)
#define _IRQL_always_function_max_(Irql)
#define _IRQL_always_function_min_(Irql)
#define _IRQL_is_cancel_
#define _IRQL_uses_cancel_
#define _Acquires_lock_(Lock)
#define _Acquires_exclusive_lock_(Lock)
#define _Acquires_shared_lock_(Lock)
#define _Releases_lock_(Lock)
#define _Releases_exclusive_lock_(Lock)
#define _Releases_shared_lock_(Lock)
#define _Requires_lock_held_(Lock)
#define _Requires_lock_not_held_(Lock)
#define _Requires_exclusive_lock_held_(Lock)
#define _Requires_shared_lock_held_(Lock)
#define _Requires_no_locks_held_
#define _Guarded_by_(Lock)
#define _Write_guarded_by_(Lock)
#define _Has_lock_kind_(Kind)
#define _Has_lock_level_(Level)
#define _Lock_level_order_(First, Second)
#define _Acquires_nonreentrant_lock_(Lock)
#define _Releases_nonreentrant_lock_(Lock)
#define _Create_lock_level_(Level)

/* The driver annotations of kernelspecs.h and driverspecs.h. */
#define _Dispatch_type_(Major)
#define _Kernel_clear_do_init_(Annotation)
#define _Kernel_requires_resource_held_(Resource)
#define _Kernel_acquires_resource_(Resource)
#define _Kernel_releases_resource_(Resource)
#define __drv_aliasesMem
#define __drv_freesMem(Kind)
#define __drv_allocatesMem(Kind)
#define __drv_in(Annotations)
#define __drv_at(Target, Annotations)
#define __drv_when(Condition, Annotations)
#define __drv_dispatchType(Major)
#define __drv_sameIRQL
#define __drv_maxIRQL(Irql)
#define __drv_requiresIRQL(Irql)
#define __drv_reportError(Text)
#define __drv_mustHoldCriticalRegion
#define __drv_strictTypeMatch(Mode)
#define __drv_typeExpr
#define __analysis_assume(Condition)

#endif
