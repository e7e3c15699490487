import { writeFileSync } from 'node:fs';
import { page } from './page.ts';

/** Writes docs/verification.md, or the file that is named. */
writeFileSync(process.argv[2] ?? new URL('../../docs/verification.md', import.meta.url), page());
