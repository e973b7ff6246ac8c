import { contentOf, type LetterContent } from '../platform/bus/dead-letter-content.ts';
import { type DeadLetterBox, type DeadLetterNote, isOpen } from '../platform/bus/dead-letters.ts';

/** Where letters are sent again. */
export interface ReplayTarget {
  /**
   * Resolves when it is durable there; a second time, after a crash, it changes nothing. Rejects with
   * {@link NotForThisTarget} where the target does not take such content at all.
   */
  send(note: DeadLetterNote, content: Exclude<LetterContent, { kind: 'none' }>): Promise<void>;
  /** Resolves when the target has done with all that was sent, where it can say. */
  settled(): Promise<void>;
}

export class NotForThisTarget extends Error {}

export interface Replay {
  readonly name: string;
  readonly id: string;
  /**
   * `sent`: all of it. `partly`: some lines are still no events; the letter stays. `refused_again`: it came back.
   * `not_sent`: nothing of it can be sent; it stays.
   */
  readonly outcome: 'sent' | 'partly' | 'refused_again' | 'not_sent';
  readonly detail: string;
}

/** Sends letters again, one by one, and notes those that went whole. */
export async function replay(
  box: DeadLetterBox,
  target: ReplayTarget,
  notes: readonly DeadLetterNote[],
): Promise<Replay[]> {
  const results: Replay[] = [];
  const whole: DeadLetterNote[] = [];
  for (const { name } of notes) {
    const { note, body } = await box.read(name);
    const result = await replayOne(target, note, contentOf(note, body));
    if (result.outcome === 'sent') whole.push(note);
    results.push(result);
  }
  await target.settled();
  for (const note of whole) await box.replayed(note);
  const after = new Map((await box.list()).map((note) => [note.name, note]));
  return results.map((result) => {
    const now = after.get(result.name);
    if (result.outcome !== 'sent' || now === undefined || !isOpen(now)) return result;
    return { ...result, outcome: 'refused_again', detail: now.reason.text };
  });
}

async function replayOne(
  target: ReplayTarget,
  note: DeadLetterNote,
  content: LetterContent,
): Promise<Replay> {
  const own = { name: note.name, id: note.id };
  if (content.kind === 'none') return { ...own, outcome: 'not_sent', detail: content.why };
  if (content.kind === 'lines' && content.events.length === 0)
    return { ...own, outcome: 'not_sent', detail: refusedText(content) };
  try {
    await target.send(note, content);
  } catch (error) {
    if (!(error instanceof NotForThisTarget)) throw error;
    return { ...own, outcome: 'not_sent', detail: error.message };
  }
  if (content.kind === 'batches') {
    const rows = content.batches.reduce((sum, batch) => sum + batch.rows, 0);
    return { ...own, outcome: 'sent', detail: `${rows} rows` };
  }
  if (content.refused.length === 0)
    return { ...own, outcome: 'sent', detail: `${content.events.length} events` };
  return {
    ...own,
    outcome: 'partly',
    detail: `${content.events.length} events were sent; ${refusedText(content)}`,
  };
}

function refusedText({ refused }: Extract<LetterContent, { kind: 'lines' }>): string {
  const [first] = refused;
  if (first === undefined) return 'it holds no line';
  return `${refused.length} lines are still refused, the first: ${first.code}: ${first.message}`;
}
