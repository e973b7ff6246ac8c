import type { Batch } from '../platform/bus/bus.ts';
import type { LetterContent } from '../platform/bus/dead-letter-content.ts';
import type { DeadLetterNote } from '../platform/bus/dead-letters.ts';
import type { PreparedWriter } from '../platform/bus/outage-writer.ts';
import { BadRunEventBatch, decodeRunEvents, encodeRunEvents } from '../platform/bus/run-event-batch.ts';
import { NotForThisTarget, type ReplayTarget } from './dead-letter-replay.ts';
import type { Headway } from './open.ts';
import type { ServerClient } from './server-client.ts';

/** As batches: events under the time they first came in, so that the rows are the same however often they are sent. */
function batchesOf(
  { put_at_ms }: DeadLetterNote,
  content: Exclude<LetterContent, { kind: 'none' }>,
): readonly Batch[] {
  return content.kind === 'batches' ? content.batches : encodeRunEvents(content.events, put_at_ms);
}

/** The tables of a data directory that nobody else uses now. */
export function tablesTarget(headway: Headway): ReplayTarget {
  return {
    send: (note, content) => headway.publishBatches(batchesOf(note, content)),
    settled: () => headway.caughtUp(),
  };
}

/**
 * The topic. A replay has a name of its own on the bus, so that readers drop it when it comes a second time: the letter's
 * and how often it was sent before. The count of rows is part of it, for a later version may find more lines that are
 * events, which are no copy then.
 */
export function topicTarget(kafka: Pick<PreparedWriter, 'send'>): ReplayTarget {
  return {
    async send(note, content) {
      await kafka.send(
        batchesOf(note, content).map((batch, part) => ({
          batch,
          partition: null,
          producer: `dead-letter/${note.name}/${part}/${batch.rows}`,
          sequence: note.replays,
        })),
      );
    },
    settled: async () => undefined,
  };
}

/** A running product, which takes events at its door and nothing else. */
export function serverTarget(client: ServerClient): ReplayTarget {
  return {
    async send(_, content) {
      const lines = eventsOf(content).map((event) => JSON.stringify(event));
      const { rejected } = await client.sendEventLines(lines);
      const [first] = rejected;
      if (first !== undefined) throw new NotForThisTarget(`the server refuses it: ${first.message}`);
    },
    settled: async () => undefined,
  };
}

function eventsOf(content: Exclude<LetterContent, { kind: 'none' }>) {
  if (content.kind === 'lines') return content.events;
  const other = content.batches.find(({ kind }) => kind !== 'run_events');
  if (other !== undefined)
    throw new NotForThisTarget(
      `a running Headway takes events, no ${other.kind}: stop it and leave out --url`,
    );
  try {
    return content.batches.flatMap(decodeRunEvents).map(({ event }) => event);
  } catch (error) {
    if (error instanceof BadRunEventBatch) throw new NotForThisTarget(error.message);
    throw error;
  }
}
