import type { Ports } from '../../../core/ports.ts';
import type { Table } from '../table.ts';
import { TableAgents } from './agents.ts';
import { TableHandOvers } from './hand-overs.ts';
import { TableSlotMaps } from './slot-maps.ts';

/** The three ports in which agents and control plane meet: all of them are items of the table. */
export const handOverPorts = (table: Table): Pick<Ports, 'slots' | 'agents' | 'handOvers'> => ({
  slots: new TableSlotMaps(table),
  agents: new TableAgents(table),
  handOvers: new TableHandOvers(table),
});
