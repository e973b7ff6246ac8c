/**
 * Columns of the tables that batches are written to, in the order in which a batch's RowBinary body has them.
 * Changing a list changes the body's layout: raise the table's schema version with it, so that a batch already on
 * the bus is not read in a new way.
 */

export const RUN_EVENTS_COLUMNS = [
  'job',
  'event_id',
  'type',
  'node',
  'time_us',
  'received_at',
  'body',
] as const;

export const SERIES_COLUMNS = [
  'name',
  'series_id',
  'labels',
  'source',
  'labels_id',
  'field',
  'scale',
] as const;
export const SERIES_SCHEMA_VERSION = 1;

export const SERIES_POINTS_COLUMNS = ['series_id', 'ts', 'value', 'version'] as const;
export const SERIES_POINTS_SCHEMA_VERSION = 1;
