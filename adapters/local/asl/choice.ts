import type { ChoiceState, Rule } from './definition.ts';
import { find, type Json, read } from './paths.ts';

/** The state that follows. @throws {PathMissing} where a rule asks for what is not there, as Step Functions does. */
export function choose(state: ChoiceState, data: Json, context: Json): string | undefined {
  return state.Choices.find((rule) => holds(rule, data, context))?.Next ?? state.Default;
}

function holds(rule: Rule, data: Json, context: Json): boolean {
  if (rule.And !== undefined) return rule.And.every((one) => holds(one, data, context));
  const path = rule.Variable ?? '$';
  if (rule.IsPresent !== undefined) return (find(path, data, context) !== undefined) === rule.IsPresent;
  const value = read(path, data, context);
  return rule.StringEquals === undefined ? value === rule.BooleanEquals : value === rule.StringEquals;
}
