/**
 * Asks until the answer is there. Servers work by themselves here (schedules, machines, functions): nothing can be
 * told to go faster, so the time-out is generous and only says when to give up.
 * @param what in words, for the error
 * @param ask undefined or false: not yet. What it throws is not yet, too, and is told at the time-out.
 * @throws {Error} after `seconds`, with the last thing seen
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  seconds = 60,
): Promise<T> {
  const by = performance.now() + seconds * 1000;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > by) throw new Error(`not within ${seconds} s: ${what}`, { cause: last });
    await new Promise((go) => setTimeout(go, 500));
  }
}
