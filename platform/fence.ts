/**
 * Who may write what belongs to one name. Whoever claims the name anew fences off all earlier claims: what they still
 * try to write is refused by the tables themselves, however late it comes (a process that was suspended, a network
 * that woke up again).
 */
export interface Fence {
  /** What is owned, such as one partition of the bus. */
  readonly name: string;
  /** Rises with each claim of the name. */
  readonly epoch: number;
  /** Tells apart two that claimed the same epoch at the same instant: the tables know one of them. */
  readonly owner: string;
}

/** A later claim of the same name exists: this process must stop writing under the old one. Nothing was written. */
export class Fenced extends Error {
  readonly fence: Fence;
  constructor(fence: Fence) {
    super(
      `${fence.name} was claimed by another process after epoch ${fence.epoch}; this one writes to it no more`,
    );
    this.name = 'Fenced';
    this.fence = fence;
  }
}
