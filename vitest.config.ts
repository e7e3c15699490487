import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // These need AWS-compatible servers: npm run test:aws; those hosts: npm run test:hosts.
    exclude: ['test/aws/**', 'test/hosts/**'],
    // A slow, shared machine is no failure; a test that hangs is.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Some tests run real processes: on a shared machine one bad moment is not a regression. The output says which.
    retry: process.env.CI ? 1 : 0,
  },
});
