import { defineConfig } from 'vitest/config';

/** Tests on hosts of their own (root on Linux): `npm run test:hosts`. They share a machine, so one file runs at a time. */
export default defineConfig({
  test: {
    include: ['test/hosts/**/*.test.ts'],
    globalSetup: ['test/hosts/setup.ts'],
    fileParallelism: false,
    // What a test starts ends with its process.
    pool: 'forks',
    testTimeout: 300_000,
    // Hosts boot in hooks.
    hookTimeout: 180_000,
    slowTestThreshold: 10_000,
  },
});
