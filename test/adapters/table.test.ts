import { describe } from 'vitest';
import { tableContract } from '../contracts/table.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';

describe('MemoryTable', () => {
  const table = new MemoryTable();
  tableContract(async () => table);
});
