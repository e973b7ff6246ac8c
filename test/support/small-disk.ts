import { spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';

/** Whether a process may be given a disk of its own here. */
export function canMountSmallDisk(): boolean {
  return spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
}

/**
 * The command with a disk of `size` bytes (`3m`) mounted at a folder, in a mount namespace of its own: nobody else sees
 * it, and it goes with the process.
 */
export function onSmallDisk(folder: string, size: string, command: readonly string[]): readonly string[] {
  const script = `mount -t tmpfs -o size=${size} tmpfs "$0" && exec "$@"`;
  return ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', script, folder, ...command];
}

/** Takes all room that is left on the disk of a process; resolves with what gives it back. */
export async function fillDisk(pid: number, folder: string): Promise<() => Promise<void>> {
  const path = `/proc/${pid}/root${folder}/filler`;
  const file = createWriteStream(path);
  const block = Buffer.alloc(1024 ** 2, 1);
  await new Promise<void>((resolve, reject) => {
    const write = () =>
      void file.write(block, (error) => (error === null || error === undefined ? write() : undefined));
    file.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOSPC' ? resolve() : reject(error)));
    write();
  });
  return () => rm(path);
}
