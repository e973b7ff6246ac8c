import { readFileSync, statSync } from 'node:fs';

/**
 * The process that holds the engine's `flock` on `file`, or null when nobody seems to. The kernel's own list is asked
 * (Linux), so a lock left behind by a killed process is never taken for a held one, and neither is a reused pid.
 * Where that list does not exist (macOS, another container) the engine's refusal is what is left.
 */
export function lockHolder(file: string): number | null {
  let inode: number;
  let locks: string;
  try {
    inode = statSync(file).ino;
    locks = readFileSync('/proc/locks', 'utf8');
  } catch {
    return null;
  }
  return holderOf(locks, inode);
}

/** Finds the inode in lines like `1: FLOCK  ADVISORY  WRITE 9057 fe:00:131 0 EOF` (proc_locks(5)). */
export function holderOf(locks: string, inode: number): number | null {
  for (const line of locks.split('\n')) {
    const match = /:\s+FLOCK\s+\S+\s+\S+\s+(\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+)\s/.exec(line);
    if (match !== null && Number(match[2]) === inode) return Number(match[1]);
  }
  return null;
}
