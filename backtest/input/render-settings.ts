import { Document, isMap, isScalar, isSeq, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml';
import { schemaAt } from '../../core/settings/json-schema.ts';
import { type Settings, type ShardSettings, shardSchema } from '../../core/settings/schema.ts';

/**
 * Settings as commented YAML that `parseSettings` reads back to the same settings. Each section says what its fields
 * mean; in shards what has its default value is left out.
 * @param notes lines for the head of the file
 */
export function renderSettings(settings: Settings, notes: readonly string[]): string {
  const document = new Document({ ...settings, shards: settings.shards.map(withoutDefaults) });
  const root = document.contents as unknown as YAMLMap;
  comment(root, []);
  return `${notes.map((note) => `# ${note}`).join('\n')}\n\n${document.toString({ lineWidth: 0, flowCollectionPadding: true })}`;
}

function withoutDefaults(shard: ShardSettings): Partial<ShardSettings> {
  const defaults: Record<string, unknown> = shardSchema.parse({
    name: shard.name,
    capacity: shard.capacity,
  });
  // Said in each shard, though they have defaults: these are what people change first.
  const kept = new Set(['name', 'guarantee', 'priority', 'capacity', 'mode']);
  return Object.fromEntries(
    Object.entries(shard).filter(
      ([key, value]) => kept.has(key) || JSON.stringify(value) !== JSON.stringify(defaults[key]),
    ),
  );
}

/** Puts each field's description above it, with blank lines between sections; of a list, in its first entry only. */
function comment(map: YAMLMap, path: readonly PropertyKey[]): void {
  for (const [i, pair] of map.items.entries()) {
    const key = pair.key as Scalar<string>;
    const at = [...path, key.value];
    const description = schemaAt(at)?.description;
    if (description) key.commentBefore = ` ${description}`;
    if (path.length === 0 && i > 0) key.spaceBefore = true;
    if (isMap(pair.value)) {
      if (path.length > 0 && isSmall(pair.value)) pair.value.flow = true;
      else comment(pair.value as YAMLMap, at);
    }
    if (isSeq(pair.value)) list(pair.value, at);
  }
}

function list(seq: YAMLSeq, path: readonly PropertyKey[]): void {
  if (seq.items.every(isScalar)) seq.flow = true;
  for (const [i, item] of seq.items.entries()) {
    if (!isMap(item)) continue;
    if (i === 0) comment(item as YAMLMap, [...path, 0]);
    else for (const { value } of item.items) if (isMap(value)) value.flow = true;
  }
}

/** Two or three short values fit on the line of their key: lead times, capacities, routes. */
function isSmall(map: YAMLMap): boolean {
  return map.items.length <= 2 && map.items.every((pair) => isScalar(pair.value));
}
