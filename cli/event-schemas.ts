import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { eventJsonSchema, eventPattern } from '../core/events/json-schema.ts';
import { EVENTS, type EventType } from '../core/events/vocabulary.ts';

/** `node cli/event-schemas.ts [FOLDER]`: writes docs/events.md and docs/events/<type>.json from the vocabulary of events. */

const DOCS = join(import.meta.dirname, '..', 'docs');

/** Every generated file by its path under docs/. */
export function renderEventDocs(): ReadonlyMap<string, string> {
  const types = Object.keys(EVENTS) as EventType[];
  const schemas = types.map(
    (type) => [`events/${type}.json`, `${JSON.stringify(eventJsonSchema(type), undefined, 2)}\n`] as const,
  );
  return new Map([['events.md', page(types)], ...schemas]);
}

function page(types: readonly EventType[]): string {
  return `# Events

Each decision and change is published on the service's event bus (stack output \`BusName\`), with \`source\` \`foreshard\` and the
type as \`detail-type\`. The detail has the fields below, \`service\` (name of the service) and \`at\` (ISO 8601, when it happened).
Times in the other fields are epoch seconds, durations seconds, sizes instances of weight 1, loads are in the shard's unit.

An event may come twice, and events may come out of order: Foreshard publishes again what it does not know to have arrived.
Fields are added in time, and never changed or removed. Schemas: \`docs/events/<type>.json\` (JSON Schema of \`detail\`);
TypeScript: \`EventDetails\` in \`core/events/vocabulary.ts\`, from which this page and the schemas are made (\`node cli/event-schemas.ts\`).

A finding (GuaranteeAtRisk, PoolExhausted, FleetAtMax, LoadLate, ForecastLate, ForecastAnomaly) is published when it appears and again
every ten minutes while it lasts; \`Resolved\`, with the same \`since\`, says that it has ended.

${table(types)}

## Patterns

For an EventBridge rule on the bus, one example each; any field of the detail can be matched.

${types.map((type) => `### ${type}\n\n\`\`\`json\n${JSON.stringify(eventPattern(type), undefined, 2)}\n\`\`\``).join('\n\n')}
`;
}

function table(types: readonly EventType[]): string {
  const rows = types.map((type) => {
    const { about, detail } = EVENTS[type];
    const fields = Object.keys(detail.shape).map((field) => `\`${field}\``);
    return `| [${type}](events/${type}.json) | ${about.replaceAll('|', '\\|')} | ${fields.join(', ')} |`;
  });
  return ['| type | when | detail |', '|---|---|---|', ...rows].join('\n');
}

if (import.meta.main) {
  const root = process.argv[2] ?? DOCS;
  const files = renderEventDocs();
  mkdirSync(join(root, 'events'), { recursive: true });
  for (const old of readdirSync(join(root, 'events')))
    if (!files.has(`events/${old}`)) rmSync(join(root, 'events', old));
  for (const [path, text] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
