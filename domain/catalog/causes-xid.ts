import type { CauseRow } from './causes.ts';

/**
 * NVIDIA's Xid codes as causes of a failure: who is to blame, whether the code is a cause or only follows one, and what
 * brings the device back. Source of classes and actions: NVIDIA's Xid catalogue in the machine-readable copy of gpud
 * (catalog_generated.go, generated 2025-10-29), read 2026; codes that are not listed stay unknown.
 */
type XidRow = readonly [codes: readonly number[], row: Omit<CauseRow, 'code' | 'source'>];

const NVIDIA_CATALOGUE = 'NVIDIA Xid catalogue (gpud catalog_generated.go, 2025-10-29)';

const APPLICATION = {
  class: 'application',
  domain: 'software',
  role: 'symptom',
  recoverability: 'restart_app',
} as const;
const SECONDARY = {
  class: 'driver',
  domain: 'unknown',
  role: 'secondary',
  recoverability: 'restart_app',
} as const;
const MEMORY = {
  class: 'device_memory',
  domain: 'infrastructure',
  role: 'cause',
  recoverability: 'reset_device',
} as const;
const LINK = {
  class: 'device_link',
  domain: 'infrastructure',
  role: 'cause',
  recoverability: 'reset_device',
} as const;
const FIRMWARE = {
  class: 'device_firmware',
  domain: 'infrastructure',
  role: 'cause',
  recoverability: 'reset_device',
} as const;
const DEVICE = {
  class: 'device',
  domain: 'infrastructure',
  role: 'cause',
  recoverability: 'reset_device',
} as const;

/** 13 and 31 are the program's own, unless they come again and again on one device; 45 cleans up after another code. */
const XIDS: readonly XidRow[] = [
  [[13, 31], APPLICATION],
  [[8, 11, 25, 32, 69, 80], APPLICATION],
  [[39, 40, 41, 70, 71, 72, 75, 76, 77, 85], { ...APPLICATION, domain: 'unknown' }],
  // verification errors and clean-up: the user's program was stopped, or another code came before
  [[43], { ...APPLICATION, role: 'secondary' }],
  [[37, 38, 44, 66, 67], SECONDARY],
  [[45], { ...APPLICATION, role: 'secondary' }],
  [[46, 109], DEVICE],
  [[48, 140, 171, 172], MEMORY],
  [[63], { ...MEMORY, role: 'informational', recoverability: 'none_needed' }],
  [[64], { ...MEMORY, recoverability: 'replace_device' }],
  [[92], { ...MEMORY, role: 'informational', recoverability: 'none_needed' }],
  [[94], { ...MEMORY, recoverability: 'restart_app' }],
  [[95], MEMORY],
  [[54], { ...DEVICE, class: 'power', recoverability: 'repair_node' }],
  [[61, 62, 169], FIRMWARE],
  [[74], LINK],
  [[136, 155], LINK],
  [[144, 145, 146, 147, 148, 149, 150], LINK],
  [[108, 137], { ...LINK, domain: 'unknown', role: 'secondary', recoverability: 'restart_app' }],
  [[79], { ...DEVICE, class: 'device_lost', recoverability: 'reboot_node' }],
  [[119, 120], FIRMWARE],
  [[110, 143, 158, 167], DEVICE],
  [[121, 159], { ...LINK, role: 'informational' }],
  [[154], { ...DEVICE, role: 'informational' }],
  [[156, 157, 160, 161], { ...DEVICE, role: 'informational' }],
];

export const XID_CAUSES: readonly CauseRow[] = XIDS.flatMap(([codes, row]) =>
  codes.map((code): CauseRow => ({ code: `xid:${code}`, ...row, source: NVIDIA_CATALOGUE })),
);
