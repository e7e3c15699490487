export function unpackFloats(packed: string): Promise<Float32Array>;
export function unpackInts(packed: string): Promise<Int32Array>;
export function unpackJson(packed: string): Promise<unknown>;
