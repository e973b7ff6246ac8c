import type { Panel } from './panel.ts';
import { timeseries } from './query-panels.ts';

/** Nodes drawn in one panel; more lines than this are a carpet. */
const NODES_SHOWN = 20;

/**
 * DCGM 4.6 renamed fields and exporters print the host under `Hostname` or `hostname`: both spellings are asked for,
 * and a series has only one of them.
 */
function byNode(names: readonly string[], order: 'topk' | 'bottomk'): string {
  const either = names.map((name) => `avg by (Hostname, hostname) (${name})`).join(' or ');
  return `${order}(${NODES_SHOWN}, ${either})`;
}

const NODE_LEGEND = '{{Hostname}}{{hostname}}';

/** What the devices themselves say, under the exporter's own names: all nodes scraped, not only those of the job. */
export function devicePanels(y: number): readonly Panel[] {
  return [
    timeseries(
      {
        id: 30,
        title: 'DCGM_FI_DEV_GPU_UTIL by node (mean of its devices)',
        description:
          'Share of time in which any kernel ran. It stays at 100 during a hang: liveness, not work. The 20 lowest nodes.',
        at: { x: 0, y, w: 8, h: 8 },
      },
      {
        unit: 'percent',
        min: 0,
        max: 100,
        noValue: 'no device is scraped',
        queries: [
          {
            expr: byNode(['DCGM_FI_DEV_GPU_UTIL', 'DCGM_FI_DEV_GPU_UTIL_RATIO'], 'bottomk'),
            legend: NODE_LEGEND,
          },
        ],
      },
    ),
    timeseries(
      {
        id: 31,
        title: 'DCGM_FI_PROF_PIPE_TENSOR_ACTIVE by node (mean of its devices)',
        description:
          'Share of cycles in which the tensor pipes were busy: near 0 in a hang. The 20 lowest nodes.',
        at: { x: 8, y, w: 8, h: 8 },
      },
      {
        unit: 'percentunit',
        min: 0,
        noValue: 'no device is scraped',
        queries: [
          {
            expr: byNode(['DCGM_FI_PROF_PIPE_TENSOR_ACTIVE', 'DCGM_FI_PROF_TENSOR_UTIL_RATIO'], 'bottomk'),
            legend: NODE_LEGEND,
          },
        ],
      },
    ),
    timeseries(
      {
        id: 32,
        title: 'DCGM_FI_DEV_POWER_USAGE by node (mean of its devices)',
        description:
          'Board power. A hang shows as a plateau far below the working level. The 20 highest nodes.',
        at: { x: 16, y, w: 8, h: 8 },
      },
      {
        unit: 'watt',
        min: 0,
        noValue: 'no device is scraped',
        queries: [
          {
            expr: byNode(['DCGM_FI_DEV_POWER_USAGE', 'DCGM_FI_DEV_BOARD_POWER_WATTS'], 'topk'),
            legend: NODE_LEGEND,
          },
        ],
      },
    ),
  ];
}
