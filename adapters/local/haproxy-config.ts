import {
  freePriority,
  type HealthCheck,
  healthCheckOf,
  type Route,
  routeOf,
} from '../../core/routes/route.ts';
import type { Settings } from '../../core/settings/schema.ts';

export interface HaproxyOptions {
  /** Where its runtime API listens: path of a Unix socket. */
  readonly socket: string;
  /** Where requests arrive, `address:port`. */
  readonly bind: string;
  readonly settings: Settings;
  /** @default as the target groups of the shards */
  readonly health?: (shard: Settings['shards'][number]) => HealthCheck;
}

/**
 * Configuration of a haproxy that stands for the ALB of a service: a backend for each shard, rules in the order that a
 * listener of an ALB has them in, health checks as target groups have them, no target yet.
 *
 * Gotchas: a target that was unhealthy serves again after one passed check (an ALB wants two); where all targets of a
 * shard are unhealthy, requests get 503 (an ALB sends them to all).
 */
export function haproxyConfig({ socket, bind, settings, health = healthCheckOf }: HaproxyOptions): string {
  const taken = new Set<number>();
  const rules = settings.shards.map((shard) => {
    const priority = freePriority(routeOf(shard), taken);
    taken.add(priority);
    return { priority, line: `  use_backend ${shard.name} if { ${conditionOf(routeOf(shard))} }` };
  });
  return [
    'global',
    // Connections that were open when it is told to end must not keep it for ever.
    '  hard-stop-after 2s',
    `  stats socket ${socket} mode 600 level admin`,
    'defaults',
    '  mode http',
    '  option forwardfor',
    '  retries 0',
    '  timeout connect 5s',
    '  timeout client 60s',
    '  timeout server 60s',
    'frontend listener',
    `  bind ${bind}`,
    ...rules.sort((a, b) => a.priority - b.priority).map(({ line }) => line),
    '  default_backend none',
    'backend none',
    '  http-request return status 404 content-type text/plain string "no shard has this route"',
    ...settings.shards.flatMap((shard) => {
      const { path, timeout } = health(shard);
      return [
        `backend ${shard.name}`,
        '  option httpchk',
        `  http-check send meth GET uri '${quoted(path)}' hdr user-agent ELB-HealthChecker/2.0`,
        '  http-check expect status 200',
        `  timeout check ${timeout}s`,
      ];
    }),
    '',
  ].join('\n');
}

/** How a server of this shard is checked, as arguments of `add server`. */
export const checkOf = ({ interval, unhealthy }: HealthCheck) =>
  `check inter ${Math.round(interval * 1000)}ms fall ${unhealthy} rise 1`;

function conditionOf(route: Route): string {
  if ('path' in route) return `path -m reg '${pattern(route.path)}'`;
  if ('host' in route) return `req.hdr(host),field(1,:) -i -m reg '${pattern(route.host)}'`;
  return `req.hdr(${route.header}) -i -m reg '${pattern(route.value)}'`;
}

/** An ALB's pattern, in which `*` and `?` stand for any characters, as a regular expression that needs no quoting. */
const pattern = (text: string) =>
  `^${[...text].map((c) => (c === '*' ? '.*' : c === '?' ? '.' : /[\w/-]/.test(c) ? c : hex(c))).join('')}$`;

const hex = (c: string) =>
  [...new TextEncoder().encode(c)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');

/** Within single quotes all but their end is taken as it is. */
const quoted = (text: string) => text.replaceAll("'", '%27');
