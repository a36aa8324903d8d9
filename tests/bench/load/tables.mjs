import { summary } from './statistics.mjs';

/** The runs of one cell; none if it was not measured. */
export function runsOf({ cells }, letter, server, connections) {
  const cell = cells.find(
    (one) => one.workload === letter && one.server === server && one.connections === connections,
  );
  return cell?.runs ?? [];
}

/** `{ median, min, max }` of one figure of the runs; null if none has it. */
export function statistic(runs, figure) {
  return summary(runs.map((run) => run[figure]));
}

/** A table in Markdown; the first column is text, the others are numbers. */
export function table(header, rows) {
  const line = (fields) => `| ${fields.join(' | ')} |`;
  const rule = header.map((_, i) => (i === 0 ? '---' : '---:'));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}

/** `median (min..max)`, or a dash. */
export function withSpread(value, text) {
  return value ? `${text(value.median)} (${text(value.min)}..${text(value.max)})` : '-';
}
