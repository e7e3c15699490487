import { Agent, get } from 'node:http';
import { text } from 'node:stream/consumers';
import { offer } from './child.ts';

/** Asks through the load balancer, one request after the other, and writes down who answered when. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const PAUSE_MS = 5;

export interface Answered {
  /** By holder: first and last answer (ms since the epoch), and how many. */
  readonly holders: Readonly<Record<string, { first: number; last: number; answers: number }>>;
  /** Answers that were none: by status or error. */
  readonly others: Readonly<Record<string, number>>;
}

export interface Answer {
  /** ms since the epoch */
  readonly at: number;
  readonly holder: string;
}

const answers: Answer[] = [];
const holders: Record<string, { first: number; last: number; answers: number }> = {};
const others: Record<string, number> = {};
let running = false;

const ask = (url: string) =>
  new Promise<string>((settle) => {
    const request = get(url, { agent, timeout: 60_000 }, (response) => {
      const holder = response.headers['x-holder'];
      text(response).then(
        (body) =>
          settle(
            response.statusCode === 200 && typeof holder === 'string'
              ? `holder ${holder}`
              : `${response.statusCode} ${body.trim().slice(0, 100)}`,
          ),
        ({ message }) => settle(message),
      );
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', ({ message }) => settle(message));
  });

const offered = {
  async start(url: string): Promise<void> {
    running = true;
    void (async () => {
      while (running) {
        const said = await ask(url);
        const now = Date.now();
        if (said.startsWith('holder ')) {
          const holder = said.slice(7);
          const { first, answers: before } = holders[holder] ?? { first: now, answers: 0 };
          holders[holder] = { first, last: now, answers: before + 1 };
          answers.push({ at: now, holder });
        } else others[said] = (others[said] ?? 0) + 1;
        await new Promise((settle) => setTimeout(settle, PAUSE_MS));
      }
    })();
  },
  async seen(): Promise<Answered> {
    return { holders, others };
  },
  async answers(): Promise<readonly Answer[]> {
    return answers;
  },
  async stop(): Promise<void> {
    running = false;
  },
};
export type ClientCalls = typeof offered;
offer(offered);
