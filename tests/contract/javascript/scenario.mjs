// Runs one scenario for test_javascript.py: `node <script> <scenario> <JSON arguments>`.
//
// Each line on standard output is one JSON value, `{"said": ...}` while it runs and `{"result": ...}` at its
// end. Where to connect stands in the environment, as for any client.

import { Session } from "@ftrack/api";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Open a session, once with the server's first answer. */
export async function open(options = {}, key = process.env.FTRACK_API_KEY) {
  const session = new Session(process.env.FTRACK_SERVER, process.env.FTRACK_API_USER, key, options);
  await session.initializing;
  return session;
}

/** Tell the test something while the scenario runs. */
export function say(value) {
  process.stdout.write(`${JSON.stringify({ said: value })}\n`);
}

/** Wait for a line from the test; returns what it holds. */
export async function hear() {
  lines ??= createInterface({ input: process.stdin });
  const [line] = await once(lines, "line");
  return JSON.parse(line);
}
let lines;

/** What a test can be told of an error. */
export async function failure(promise) {
  try {
    return { none: await promise };
  } catch (error) {
    return { type: error.constructor.name, name: error.name, message: error.message, code: error.errorCode };
  }
}

/** Run the scenario asked for, tell its result and end: the client's timers would keep the process. */
export async function run(scenarios) {
  const [, , name, given] = process.argv;
  const result = await scenarios[name](JSON.parse(given ?? "{}"));
  process.stdout.write(`${JSON.stringify({ result: result ?? null })}\n`, () => process.exit(0));
}
