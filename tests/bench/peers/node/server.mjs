#!/usr/bin/env node
// The functions of the benchmark on Node's http module.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

function send(response, type, text) {
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

function sendJson(response, value) {
  send(response, 'application/json; charset=utf-8', JSON.stringify(value));
}

async function readJson(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

async function parse(request, response) {
  const order = await readJson(request);
  let quantity = 0;
  let totalCents = 0;
  for (const line of order.lines) {
    quantity += line.quantity;
    totalCents += line.quantity * line.unit_cents;
  }
  sendJson(response, { lines: order.lines.length, order_id: order.order_id, quantity, total_cents: totalCents });
}

async function relay(request, response) {
  const { Data } = await readJson(request);
  const text = JSON.parse(Data.message);
  let length = 0;
  for (const _ of text) ++length;
  sendJson(response, { Outputs: { output: `${text} (${length})` } });
}

async function block(_request, response) {
  await sleep(50);
  send(response, 'text/plain', 'done');
}

const routes = new Map([
  ['GET /', (_request, response) => response.end()],
  ['GET /api/hello', (_request, response) => send(response, 'text/plain', 'Hello, world!')],
  ['POST /api/parse', parse],
  ['POST /relay', relay],
  ['GET /api/block', block],
]);

function fail(response, status) {
  response.writeHead(status).end();
}

// For the request cases of tests/conformance: only the protocol decides.
function answerAnything(request, response) {
  request.resume();
  request.once('end', () => response.end()).once('error', () => fail(response, 400));
}

const server = createServer((request, response) => {
  if (process.env.AZF_PEER_ANSWERS_ALL) return answerAnything(request, response);
  const route = routes.get(`${request.method} ${request.url}`);
  if (!route) return fail(response, 404);
  route(request, response)?.catch?.(() => fail(response, 400));
});
server.listen(Number(process.env.FUNCTIONS_CUSTOMHANDLER_PORT), '127.0.0.1');
