/**
 * Writes a small database in MaxMind's format (version 2, IPv4, 24-bit records), so that the tests need no
 * file whose licence forbids shipping it. A record is a tree of maps and texts.
 */
export interface GeoipRecord {
  [key: string]: string | number | GeoipRecord;
}

type Node = [left: Node | number | null, right: Node | number | null];

/** Each place is given for a CIDR network, such as `81.2.69.0/24`. */
export function writeGeoipDatabase(places: Readonly<Record<string, GeoipRecord>>): Buffer {
  const root: Node = [null, null];
  const data: Buffer[] = [];
  let offset = 0;
  for (const [network, record] of Object.entries(places)) {
    place(root, network, offset);
    const encoded = encode(record);
    data.push(encoded);
    offset += encoded.length;
  }
  const nodes = listNodes(root);
  const tree = Buffer.concat(nodes.map((node) => encodeNode(node, nodes)));
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 0,
    database_type: "Test",
    description: {},
    ip_version: 4,
    node_count: nodes.length,
    record_size: 24,
  });
  const marker = Buffer.from("\xab\xcd\xefMaxMind.com", "latin1");
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, metadata]);
}

function place(root: Node, network: string, offset: number): void {
  const [address = "", prefix] = network.split("/");
  const bits = address.split(".").map((part) => Number(part).toString(2).padStart(8, "0"));
  const path = Array.from(bits.join("").slice(0, Number(prefix)), (bit) => (bit === "1" ? 1 : 0));
  let node = root;
  for (const side of path.slice(0, -1)) {
    const below = node[side];
    node = Array.isArray(below) ? below : (node[side] = [null, null]);
  }
  node[path.at(-1) ?? 0] = offset;
}

function listNodes(root: Node): Node[] {
  const nodes = [root];
  for (const node of nodes) nodes.push(...node.filter((below) => Array.isArray(below)));
  return nodes;
}

/** A record is the number of a node, the node count (nothing here), or beyond it an offset into the data. */
function encodeNode(node: Node, nodes: readonly Node[]): Buffer {
  const records = node.map((below) => {
    if (below === null) return nodes.length;
    return Array.isArray(below) ? nodes.indexOf(below) : nodes.length + 16 + below;
  });
  const encoded = Buffer.alloc(6);
  records.forEach((record, side) => encoded.writeUIntBE(record, side * 3, 3));
  return encoded;
}

/** A control byte holds the type in its upper three bits and the size (below 29) in the others. */
function encode(value: string | number | GeoipRecord): Buffer {
  if (typeof value === "string") {
    const text = Buffer.from(value);
    return Buffer.concat([Buffer.from([(2 << 5) | text.length]), text]);
  }
  if (typeof value === "number") {
    const number = Buffer.from([(6 << 5) | 4, 0, 0, 0, 0]);
    number.writeUInt32BE(value, 1);
    return number;
  }
  const entries = Object.entries(value);
  const parts = entries.flatMap(([key, part]) => [encode(key), encode(part)]);
  return Buffer.concat([Buffer.from([(7 << 5) | entries.length]), ...parts]);
}
