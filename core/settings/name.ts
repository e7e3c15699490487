/**
 * Names of services and shards: 1–32 letters, digits or hyphens, not starting or ending with a hyphen. They become
 * parts of ARNs, metric dimensions and arguments of commands: nothing in them needs to be escaped.
 */
// No /i flag: JSON Schema has none, and the generated schema must accept what this accepts.
export const NAME = /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$/;
