import type { FamilyArchitecture } from './architecture.ts';
import type { ConfigFields } from './config-fields.ts';

/** How one family of published `config.json` files is read. */
export interface ModelFamily {
  readonly model_types: readonly string[];
  /** Throws BadModelConfig naming the field. */
  readonly read: (fields: ConfigFields, model_type: string) => FamilyArchitecture;
}
