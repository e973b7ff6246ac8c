/** What a progress line must say for the devices behind it to be worked out. */
export interface Rated {
  readonly step_s: number;
  readonly sequences?: number | undefined;
  readonly tflops?: number | undefined;
}

/** Printed throughput below this has too few digits to say anything about devices. */
const TFLOPS_MIN = 1;
const CHANGED_RATIO = 0.05;
const SNAP_RATIO = 0.005;

/**
 * Devices behind a line, from what it prints: TFLOP/s per device = FLOPs per sequence x sequences / (step time x devices),
 * and the FLOPs of a sequence do not change within a job. So devices are in proportion to sequences / (step time x
 * TFLOP/s), and a job that came back on fewer devices shows it.
 */
export class WorldSize {
  private devices_per_unit: number | undefined;

  /** Remembers a line whose devices are known; the first one counts. */
  calibrate(line: Rated, devices: number | undefined): void {
    const units = unitsOf(line);
    if (units !== undefined && devices !== undefined) this.devices_per_unit ??= devices / units;
  }

  /** Devices of the line where they clearly differ from the job's; undefined otherwise. */
  devicesOf(line: Rated, devices: number | undefined): number | undefined {
    this.calibrate(line, devices);
    const units = unitsOf(line);
    if (units === undefined || devices === undefined || this.devices_per_unit === undefined) return undefined;
    const exact = units * this.devices_per_unit;
    const grain = devices % 8 === 0 ? 8 : 1;
    const snapped = Math.round(exact / grain) * grain;
    if (snapped < 1 || Math.abs(exact - snapped) > exact * SNAP_RATIO) return undefined;
    return Math.abs(exact - devices) > devices * CHANGED_RATIO ? snapped : undefined;
  }

  changed(before: Rated, after: Rated): boolean {
    const was = unitsOf(before);
    const is = unitsOf(after);
    return was !== undefined && is !== undefined && Math.abs(is - was) > was * CHANGED_RATIO;
  }
}

function unitsOf({ step_s, sequences, tflops }: Rated): number | undefined {
  if (sequences === undefined || tflops === undefined || tflops < TFLOPS_MIN || step_s <= 0) return undefined;
  return sequences / (step_s * tflops);
}
