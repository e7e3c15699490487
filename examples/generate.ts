import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { shopLoad } from './shop-load.ts';

/** Writes the bundled example, which is synthetic: `npm run example`. */
const file = join(import.meta.dirname, 'data', 'shop.csv.gz');
const bytes = gzipSync(shopLoad(), { level: 9 });
writeFileSync(file, bytes);
process.stderr.write(`wrote ${file}: ${bytes.length} bytes\n`);
