/** A schema or a part of the document: data of our own making, still read with care. */
type Json = Readonly<Record<string, unknown>>;

const METHODS = ['get', 'post'] as const;

/** The reference as one page without a script: what it says is what `/openapi.json` says. */
export function docsPage(document: Json): string {
  const info = objectIn(document, 'info');
  const paths = Object.entries(objectIn(document, 'paths'));
  const tags = listIn(document, 'tags');
  const named = objectIn(objectIn(document, 'components'), 'schemas');
  const sections = tags.map((tag) => tagSection(tag, paths, named));
  const contents = tags.map((tag) => tagContents(tag, paths));
  const schemas = Object.entries(named);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(textIn(info, 'title'))} API</title><link rel="stylesheet" href="docs/style.css"></head>
<body>
<header><h1>${escaped(textIn(info, 'title'))} API</h1><p>${prose(textIn(info, 'description'))}</p>
<p><a href="openapi.json">openapi.json</a> (OpenAPI ${escaped(textIn(document, 'openapi'))}) · <a href=".">the page</a></p></header>
<nav aria-label="Operations">${contents.join('')}</nav>
<main>
${sections.join('\n')}
<section id="schemas"><h2>Schemas</h2>
${schemas.map(([name, schema]) => schemaSection(name, schema)).join('\n')}
</section>
</main>
</body></html>
`;
}

type Paths = readonly (readonly [string, unknown])[];

interface Found {
  readonly path: string;
  readonly method: string;
  readonly operation: Json;
}

function operationsOf(tag: string, paths: Paths): Found[] {
  return paths.flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = isObject(item) ? item[method] : undefined;
      if (!isObject(operation) || !listIn(operation, 'tags').includes(tag)) return [];
      return [{ path, method, operation }];
    }),
  );
}

function tagContents(tag: unknown, paths: Paths): string {
  const name = isObject(tag) ? textIn(tag, 'name') : '';
  const items = operationsOf(name, paths).map(
    ({ path, method, operation }) =>
      `<li><a href="#${escaped(textIn(operation, 'operationId'))}">${methodMark(method)}<code>${breakable(path)}</code></a></li>`,
  );
  return items.length === 0 ? '' : `<h2>${escaped(name)}</h2><ul>${items.join('')}</ul>`;
}

function tagSection(tag: unknown, paths: Paths, schemas: Json): string {
  if (!isObject(tag)) return '';
  const name = textIn(tag, 'name');
  const operations = operationsOf(name, paths);
  if (operations.length === 0) return '';
  return `<section><h2>${escaped(name)}</h2><p>${prose(textIn(tag, 'description'))}</p>
${operations.map((one) => operationSection(one, schemas)).join('\n')}</section>`;
}

function methodMark(method: string): string {
  return `<span class="method ${method}">${method.toUpperCase()}</span> `;
}

function operationSection({ path, method, operation }: Found, schemas: Json): string {
  const parameters = listIn(operation, 'parameters').filter(isObject);
  const rows = parameters.map((parameter) => {
    const schema = objectIn(parameter, 'schema');
    const place = parameter['required'] === true ? 'in the path' : '';
    return `<tr><th scope="row"><code>${escaped(textIn(parameter, 'name'))}</code> <small>${place}</small></th><td>${typeText(schema)}</td><td>${prose(textIn(parameter, 'description'))}</td></tr>`;
  });
  const body = objectIn(operation, 'requestBody');
  return `<article id="${escaped(textIn(operation, 'operationId'))}">
<h3>${methodMark(method)}<code>${breakable(path)}</code></h3>
<p>${prose(textIn(operation, 'summary'))}</p>
${rows.length === 0 ? '' : `<table><thead><tr><th>Parameter</th><th>Type</th><th>Means</th></tr></thead><tbody>${rows.join('')}</tbody></table>`}
${'content' in body ? `<h4>Body: ${escaped(mediaOf(body).join(', '))}</h4><p>${prose(textIn(body, 'description'))}</p>` : ''}
${answerOf(objectIn(objectIn(operation, 'responses'), '200'), schemas)}
</article>`;
}

function mediaOf(body: Json): string[] {
  return Object.keys(objectIn(body, 'content'));
}

function answerOf(response: Json, schemas: Json): string {
  const [media = ''] = mediaOf(response);
  const schema = objectIn(objectIn(objectIn(response, 'content'), media), 'schema');
  const note = media === 'application/json' ? '' : ` <small>${escaped(media)}</small>`;
  return `<h4>Answer${note}</h4>${note === '' ? '' : `<p>${prose(textIn(response, 'description'))}</p>`}${fieldsTable(resolved(schema, schemas))}`;
}

/** What a reference stands for: a reader wants the fields of an answer where the answer is. */
function resolved(schema: Json, schemas: Json): Json {
  const reference = schema['$ref'];
  return typeof reference === 'string'
    ? objectIn(schemas, reference.slice(reference.lastIndexOf('/') + 1))
    : schema;
}

function schemaSection(name: string, schema: unknown): string {
  const body = isObject(schema) ? fieldsTable(schema) : '';
  return `<details id="schema-${escaped(name)}"><summary><code>${escaped(name)}</code></summary>${body}</details>`;
}

/** The fields of an object; anything else is its type in words. */
function fieldsTable(schema: Json): string {
  const properties = Object.entries(objectIn(schema, 'properties'));
  if (properties.length === 0) return `<p>${typeText(schema)}</p>`;
  const required = new Set(listIn(schema, 'required'));
  const rows = properties.map(([name, property]) => {
    const own = isObject(property) ? property : {};
    const optional = required.has(name) ? '' : ' <small>optional</small>';
    return `<tr><th scope="row"><code>${breakable(name)}</code>${optional}</th><td>${typeText(own)}</td><td>${prose(textIn(own, 'description'))}</td></tr>`;
  });
  return `<table><thead><tr><th>Field</th><th>Type</th><th>Means</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

/** A type in a few words: a link for a named one, one level of the fields of an unnamed one. */
function typeText(schema: Json, depth = 0): string {
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    const name = escaped(reference.slice(reference.lastIndexOf('/') + 1));
    return `<a href="#schema-${name}">${name}</a>`;
  }
  const alternatives = listIn(schema, 'anyOf').filter(isObject);
  if (alternatives.length > 0) return alternatives.map((one) => typeText(one, depth)).join(' or ');
  const values = listIn(schema, 'enum');
  if (values.length > 0) return values.map((value) => `<code>${escaped(String(value))}</code>`).join(' ');
  if ('const' in schema) return `<code>${escaped(String(schema['const']))}</code>`;
  const type = schema['type'];
  const names = Array.isArray(type)
    ? (type as unknown[]).map(String)
    : typeof type === 'string'
      ? [type]
      : ['anything'];
  return names
    .map((name) => (name === 'array' || name === 'object' ? containerText(name, schema, depth) : name))
    .join(' or ');
}

const DEPTH_MAX = 2;

function containerText(name: 'array' | 'object', schema: Json, depth: number): string {
  if (name === 'array') return `list of ${typeText(objectIn(schema, 'items'), depth)}`;
  const properties = Object.entries(objectIn(schema, 'properties'));
  if (properties.length > 0 && depth < DEPTH_MAX) {
    const inner = properties.map(
      ([key, value]) => `<code>${breakable(key)}</code> ${isObject(value) ? typeText(value, depth + 1) : ''}`,
    );
    return `{ ${inner.join(', ')} }`;
  }
  const values = objectIn(schema, 'additionalProperties');
  return Object.keys(values).length > 0 ? `name to ${typeText(values, depth + 1)}` : 'object';
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectIn(value: Json, key: string): Json {
  const found = value[key];
  return isObject(found) ? found : {};
}

function listIn(value: Json, key: string): readonly unknown[] {
  const found = value[key];
  return Array.isArray(found) ? (found as unknown[]) : [];
}

function textIn(value: Json, key: string): string {
  const found = value[key];
  return typeof found === 'string' ? found : '';
}

/** A long name may break after its separators. */
function breakable(text: string): string {
  return escaped(text).replace(/([/_])/g, '$1<wbr>');
}

/** Text of a comment: what stands between backticks is code. */
function prose(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
