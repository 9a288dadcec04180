// The run's numbers in the browser: blocks of bins, fetched once each, the current one first and the rest while one looks.
const MOST_BLOCKS = 160;
const TYPES = { f4: Float32Array, f8: Float64Array, u1: Uint8Array };

// What runs/blocks.py packs: a length and a count, a header of [name, owner, type], the columns, all at multiples of 8.
function unpack(buffer, size) {
  const [head, count] = new Uint32Array(buffer, 0, 2);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, head)));
  const columns = new Map();
  let at = 8 + head;
  for (const [name, owner, type] of header.slice(0, count)) {
    const column = new TYPES[type](buffer, at, size);
    columns.set(`${name} ${owner}`, column);
    at += Math.ceil(column.byteLength / 8) * 8;
  }
  return columns;
}

// The server's answer was no: the run has other files than it had, or the session has ended.
export class Refused extends Error {}

export async function fetchPart(config, part, query) {
  const answer = await fetch(`${config.parts}${part}?${new URLSearchParams(query)}`);
  if (!answer.ok || answer.redirected) throw new Refused(`${part}: ${answer.status}`);
  return answer;
}

export class Store {
  #blocks = new Map();
  #asked = new Map();
  #overview = null;
  #node = new Map();

  constructor(config) {
    this.config = config;
    this.steps = Math.ceil(config.bins / config.stretch);
    this.arrived = () => {};
  }

  async #fetch(part, query, size) {
    const answer = await fetchPart(this.config, part, query);
    return unpack(await answer.arrayBuffer(), size);
  }

  // The block of the bin, and the whole run in steps where one block does not hold it.
  async open(bin) {
    const { config } = this;
    const overview = config.isWhole ? null : this.#fetch("overview", {}, this.steps);
    const block = await this.#block(Math.floor(bin / config.binsEach), "bins");
    this.#overview = (await overview) ?? block;
  }

  // Every column of one node over the whole run.
  async node(id) {
    if (!this.#node.has(id)) {
      const asked = this.#fetch("node", { node: id }, this.config.bins);
      this.#node.set(id, asked);
      asked.catch(() => this.#node.delete(id));
    }
    return this.#node.get(id);
  }

  // The rest of the run, from the bin outwards, as far as it is worth keeping.
  async fill(bin) {
    const here = Math.floor(bin / this.config.binsEach);
    const count = Math.ceil(this.config.bins / this.config.binsEach);
    const order = [...Array(count).keys()].sort((a, b) => Math.abs(a - here) - Math.abs(b - here));
    for (const number of order.slice(0, MOST_BLOCKS)) await this.#block(number, "bins");
  }

  // Where a column is not among those that every block has, its own blocks are fetched as they are looked at.
  need(bin, metric) {
    const number = Math.floor(bin / this.config.binsEach);
    const wanted = [this.#block(number, "bins")];
    if (!this.config.base.includes(metric)) wanted.push(this.#block(number, metric));
    return Promise.all(wanted);
  }

  #block(number, what) {
    const key = `${what} ${number}`;
    if (!this.#asked.has(key)) {
      const from = number * this.config.binsEach;
      const to = Math.min(from + this.config.binsEach, this.config.bins) - 1;
      const query = what === "bins" ? { from, to } : { from, to, metric: what };
      const asked = this.#fetch(what === "bins" ? "bins" : "metric", query, to - from + 1);
      this.#asked.set(key, asked);
      asked.then(
        (block) => this.#keep(key, block),
        () => this.#asked.delete(key),
      );
    }
    return this.#asked.get(key);
  }

  #keep(key, block) {
    this.#blocks.set(key, block);
    if (this.#blocks.size > MOST_BLOCKS) {
      const [oldest] = this.#blocks.keys();
      this.#blocks.delete(oldest);
      this.#asked.delete(oldest);
    }
    this.arrived();
  }

  // The value in a bin: NaN where it is undefined, undefined where it has not arrived or there is no such column.
  at(name, owner, bin) {
    const number = Math.floor(bin / this.config.binsEach);
    const key = `${name} ${owner}`;
    const column =
      this.#blocks.get(`bins ${number}`)?.get(key) ?? this.#blocks.get(`${name} ${number}`)?.get(key);
    return column?.[bin - number * this.config.binsEach];
  }

  has(bin) {
    return this.#blocks.has(`bins ${Math.floor(bin / this.config.binsEach)}`);
  }

  state(owner, bin) {
    const letter = this.at("letters", owner, bin);
    return this.config.states[letter === undefined ? "." : String.fromCharCode(letter)];
  }

  // A column of the whole run in steps of config.stretch bins.
  course(name, owner) {
    return this.#overview?.get(`${name} ${owner}`);
  }
}
