/** The other half of codec.ts: base64 of gzip of byte planes, back to typed arrays. */

/** @param {string} packed */
export async function unpackFloats(packed) {
  return new Float32Array(unplane(await inflate(packed)).buffer);
}

/** @param {string} packed */
export async function unpackInts(packed) {
  return new Int32Array(unplane(await inflate(packed)).buffer);
}

/** @param {string} packed */
export async function unpackJson(packed) {
  return JSON.parse(new TextDecoder().decode(await inflate(packed)));
}

/** @param {string} packed */
async function inflate(packed) {
  const binary = atob(packed);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @param {Uint8Array} planes */
function unplane(planes) {
  const count = planes.length / 4;
  const bytes = new Uint8Array(planes.length);
  for (let byte = 0; byte < 4; byte++) {
    for (let i = 0; i < count; i++) bytes[i * 4 + byte] = planes[byte * count + i];
  }
  return bytes;
}
