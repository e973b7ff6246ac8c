import type { StepEvent } from '../../events.ts';
import { layersOf } from '../account-layers.ts';
import { mergedSteps, withFates } from '../executions.ts';
import { measure, type Paintable, stepsOf, write } from '../paint.ts';
import { timedSteps } from '../stall.ts';
import type { BookPage, Painting } from './book-account.ts';
import type { Chapter } from './chapter.ts';
import { openDigest } from './digest.ts';

/** Paints a sealed chapter anew, step by step, with what is known now of the attempts and legs around it. */
export function painted(page: BookPage, chapter: Chapter): Painting {
  const { look, firsts } = page;
  const { launches, executions: all_executions, holdings, view } = look.stretch;
  const { from, carry } = chapter;
  const own = launches.slice(0, carry.launch + 1).map((launch) => ({ ...launch, steps: [] as StepEvent[] }));
  const events = page.steps.events(from.row, carry.row + 1);
  for (const [index, event] of events.entries()) {
    own[ownerOf(chapter, from.row + index)]?.steps.push(event);
  }
  const prior = { launch: from.launch, legs: all_executions.legs, state: from.state };
  const { resolved } = mergedSteps(own, Number.POSITIVE_INFINITY, prior);
  const inside = resolved.filter(({ told_from_us }) => told_from_us < carry.to_us);
  const executions = withFates(inside, all_executions.legs);
  const before = [...page.shelved.digest.slice(0, chapter.digest_before), ...openDigest(from.digest)];
  const list = [...before, ...executions];
  const stretch: Paintable = {
    ...look.stretch,
    view: {
      ...view,
      spans: look.all_spans.filter(({ start_us, end_us }) => end_us > from.to_us && start_us < carry.to_us),
      excludes: look.all_excludes.filter(
        ({ start_us, end_us }) => end_us > from.to_us && start_us < carry.to_us,
      ),
    },
    executions: { list, legs: all_executions.legs },
    from_us: Math.max(from.to_us, look.from_us),
    to_us: carry.to_us,
  };
  const layers = layersOf(stretch.view, launches, list, holdings.layer, look.stretch.to_us);
  const measured = measure(stretch, layers);
  const first = new Set<number>();
  for (const [index, { launch, start_us, told_from_us, fate, kind }] of list.entries()) {
    if (index < before.length || fate !== 'productive' || kind === 'eval') continue;
    const known = firsts.get(launch)?.execution;
    if (
      known?.start_us === start_us &&
      known.told_from_us === told_from_us &&
      ![...first].some((at) => list[at]?.launch === launch)
    ) {
      first.add(index);
    }
  }
  return {
    segments: write(stretch, layers, undefined),
    steps: stepsOf(stretch, measured, first, undefined, before.length),
    timed: timedSteps(executions, measured.net_us.slice(before.length), from.launch_before),
  };
}

function ownerOf({ owners, carry }: Chapter, row: number): number {
  if (row >= carry.row) return carry.launch;
  let launch = -1;
  for (const owner of owners) {
    if (owner.row > row) break;
    launch = owner.launch;
  }
  return launch;
}
