type Json = Readonly<Record<string, unknown>>;

/**
 * Where a value does not fit a JSON Schema, as far as our own descriptions use the language: type, enum, const,
 * properties, required, additionalProperties, items, prefixItems, anyOf, $ref. Strict: a property that an object's
 * schema does not name does not fit, so that an answer cannot hold more than its description says.
 */
export function misfits(value: unknown, schema: Json, components: Json, path = '$'): string[] {
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    const named = components[reference.slice('#/components/schemas/'.length)];
    return named === undefined
      ? [`${path}: no schema ${reference}`]
      : misfits(value, named as Json, components, path);
  }
  const alternatives = schema['anyOf'];
  if (Array.isArray(alternatives)) {
    const found = alternatives.map((one) => misfits(value, one as Json, components, path));
    return found.some((list) => list.length === 0)
      ? []
      : [
          `${path}: fits none of ${alternatives.length} alternatives`,
          ...(found.sort((a, b) => a.length - b.length)[0] ?? []),
        ];
  }
  if ('const' in schema)
    return value === schema['const'] ? [] : [`${path}: ${shown(value)} is not ${shown(schema['const'])}`];
  const values = schema['enum'];
  if (Array.isArray(values))
    return values.includes(value) ? [] : [`${path}: ${shown(value)} is none of ${shown(values)}`];
  const types = [schema['type']].flat().filter((type) => type !== undefined);
  if (types.length > 0 && !types.includes(typeOf(value)))
    return [`${path}: ${shown(value)} is no ${types.join(' or ')}`];
  if (Array.isArray(value)) return itemsOf(value, schema, components, path);
  return typeof value === 'object' && value !== null ? fieldsOf(value as Json, schema, components, path) : [];
}

function itemsOf(list: readonly unknown[], schema: Json, components: Json, path: string): string[] {
  const tuple = schema['prefixItems'];
  return list.flatMap((item, index) => {
    const own = Array.isArray(tuple)
      ? (tuple[index] as Json | undefined)
      : (schema['items'] as Json | undefined);
    return own === undefined ? [] : misfits(item, own, components, `${path}[${index}]`);
  });
}

function fieldsOf(object: Json, schema: Json, components: Json, path: string): string[] {
  const properties = (schema['properties'] ?? {}) as Json;
  const others = schema['additionalProperties'] as Json | undefined;
  // `{ type: object }` alone is an object of which nothing is said
  const isOpen = others === undefined && Object.keys(properties).length === 0;
  const missing = ((schema['required'] ?? []) as string[]).filter((name) => !(name in object));
  return [
    ...missing.map((name) => `${path}.${name} is missing`),
    ...Object.entries(object).flatMap(([name, value]) => {
      const own = (properties[name] as Json | undefined) ?? others;
      if (own !== undefined) return misfits(value, own, components, `${path}.${name}`);
      return isOpen ? [] : [`${path}.${name} is not described`];
    }),
  ];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 80);
}
