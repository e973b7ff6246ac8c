/** The model is none that can be counted exactly; the message lists what can. */
export class UnsupportedModel extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnsupportedModel';
  }
}

/** A `config.json` that misses a field or has one of the wrong kind; the message and `field` name it. */
export class BadModelConfig extends Error {
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.name = 'BadModelConfig';
    this.field = field;
  }
}
