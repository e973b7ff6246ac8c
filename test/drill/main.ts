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
try {
  const result = await drillEmbedded({
    folder: folder.path,
    kills,
    seed,
    progress: (line) => process.stderr.write(`\r${line}`),
  });
  process.stdout.write(`\nseed ${seed}: ${embeddedSummary(result)}\n`);
  const fault = faultOf(result.verdict);
  if (fault !== null || result.complaints.length > 0) {
    process.stdout.write(`${fault ?? ''}\n${result.complaints.join('\n')}\n`);
    process.exitCode = 1;
  }
} finally {
  if (process.exitCode === undefined) await folder.remove();
  else process.stdout.write(`left for a look: ${folder.path}\n`);
}
