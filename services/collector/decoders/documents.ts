import { kineto } from './kineto.ts';
import { msprof } from './msprof.ts';
import type { DocumentFormat } from './profiled-steps.ts';
import { trainerState } from './trainer-state.ts';

/** Files that are read whole. A new one is a file beside this one, and one line here. */
export const DOCUMENT_FORMATS: readonly DocumentFormat[] = [kineto, msprof, trainerState];

export function recogniseDocument(text: string): DocumentFormat | undefined {
  return DOCUMENT_FORMATS.find((format) => format.isOf(text));
}

export function documentFormat(name: string): DocumentFormat | undefined {
  return DOCUMENT_FORMATS.find((format) => format.name === name);
}
