/** What a line says about why a run died. `weight`: a specific cause beats the general one printed around it. */
export interface FailureSign {
  readonly cause: string;
  readonly weight: number;
}

/**
 * Texts that PyTorch, NCCL, CUDA, Slurm and the kernel print when a training process dies. General signs (a traceback,
 * an abort) weigh less than the reason that stands beside them.
 */
const SIGNS: readonly (readonly [RegExp, string, number])[] = [
  [/out of memory|OutOfMemoryError/i, 'out_of_memory', 5],
  [
    /Watchdog caught collective operation timeout|NCCL (?:communicator|operation).*tim(?:ed out|eout)/i,
    'nccl_timeout',
    5,
  ],
  [/ncclRemoteError|ncclSystemError|ncclInternalError|NCCL error/i, 'nccl_error', 4],
  [/uncorrectable (?:ECC|NVLink) error|\bXid\b.*\d+/i, 'gpu_hardware_error', 5],
  [/CUDA error: (?!$)|cudaError[A-Z]/, 'cuda_error', 4],
  [/HIP error: |hipError[A-Z]/, 'hip_error', 4],
  [/c10::CUDAError|CUDA_LAUNCH_BLOCKING/, 'cuda_error', 3],
  [/DUE TO PREEMPTION/i, 'preempted', 5],
  [/DUE TO TIME LIMIT/i, 'time_limit', 5],
  [/DUE TO NODE FAILURE|NODE_FAIL/i, 'node_failure', 5],
  [/slurmstepd: error: \*\*\* (?:STEP|JOB) \S+ .*CANCELLED/i, 'cancelled', 4],
  [/Bus error|SIGBUS/, 'bus_error', 3],
  [/Segmentation fault|SIGSEGV/, 'segmentation_fault', 3],
  [/oom[-_]kill/i, 'host_out_of_memory', 5],
  [/Received Signals\.(?:SIGTERM|SIGINT)|SignalException: Process .* got signal/i, 'signal', 2],
  [/ChildFailedError|exitcode\s*: -?\d+|failed \(exitcode: /, 'process_failed', 1],
  [
    /terminate called after throwing|^Traceback \(most recent call last\)|\bAborted\b|SIGABRT/,
    'process_failed',
    1,
  ],
];

export function failureIn(text: string): FailureSign | undefined {
  for (const [pattern, cause, weight] of SIGNS) if (pattern.test(text)) return { cause, weight };
  return undefined;
}
