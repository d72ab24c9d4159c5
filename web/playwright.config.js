import { defineConfig } from '@playwright/test';

/** Flags for a browser without a screen, a graphics card or the internet. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export default defineConfig({
  testDir: 'test/browser',
  outputDir: 'test-results',
  timeout: 60_000,
  expect: { timeout: 15_000 },
  workers: 3,
  fullyParallel: true,
  projects: [
    { name: 'page', grepInvert: /@alone/ },
    // One after the other: they measure times, or load both cores.
    { name: 'alone', grep: /@alone/, workers: 1, dependencies: ['page'] },
  ],
  reporter: 'list',
  forbidOnly: true,
  use: {
    viewport: { width: 1366, height: 768 },
    launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args },
  },
});
