import { fileURLToPath } from 'node:url';
import { DrillProcess } from './drill-process.ts';

const HEADWAY = fileURLToPath(new URL('../../bin/headway.js', import.meta.url));

/** A `headway` command that listens, as a user would start it. */
export function headwayCommand(command: string, args: readonly string[]): readonly string[] {
  return [process.execPath, HEADWAY, command, '--json', ...args];
}

/** One `headway start` of a drill, to be killed. */
export class ProductProcess extends DrillProcess {
  /** Deliveries of an earlier process that this one handed out again. */
  repeated = 0;
  /** What it said that a kill does not explain. */
  readonly complaints: string[] = [];

  constructor(args: readonly string[]) {
    super(headwayCommand('start', args), (line) => this.#read(line));
  }

  #read(line: string): void {
    if (line.includes('an earlier process had begun')) this.repeated += 1;
    if (/"level":"error"|delivery failed|Error:/.test(line)) this.complaints.push(line);
  }
}
