import { expect, it } from 'vitest';
import { sendExample } from '../../../cli/send-example.ts';

it('shows how to send, with the token by its name where one is wanted', () => {
  const url = 'http://127.0.0.1:8470';
  expect(sendExample(url, null)).toBe(`curl -sS ${url}/v1/events --data-binary @events.ndjson`);
  expect(sendExample(url, 'secret')).toBe(
    `curl -sS ${url}/v1/events -H "Authorization: Bearer $HEADWAY__COLLECTOR__INGEST_TOKEN" --data-binary @events.ndjson`,
  );
});
