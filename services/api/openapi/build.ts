import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OPENAPI_FILE, openapiText } from './openapi-file.ts';

/** Part of `npm run generate`: writes the description of the API. */
const root = fileURLToPath(new URL('../../../', import.meta.url));
const target = `${root}${OPENAPI_FILE}`;
await mkdir(dirname(target), { recursive: true });
await writeFile(target, openapiText(root));
process.stderr.write(`${OPENAPI_FILE}\n`);
