import type { RejectedLine } from '../domain/event-reader.ts';

/** Refused lines a person is shown before the rest is only counted; `spec validate` shows all. */
const LINES_SHOWN_MAX = 20;

/** The refused lines of a file, each with its place, code and reason, as editors and compilers spell places. */
export function rejectedText(
  path: string,
  rejected: readonly RejectedLine[],
  mend: string,
  shown_max = LINES_SHOWN_MAX,
): string {
  const lines = rejected
    .slice(0, shown_max)
    .map(({ line, code, message }) => `  ${path}:${line}: ${code}: ${message}`);
  const more = rejected.length - lines.length;
  if (more > 0) lines.push(`  ... and ${more} more; \`headway spec validate\` lists them all`);
  const count = rejected.length === 1 ? '1 line cannot be used' : `${rejected.length} lines cannot be used`;
  return `${count}. ${mend}\n${lines.join('\n')}`;
}
