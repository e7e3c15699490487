/**
 * AWS list prices, us-east-1, without free tier and discounts; the only place where they stand. `usd` is for `per`
 * units. `source` is AWS's page to check one against before you rely on it: on `date` they were compared with what others
 * publish of them, not with the pages themselves.
 */
export interface Price {
  readonly usd: number;
  readonly per: number;
  readonly unit: string;
  readonly source: string;
  readonly date: string;
}

const MILLION = 1e6;
const price = (usd: number, per: number, unit: string, page: string): Price => ({
  usd,
  per,
  unit,
  source: `https://aws.amazon.com/${page}/pricing/`,
  date: '2026-11-21',
});

export const PRICES = {
  lambdaGbSeconds: price(0.0000133334, 1, 'GB-second, ARM', 'lambda'),
  lambdaRequests: price(0.2, MILLION, 'request', 'lambda'),
  stateTransitions: price(0.025, 1000, 'state transition, Standard', 'step-functions'),
  expressRequests: price(1, MILLION, 'request, Express', 'step-functions'),
  expressGbSeconds: price(0.00001667, 1, 'GB-second, Express', 'step-functions'),
  readUnits: price(0.125, MILLION, 'read request unit, on-demand', 'dynamodb'),
  writeUnits: price(0.625, MILLION, 'write request unit, on-demand', 'dynamodb'),
  tableGbMonths: price(0.25 + 0.2, 1, 'GB-month, with point-in-time recovery', 'dynamodb'),
  s3Puts: price(0.005, 1000, 'PUT', 's3'),
  s3Gets: price(0.0004, 1000, 'GET', 's3'),
  s3GbMonths: price(0.023, 1, 'GB-month', 's3'),
  events: price(1, MILLION, 'custom event of 64 KB', 'eventbridge'),
  schedules: price(1, MILLION, 'invocation by Scheduler', 'eventbridge'),
  logGb: price(0.5, 1, 'GB taken in by CloudWatch Logs', 'cloudwatch'),
  logGbMonths: price(0.03, 1, 'GB-month in CloudWatch Logs', 'cloudwatch'),
  metricsAsked: price(0.01, 1000, 'metric asked for by GetMetricData', 'cloudwatch'),
  customMetrics: price(0.3, 1, 'custom metric and month', 'cloudwatch'),
  alarms: price(0.1, 1, 'alarm and month', 'cloudwatch'),
  dashboards: price(3, 1, 'dashboard and month', 'cloudwatch'),
  traces: price(5, MILLION, 'trace recorded by X-Ray', 'xray'),
  keys: price(1, 1, 'key and month', 'kms'),
  instanceHours: price(0.1008, 1, 'instance-hour, m7i.large On-Demand', 'ec2'),
  natGb: price(0.045, 1, 'GB through a NAT gateway', 'vpc'),
} as const satisfies Readonly<Record<string, Price>>;

export type Item = keyof typeof PRICES;

/** Hours of AWS's month. */
export const HOURS_PER_MONTH = 730;
export const MINUTES_PER_MONTH = HOURS_PER_MONTH * 60;
export const DAYS_PER_MONTH = HOURS_PER_MONTH / 24;
