/**
 * How to send events, as a shell takes it. A token is called by the variable that it can be given in, and never printed.
 */
export function sendExample(url: string, ingest_token: string | null): string {
  const guard = ingest_token === null ? '' : ' -H "Authorization: Bearer $HEADWAY__COLLECTOR__INGEST_TOKEN"';
  return `curl -sS ${url}/v1/events${guard} --data-binary @events.ndjson`;
}
