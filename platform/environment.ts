/** The only place that reads the process environment, so that what a deployment can set is listed in one file. */

export interface Environment {
  readonly [name: string]: string | undefined;
}

export function processEnvironment(): Environment {
  return process.env;
}
