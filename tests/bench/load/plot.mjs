import { runsOf, statistic } from './tables.mjs';

const width = 860;
const height = 380;
const margin = { left: 56, right: 16, top: 70, bottom: 44 };
const letters = ['a', 'b', 'c', 'd'];
const shown = ['handler', 'hyper', 'go', 'node', 'httplib'];

// Text and lines take the page's side by the reader's setting; the bars are of middle brightness and fit both.
const style = `
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 15px; font-weight: 600; }
  .value { font-size: 10px; text-anchor: middle; }
  .axis { stroke: #d0d7de; }
  .spread { stroke: #24292f; stroke-width: 1.2; }
  .handler { fill: #2f7de1; } .hyper { fill: #d9692b; } .go { fill: #12a5a5; }
  .node { fill: #5d9e43; } .httplib { fill: #9a6dd7; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .axis { stroke: #3d444d; }
    .spread { stroke: #e6edf3; }
  }`;

// The smallest of 1, 2, 5, 10, 20 ... by which the axis has at most six steps.
function axisStep(largest) {
  for (let power = 1; ; power *= 10) {
    for (const digit of [1, 2, 5]) {
      if (largest / (digit * power) <= 6) return digit * power;
    }
  }
}

const number = (value) => Number(value.toFixed(1));

/** Processor time for each request by workload and server, with the spread of the runs: an SVG document. */
export function cpuPlot(results, titles, connections) {
  const bars = letters.map((letter) =>
    shown.map((server) => statistic(runsOf(results, letter, server, connections), 'cpu_us')),
  );
  const largest = Math.max(1, ...bars.flat().map((bar) => bar?.max ?? 0));
  const step = axisStep(largest);
  const top = Math.ceil(largest / step) * step;
  const y = (value) => number(height - margin.bottom - (value / top) * (height - margin.top - margin.bottom));
  const group = (width - margin.left - margin.right) / letters.length;
  const bar = (group * 0.84) / shown.length;
  const parts = [];

  for (let value = 0; value <= top; value += step) {
    const ends = `x1="${margin.left}" x2="${width - margin.right}" y1="${y(value)}" y2="${y(value)}"`;
    parts.push(`<line class="axis" ${ends}/>`);
    parts.push(`<text x="${margin.left - 8}" y="${y(value) + 4}" text-anchor="end">${value}</text>`);
  }
  letters.forEach((letter, i) => {
    const left = margin.left + i * group + group * 0.08;
    const middle = number(left + group * 0.42);
    parts.push(`<text x="${middle}" y="${height - 18}" text-anchor="middle">workload ${letter}</text>`);
    shown.forEach((server, j) => {
      const value = bars[i][j];
      if (!value) return;
      const x = left + j * bar;
      const center = number(x + bar / 2 - 1);
      const size = `width="${number(bar - 2)}" height="${number(y(0) - y(value.median))}"`;
      parts.push(
        `<rect class="${server}" x="${number(x)}" y="${y(value.median)}" ${size}/>`,
        `<line class="spread" x1="${center}" x2="${center}" y1="${y(value.min)}" y2="${y(value.max)}"/>`,
        `<text class="value" x="${center}" y="${number(y(value.max) - 5)}">${value.median.toFixed(1)}</text>`,
      );
    });
  });
  let x = margin.left;
  for (const server of shown) {
    parts.push(`<rect class="${server}" x="${x}" y="38" width="12" height="12" rx="2"/>`);
    parts.push(`<text x="${x + 18}" y="48">${titles.get(server)}</text>`);
    x += 48 + 7 * titles.get(server).length; // a letter is 7 wide, more or less
  }
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">
<title>Processor time for each request, by workload and server</title>
<style>${style}
</style>
<text class="title" x="${margin.left}" y="22">CPU per request, microseconds: less is better</text>
<text x="${width - margin.right}" y="22" text-anchor="end">${connections} connections</text>
${parts.join('\n')}
</svg>
`;
}
