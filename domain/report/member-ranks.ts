import type { CollectiveWindowEvent } from '../events.ts';

/** Rank in the job of a member of a communicator; null where nothing tells it. */
export type RankOfMember = (
  member: Pick<CollectiveWindowEvent, 'communicator' | 'group_rank'> & { readonly process?: string | null },
) => number | null;

/**
 * Members are numbered inside their communicator. Of one that holds all ranks of the job the number is the rank (PyTorch
 * and the libraries above it number the whole job so); a process that told of such a one is known by it in every other.
 *
 * @param ranks how many the job has; undefined: nobody said, and no communicator can be known to hold all of them
 */
export function memberRanks(
  windows: readonly CollectiveWindowEvent[],
  ranks: number | undefined,
): RankOfMember {
  const whole = new Set<string>();
  const known = new Map<string, number | null>();
  for (const { communicator, group_rank, ranks: members, process } of windows) {
    if (members !== ranks) continue;
    whole.add(communicator);
    if (process === undefined) continue;
    const before = known.get(process);
    known.set(process, before === undefined || before === group_rank ? group_rank : null);
  }
  return ({ communicator, group_rank, process }) => {
    if (whole.has(communicator)) return group_rank;
    return process === undefined || process === null ? null : (known.get(process) ?? null);
  };
}
