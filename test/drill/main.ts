import { faultOf } from '../support/oracle.ts';
import { makeFolder } from '../support/temporary-folder.ts';
import { drillEmbedded } from './embedded-drill.ts';
import { embeddedSummary } from './embedded-summary.ts';

/**
 * `npm run drill [-- kills [seed]]`: the embedded product, 200 kills by default. Says at its end what was acknowledged
 * and what became of it; exit code 1 when anything acknowledged is lost, doubled or damaged. The tests run the same with
 * fewer kills.
 */
const kills = Number(process.argv[2] ?? 200);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);

const folder = await makeFolder();
let fault: string | null = 'the drill did not end';
try {
  const result = await drillEmbedded({
    folder: folder.path,
    kills,
    seed,
    progress: (line) => process.stderr.write(`\r${line}`),
  });
  process.stdout.write(`\nseed ${seed}: ${embeddedSummary(result)}\n`);
  fault = faultOf(result.verdict) ?? result.complaints[0] ?? null;
} finally {
  if (fault === null) await folder.remove();
  else process.stdout.write(`${fault}\nleft for a look: ${folder.path}\n`);
}
process.exitCode = fault === null ? 0 : 1;
