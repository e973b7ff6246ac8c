import type { LiveLimits } from '../../domain/ledger/ledger-shape.ts';
import type { LearnedBaseline } from '../../domain/report/learned-baseline.ts';
import type { SiteConfig } from '../../domain/report/site.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Alerts } from './alerts/alerts.ts';
import type { CollectiveReader } from './collective-reader.ts';
import type { ApiConfig } from './config.ts';
import type { DeviceReader } from './device-reader.ts';
import type { JobReader } from './job-reader.ts';
import type { NodeReader } from './node-reader.ts';
import type { ResultReader } from './result-reader.ts';
import type { StreamHub } from './stream.ts';

/** What the read routes under `/v1` are made of. */
export interface V1Dependencies {
  readonly config: ApiConfig;
  readonly jobs: JobReader;
  /** Device telemetry for answers that tell of it; without one they say that none was read. */
  readonly devices?: DeviceReader;
  /** What was stored of machines; without one `/v1/nodes` answers that it cannot. */
  readonly nodes?: NodeReader;
  /** Windows of collectives; without one the routes that tell of them answer that they cannot, or leave them out. */
  readonly collectives?: CollectiveReader;
  /** The alert rules over the store; without one `/v1/alerts` answers that it cannot. */
  readonly alerts?: Alerts;
  /** Changes as they are seen; without one `/v1/stream` answers that it cannot. */
  readonly stream?: StreamHub;
  /** What was learned of linearity; without it nothing was. */
  readonly baselines?: () => Promise<readonly LearnedBaseline[]>;
  /** What the analyzer published; without one the routes of it answer that they cannot. */
  readonly results?: ResultReader;
  readonly site?: SiteConfig;
  readonly clock: Clock;
  /** How an open job's open step is judged (`domain/ledger`, live states). */
  readonly live: LiveLimits;
  /** Resolves when everything acknowledged before the call is in the tables; answers `?consistent=true`. */
  readonly caughtUp: () => Promise<void>;
  /** Told of failures that the caller can do nothing about. */
  readonly log?: Log;
}
