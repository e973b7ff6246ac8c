import type { Vendor } from '../../../domain/catalog/device-fields.ts';

/** Which device a series speaks of. Empty texts and null are unknown. */
export interface DeviceIdentity {
  readonly vendor: Vendor;
  readonly node: string;
  /** The device's own id; `<node>/pci/<address>` or `<node>/<index>` where it has none that is unique. */
  readonly device_uid: string;
  /** Unique on its node only. */
  readonly device_index: number | null;
  readonly model: string;
  /** MIG instance or AMD partition; empty for a whole device. */
  readonly partition: string;
  /** Bus address, lower case: `00000000:53:00.0`. */
  readonly pci: string;
  /** Labels that single out this series among those of the device (a link, a fault code), if it has any. */
  readonly has_series_labels: boolean;
}

type Scraped = readonly (readonly [string, string])[];

/**
 * Labels that belong to one series and not to the device: faults, links, engines, processes. A series with one of
 * them is no column of the device's row.
 */
const SERIES_LABELS: Readonly<Record<Vendor, ReadonlySet<string>>> = {
  nvidia: new Set([
    'err_code',
    'err_msg',
    'xid',
    'window_size_in_ms',
    'clock_event',
    'health_watch',
    'health_error_code',
    'peer_gpu',
    'link_status',
    'nvlink',
    'nvswitch',
  ]),
  amd: new Set([
    'hbm_index',
    'vcn_index',
    'jpeg_index',
    'clock_index',
    'clock_type',
    'link_index',
    'xcc_index',
    'severity',
    'afid_index',
    'process_id',
  ]),
  ascend: new Set(['process_id', 'container_id']),
};

/**
 * The device that a scraped series is of, from its name and labels as scraped; undefined for a series of none (a
 * count of cards, a switch, the exporter itself). `host` stands in where no label names the node.
 */
export function deviceIdentity(name: string, labels: Scraped, host: string): DeviceIdentity | undefined {
  const found = Object.fromEntries(labels) as Partial<Record<string, string>>;
  const vendor = vendorOf(name, found);
  if (vendor === undefined) return undefined;
  const own = SERIES_LABELS[vendor];
  return {
    ...READERS[vendor](found, host),
    vendor,
    has_series_labels: labels.some(([label]) => own.has(label)),
  };
}

/** Labels of the series that are the device's. */
export function deviceLabels(vendor: Vendor, labels: Scraped): Scraped {
  return labels.filter(([label]) => !SERIES_LABELS[vendor].has(label));
}

type Found = Partial<Record<string, string>>;

function vendorOf(name: string, found: Found): Vendor | undefined {
  if (name.startsWith('DCGM_')) {
    const isDevice = (found['UUID'] ?? found['uuid'] ?? found['gpu_uuid'] ?? found['gpu']) !== undefined;
    return isDevice ? 'nvidia' : undefined;
  }
  if (/^(amd_)?(gpu|pcie)_/.test(name)) {
    const isDevice =
      found['GPU_UUID'] !== undefined ||
      found['gpu_uuid'] !== undefined ||
      (found['gpu_id'] !== undefined && found['card_vendor']?.includes('AMD') === true);
    return isDevice ? 'amd' : undefined;
  }
  if (/^(npu|container_npu|vnpu)_/.test(name)) {
    return (found['vdie_id'] ?? found['id']) === undefined ? undefined : 'ascend';
  }
  return undefined;
}

type Read = Omit<DeviceIdentity, 'vendor' | 'has_series_labels'>;

const READERS: Readonly<Record<Vendor, (found: Found, host: string) => Read>> = {
  nvidia(found, host) {
    const gpu = found['gpu'] ?? '';
    const instance = found['GPU_I_ID'];
    return identity({
      // dcgm-exporter renamed Hostname to hostname in 2026-05 (#655)
      node: nodeName(found['Hostname'] ?? found['hostname'], host),
      uid: found['UUID'] ?? found['uuid'] ?? found['gpu_uuid'],
      index: gpu,
      model: found['modelName'] ?? found['model_name'],
      partition: instance === undefined ? '' : `${found['GPU_I_PROFILE'] ?? 'mig'}/${instance}`,
      pci: found['pci_bus_id'],
    });
  },
  amd(found, host) {
    const partition = found['gpu_partition_id'];
    // In mode spx the whole device is its one partition.
    const isWhole =
      partition === undefined ||
      partition === 'NA' ||
      partition === UNSIGNED_MINUS_ONE ||
      found['gpu_compute_partition_type']?.toLowerCase() === 'spx';
    return identity({
      node: nodeName(found['hostname'], host),
      uid: found['gpu_uuid'] ?? found['GPU_UUID'],
      index: found['gpu_id'] ?? '',
      model: found['card_model'] ?? found['card_series'],
      partition: isWhole ? '' : partition,
      pci: undefined,
    });
  },
  ascend(found, host) {
    return identity({
      node: nodeName(undefined, host),
      uid: found['vdie_id'],
      index: found['id'] ?? '',
      model: found['model_name'] ?? found['modelName'],
      partition: found['vnpu_id'] ?? '',
      pci: found['pcie_bus_info'],
    });
  },
};

const UNSIGNED_MINUS_ONE = '4294967295';

interface Parts {
  readonly node: string;
  readonly uid: string | undefined;
  readonly index: string;
  readonly model: string | undefined;
  readonly partition: string;
  readonly pci: string | undefined;
}

function identity({ node, uid, index, model, partition, pci }: Parts): Read {
  const bus = (pci ?? '').toLowerCase();
  const stand_in = bus === '' ? `${node}/${index}` : `${node}/pci/${bus}`;
  return {
    node,
    device_uid: uid === undefined || isNoUid(uid) ? stand_in : uid,
    device_index: /^\d{1,9}$/.test(index) ? Number(index) : null,
    model: model ?? '',
    partition,
    pci: bus,
  };
}

/** All zeros (device-metrics-exporter #233), or a DCGM text for "not known". */
function isNoUid(uid: string): boolean {
  return uid === '' || /^[0-]+$/.test(uid) || uid.startsWith('<<<');
}

/** The host without its domain, as trainers and schedulers name nodes. An address stays whole. */
export function nodeName(label: string | undefined, host: string): string {
  const own = label === undefined || label === '' || label === 'localhost' ? host : label;
  if (/^[\d.]+$/.test(own) || own.includes(':')) return own;
  return own.split('.', 1)[0] ?? own;
}
