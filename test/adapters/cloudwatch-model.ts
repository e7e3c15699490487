import type {
  CloudWatchClient,
  GetMetricDataCommand,
  GetMetricDataCommandInput,
  GetMetricDataCommandOutput,
  MetricDataResult,
} from '@aws-sdk/client-cloudwatch';

/**
 * GetMetricData as its API reference describes it: at most 500 queries, start inclusive, end exclusive, points of the
 * asked period only where they are kept, pages by MaxDatapoints points, order by ScanBy (ignored on demand, as some
 * servers do).
 */
export class CloudWatchModel {
  /** Metric (name and dimension values) → time → value. */
  readonly series = new Map<string, Map<number, number>>();
  readonly calls: GetMetricDataCommandInput[] = [];
  /** Points in a page. */
  pageSize = 100_800;
  descending = false;
  /** Errors and status codes to answer the next calls with. */
  readonly errors: Error[] = [];
  readonly statuses = new Map<string, NonNullable<MetricDataResult['StatusCode']>[]>();
  readonly messages: { Code: string; Value: string }[] = [];

  /** Puts points of a metric; times and values alternate. */
  put(key: string, points: Readonly<Record<number, number>> | ReadonlyMap<number, number>): void {
    const series = this.series.get(key) ?? new Map<number, number>();
    const entries =
      points instanceof Map ? points : Object.entries(points).map(([t, v]) => [Number(t), v] as const);
    for (const [time, value] of entries) series.set(time, value);
    this.series.set(key, series);
  }

  /** Metrics asked for so far: what is paid. */
  get asked(): string[] {
    return this.calls.flatMap(({ MetricDataQueries = [] }) => MetricDataQueries.map(keyOf));
  }

  readonly client = {
    send: async ({ input }: GetMetricDataCommand): Promise<GetMetricDataCommandOutput> => {
      this.calls.push(input);
      const error = this.errors.shift();
      if (error !== undefined) throw error;
      return { $metadata: {}, ...this.#answer(input) };
    },
  } as unknown as Pick<CloudWatchClient, 'send'>;

  #answer({
    MetricDataQueries: queries = [],
    StartTime,
    EndTime,
    NextToken,
    ScanBy,
  }: GetMetricDataCommandInput) {
    if (queries.length > 500) throw named('ValidationError', `${queries.length} queries`);
    if (ScanBy === undefined) throw new Error('ScanBy is not given');
    const [from, end] = [StartTime!.getTime() / 1000, EndTime!.getTime() / 1000];
    const skip = Number(NextToken ?? 0);
    const all = queries.flatMap((query) => {
      const series = this.series.get(keyOf(query)) ?? new Map<number, number>();
      return [...series]
        .filter(([time]) => time >= from && time < end)
        .map((point) => ({ id: query.Id!, point }));
    });
    all.sort((a, b) => (this.descending ? b.point[0] - a.point[0] : a.point[0] - b.point[0]));
    const page = all.slice(skip, skip + this.pageSize);
    const more = skip + this.pageSize < all.length;
    const results = queries.map((query): MetricDataResult => {
      const own = page.filter(({ id }) => id === query.Id);
      const status = this.statuses.get(keyOf(query))?.shift() ?? (more ? 'PartialData' : 'Complete');
      return {
        Id: query.Id!,
        Timestamps: own.map(({ point }) => new Date(point[0] * 1000)),
        Values: own.map(({ point }) => point[1]),
        StatusCode: status,
      };
    });
    return {
      MetricDataResults: results,
      Messages: this.messages.splice(0),
      ...(more && { NextToken: String(skip + this.pageSize) }),
    };
  }
}

type Query = NonNullable<GetMetricDataCommandInput['MetricDataQueries']>[number];

/** `RequestCount/web`: the metric, and the name in its first dimension's value. */
function keyOf({ MetricStat }: Query): string {
  const { MetricName, Dimensions = [] } = MetricStat!.Metric!;
  const value = Dimensions[0]?.Value ?? '';
  return `${MetricName}/${value.split('/')[1] ?? value}`;
}

export const named = (name: string, message: string) => Object.assign(new Error(message), { name });
