import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/** An instant that random kills seldom meet: the entry into a system call, in whichever thread comes first. */
export interface Aim {
  readonly name: string;
  readonly calls: readonly string[];
}

export const AIMS: readonly Aim[] = [
  // The engine names a finished part so, after it has noted the insert's token.
  { name: 'a rename', calls: ['rename', 'renameat', 'renameat2'] },
  // The spool and the position are acknowledged behind it, the tables' files too.
  { name: 'a sync', calls: ['fdatasync', 'fsync'] },
  // Frames of the spool and slots of the position.
  { name: 'a write at an offset', calls: ['pwrite64', 'pwritev'] },
  // Consumed segments, staged inserts, parts that were merged.
  { name: 'a deletion', calls: ['unlink', 'unlinkat'] },
];

/** Kills the process when one of its threads enters the call for the nth time from now. */
export function killAt(pid: number, { calls }: Aim, nth: number): ChildProcess {
  const set = calls.join(',');
  const inject = `inject=${set}:signal=KILL:when=${nth}`;
  return spawn('strace', ['-f', '-o', '/dev/null', '-p', `${pid}`, '-e', `trace=${set}`, '-e', inject], {
    stdio: 'ignore',
  });
}

/** Whether strace is here and may attach to processes. */
export function canAim(): boolean {
  if (spawnSync('strace', ['-V']).status !== 0) return false;
  const sleeper = spawn('sleep', ['20'], { stdio: 'ignore' });
  try {
    const args = ['-o', '/dev/null', '-e', 'trace=none', '-p', `${sleeper.pid}`];
    // it would trace until the sleeper ends: being stopped by the time limit is the good case
    return spawnSync('strace', args, { timeout: 300, killSignal: 'SIGTERM' }).status !== 1;
  } finally {
    sleeper.kill();
  }
}
