import * as z from 'zod';
import { NAME } from './name.ts';

const name = z.string().regex(NAME, '1–32 letters, digits or hyphens, not starting or ending with a hyphen');
const mib = z.number().min(0).max(67_108_864);

/** One number, or one for each hour of the day (UTC), beginning with midnight. */
const byHour = (of: z.ZodNumber) => z.union([of, z.array(of).length(24)]);
const usage = (of: z.ZodNumber, what: string) =>
  z
    .strictObject({
      p50: byHour(of).describe('Usual use: a number, or 24 of them, one per hour of the day (UTC).'),
      p95: byHour(of).describe('Use that it stays below 95 % of the time: a number, or 24 of them.'),
    })
    .describe(what);

/** Size of an instance type, for those that are not known by their name. */
export const vmSizeSchema = z.strictObject({
  vCPU: z.number().positive().max(1024).describe('vCPUs of the type.'),
  RAM: z.number().positive().max(33_554_432).describe('Memory of the type (MiB).'),
  storage: mib.positive().optional().describe('Size of its disk (MiB). Default: vm.storage.'),
});

export const vmComponentSchema = z
  .strictObject({
    unit: z
      .string()
      .regex(/^[A-Za-z0-9:_.-]+@\.service$/, 'name of a systemd template unit such as search@.service')
      .max(120)
      .describe('systemd template unit that runs the component; its instance is the VM shard.'),
    usage: z
      .strictObject({
        vCPU: usage(z.number().min(0).max(1024), 'vCPUs in use.'),
        RAM: usage(mib, 'Memory in use (MiB).'),
        storage: usage(mib, 'Disk in use (MiB).'),
      })
      .optional()
      .describe('What the component uses, for sizes that are proposed.'),
  })
  .describe('A function or module of the application that can run in a VM shard.');

export const vmSchema = z
  .strictObject({
    maxPerInstance: z
      .int()
      .min(0)
      .max(64)
      .default(0)
      .describe('Most VM shards of one instance; 0: instances are not divided into VM shards.'),
    components: z
      .record(name, vmComponentSchema)
      .default({})
      .describe('Components of the application, by name.'),
    system: z
      .strictObject({
        vCPU: z.number().min(0).max(64).default(0.1).describe('vCPUs.'),
        RAM: mib.default(512).describe('MiB of memory.'),
        storage: mib.default(3072).describe('MiB of the disk.'),
      })
      .prefault({})
      .describe('What is kept on each instance for the operating system and the agent.'),
    storage: mib
      .default(8192)
      .describe('Disk of an instance where neither its type nor its agent says more (MiB).'),
    margin: z
      .number()
      .min(0)
      .max(4)
      .default(0.2)
      .describe('Share by which a proposed size is above the highest 0.95 quantile of the use.'),
    disk: z
      .strictObject({
        readMiBps: z.number().positive().max(100_000).describe('Most that is read per second (MiB/s).'),
        writeMiBps: z.number().positive().max(100_000).describe('Most that is written per second (MiB/s).'),
      })
      .optional()
      .describe(
        'Throughput of the disk; each VM shard gets its part of it at most. Default: shared by weight alone.',
      ),
  })
  .prefault({})
  .describe('VM shards: declared parts of an instance with limits of their own.');

export type VmSettings = z.infer<typeof vmSchema>;
export type VmComponent = z.infer<typeof vmComponentSchema>;
