import {
  API,
  type Checker,
  SymbolFlags,
  type Type,
  TypeFlags,
  type Symbol as TypeSymbol,
} from 'typescript/unstable/sync';

/** A JSON Schema (2020-12, as OpenAPI 3.1 takes it). */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface SchemasOfInterface {
  /** One schema a property of the interface. */
  readonly properties: Readonly<Record<string, JsonSchema>>;
  /** What they refer to by `#/components/schemas/<name>`. */
  readonly components: Readonly<Record<string, JsonSchema>>;
}

/**
 * JSON Schemas of an exported interface, read off the types by the compiler itself: the names, optional fields, nulls,
 * lists of allowed texts, and the comments as descriptions. Runs when the reference is generated, never in the product.
 *
 * @param root the checkout, ending in a slash; `file` is relative to it
 */
export function schemasOfInterface(root: string, file: string, name: string): SchemasOfInterface {
  const api = new API({ cwd: root });
  try {
    const config = `${root}tsconfig.json`;
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    const source = project?.program.getSourceFile(`${root}${file}`);
    if (project === undefined || source === undefined) throw new Error(`${file} is not part of ${config}`);
    const { checker } = project;
    const module = checker.getSymbolAtLocation(source);
    const found = module && checker.getExportsOfModule(module).find((symbol) => symbol.name === name);
    if (found === undefined) throw new Error(`${file} exports no ${name}`);
    const writer = new SchemaWriter(checker);
    const properties = checker
      .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(found))
      .map((property) => [property.name, writer.property(property)] as const);
    return { properties: Object.fromEntries(properties), components: writer.components() };
  } finally {
    api.close();
  }
}

class SchemaWriter {
  readonly #checker: Checker;
  readonly #names = new Map<number, string>();
  readonly #components = new Map<string, JsonSchema>();

  constructor(checker: Checker) {
    this.#checker = checker;
  }

  components(): Record<string, JsonSchema> {
    const sorted = [...this.#components].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(sorted);
  }

  property(symbol: TypeSymbol): JsonSchema {
    const type = this.#checker.getTypeOfSymbol(symbol);
    const schema = type === undefined ? {} : this.schema(type);
    const description = this.#checker.getDocumentationCommentOfSymbol(symbol).replace(/\s+/g, ' ').trim();
    return description === '' ? schema : { ...schema, description };
  }

  schema(type: Type): JsonSchema {
    if (type.isUnionType()) return this.#union(type.getTypes());
    if (type.isStringLiteralType() || type.isNumberLiteralType()) return { const: type.value };
    if (type.isBooleanLiteralType()) return { const: type.value };
    if (type.flags & TypeFlags.Null) return { type: 'null' };
    if (type.flags & TypeFlags.StringLike) return { type: 'string' };
    if (type.flags & TypeFlags.NumberLike) return { type: 'number' };
    if (type.flags & TypeFlags.BooleanLike) return { type: 'boolean' };
    if (type.flags & (TypeFlags.Object | TypeFlags.Intersection)) return this.#object(type);
    return {};
  }

  /** Texts become an enum, null a type beside another, and the rest alternatives. */
  #union(types: readonly Type[]): JsonSchema {
    const parts = types.filter(({ flags }) => !(flags & TypeFlags.Undefined));
    const texts = parts.flatMap((part) =>
      part.isStringLiteralType() || part.isNumberLiteralType() ? [part.value] : [],
    );
    const flags = parts.filter((part) => part.isBooleanLiteralType());
    const isNullable = parts.some(({ flags }) => flags & TypeFlags.Null);
    const others = parts.filter(
      (part) =>
        !part.isStringLiteralType() &&
        !part.isNumberLiteralType() &&
        !part.isBooleanLiteralType() &&
        !(part.flags & TypeFlags.Null),
    );
    const schemas: JsonSchema[] = [
      ...(texts.length === 0 ? [] : [{ enum: texts.sort() }]),
      ...(flags.length === 2 ? [{ type: 'boolean' }] : flags.map((flag) => ({ const: flag.value }))),
      ...unique(others.map((part) => this.schema(part))),
    ];
    const [only] = schemas;
    if (only === undefined) return isNullable ? { type: 'null' } : {};
    if (schemas.length > 1) return { anyOf: isNullable ? [...schemas, { type: 'null' }] : schemas };
    if (!isNullable) return only;
    if (Array.isArray(only['enum'])) return { enum: [...(only['enum'] as unknown[]), null] };
    return typeof only['type'] === 'string'
      ? { ...only, type: [only['type'], 'null'] }
      : { anyOf: [only, { type: 'null' }] };
  }

  #object(type: Type): JsonSchema {
    const symbol = type.getSymbol();
    // a tuple type of its own refers to the tuple of its length
    if (type.isTypeReference() && (type.isTupleType() || type.getTarget().isTupleType())) {
      const items = this.#checker.getTypeArguments(type).map((item) => this.schema(item));
      return { type: 'array', prefixItems: items, minItems: items.length, maxItems: items.length };
    }
    if (type.isTypeReference() && (symbol?.name === 'Array' || symbol?.name === 'ReadonlyArray')) {
      const [item] = this.#checker.getTypeArguments(type);
      return { type: 'array', items: item === undefined ? {} : this.schema(item) };
    }
    if (symbol?.name === 'RegExp' || symbol?.name === 'Date') return {};
    const name = type.getAliasSymbol()?.name ?? symbol?.name;
    const isNamed = name !== undefined && /^[A-Z]\w*$/.test(name) && !GENERIC.has(name);
    if (!isNamed || (type.getAliasTypeArguments()?.length ?? 0) > 0) return this.#fields(type);
    return this.#reference(type, name);
  }

  #reference(type: Type, name: string): JsonSchema {
    const known = this.#names.get(type.id);
    if (known !== undefined) return { $ref: `#/components/schemas/${known}` };
    const taken = new Set(this.#names.values());
    let own = name;
    for (let number = 2; taken.has(own); number += 1) own = `${name}${number}`;
    this.#names.set(type.id, own);
    this.#components.set(own, this.#fields(type));
    return { $ref: `#/components/schemas/${own}` };
  }

  /** JSON has no undefined: such a property is left out. */
  #mayBeAbsent(symbol: TypeSymbol): boolean {
    if (symbol.flags & SymbolFlags.Optional) return true;
    const type = this.#checker.getTypeOfSymbol(symbol);
    return type?.isUnionType() === true && type.getTypes().some(({ flags }) => flags & TypeFlags.Undefined);
  }

  #fields(type: Type): JsonSchema {
    const symbols = this.#checker.getPropertiesOfType(type);
    const properties = symbols.map((symbol) => [symbol.name, this.property(symbol)] as const);
    const required = symbols.filter((one) => !this.#mayBeAbsent(one)).map(({ name }) => name);
    const [index] = this.#checker.getIndexInfosOfType(type);
    return {
      type: 'object',
      ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
      ...(required.length === 0 ? {} : { required }),
      ...(index === undefined ? {} : { additionalProperties: this.schema(index.valueType) }),
    };
  }
}

/** Aliases of the language itself: what they make has no name of its own. */
const GENERIC = new Set(['Readonly', 'Record', 'Partial', 'Pick', 'Omit', 'Required', 'Exclude', 'Extract']);

function unique(schemas: readonly JsonSchema[]): JsonSchema[] {
  return [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];
}
