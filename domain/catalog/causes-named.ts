import type { CauseRow, NamedCauseRow } from './causes.ts';

const LLAMA3 = 'Llama 3 (arXiv 2407.21783) Table 5';
const BYTEROBUST = 'ByteRobust (arXiv 2509.16293) Tables 1 and 2; row names second-hand';
const FT_HSDP = 'FT-HSDP cause table, second-hand';
const POSIX = 'POSIX signals; who sent one is not in it';
const SLURM = 'Slurm job states';
const ASCEND = 'mind-cluster faultCode.json';
const DCGM = 'DCGM health and diagnostic codes (NVSentinel dcgmerrorsmapping.csv)';

type Row = Omit<CauseRow, 'code' | 'source'>;

const hardware = (name: string, recoverability: CauseRow['recoverability']): Row => ({
  class: name,
  domain: 'infrastructure',
  role: 'cause',
  recoverability,
});
const software = (name: string, recoverability: CauseRow['recoverability'] = 'change_code'): Row => ({
  class: name,
  domain: 'software',
  role: 'cause',
  recoverability,
});
/** Seen from both sides: who is to blame has to come from other evidence. */
const symptom = (name: string, recoverability: CauseRow['recoverability'] = null): Row => ({
  class: name,
  domain: 'unknown',
  role: 'symptom',
  recoverability,
});
const manual = (name: string): Row => ({
  class: name,
  domain: 'operator',
  role: 'cause',
  recoverability: 'restart_app',
  interruption: 'manual',
});
const planned = (name: string): Row => ({ ...manual(name), interruption: 'planned' });

const TABLE: readonly (readonly [code: string, row: Row, source: string, pattern?: RegExp])[] = [
  // what the operator did on purpose; before the words that such texts also contain
  ['planned_maintenance', planned('maintenance'), LLAMA3, /(?:planned|scheduled)_(?:host_)?maintenance/],
  [
    'firmware_upgrade',
    planned('maintenance'),
    LLAMA3,
    /(?:firmware|driver|kernel|software)_(?:upgrade|update)/,
  ],
  ['time_limit', planned('scheduler'), SLURM, /time_?limit|wall_?time/],
  [
    'code_change',
    manual('code_or_data_change'),
    BYTEROBUST,
    /(?:code|data|config|hyper_?param\w*)_(?:change|adjustment|update)/,
  ],
  ['manual_restart', manual('code_or_data_change'), BYTEROBUST, /^(?:manual|user|operator)(?:_|$)/],
  ['cancelled', manual('stopped_by_user'), SLURM, /cancel/],
  ['sigint', { ...manual('stopped_by_user') }, POSIX, /keyboard_?interrupt/],
  [
    'preempted',
    { ...hardware('preemption', 'wait') },
    'Meta RSC (arXiv 2410.21680): preemptions',
    /preempt|spot_(?:reclaim|interruption)|evict/,
  ],
  // devices
  [
    'faulty_gpu',
    hardware('device', 'replace_device'),
    LLAMA3,
    /faulty_(?:gpu|npu|device)|gpu_(?:hardware_)?(?:error|fault|failure)/,
  ],
  [
    'gpu_lost',
    hardware('device_lost', 'reboot_node'),
    BYTEROBUST,
    /(?:gpu|npu|device)_(?:lost|unavailable|missing|dropped)|fallen_off_the_bus|lost_gpu/,
  ],
  [
    'hbm_memory',
    hardware('device_memory', 'replace_device'),
    `${LLAMA3}; ${FT_HSDP}`,
    /hbm|gpu_memory_error|row_remap|ecc[:_]?(?:dbe|double|uncorr)|uncorrectable_(?:ecc|memory)|double_bit/,
  ],
  ['gpu_sram', hardware('device_memory', 'replace_device'), LLAMA3, /sram/],
  [
    'gpu_system_processor',
    hardware('device_firmware', 'reset_device'),
    LLAMA3,
    /\bgsp\b|gsp_|gpu_system_processor/,
  ],
  [
    'silent_data_corruption',
    hardware('silent_data_corruption', 'replace_device'),
    `${LLAMA3}; ${FT_HSDP}`,
    /silent_data|\bsdc\b|^sdc/,
  ],
  ['thermal', hardware('thermal', 'repair_node'), LLAMA3, /thermal|overheat|over_?temp/],
  [
    'nvlink_error',
    hardware('device_link', 'reset_device'),
    DCGM,
    /nvlink|nvswitch|hccs|xgmi|link:down|^sxid:/,
  ],
  ['pcie_error', hardware('pcie', 'reboot_node'), FT_HSDP, /pcie/],
  ['sub_health', hardware('device', 'repair_node'), ASCEND, /ascend:|subhealth|separate_?npu/],
  // network and storage
  [
    'network_error',
    hardware('network', 'wait'),
    `${LLAMA3}; ${FT_HSDP}`,
    /network_(?:error|fault|failure|switch)|infini_?band|\bib_|^ib_|roce|switch|cable|port_down|link_(?:flap|down)/,
  ],
  ['nic_error', hardware('nic', 'repair_node'), LLAMA3, /^nic[:_]|_nic_|\bnic\b|mlx5|hca_/],
  [
    'storage_error',
    hardware('storage', 'wait'),
    BYTEROBUST,
    /hdfs|filesystem|file_system|\bnfs|lustre|gpfs|storage|s3_|disk_(?:full|space|fault)|insufficient_disk|no_space_left|stale_file_handle/,
  ],
  // hosts
  ['ssd', hardware('host', 'repair_node'), LLAMA3, /\bssd\b|nvme/],
  ['power_supply', hardware('power', 'repair_node'), LLAMA3, /power_(?:supply|loss|fail)|\bpsu\b/],
  ['server_chassis', hardware('host', 'repair_node'), LLAMA3, /chassis|\bfan\b/],
  ['io_expansion_board', hardware('host', 'repair_node'), LLAMA3],
  ['cpu', hardware('host', 'repair_node'), LLAMA3],
  ['system_memory', hardware('host', 'repair_node'), LLAMA3, /system_memory|dimm|machine_check|\bmce\b/],
  [
    'node_failure',
    hardware('host', 'repair_node'),
    SLURM,
    /node_?(?:failure|fail|down|lost|crash|unreachable)|host_(?:failure|down|lost|crash)|kernel_panic|reboot/,
  ],
  ['maintenance', hardware('maintenance', 'wait'), `${LLAMA3} (unplanned host maintenance)`, /maintenance/],
  // software
  ['host_out_of_memory', software('host_memory'), BYTEROBUST, /(?:cpu|host)_(?:oom|out_of_memory)|oom_?kill/],
  [
    'out_of_memory',
    software('device_memory_full'),
    'PyTorch and CUDA error texts',
    /^oom$|cuda_oom|gpu_oom|out_of_memory|outofmemory/,
  ],
  [
    'software_bug',
    software('software'),
    LLAMA3,
    /software_bug|assertion|exception|traceback|importerror|typeerror|valueerror|keyerror/,
  ],
  ['dependency', software('dependency', 'wait'), LLAMA3, /dependency|external_service/],
  ['container_error', software('container', 'restart_app'), BYTEROBUST, /container|image_pull/],
  ['cpu_overload', symptom('host_load', 'restart_app'), BYTEROBUST],
  // symptoms
  [
    'nccl_timeout',
    symptom('communication', 'restart_app'),
    `${LLAMA3} (NCCL watchdog timeouts, class unknown)`,
    /(?:nccl|rccl|hccl|collective|watchdog|all_?reduce).*time_?d?_?out|collective_timeout/,
  ],
  ['nccl_error', symptom('communication', 'restart_app'), FT_HSDP, /nccl|rccl|hccl/],
  [
    'cuda_error',
    symptom('device_runtime', 'restart_app'),
    `${BYTEROBUST}: illegal memory access 21 infrastructure, 41 user`,
    /cuda_?error|cudaerror|illegal_memory_access|hip_?error|device_side_assert/,
  ],
  ['hang', symptom('hang'), `${BYTEROBUST}: hang 21 infrastructure, 5 user`, /hang|hung|stuck|deadlock/],
  ['nan', symptom('numerics'), BYTEROBUST, /^nan|_nan|loss_spike|diverg|inf_loss/],
  ['mfu_decline', symptom('slow'), BYTEROBUST, /mfu_decline|slow/],
  ['segmentation_fault', symptom('crash', 'restart_app'), POSIX, /segmentation|sigsegv/],
  ['bus_error', symptom('crash', 'restart_app'), POSIX, /bus_error|sigbus/],
  ['sigabrt', symptom('crash', 'restart_app'), POSIX, /sigabrt|aborted/],
  [
    'sigkill',
    symptom('killed', 'restart_app'),
    POSIX,
    /sigkill|exit_?(?:code|status)?[_:=]*(?:137|-9)|^signal_9|killed/,
  ],
  [
    'sigterm',
    symptom('killed', 'restart_app'),
    POSIX,
    /sigterm|exit_?(?:code|status)?[_:=]*(?:143|-15)|terminated/,
  ],
  [
    'process_failed',
    symptom('crash', 'restart_app'),
    'torchrun ChildFailedError',
    /process_failed|childfailed|exit_?(?:code|status)?[_:=]*\d+/,
  ],
];

/** Causes by name, the more telling first: a text is read as the first row that knows it. */
export const NAMED_CAUSES: readonly NamedCauseRow[] = TABLE.map(([code, row, source, pattern]) => ({
  code,
  ...row,
  source,
  ...(pattern === undefined ? {} : { pattern }),
}));
