import { describe, expect, it } from 'vitest';
import { parameterText, spreadParameters } from '../../../../platform/store/server-parameters.ts';

const LONG = Array.from({ length: 20_000 }, (_, id) => `node-${id}`);

describe('parameters of a question to a server', () => {
  it('stay parameters while they are short', () => {
    const sql = 'SELECT {a:String}, {b:Array(String)}';
    const parameters = { a: 'x', b: ['y'] };
    expect(spreadParameters(sql, parameters)).toEqual({ sql, parameters, tables: [] });
  });

  it('go as tables where a list is too long, and are read where they were named', () => {
    const sql = 'SELECT node IN {nodes:Array(String)}, has({nodes:Array(String)}, node), {nodes_too:String}';
    const spread = spreadParameters(sql, { nodes: LONG, nodes_too: 'x' });
    expect(spread.sql).toBe(
      'SELECT node IN (SELECT arrayJoin(list) FROM headway_list_nodes), ' +
        'has((SELECT list FROM headway_list_nodes), node), {nodes_too:String}',
    );
    expect(spread.parameters).toEqual({ nodes_too: 'x' });
    expect(spread.tables).toMatchObject([{ name: 'headway_list_nodes', structure: 'list Array(String)' }]);
    expect(JSON.parse(String(spread.tables[0]?.body[0]))).toEqual({ list: LONG });
  });

  it('stay parameters when the question does not name them as lists', () => {
    expect(spreadParameters('SELECT 1', { nodes: LONG }).tables).toEqual([]);
  });

  it('are written as the HTTP interface reads them', () => {
    expect(parameterText("a'\t\\\n\r")).toBe("a'\\t\\\\\\n\\r");
    expect(parameterText(["a'b", 'c\\'])).toBe("['a\\'b','c\\\\']");
    expect(parameterText([1, 2.5])).toBe('[1,2.5]');
    expect(parameterText(true)).toBe('1');
    expect(parameterText(7)).toBe('7');
  });
});
