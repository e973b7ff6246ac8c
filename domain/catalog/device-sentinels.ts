import type { DeviceField, Vendor } from './device-fields.ts';

/** Why a printed number is not a value. */
export type AbsentReason = 'blank' | 'unsigned_minus_one' | 'read_failed' | 'no_sensor' | 'not_a_number';

/**
 * The numbers that exporters print instead of "no value". Undefined: it is a value.
 *
 * DCGM (dcgm_structs.h): blank, not found, not supported, not permissioned are four numbers from 0x7ffffff0 (int32),
 * from 0x7ffffffffffffff0 (int64) and from 140737488355328.0 (double); its own test is `>=`. As JS numbers the int64
 * ones are all 2^63. A field the registry does not know is tested for all of them.
 * AMD: unsigned -1 in the width of the field, as its own IsValueApplicable has it (exporter/utils/utils.go); the
 * 16-bit one only where a real value cannot be that large.
 * Ascend: -1, reading failed.
 */
export function absentReason(
  vendor: Vendor,
  field: DeviceField | undefined,
  printed: number,
): AbsentReason | undefined {
  if (field?.zero_is_absent === true && printed === 0) return 'no_sensor';
  // Only columns need finite numbers; a field kept as printed keeps what was printed.
  if (field !== undefined && !Number.isFinite(printed)) return 'not_a_number';
  if (vendor === 'nvidia') return dcgmReason(field, printed);
  if (vendor === 'amd') return amdReason(field, printed);
  return printed === -1 ? 'read_failed' : undefined;
}

const INT32_BLANK = 0x7ffffff0;
const INT32_NOT_PERMITTED = INT32_BLANK + 3;
const INT64_BLANK = 2 ** 63;
const DOUBLE_BLANK = 2 ** 47;
const DOUBLE_NOT_PERMITTED = DOUBLE_BLANK + 3;
const UINT16_MAX = 2 ** 16 - 1;
const UINT32_MAX = 2 ** 32 - 1;
const UINT64_MAX = 2 ** 64;

function dcgmReason(field: DeviceField | undefined, printed: number): AbsentReason | undefined {
  if (printed >= INT64_BLANK) return printed === Number.POSITIVE_INFINITY ? undefined : 'blank';
  const holds = field?.holds;
  if (holds !== 'double' && printed >= INT32_BLANK && printed <= INT32_NOT_PERMITTED) return 'blank';
  if (holds === 'double' && printed >= DOUBLE_BLANK) return 'blank';
  if (holds === undefined && printed >= DOUBLE_BLANK && printed <= DOUBLE_NOT_PERMITTED) return 'blank';
  // GPU_UTIL of 4294967295: https://github.com/NVIDIA/DCGM/issues/199
  if (field?.kind === 'gauge' && printed === UINT32_MAX) return 'unsigned_minus_one';
  return undefined;
}

function amdReason(field: DeviceField | undefined, printed: number): AbsentReason | undefined {
  if (printed === UINT32_MAX || printed === UINT64_MAX) return 'unsigned_minus_one';
  const small = field !== undefined && (field.over === 100 || field.column.endsWith('_c'));
  return small && printed === UINT16_MAX ? 'unsigned_minus_one' : undefined;
}
