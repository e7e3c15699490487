import { createHash, randomFillSync } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { offer } from './child.ts';

/**
 * An application with state in memory and change tracking by pages, as its own process: its hooks by HTTP, and requests
 * that say who answers. Random bytes, so that nothing compresses.
 */
const PAGE = 65_536;
/** Bytes that are digested at once. */
const DIGESTED = 64 * 1024 * 1024;
/** Pages in one run at most. */
const RUN = 16;
/** Bytes before a run. */
const HEAD = 8;
/** Pages are written from here: making random bytes would cost more than the copy does. */
const POOL = randomFillSync(Buffer.alloc(16 * 1024 * 1024));
const TICK_MS = 5;

let name = '';
let state = Buffer.alloc(0);
/** By page: when it was last written. */
let written = new Float64Array(0);
let clock = 1;
let serving = false;
let quiet = false;
let bytesPerSecond = 0;
let last = performance.now();
let owed = 0;
let seed = 1;

const random = (below: number) => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};

function writePage(page: number): void {
  const at = random(POOL.length - PAGE);
  POOL.copy(state, page * PAGE, at, at + PAGE);
  clock += 1;
  written[page] = clock;
}

setInterval(() => {
  const now = performance.now();
  owed += ((now - last) / 1000) * bytesPerSecond;
  last = now;
  if (!serving || quiet) owed = 0;
  for (; owed >= PAGE; owed -= PAGE) writePage(random(written.length));
}, TICK_MS);

/** Pages beside each other that were written after a moment; at most {@link RUN}. */
function* runsSince(since: number) {
  for (let page = 0; page < written.length; page += 1) {
    if (written[page]! <= since) continue;
    const first = page;
    while (page + 1 < written.length && page + 1 - first < RUN && written[page + 1]! > since) page += 1;
    yield { first, count: page + 1 - first };
  }
}

/** A call of a hook: when it came and was answered (ms since the epoch), and bytes of state in the answer. */
export interface Called {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

const called: Called[] = [];

/** Runs of pages, each behind its first number and how many it has. @returns bytes in all */
async function changes(request: IncomingMessage, response: ServerResponse): Promise<number> {
  const since = Number(new URL(request.url!, 'http://app').searchParams.get('since') ?? 0);
  const token = String(clock);
  const runs = [...runsSince(since)];
  const bytes = runs.reduce((sum, { count }) => sum + HEAD + count * PAGE, 0);
  response.writeHead(200, { 'foreshard-token': token, 'content-length': bytes });
  for (const { first, count } of runs) {
    const head = Buffer.alloc(HEAD);
    head.writeUInt32BE(first, 0);
    head.writeUInt32BE(count, 4);
    response.cork();
    response.write(head);
    const more = response.write(state.subarray(first * PAGE, (first + count) * PAGE));
    response.uncork();
    if (!more) await new Promise((settle) => response.once('drain', settle).once('close', settle));
    if (response.destroyed) return bytes;
  }
  response.end();
  return bytes;
}

async function apply(request: IncomingMessage): Promise<void> {
  const head = Buffer.alloc(HEAD);
  let headBytes = 0;
  let at = 0;
  let left = 0;
  for await (const data of request as AsyncIterable<Buffer>) {
    for (let from = 0; from < data.length; ) {
      if (left > 0) {
        const taken = data.copy(state, at, from, from + left);
        from += taken;
        at += taken;
        left -= taken;
        continue;
      }
      const taken = data.copy(head, headBytes, from);
      from += taken;
      headBytes += taken;
      if (headBytes < HEAD) break;
      headBytes = 0;
      at = head.readUInt32BE(0) * PAGE;
      left = head.readUInt32BE(4) * PAGE;
      touch(head.readUInt32BE(0), head.readUInt32BE(4));
    }
  }
}

function touch(first: number, count: number): void {
  if (!(first + count <= written.length))
    throw new RangeError(`pages: expected below ${written.length}, got ${first + count}`);
  clock += 1;
  written.fill(clock, first, first + count);
}

async function noted(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const from = Date.now();
  const bytes = await hook(path, request, response);
  if (path !== 'stats') called.push({ path, from, to: Date.now(), bytes });
}

async function hook(path: string, request: IncomingMessage, response: ServerResponse): Promise<number> {
  if (request.method === 'GET' && path === 'slots/0/changes') return changes(request, response);
  if (request.method === 'GET' && path === 'stats') {
    const slots = [{ slot: 0, stateBytes: state.length, dirtyBytesPerSecond: bytesPerSecond }];
    response.end(JSON.stringify({ slots, metrics: {} }));
    return 0;
  }
  if (request.method === 'POST' && path === 'slots/0/changes') await apply(request);
  else for await (const _ of request);
  if (path === 'serve') serving = true;
  if (path === 'quiesce') quiet = true;
  if (path === 'resume') quiet = false;
  if (path === 'release') serving = false;
  response.end('{}');
  return 0;
}

// haproxy's checks name no host.
const server = createServer({ requireHostHeader: false }, (request, response) => {
  const path = request.url!.split('?')[0]!;
  if (path.startsWith('/hooks/')) {
    noted(path.slice('/hooks/'.length), request, response).catch((error) => {
      process.stderr.write(`app ${name}: ${(error as Error).stack}\n`);
      response.destroy();
    });
    return;
  }
  response.writeHead(quiet ? 503 : 200, { 'content-type': 'text/plain', 'x-holder': name });
  response.end(name);
});

const offered = {
  async start(as: string, port: number): Promise<number> {
    name = as;
    await new Promise<void>((settle) => server.listen(port, '127.0.0.1', settle));
    return (server.address() as AddressInfo).port;
  },
  /** @param share of the state that is written in a second; `full`: with random bytes, else with none */
  async fill(bytes: number, share: number, full: boolean): Promise<void> {
    const pages = Math.ceil(bytes / PAGE);
    if (state.length !== pages * PAGE) state = Buffer.alloc(pages * PAGE);
    written = new Float64Array(pages);
    bytesPerSecond = share * bytes;
    quiet = false;
    serving = full;
    if (full) for (let page = 0; page < pages; page += 1) writePage(page);
    // What was never touched takes no memory until it is needed, at a time that is measured.
    else for (let at = 0; at < state.length; at += 4096) state[at] = 0;
  },
  async called(): Promise<readonly Called[]> {
    return called;
  },
  async digest(): Promise<string> {
    const hash = createHash('sha256');
    // In parts: one update takes less than 2 GiB.
    for (let at = 0; at < state.length; at += DIGESTED) hash.update(state.subarray(at, at + DIGESTED));
    return hash.digest('hex');
  },
};
export type AppCalls = typeof offered;
offer(offered);
