import * as z from 'zod';
import { HOUR, type Seconds } from '../../core/time.ts';

/**
 * What CloudWatch sends a custom widget (CloudWatch User Guide, "Details about custom widgets"). `describe` asks for
 * documentation; else the widget's own parameters come beside `widgetContext`.
 */
export const widgetSchema = z.object({
  describe: z.literal(true).optional(),
  /** Which shards to draw. Default: those nearest to their capacity. */
  shards: z.array(z.string().max(64)).max(100).optional(),
  /** How many charts at most. */
  most: z.coerce.number().int().min(1).max(60).default(12),
  widgetContext: z
    .object({
      theme: z.string().default('light'),
      timezone: z.object({ offsetISO: z.string().default('+00:00') }).prefault({}),
      timeRange: z.object({
        start: z.number(),
        end: z.number(),
        zoom: z.object({ start: z.number(), end: z.number() }).optional(),
      }),
      width: z.number().min(50).max(10_000).default(1000),
    })
    .optional(),
});

export type Widget = z.infer<typeof widgetSchema>;

export interface View {
  readonly from: Seconds;
  readonly to: Seconds;
  /** Pixels. */
  readonly width: number;
  readonly isDark: boolean;
  /** Seconds to add to UTC for the clock that the reader uses. */
  readonly offset: Seconds;
}

/** A longer range would read more than a picture shows. */
export const LONGEST: Seconds = 72 * HOUR;

/** The range on the dashboard, its end at most `now`, and no longer than {@link LONGEST}. */
export function viewOf({ widgetContext: context }: Widget, now: Seconds): View {
  const range = context?.timeRange.zoom ??
    context?.timeRange ?? { start: (now - 3 * HOUR) * 1000, end: now * 1000 };
  const to = Math.min(now, range.end / 1000);
  const from = Math.max(Math.min(range.start / 1000, to - 60), to - LONGEST);
  return {
    from,
    to,
    width: context?.width ?? 1000,
    isDark: context?.theme === 'dark',
    offset: offsetOf(context?.timezone.offsetISO ?? ''),
  };
}

function offsetOf(iso: string): Seconds {
  const match = /^([+-])(\d\d):(\d\d)$/.exec(iso);
  if (match === null) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 3600 + Number(match[3]) * 60);
}
