// @ts-check

/**
 * What the tab says: the job that pages somebody, whichever is on the screen, else the state of the one that is.
 *
 * @param {string | null} shown
 * @param {import('./alert-facts.js').Firing | undefined} urgent
 * @param {import('./alert-facts.js').JobFacts | null} facts
 * @param {boolean} complete
 */
export function titleOf(shown, urgent, facts, complete) {
  if (!complete) return 'no full answer \u00b7 Headway';
  const job = urgent?.job ?? shown;
  const state = facts?.states.get(job ?? '');
  const said = [job, state].filter((part) => part != null).join(': ');
  return `${urgent === undefined ? '' : '\u203c '}${said === '' ? '' : `${said} \u00b7 `}Headway`;
}
