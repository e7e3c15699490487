import { serve } from '../lib/pool.ts';
import { type CapacityTask, runTask, type Study } from './tasks.ts';

serve<Study, CapacityTask>(runTask);
