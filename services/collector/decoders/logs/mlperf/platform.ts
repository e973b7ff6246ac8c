import { findHardware } from '../../../../../domain/catalog/hardware.ts';

export interface Platform {
  readonly devices: number | undefined;
  readonly hardware: string;
  /** What was assumed to count the devices. */
  readonly note: string | undefined;
}

/** Accelerators of one node, by what the platform's name says; every row is the vendor's own node. */
const NODE_KINDS: readonly (readonly [RegExp, number])[] = [
  [/\b(?:DGX|HGX)[ -]?[AHB]\d{3}\b/i, 8],
  [/\bND_\w*H\d{3}\w*_v5\b/i, 8],
  [/\bG?B[23]00\b.*NVL72|\bGB[23]00\b/i, 4],
  [/\bMI3\d\dX\b/i, 8],
];
/** The accelerator inside a machine's name: `XE9712x4GB200`, `BM.GPU.H200.8`, `1xMI300X`. */
const DEVICE = /(GB[23]00|MI\d{3}[XA]?|[AHB][1-3]00|Gaudi\s?\d?|tpu-v\d+\w?)/i;
/** Google wrote the "lite" v5 as v5l before it was sold as v5e. */
const SOLD_AS: Readonly<Record<string, string>> = { 'tpu-v5l': 'tpu-v5e' };

/**
 * `submission_platform` names nodes, not accelerators: `64xNVIDIA DGX H100` is 512. Devices come from the name where it
 * counts them itself (`16xXE9712x4GB200`, `64xBM.GPU.H200.8`, `gaudi-256`), else from the ranks that logged
 * `init_start` when they fill every node alike, else from the kind of node.
 */
export function platformFrom(name: string, ranks: number): Platform {
  const hardware = hardwareFrom(name);
  const whole = /^(?:gaudi|tpu)[\w]*(?:-v\w+)?-(\d+)$/i.exec(name);
  if (whole !== null) return { devices: Number(whole[1]), hardware, note: undefined };
  const nodes = Number(/^(\d+)x/i.exec(name)?.[1] ?? 1);
  const body = name.replace(/^\d+x/i, '');
  const own =
    /x(\d+)(?=[A-Z])/.exec(body)?.[1] ?? /\.(\d+)$/.exec(body)?.[1] ?? /-(\d+)x[AHBG]/.exec(body)?.[1];
  if (own !== undefined) return { devices: nodes * Number(own), hardware, note: undefined };
  if (ranks > nodes && ranks % nodes === 0 && ranks / nodes <= 72)
    return { devices: ranks, hardware, note: undefined };
  const kind = NODE_KINDS.find(([pattern]) => pattern.test(body));
  if (kind === undefined)
    return { devices: undefined, hardware, note: `devices of ${name} unknown: give --devices` };
  const note = `devices of ${name}: ${kind[1]} in each node, ${nodes * kind[1]} in all`;
  return { devices: nodes * kind[1], hardware, note };
}

/** The platform's own name where the catalog knows it, else the accelerator inside it. */
function hardwareFrom(name: string): string {
  if (findHardware(name).spec !== null) return name;
  const written = DEVICE.exec(name)?.[1];
  const device = SOLD_AS[written?.toLowerCase() ?? ''] ?? written;
  return device !== undefined && findHardware(device).spec !== null ? device : name;
}
