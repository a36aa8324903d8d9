import { deepStrictEqual } from 'node:assert';

import { Connection } from './connection.mjs';
import { RunningServer } from './servers.mjs';
import { workloads } from './workloads.mjs';

function workloadsOf(server) {
  return Object.keys(workloads).filter((letter) => server.parts?.includes(letter) ?? true);
}

async function checkAnswer(running, letter) {
  const workload = workloads[letter];
  const connection = await Connection.open(running.port);
  try {
    // Twice, since only the second answer shows that the connection goes on and that the first request was read whole.
    for (let i = 0; i < 2; ++i) {
      const { status, headers, body } = await connection.exchange(workload.request(running.port));
      const type = headers.get('content-type')?.split(';')[0];
      deepStrictEqual({ status, type, body }, { status: 200, ...workload.answer });
    }
  } catch (error) {
    throw new Error(`${running.server.name}, workload ${letter} (${workload.title}): ${error.message}`);
  } finally {
    connection.close();
  }
}

/** Asks each server everything that it can answer; throws an error that tells all wrong answers. */
export async function checkAnswers(servers) {
  const failures = [];
  for (const server of servers) {
    const running = await RunningServer.start(server);
    try {
      for (const letter of workloadsOf(server)) {
        await checkAnswer(running, letter).catch((error) => failures.push(error.message));
      }
    } finally {
      await running.stop();
    }
  }
  if (failures.length > 0) throw new Error(`wrong answers:\n${failures.join('\n')}`);
}
