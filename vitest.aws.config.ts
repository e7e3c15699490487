import { defineConfig } from 'vitest/config';

/** Tests that need AWS-compatible servers: `npm run test:aws`. They share two servers, so one file runs at a time. */
export default defineConfig({
  test: {
    include: ['test/aws/**/*.test.ts'],
    globalSetup: ['test/aws/setup.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    // Bootstrap and deploy happen in hooks.
    hookTimeout: 300_000,
    // Where the minutes went.
    slowTestThreshold: 10_000,
  },
});
