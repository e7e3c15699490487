import { parentPort, workerData } from 'node:worker_threads';
import { type CompareInput, compare } from './compare.ts';

// The comparison beside the run itself, on the second core. Messages: {done, all} while it works, then {comparison}.
const comparison = compare(workerData as CompareInput, (done, all) => parentPort!.postMessage({ done, all }));
parentPort!.postMessage({ comparison });
