import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { startProgress } from '../../cli/progress.ts';

function streamOf(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80, cursorTo() {}, clearLine() {} });
  return { stream, text: () => String(stream.read() ?? '') };
}

describe('progress', () => {
  it('is a plain line at each quarter when nobody watches', () => {
    const { stream, text } = streamOf(false);
    const progress = startProgress('world', 200, { stream });
    for (let done = 0; done <= 200; done++) progress.update(done, done === 200 ? 'week 3' : undefined);
    progress.update(200);
    progress.stop();
    expect(text()).toBe('world 25%\nworld 50%\nworld 75%\nworld 100% week 3\n');
  });

  it('says the last quarter alone when it comes in one step', () => {
    const { stream, text } = streamOf(false);
    startProgress('one', 1, { stream }).update(1);
    startProgress('none', 0, { stream }).update(0);
    expect(text()).toBe('one 100%\nnone 100%\n');
  });

  it('is a bar on a terminal', () => {
    const { stream, text } = streamOf(true);
    const progress = startProgress('world', 10, { stream });
    progress.update(5, 'half');
    progress.stop();
    progress.stop();
    expect(text()).toContain('world');
  });

  it('is nothing when quiet', () => {
    for (const isTTY of [true, false]) {
      const { stream, text } = streamOf(isTTY);
      const progress = startProgress('world', 10, { stream, quiet: true });
      progress.update(10);
      progress.stop();
      expect(text()).toBe('');
    }
  });
});
