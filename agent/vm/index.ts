export { cgroupsOf } from './cgroups-of.ts';
export { runVmAgent } from './loop.ts';
export { type Machine, thisMachine } from './machine.ts';
export { VmAgent, type VmAgentParts } from './vm-agent.ts';
