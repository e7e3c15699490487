import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A slow, shared machine is no failure; a test that hangs is.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
