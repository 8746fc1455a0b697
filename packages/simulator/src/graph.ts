/** An undirected graph of nodes 0…n−1: who is linked with whom at one moment. */
export class Graph {
  private readonly neighbours: number[][];

  constructor(nodes: number) {
    this.neighbours = Array.from({ length: nodes }, () => []);
  }

  /** How many nodes there are. */
  get size(): number {
    return this.neighbours.length;
  }

  /** Joins two nodes; joining them again, or a node with itself, changes nothing. */
  link(a: number, b: number): void {
    const ofA = this.neighbours[a];
    const ofB = this.neighbours[b];
    if (ofA === undefined || ofB === undefined) throw new RangeError(`link: no node ${ofA === undefined ? a : b}`);
    if (a === b || ofA.includes(b)) return;
    ofA.push(b);
    ofB.push(a);
  }

  /** How many neighbours each node has. */
  degrees(): number[] {
    return this.neighbours.map((list) => list.length);
  }

  /** Sizes of the connected components, largest first. */
  components(): number[] {
    const seen = new Uint8Array(this.size);
    const sizes: number[] = [];
    const queue = new Int32Array(this.size);
    for (let start = 0; start < this.size; start++) {
      if (seen[start] === 1) continue;
      seen[start] = 1;
      queue[0] = start;
      let end = 1;
      for (let head = 0; head < end; head++) {
        for (const next of this.neighbours[queue[head] as number] as number[]) {
          if (seen[next] === 1) continue;
          seen[next] = 1;
          queue[end++] = next;
        }
      }
      sizes.push(end);
    }
    return sizes.sort((a, b) => b - a);
  }

  /** The longest shortest path, in links, from any of `sources` to a node it can reach. 0 without links. */
  eccentricity(sources: Iterable<number>): number {
    const distance = new Int32Array(this.size);
    const queue = new Int32Array(this.size);
    let longest = 0;
    for (const source of sources) {
      distance.fill(-1);
      distance[source] = 0;
      queue[0] = source;
      let end = 1;
      for (let head = 0; head < end; head++) {
        const at = queue[head] as number;
        const beyond = (distance[at] as number) + 1;
        for (const next of this.neighbours[at] as number[]) {
          if (distance[next] !== -1) continue;
          distance[next] = beyond;
          queue[end++] = next;
        }
      }
      longest = Math.max(longest, distance[queue[end - 1] as number] as number);
    }
    return longest;
  }
}
