/** Power of a cluster, watts. Formulas of the AIInfra course, 01AICluster/02L0L1Base/06Power, pages 12 to 14. */

/** IT power: devices times what one draws (with its share of host and network, where that is meant). */
export function itPowerW(devices: number, device_w: number): number {
  return devices * device_w;
}

/**
 * Facility power, or energy: IT times PUE (power usage effectiveness, ISO/IEC 30134-2: facility energy over IT energy).
 * Throws RangeError below 1: a facility cannot draw less than what stands in it.
 */
export function facilityOf(it: number, pue: number): number {
  if (!(pue >= 1 && Number.isFinite(pue))) throw new RangeError(`a PUE is at least 1, not ${pue}`);
  return it * pue;
}
