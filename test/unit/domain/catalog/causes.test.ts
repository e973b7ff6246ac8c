import { describe, expect, it } from 'vitest';
import {
  CAUSE_DOMAINS,
  causeCode,
  causeOf,
  causeOfExit,
  saysNothing,
} from '../../../../domain/catalog/causes.ts';
import { NAMED_CAUSES } from '../../../../domain/catalog/causes-named.ts';
import { XID_CAUSES } from '../../../../domain/catalog/causes-xid.ts';

describe('causeOf', () => {
  it.each([13, 31, 43, 45])('takes Xid %d for no fault of the device', (xid) => {
    expect(causeOf(`xid:${xid}`)).toMatchObject({ class: 'application', domain: 'software' });
    expect(causeOf(`xid:${xid}`)?.role).not.toBe('cause');
  });

  it.each([48, 64, 74, 79, 94, 95, 119, 120])('takes Xid %d for the device', (xid) => {
    expect(causeOf(`xid:${xid}`)).toMatchObject({ domain: 'infrastructure', role: 'cause' });
  });

  it('takes a recorded row remap for the news it is', () => {
    expect(causeOf('xid:63')).toMatchObject({ domain: 'infrastructure', role: 'informational' });
  });

  it.each([
    ['Xid 79', 'xid:79'],
    ['XID=79', 'xid:79'],
    ['NVRM: Xid (PCI:0000:0b:00): 79, pid=1, GPU has fallen off the bus', 'xid:79'],
    ['CUDA out of memory', 'out_of_memory'],
    ['oom', 'out_of_memory'],
    ['oom-kill', 'host_out_of_memory'],
    ['collective_timeout', 'nccl_timeout'],
    ['exit code: 137', 'sigkill'],
    ['planned maintenance', 'planned_maintenance'],
    ['maintenance', 'maintenance'],
    ['code/data adjustment', 'code_change'],
  ])('reads %j as %s', (text, code) => {
    expect(causeOf(text)?.code).toBe(code);
  });

  it('keeps who is to blame apart from how it showed', () => {
    expect(causeOf('nccl_timeout')).toMatchObject({ domain: 'unknown', role: 'symptom' });
    expect(causeOf('preempted')).toMatchObject({ domain: 'infrastructure', class: 'preemption' });
    expect(causeOf('code_change')).toMatchObject({ domain: 'operator', interruption: 'manual' });
    expect(causeOf('time_limit')).toMatchObject({ domain: 'operator', interruption: 'planned' });
    expect(causeOf('oom')).toMatchObject({ domain: 'software' });
  });

  it.each(['unknown', 'failed', '', 'frobnicated', 'xid:9999', 'xid'])('guesses nothing of %j', (text) => {
    expect(causeOf(text)).toBeUndefined();
  });

  it('reads signals off exit statuses', () => {
    expect(causeOfExit(137)?.code).toBe('sigkill');
    expect(causeOfExit(-9)?.code).toBe('sigkill');
    expect(causeOfExit(143)?.code).toBe('sigterm');
    expect(causeOfExit(139)?.code).toBe('segmentation_fault');
    expect([0, 1, 2, 255].map(causeOfExit)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('knows what says nothing', () => {
    expect(['Unknown', 'ERROR', null].map(saysNothing)).toEqual([true, true, true]);
    expect(saysNothing('hang')).toBe(false);
  });
});

describe('the catalogue of causes', () => {
  const rows = [...XID_CAUSES, ...NAMED_CAUSES];

  it('has each code once, written as it is looked up, with its source', () => {
    expect(new Set(rows.map(({ code }) => code)).size).toBe(rows.length);
    for (const { code, source, domain } of rows) {
      expect(causeCode(code)).toBe(code);
      expect(causeOf(code)?.code).toBe(code);
      expect(source).not.toBe('');
      expect(CAUSE_DOMAINS).toContain(domain);
    }
  });

  // Llama 3 (arXiv 2407.21783), Table 5, component and category as printed; counts add up to its 419
  const LLAMA3_TABLE_5 = [
    ['Faulty GPU', 148, 'infrastructure'],
    ['GPU HBM3 Memory', 72, 'infrastructure'],
    ['Software Bug', 54, 'software'],
    ['Network Switch/Cable', 35, 'infrastructure'],
    ['Host Maintenance', 32, 'infrastructure'],
    ['GPU SRAM Memory', 19, 'infrastructure'],
    ['GPU System Processor', 17, 'infrastructure'],
    ['NIC', 7, 'infrastructure'],
    ['NCCL Watchdog Timeouts', 7, 'unknown'],
    ['Silent Data Corruption', 6, 'infrastructure'],
    ['GPU Thermal Interface + Sensor', 6, 'infrastructure'],
    ['SSD', 3, 'infrastructure'],
    ['Power Supply', 3, 'infrastructure'],
    ['Server Chassis', 2, 'infrastructure'],
    ['IO Expansion Board', 2, 'infrastructure'],
    ['Dependency', 2, 'software'],
    ['CPU', 2, 'infrastructure'],
    ['System Memory', 2, 'infrastructure'],
  ] as const;

  it('knows the 18 causes of Llama 3 Table 5, each in its domain', () => {
    expect(LLAMA3_TABLE_5.reduce((sum, [, count]) => sum + count, 0)).toBe(419);
    for (const [text, , domain] of LLAMA3_TABLE_5) expect(causeOf(text)?.domain, text).toBe(domain);
  });
});
