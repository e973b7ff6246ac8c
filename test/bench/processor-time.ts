import { readFile } from 'node:fs/promises';

/** Ticks a second that Linux counts in, on every platform that it runs on (`getconf CLK_TCK`). */
const TICKS_PER_S = 100;

/** Processor time of a process so far, user and system, all its threads; seconds. Throws where there is no /proc. */
export async function processorSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // the name of the program, in brackets, may hold blanks
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

/** What each of some processes took while the work ran, by their names; seconds. */
export async function processorTimeOf(
  processes: ReadonlyMap<string, number>,
  work: () => Promise<void>,
): Promise<ReadonlyMap<string, number>> {
  const read = async () =>
    new Map(
      await Promise.all(
        [...processes].map(async ([name, pid]) => [name, await processorSeconds(pid)] as const),
      ),
    );
  const before = await read();
  await work();
  const after = await read();
  return new Map([...after].map(([name, seconds]) => [name, seconds - (before.get(name) ?? 0)]));
}
