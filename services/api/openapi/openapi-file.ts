import { openapiDocument } from './document.ts';
import { schemasOfInterface } from './schemas-from-types.ts';

/** Relative to the checkout. Committed; `/openapi.json` serves it. */
export const OPENAPI_FILE = 'docs/reference/openapi.json';

/** What the file has to hold: made of the operations' table and of the types of their answers. `root` ends in a slash. */
export function openapiText(root: string): string {
  const schemas = schemasOfInterface(root, 'services/api/openapi/answers.ts', 'Answers');
  return `${JSON.stringify(openapiDocument(schemas), null, 2)}\n`;
}
