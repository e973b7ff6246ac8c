import type { FaultEvent, JobEvent, JobScopedEvent, NodeStateEvent } from '../../events.ts';
import { evidenceOf, type JobEvidence } from '../job-evidence.ts';
import { devicesOf } from '../job-nodes.ts';
import { type ResolvedSpec, resolveSpec } from '../job-spec.ts';
import { isOfMadeUpClock } from '../made-up-clock.ts';
import type { SiteConfig } from '../site.ts';
import { type SpecHistory, specHistory } from '../spec-history.ts';

/** Specifications and witnesses of a job, read off its few events that are no steps, and again only when those change. */
export class LiveFacts {
  readonly #site: SiteConfig;
  readonly #small: JobScopedEvent[] = [];
  readonly #jobs: JobEvent[] = [];
  readonly #places: JobScopedEvent[] = [];
  readonly #ranks = new Set<number>();
  #hasPhases = false;
  #isMadeUp = false;
  /** Newest time that any of the few events tells. */
  #newest_us = Number.NEGATIVE_INFINITY;
  #history: SpecHistory | undefined;
  readonly #specs = new Map<number | null, ResolvedSpec>();
  #evidence: { readonly key: string; readonly faults: object; readonly evidence: JobEvidence } | undefined;

  constructor(site: SiteConfig) {
    this.#site = site;
  }

  note(event: JobScopedEvent): void {
    this.#isMadeUp ||= isOfMadeUpClock(event);
    if (event.type === 'step') {
      this.#ranks.add(event.rank ?? 0);
      this.#hasPhases ||= event.phases_us !== undefined;
      return;
    }
    this.#small.push(event);
    this.#newest_us = Math.max(this.#newest_us, endOf(event));
    if (event.type === 'attempt_start' || event.type === 'placement') this.#places.push(event);
    if (event.type !== 'job') return;
    this.#jobs.push(event);
    this.#history = undefined;
    this.#specs.clear();
  }

  /** All that are no steps, in order of arrival. */
  get small(): readonly JobScopedEvent[] {
    return this.#small;
  }

  /**
   * Whether steps are told by one rank, without parts, and with times: then nothing but their lengths says why they were
   * slow.
   */
  get isPlain(): boolean {
    return this.#ranks.size <= 1 && !this.#hasPhases && !this.#isMadeUp;
  }

  get history(): SpecHistory {
    this.#history ??= specHistory(this.#jobs);
    return this.#history;
  }

  /** The specification as of a time, microseconds: the same object for as long as it is the same. */
  specAt(at_us: number): ResolvedSpec {
    const { merged } = this.history;
    const devices = devicesOf(this.#places, at_us, merged.device_count);
    const known = this.#specs.get(devices);
    if (known !== undefined) return known;
    const spec = resolveSpec(merged, devices, this.#site.hardware_overrides);
    this.#specs.set(devices, spec);
    return spec;
  }

  evidenceAt(
    at_us: number,
    faults: readonly FaultEvent[],
    node_states: readonly NodeStateEvent[],
  ): JobEvidence {
    // what lies in the future is unseen, so that time alone may change what is seen
    const isSettled = this.#newest_us <= at_us && isPast(faults, at_us) && isPast(node_states, at_us);
    const key = `${this.#small.length} ${faults.length} ${node_states.length}`;
    const known = this.#evidence;
    if (isSettled && known?.key === key && known.faults === faults) return known.evidence;
    const evidence = evidenceOf(this.#small, { at_us, faults, node_states });
    this.#evidence = isSettled ? { key, faults, evidence } : undefined;
    return evidence;
  }
}

function endOf(event: JobScopedEvent): number {
  if (event.type === 'span' || event.type === 'exclude') return event.end_us;
  return 'time_us' in event ? (event.time_us ?? Number.NEGATIVE_INFINITY) : Number.NEGATIVE_INFINITY;
}

function isPast(events: readonly { readonly time_us: number }[], at_us: number): boolean {
  return events.every(({ time_us }) => time_us <= at_us);
}
